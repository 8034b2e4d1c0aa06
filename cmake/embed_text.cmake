# SPDX-License-Identifier: MIT
#
# cmake -D OUT=page.c -D FILES=page.html -D NAME=sweep_page -D HEADER=path/page.h -P embed_text.cmake: writes
# files, with commas between their names, as `const char NAME[]`. Several files are modules that become one: their imports
# are left out.
string(REPLACE "," ";" files "${FILES}")
list(LENGTH files count)
foreach(file ${files})
    file(READ "${file}" module)
    if(count GREATER 1)
        string(REGEX REPLACE "\nimport [^\n]*\n" "\n" module "${module}")
    endif()
    string(APPEND text "${module}")
endforeach()
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
file(WRITE "${OUT}" "/* Written by cmake/embed_text.cmake out of ${FILES}. */
#include \"${HEADER}\"

const char ${NAME}[] =
    \"${text}\";
")
