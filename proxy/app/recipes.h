/* SPDX-License-Identifier: MIT */
/*
 * The files of config/recipes/, as they were when the program was built (cmake/embed.cmake).
 */
#ifndef RUDEPROXY_APP_RECIPES_H
#define RUDEPROXY_APP_RECIPES_H

struct recipe {
    const char *name; /* of the file, without .ini */
    const char *text; /* the whole file */
};

/* Ends with a row whose name is NULL. */
extern const struct recipe recipes[];

#endif
