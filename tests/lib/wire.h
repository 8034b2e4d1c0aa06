/* SPDX-License-Identifier: MIT */
/*
 * Sockets in the hands of a test: opened by address, always non-blocking and close-on-exec, read
 * and written against the pattern of the peers. Every wait has a deadline; what misses it returns
 * -ETIMEDOUT. All calls return 0, a count, or a negative errno.
 */
#ifndef RUDEPROXY_TESTS_WIRE_H
#define RUDEPROXY_TESTS_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/peers/address.h"
#include "tests/lib/proxy_process.h"

/* Right unless a machine is very slow. */
#define WIRE_DEADLINE_MS 20000

/* A listening socket and its address. */
struct wire_listener {
    int fd;
    struct peer_address address;
    char text[PEER_ADDRESS_TEXT];
};

int64_t wire_now_ms(void);

/* For loops that look at a condition no poll() reports: once a millisecond. */
void wire_tick(void);

/* Listens on `text` ("127.0.0.1:0"). rcvbuf 0: the kernel's own. */
int wire_listen(struct wire_listener *listener, const char *text, int backlog, int rcvbuf);
void wire_unlisten(struct wire_listener *listener);

/* Waits until poll() says one of `events`, or ERR or HUP. Those bits, or -ETIMEDOUT. */
int wire_poll(int fd, short events, int deadline_ms);

/* A connected descriptor. */
int wire_connect(const struct peer_address *address, int rcvbuf);
int wire_connect_text(const char *text);
/* To the proxy `name` of a running program. */
int wire_connect_proxy(const struct proxy_process *process, const char *name);
int wire_accept(const struct wire_listener *listener);

/* The result of reading to the end of a stream. */
struct wire_end {
    uint64_t bytes;
    int errnum;   /* 0: EOF, or a positive errno */
    bool spoiled; /* a byte was not what `sender` sends */
};

/* Reads, at most `chunk` bytes at a time, until EOF or an error, and compares with the pattern. */
struct wire_end wire_read_end(int fd, unsigned sender, size_t chunk);

/* Sends `n` bytes of the pattern from offset 0, waiting where it has to. */
int wire_send(int fd, unsigned sender, size_t n);

/* Reads exactly `n` bytes, which must be the pattern from offset 0. */
int wire_read(int fd, unsigned sender, size_t n);

/* SO_LINGER {1,0} and close(). */
void wire_reset(int fd);

int wire_set_nodelay(int fd, bool on);

#endif
