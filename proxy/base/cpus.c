/* SPDX-License-Identifier: MIT */
#include "proxy/base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* In a container, that of its own cgroup. The root of a machine has none. */
#define CPU_MAX "/sys/fs/cgroup/cpu.max"

unsigned cpus_of_quota(const char *cpu_max)
{
    unsigned long long quota, period;
    if (sscanf(cpu_max, "%18llu %18llu", &quota, &period) != 2 || quota == 0 || period == 0)
        return UINT_MAX; /* "max 100000" */
    unsigned long long cpus = (quota + period - 1) / period;
    return cpus < UINT_MAX ? (unsigned)cpus : UINT_MAX;
}

static unsigned cgroup_cpus(void)
{
    char text[64] = "";
    FILE *file = fopen(CPU_MAX, "re");
    if (file == NULL)
        return UINT_MAX;
    unsigned cpus = fgets(text, sizeof text, file) != NULL ? cpus_of_quota(text) : UINT_MAX;
    fclose(file);
    return cpus;
}

unsigned cpus_usable(void)
{
    cpu_set_t allowed;
    long cpus = sched_getaffinity(0, sizeof allowed, &allowed) == 0
                    ? CPU_COUNT(&allowed)
                    : sysconf(_SC_NPROCESSORS_ONLN); /* more of them than the set has room for */
    unsigned quota = cgroup_cpus();
    if (cpus < 1)
        return 1;
    return (unsigned)cpus < quota ? (unsigned)cpus : quota;
}
