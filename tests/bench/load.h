/* SPDX-License-Identifier: MIT */
/*
 * Shared by the parts of bench_load; load.c says how they fit together.
 */
#ifndef RUDEPROXY_TESTS_BENCH_LOAD_H
#define RUDEPROXY_TESTS_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOAD_FDS_MAX 65536    /* what a descriptor's number may be: states are found by it */
#define LOAD_EVENTS_MAX 256   /* of one epoll_wait */
#define LOAD_MESSAGE_MAX 4096 /* bytes of a request: less than any socket buffer holds */

/* Whose bytes a stream carries: a set of these. */
enum load_sender { LOAD_CLIENT_SENDS = 1, LOAD_SERVER_SENDS = 2 };

/* The bytes that are sent: `head` once, then units without end. A unit begins with `begin` and ends
 * with \r\n; all other bytes are `x`. */
struct load_content {
    const char *name;
    const char *head;
    const char *begin;
    size_t begin_size;
    size_t unit; /* bytes of one; 0: there are none */
};

struct load_options {
    struct sockaddr_in target; /* where the client connects: the proxy, or the server itself */
    struct sockaddr_in server; /* where our server listens */
    int connections;           /* at a time */
    int idle;         /* more connections for the second half of `requests`; 0: no such half */
    size_t bytes;     /* of a request, and of its response */
    size_t block;     /* of a send or recv of a stream */
    unsigned senders; /* of a stream */
    const struct load_content *content;
    double seconds;
    double warm_up; /* seconds that do not count */
    long count;     /* `connects`: this many instead of `seconds`; 0: no such limit */
    bool steps;     /* wait for a line on stdin at every step */
};

/* Shared by the two processes. */
struct load_shared {
    atomic_int accepted;                 /* connections, by the server */
    _Atomic uint64_t received_by_client; /* bytes of streams */
    _Atomic uint64_t received_by_server;
};

extern struct load_options load_options;
extern struct load_shared *load_shared;

/* --- load.c --- */

/* Ends the process with status 1 unless `fine`; errno explains. */
void load_must(bool fine, const char *what);

/* Prints one line, a JSON object, then waits for a line on stdin where --steps was given: time for
 * the caller to look at the proxy while nothing moves. */
void load_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- load_socket.c --- */

int64_t load_now_ns(void); /* CLOCK_MONOTONIC */
int load_listen(const struct sockaddr_in *address);

/* Accepts what waits, and adds each to `epoll`. */
void load_accept(int listener, int epoll, uint32_t events);

/* Connects to the target, blocking, from an address of 127.0.1.0/24 that changes from one to the
 * next, so that connections in TIME_WAIT do not use up the ports of one address. */
int load_connect(void);

/* Makes `n` connections and waits until the server has accepted them all, never more than a few
 * behind. `fds` may be NULL. */
void load_connect_through(int *fds, int n);

int load_epoll(void);
void load_watch(int epoll, int fd, uint32_t events);

/* --- load_content.c --- */

/* The row of this name, or NULL. */
const struct load_content *load_content_find(const char *name);

/* Fills a block with the head and as many whole units as fit. Returns how many bytes these are, and
 * where the units begin. */
size_t load_content_fill(
    const struct load_content *content, char *block, size_t size, size_t *units_from);

/* --- load_samples.c: durations, every one of them, so that percentiles are exact --- */

void load_samples_clear(void);
void load_samples_add(int64_t ns);

/* Prints a step with what the samples since the last clear say: how many, percentiles and the
 * longest in microseconds, and how many a second in the `ns` that they took together. */
void load_samples_step(const char *name, int64_t ns);

/* --- Clients and servers: a server runs until it is killed --- */

void load_stream_serve(int listener);
void load_stream_run(void);
void load_message_serve(int listener);
void load_requests_run(void);
void load_connects_run(void);

#endif
