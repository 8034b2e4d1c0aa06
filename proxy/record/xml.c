/* SPDX-License-Identifier: MIT */
#include "proxy/record/xml.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "proxy/base/utf8.h"

/* XML 1.0 allows it, and it is not a control. */
static bool is_allowed(uint32_t code)
{
    return (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code != 0xfffe && code != 0xffff);
}

/* A byte that is not UTF-8 becomes a character, as in the report. */
void xml_put_text(const char *text, FILE *out)
{
    static const char special[] = "&<>\"'\t\n\r";
    for (size_t length; *text != '\0'; text += length) {
        length = utf8_length(text);
        uint32_t code = length > 0 ? utf8_code(text, length) : (unsigned char)*text;
        if (length == 0)
            length = 1;
        bool is_special = code < 0x80 && strchr(special, (int)code) != NULL;
        if (!is_special && !is_allowed(code))
            fputc('?', out);
        else if (is_special || code >= 0x80)
            fprintf(out, "&#%" PRIu32 ";", code);
        else
            fputc((int)code, out);
    }
}

void xml_put_attribute(const char *name, const char *value, FILE *out)
{
    fprintf(out, " %s=\"", name);
    xml_put_text(value, out);
    fputc('"', out);
}
