/* SPDX-License-Identifier: MIT */
/* A connection's story in characters, 80 columns wide: three lifelines, time downwards. Pure. */
#ifndef RUDEPROXY_APP_VIEW_TEXT_DIAGRAM_H
#define RUDEPROXY_APP_VIEW_TEXT_DIAGRAM_H

#include <stdio.h>

#include "proxy/app/view/story.h"

/* Limit of the rows of one picture. A longer story loses its middle, whose rows are only counted.
 */
#define PICTURE_ROWS_MAX 240

void view_text_diagram_print(const struct story *story, FILE *out);

#endif
