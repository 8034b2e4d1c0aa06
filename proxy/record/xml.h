/* SPDX-License-Identifier: MIT */
/* Writes text in XML 1.0, escaped, without characters that XML cannot hold. */
#ifndef RUDEPROXY_RECORD_XML_H
#define RUDEPROXY_RECORD_XML_H

#include <stdio.h>

/* XML 1.0 cannot hold most control characters, and the file declares UTF-8. So a control character
 * becomes a question mark, and any other byte that is not printable ASCII a character reference. */
void xml_put_text(const char *text, FILE *out);

/* Writes ` name="value"`. */
void xml_put_attribute(const char *name, const char *value, FILE *out);

#endif
