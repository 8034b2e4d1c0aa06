/* SPDX-License-Identifier: MIT */
/* Replaces ctl in a build without the HTTP API: cmake -DADMIN=OFF. */
#include <stdio.h>

#include "proxy/ctl/ctl.h"

static enum ctl_status report_absence(void)
{
    fputs("rudeproxy: this rudeproxy was built without ctl and the HTTP API (cmake -DADMIN=ON)\n",
        stderr);
    return CTL_FAILED;
}

enum ctl_status ctl_run(const char *const *words, size_t count)
{
    (void)words;
    (void)count;
    return report_absence();
}

enum ctl_status ctl_run_as_toxiproxy(const char *const *words, size_t count)
{
    return ctl_run(words, count);
}

void ctl_each_row(void (*each)(void *user, const struct ctl_row *row), void *user)
{
    (void)each;
    (void)user;
}

enum ctl_status ctl_health(const char *address)
{
    (void)address;
    return report_absence();
}
