/* SPDX-License-Identifier: MIT */
/* A connection's story in characters, 80 columns wide: three lifelines, time downwards. Pure. */
#ifndef RUDEPROXY_APP_VIEW_PICTURE_H
#define RUDEPROXY_APP_VIEW_PICTURE_H

#include <stdio.h>

#include "proxy/app/view/story.h"

/* Rows of one picture. Of a longer story the middle is counted, not drawn. */
#define PICTURE_ROWS_MAX 240

void view_picture_print(const struct story *story, FILE *out);

#endif
