/* SPDX-License-Identifier: MIT */
/* The version that the program prints. RUDEPROXY_VERSION comes from CMakeLists.txt. */
#ifndef RUDEPROXY_BASE_VERSION_H
#define RUDEPROXY_BASE_VERSION_H

#include <stdio.h>

/* The commit that was built, followed by "+" if files had been changed; "" without git.
 * Generated. */
extern const char version_commit[];

/* Prints "rudeproxy 0.2.0 (0a5afa3e21)". */
static inline void version_print(FILE *out)
{
    const char *between = version_commit[0] != '\0' ? " (" : "";
    fprintf(out, "rudeproxy %s%s%s%s\n", RUDEPROXY_VERSION, between, version_commit,
        version_commit[0] != '\0' ? ")" : "");
}

#endif
