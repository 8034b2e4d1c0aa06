/* SPDX-License-Identifier: MIT */
/*
 * A real rudeproxy, run as a child process for the length of a test.
 *
 * Life: proxy_process_start() writes the configuration, starts the program and returns when it
 * listens; proxy_process_stop() asks it to stop and judges how it did. Both explain a failure on
 * stderr, with what the program itself wrote. Between the two, `pid` may be sent signals. Every
 * wait has a deadline; a program that misses it is killed.
 *
 * The program is $RUDEPROXY, or else the compile definition RUDEPROXY_BINARY.
 */
#ifndef RUDEPROXY_TESTS_PROXY_PROCESS_H
#define RUDEPROXY_TESTS_PROXY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct proxy_process {
    pid_t pid;          /* 0: not running */
    char folder[64];    /* of its own, holds the files below; removed by stop */
    char config[80];    /* FOLDER/config.ini */
    char log[80];       /* FOLDER/log.json */
    char output[80];    /* FOLDER/output: its stdout and stderr */
    const char *script; /* the command of exec; NULL: none */
    char *ready;        /* what it wrote on the ready descriptor: "NAME ADDRESS\n" for each proxy */
};

/* The configuration: a `[rudeproxy]` section that logs JSON to `log` and holds the lines `globals`
 * as well ("" for none), followed by `sections`. $TEST_SPLICE, if it is set, is the `splice` of
 * proxies where `sections` has no such key. For a reload; start writes it by itself. */
bool proxy_process_write_config(
    const struct proxy_process *process, const char *globals, const char *sections);

/* Starts the program with this configuration. True once it listens. After false nothing is left to
 * stop. */
bool proxy_process_start(struct proxy_process *process, const char *globals, const char *sections);

/* Starts the program with `exec` and a shell script as its command, whose output is in `output`. */
bool proxy_process_start_exec(
    struct proxy_process *process, const char *globals, const char *sections, const char *script);

/* The address on which the proxy `name` listens, as rudeproxy reported it, into `address`.
 * False if it reported none of that name, or one that does not fit. */
bool proxy_process_address(
    const struct proxy_process *process, const char *name, char *address, size_t size);

/* The log so far: one JSON object a line. The caller frees it. NULL if there is none. */
char *proxy_process_read_log(const struct proxy_process *process);

/* SIGTERM, then waits. True if the program exited with status 0 in time. May be called twice; the
 * second time says nothing new and returns true. */
bool proxy_process_stop(struct proxy_process *process);

#endif
