/* SPDX-License-Identifier: MIT */
/* Text inside XML 1.0: escaped, and cut down to what XML can hold. */
#ifndef RUDEPROXY_RECORD_XML_H
#define RUDEPROXY_RECORD_XML_H

#include <stdio.h>

/* XML 1.0 cannot hold most control characters, and the file claims to be UTF-8: what is not printable ASCII
 * becomes a question mark, or a reference to the character of that number. */
void xml_put_text(const char *text, FILE *out);

/* ` name="value"` */
void xml_put_attribute(const char *name, const char *value, FILE *out);

#endif
