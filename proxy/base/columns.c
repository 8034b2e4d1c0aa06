/* SPDX-License-Identifier: MIT */
#include "proxy/base/columns.h"

#include <string.h>

/* Returns how many bytes of `text` fit into `room`, cut behind a word. A word longer than `room` is
 * not cut. */
static size_t line_length(const char *text, size_t room)
{
    size_t length = strlen(text);
    if (length <= room)
        return length;
    for (size_t i = room; i > 0; i--) {
        if (text[i] == ' ')
            return i;
    }
    return strcspn(text, " ");
}

void columns_print(FILE *out, const char *left, unsigned indent, const char *text)
{
    size_t used = strlen(left);
    fputs(left, out);
    if (*text == '\0' || used >= indent) {
        if (*text == '\0' || used > 0)
            fputc('\n', out);
        used = 0;
    }
    while (*text != '\0') {
        size_t length = line_length(text, COLUMNS_WIDTH - indent);
        fprintf(out, "%*s%.*s\n", (int)(indent - used), "", (int)length, text);
        text += length + strspn(text + length, " ");
        used = 0;
    }
}
