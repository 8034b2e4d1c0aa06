/* SPDX-License-Identifier: MIT */
/* Error texts: see err.h. */
#include "proxy/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}

const char *err_name(int errnum)
{
    /* strerrorname_np is glibc >= 2.32: Debian 12 and Ubuntu 22.04 have it. */
    const char *name = strerrorname_np(errnum);
    return name != NULL ? name : "unknown";
}
