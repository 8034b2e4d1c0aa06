/* SPDX-License-Identifier: MIT */
/* How many CPUs this process may use. */
#ifndef RUDEPROXY_BASE_CPUS_H
#define RUDEPROXY_BASE_CPUS_H

/* Returns at least 1: the CPUs of sched_getaffinity(2), or fewer if the cgroup has a quota. */
unsigned cpus_usable(void);

/* Returns how many CPUs a cpu.max of cgroup v2 allows, rounded up: "150000 100000" are 2. UINT_MAX
 * if there is no limit, or none that can be read. */
unsigned cpus_of_quota(const char *cpu_max);

#endif
