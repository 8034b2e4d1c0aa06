# SPDX-License-Identifier: MIT
#
# cmake -D OUT=page.c -D FILE=page.html -D NAME=sweep_page -D HEADER=path/page.h -P embed_text.cmake: writes the file as
# `const char NAME[]`.
file(READ "${FILE}" text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
file(WRITE "${OUT}" "/* Written by cmake/embed_text.cmake out of ${FILE}. */
#include \"${HEADER}\"

const char ${NAME}[] =
    \"${text}\";
")
