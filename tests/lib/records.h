/* SPDX-License-Identifier: MIT */
/*
 * The JSON log of a running program, as a test looks at it: wait for a record, take it, ask it.
 * Not a JSON parser: it knows the shape that our own log has, one object a line, no blanks.
 */
#ifndef RUDEPROXY_TESTS_RECORDS_H
#define RUDEPROXY_TESTS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/proxy_process.h"

/* How many descriptors a process has; -1: not to be had. */
int records_count_descriptors(pid_t pid);

/* Counts the descriptors of a running program, without the pipes that it may keep for reuse
 * (net/pipe_pool.h) and those that it inherited: how many it keeps depends on how many streams were
 * bulk at one moment. Pipes beyond that are counted. */
int records_count_unpooled(pid_t pid);

/* VmRSS or the like in kB; -1: not to be had. */
long records_memory_kb(pid_t pid, const char *key);

/* How many records of the log are `event`s. */
size_t records_count(const struct proxy_process *process, const char *event);

/* Waits until there are at least `n` of them. The number there is in the end. */
size_t records_wait_count(const struct proxy_process *process, const char *event, size_t n);

/* Waits for the record of this event, proxy and connection (0: any) and returns a copy of the
 * first one, which the caller frees. NULL when the deadline passed. */
char *records_wait(
    const struct proxy_process *process, const char *event, const char *proxy, uint64_t connection);

/* Finds such a record in a log already read; NULL if it is not there. */
char *records_find(const char *log, const char *event, const char *proxy, uint64_t connection);

/* The number behind "key": in `record`, or of the object "side" in it when side is not NULL;
 * UINT64_MAX if there is none. */
uint64_t records_number(const char *record, const char *side, const char *key);

/* The text behind "key": up to the end of the value, quotes and brackets included. False if there
 * is none or it does not fit. */
bool records_value(const char *record, const char *side, const char *key, char *value, size_t size);

/* How often the program's own output holds `text`. */
size_t records_count_output(const struct proxy_process *process, const char *text);

/* Waits until the program's own output holds `text` at least `n` times. */
bool records_wait_output(const struct proxy_process *process, const char *text, size_t n);

#endif
