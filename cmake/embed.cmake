# SPDX-License-Identifier: MIT
#
# cmake -D OUT=recipes.c -D "FILES=a.ini;b.ini" -P embed.cmake: writes the files as one table of
# strings, by their names without the extension; see proxy/app/recipes.h.
set(rows "")
foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME_WE)
    file(READ "${file}" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(APPEND rows "    {\"${name}\",\n     \"${text}\"},\n")
endforeach()
file(WRITE "${OUT}" "/* Written by cmake/embed.cmake out of config/recipes/. */
#include \"proxy/app/recipes.h\"

#include <stddef.h>

const struct recipe recipes[] = {
${rows}    {NULL, NULL},
};
")
