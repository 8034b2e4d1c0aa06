/* SPDX-License-Identifier: MIT */
/* Writes text in XML 1.0, escaped, without characters that XML cannot hold. */
#ifndef RUDEPROXY_RECORD_XML_H
#define RUDEPROXY_RECORD_XML_H

#include <stdio.h>

/* Writes text. These become character references: characters beyond ASCII, those that have a
 * meaning in XML, tab, newline and CR. Any other control character (U+0080 to U+009F, too), U+FFFE
 * and U+FFFF become a question mark, because XML 1.0 cannot hold most of them. A byte that is not
 * UTF-8 counts as the character of that number. */
void xml_put_text(const char *text, FILE *out);

/* Writes ` name="value"`. */
void xml_put_attribute(const char *name, const char *value, FILE *out);

#endif
