/* SPDX-License-Identifier: MIT */
/*
 * Sees the TCP segments of the loopback interface, and says of each connection in which order SYN,
 * data, FIN and RST went. Only in a network of the test's own (namespace.h), with IPv4.
 *
 * Pure acknowledgements, retransmissions and segmentation are left out: of equal words in a row
 * only the first one is kept.
 */
#ifndef RUDEPROXY_TESTS_LIB_SNIFFER_H
#define RUDEPROXY_TESTS_LIB_SNIFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNIFFER_CONNECTIONS 4096 /* some clients try again every millisecond */
#define SNIFFER_WORDS 200

struct sniffed {
    uint16_t client, server;   /* ports; the client sent the SYN */
    uint32_t next[2];          /* sequence number behind what was seen; of the client, the server */
    bool seen[2];              /* `next` is known */
    char words[SNIFFER_WORDS]; /* ">SYN <SYN >data <FIN": > is from the client */
};

struct sniffer {
    int fd;
    struct sniffed connections[SNIFFER_CONNECTIONS]; /* in the order of their SYNs */
    size_t count;
    bool full; /* there were more */
};

/* 0 or a negative errno. */
int sniffer_open(struct sniffer *sniffer);

/* Takes what came since. False: the kernel dropped some of it, or there was no room for it. */
bool sniffer_read(struct sniffer *sniffer);

/* Forgets the connections. */
void sniffer_clear(struct sniffer *sniffer);

void sniffer_close(struct sniffer *sniffer);

#endif
