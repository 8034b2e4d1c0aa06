/* SPDX-License-Identifier: MIT */
#include "proxy/base/ensure.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void ensure_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "rudeproxy: internal error: %s:%d: %s is false\n", file, line, condition);
    abort();
}
