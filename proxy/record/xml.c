/* SPDX-License-Identifier: MIT */
#include "proxy/record/xml.h"

#include <string.h>

void xml_put_text(const char *text, FILE *out)
{
    static const char special[] = "&<>\"'\t\n\r";
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (strchr(special, *p) != NULL || *p >= 0xa0)
            fprintf(out, "&#%u;", *p);
        else
            fputc(*p >= 0x20 && *p < 0x7f ? *p : '?', out);
    }
}

void xml_put_attribute(const char *name, const char *value, FILE *out)
{
    fprintf(out, " %s=\"", name);
    xml_put_text(value, out);
    fputc('"', out);
}
