/* SPDX-License-Identifier: MIT */
/*
 * The gates, mutations and matches of the faults armed on one direction, between a flow and its
 * bytes. A flow without such faults has no shaping.
 *
 * The flow uses the smallest answer of all gates: no fault has a buffer. Matchers scan bytes as
 * they are read and set edges. Bytes are changed when they are forwarded, so a fault changes
 * exactly those that are forwarded while it is active, even if it began or ended before bytes that
 * were already read.
 */
#ifndef RUDEPROXY_RELAY_SHAPING_H
#define RUDEPROXY_RELAY_SHAPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proxy/base/clock.h"
#include "proxy/base/ring.h"
#include "proxy/base/side.h"
#include "proxy/relay/arrivals.h"

struct armed_fault;
struct armed_set;
struct fault;
struct insertion;

#define SHAPING_NO_HOLD UINT64_MAX

struct shaping {
    enum direction direction;
    const struct armed_set *set; /* the session's, shared by both directions */
    /* active here, with a gate or a mutation, in order: next_shaper */
    struct armed_fault *shapers;
    struct armed_fault *last_delay; /* the last of them that delays; NULL: none does */
    struct arrivals arrivals;
    bool wants_arrivals;
    bool only_delays;   /* all faults of this direction, active or not, are delays */
    bool mutates;       /* some active fault changes bytes */
    bool matches;       /* some fault matches: bytes are peeked before they are read */
    bool cuts_segments; /* each forwarded piece becomes a segment of its own */
    bool ended;         /* no byte will follow, so a partial match is not a match */
    /* offset at which nothing was pending; bytes of the same time join the burst */
    uint64_t burst;
    time_us taken_at;    /* when the last bytes arrived */
    uint64_t arrived;    /* offset up to which arrivals are known, the end counts as one byte */
    uint64_t scanned;    /* offset up to which the matchers have scanned */
    uint64_t forwarded;  /* offset up to which bytes were forwarded */
    uint64_t hold;       /* offset of a possible match that is held; SHAPING_NO_HOLD: none */
    time_us hold_until;  /* when it is released unless a byte arrives; or TIME_NEVER */
    time_us scanned_at;  /* when the matchers last scanned a byte */
    bool let_go;         /* the last pump released a beginning: triggers_report_let_go() */
    bool changed;        /* the last pump changed the first byte of a fault */
    uint64_t match_edge; /* edge of the match that the last scan found; FLOW_NO_EDGE: none */
    time_us again;       /* when the gates may let more pass; TIME_NEVER: not by time alone */
    time_us now;
};

/* `set` outlives the shaping. Call shaping_refresh() when faults are armed. NULL: out of memory. */
struct shaping *shaping_new(enum direction direction, const struct armed_set *set);
void shaping_free(struct shaping *shaping); /* NULL is allowed */

/* Whether any of the faults needs the bytes of this direction, now or later. */
bool shaping_is_needed(const struct armed_set *set, enum direction direction);

/* Whether an armed fault would need them if it were this fault. */
bool shaping_is_needed_by(
    const struct armed_fault *armed, const struct fault *fault, enum direction direction);

/* Updates which faults are active. */
void shaping_refresh(struct shaping *shaping);

/* Adds faults that were armed mid-connection. The bytes from `head` to `tail` were already read:
 * they count as arrived now, and are not searched. `ended`: the stream ends behind them. */
void shaping_join(struct shaping *shaping, uint64_t head, uint64_t tail, bool ended, time_us now);

/* A pump begins at this time: releases a held beginning that is due. */
void shaping_begin(struct shaping *shaping, time_us now);

/* Returns when to pump again without new bytes; TIME_NEVER: not by time alone. */
time_us shaping_next_time(const struct shaping *shaping);

/* Returns the offset up to which pending bytes, from `head` to `end`, may be forwarded now; a FIN
 * or RST counts as one byte. */
uint64_t shaping_allowed(struct shaping *shaping, uint64_t head, uint64_t end);

/* Returns how many of the next `n` bytes of an insertion may be sent now, before the stream's byte
 * at `head`. Only faults after the inserting one in the file shape them. */
size_t shaping_allow_insertion(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n);

/* Lets those faults change inserted bytes in place. `offset`: from INSERTION_OFFSETS on. */
void shaping_change_insertion(struct shaping *shaping, const struct insertion *insertion,
    uint64_t offset, unsigned char *bytes, size_t n);

/* `n` bytes of the insertion were sent. */
void shaping_insertion_forwarded(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n);

/* Returns how many of the last pending bytes, from `head` to `tail`, are not yet due: a fault with
 * departure_time delays them. If another fault limits the rate too, no more than its gate lets pass
 * until the last of them is due. */
uint64_t shaping_delayed(struct shaping *shaping, uint64_t head, uint64_t tail);

/* `n` bytes from `offset` on were forwarded. */
void shaping_forwarded(struct shaping *shaping, uint64_t offset, size_t n);

/* Returns how many of these next bytes may be read before an edge: all, or those up to the end of a
 * match. Changes nothing. */
size_t shaping_may_scan(struct shaping *shaping, const unsigned char *bytes, size_t n);

/* Shows the next bytes, which are at `offset`, to the patterns, and sets match_edge. Pass each byte
 * once, and no more than shaping_may_scan() allows. */
void shaping_scan(struct shaping *shaping, uint64_t offset, const unsigned char *bytes, size_t n);

/* Searches the pending bytes, which were already read, for the match of a newly armed fault. */
void shaping_search(
    struct shaping *shaping, struct armed_fault *armed, const struct ring *waiting, time_us now);

/* `n` bytes at `offset` were read. `empty`: none were pending before. Those that
 * shaping_note_unread() has not seen arrive now. */
void shaping_taken(struct shaping *shaping, uint64_t offset, size_t n, bool empty);

/* Bytes up to `end` have arrived. They stay in the kernel, because the flow may not read: earlier
 * bytes wait in front of an edge. A FIN or RST counts as one byte. */
void shaping_note_unread(struct shaping *shaping, uint64_t end);

/* Bytes behind `tail` were read and dropped: later bytes will have their offsets. */
void shaping_dropped(struct shaping *shaping, uint64_t tail);

/* The bytes at `offset` are about to be forwarded: lets faults change them in place, except those
 * before `changed`, which are already changed. Returns the new `changed`. */
uint64_t shaping_change(struct shaping *shaping, uint64_t offset, uint64_t changed,
    const struct iovec *pieces, int count);

/* The pending bytes, from `head` on, will never be forwarded. */
void shaping_forget(struct shaping *shaping, uint64_t head);

/* No further byte can complete a match: releases held bytes. */
void shaping_end_match(struct shaping *shaping);

/* The stream ended at `offset`. `empty`: no bytes are pending. */
void shaping_ended(struct shaping *shaping, uint64_t offset, bool empty);

#endif
