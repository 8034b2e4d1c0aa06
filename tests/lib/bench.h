/* SPDX-License-Identifier: MIT */
/*
 * A bench for one fault: a client and a server of the test's own, and the real program between.
 *
 * Life: bench_start(), then connections, then bench_stop(). Everything happens in the test's one
 * thread. What goes wrong fails the running test; every wait ends after BENCH_DEADLINE_MS.
 */
#ifndef RUDEPROXY_TESTS_BENCH_H
#define RUDEPROXY_TESTS_BENCH_H

#include "tests/lib/proxy_process.h"

#include <netinet/in.h>
#include <stdint.h>

/* Right unless a machine is very slow. */
#define BENCH_DEADLINE_MS 30000

/* So long is a silence, where something would come at once if it came at all. */
#define BENCH_SILENCE_MS 200

struct bench {
    struct proxy_process process;
    struct sockaddr_in address; /* where the proxy listens */
    int listener;               /* the server's, -1 with a built-in upstream */
    int client, server;         /* the last connection made by bench_open(), -1: none */
    int64_t started_us;         /* a moment before the program was started */
};

/* Starts a proxy `p` in front of a listener of ours, or of `upstream` ("builtin:echo") if that is
 * not NULL. `globals` are lines of [rudeproxy], `faults` is what follows the keys of [proxy p]:
 * further keys of it, then sections. */
void bench_start(
    struct bench *bench, const char *upstream, const char *globals, const char *faults);
void bench_stop(struct bench *bench);

/* A client's socket, connected to the proxy from this address ("127.0.0.2"; NULL: any). */
int bench_connect(const struct bench *bench, const char *from);

/* Connects to the proxy within `ms`. Returns 0, or the positive errno of connect() (EINPROGRESS: no
 * answer). *fd is the socket, or -1. */
int bench_try_connect(const struct bench *bench, int ms, int *fd);

/* Returns the next connection that the server accepts. */
int bench_accept(const struct bench *bench);

/* Both ends of a new connection, into bench->client and bench->server. bench_close() closes what is
 * open of them. */
void bench_open(struct bench *bench);
void bench_close(struct bench *bench);

int64_t bench_now_us(void);

/* Does what bench_open() and bench_exchange() do, perhaps too late: returns false if the connection
 * is refused, not accepted, or ends. */
bool bench_try_open(struct bench *bench);

/* All of it, resp. exactly so much. */
void bench_send(int fd, const void *bytes, size_t n);
void bench_read(int fd, void *bytes, size_t n);

/* A byte goes from the client to the server, and one back. */
void bench_exchange(const struct bench *bench);

/* Reads until EOF or an error, at most `size` bytes. Returns how many came; *error is 0 at EOF. */
size_t bench_read_end(int fd, void *bytes, size_t size, int *error);

/* Writes `n` bytes to `from` in pieces of `chunk`, reads `n` bytes from `to` at the same time. */
void bench_pump(
    int from, int to, const unsigned char *bytes, size_t n, size_t chunk, unsigned char *out);

/* Writes until nothing was taken for so long, or `max` bytes were. How many were taken. */
uint64_t bench_fill(int fd, int quiet_ms, uint64_t max);

/* Nothing can be read, no EOF, no error, for so long. */
void bench_expect_silence(int fd, int ms);

/* recv() fails with this. */
void bench_expect_error(int fd, int error);

/* Bytes of the send queue stay unacknowledged for so long; are acknowledged sooner or later. */
void bench_expect_unacked(int fd, int ms);
void bench_wait_acked(int fd);

/* Bytes that all differ from their neighbours. */
void bench_pattern(unsigned char *bytes, size_t n);

#endif
