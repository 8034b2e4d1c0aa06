/* SPDX-License-Identifier: MIT */
/*
 * The packets of a run in a pcapng file, made from its events as `view --pcapng` makes them from a
 * log. The packets of a connection are written when it is over, by the thread of a line_queue:
 * nothing blocks. Packets that the file does not take in time are lost; stderr says so.
 *
 * Life: pcap_file_open, pcap_file_note for each event, pcap_file_close.
 */
#ifndef RUDEPROXY_APP_VIEW_PCAP_FILE_H
#define RUDEPROXY_APP_VIEW_PCAP_FILE_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/relay/event.h"

/* Limit of the events that are kept of one connection. Later ones are left out, except its end. */
#define PCAP_FILE_EVENTS_MAX 10000

struct pcap_file;

/* Opens the file, or creates it, and begins a section at its end. Returns NULL with err filled. */
MUST_CHECK struct pcap_file *pcap_file_open(const char *path, struct err *err);

/* Adds an event. `file` may be NULL, here and below. */
void pcap_file_note(struct pcap_file *file, const struct event *event);

/* Opens the path again, after a rotation, and begins a section there. Connections that are open go
 * to the new file. Returns 0, or -1 with err filled: the old file stays in use. */
MUST_CHECK int pcap_file_reopen(struct pcap_file *file, struct err *err);

/* Writes the pending packets, and closes. Like a log, it does not wait long for a reader. */
void pcap_file_close(struct pcap_file *file);

#endif
