/* SPDX-License-Identifier: MIT */
/*
 * What stands between a flow and its bytes: the gates, mutations and matches of the faults armed on
 * its direction. A flow without any has none, and never asks.
 *
 * Gates are asked in the order of the file, and the flow takes the least of their answers: no fault
 * owns a buffer. Matchers look at bytes as they are read and set edges. Bytes are changed as they
 * go, so that a fault changes those that go while it is active, also where it began or ended before
 * bytes that were read already.
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
struct armed_fault;
struct armed_set;
struct insertion;

#define SHAPING_NO_HOLD UINT64_MAX

struct shaping {
    enum direction direction;
    const struct armed_set *set; /* the session's, shared by both directions */
    struct armed_fault *shapers; /* active here, with a gate or changes, in order: next_shaper */
    const struct armed_fault *last_delay; /* the last of them that delays; NULL: none does */
    struct arrivals arrivals;
    time_us started_at; /* of the run */
    bool wants_arrivals;
    bool needs_bytes;    /* some fault mutates or matches: every byte has to be seen */
    bool matches;        /* some fault matches: bytes are peeked at before they are taken */
    bool cuts_segments;  /* what goes in one piece is a segment of its own */
    bool ended;          /* no byte will follow: a possible match is none */
    bool cut;            /* and nothing is withheld any more */
    bool empty;          /* nothing waited when the last bytes were asked for */
    uint64_t burst;      /* offset at which nothing waited; what comes at the same time joins it */
    time_us taken_at;    /* when the last bytes came */
    uint64_t scanned;    /* offset up to which the matchers have looked */
    uint64_t forwarded;  /* offset up to which bytes were forwarded */
    uint64_t hold;       /* offset of a possible match that must not go yet; SHAPING_NO_HOLD */
    time_us hold_until;  /* when it is let go unless a byte comes; TIME_NEVER */
    time_us scanned_at;  /* when the matchers last saw a byte */
    bool let_go;         /* the last pump let a beginning go: triggers_report_let_go() */
    uint64_t match_edge; /* where the last scan found a match; FLOW_NO_EDGE: nowhere */
    time_us again;       /* when the gates may let more go; TIME_NEVER: not by time alone */
    time_us now;
};

/* `set` outlives the shaping. `started_at`: of the run. To be refreshed when faults are armed. */
void shaping_init(struct shaping *shaping, enum direction direction, const struct armed_set *set,
    time_us started_at);
void shaping_deinit(struct shaping *shaping);

/* Whether any of the faults concerns the bytes of this direction, now or later. */
bool shaping_is_needed(const struct armed_set *set, enum direction direction);

/* Looks again at which faults are active. */
void shaping_refresh(struct shaping *shaping);

/* Faults came that were not armed when the connection began. The bytes from `head` to `tail` were read
 * already: they count as arrived now, and are not searched. `ended`: the stream ends behind them. */
void shaping_join(struct shaping *shaping, uint64_t head, uint64_t tail, bool ended, time_us now);

/* A pump begins at this time. Lets the beginning of a possible match go whose time is up. */
void shaping_begin(struct shaping *shaping, time_us now);

/* When to pump again although no byte came; TIME_NEVER: not by time alone. */
time_us shaping_next_time(const struct shaping *shaping);

/* Offset up to which what waits from `head` to `end` (a FIN or RST counts as one) may go now. */
uint64_t shaping_allowed(struct shaping *shaping, uint64_t head, uint64_t end);

/* How many of the next `n` bytes of an insertion may go now, in front of the stream's byte at `head`. Only
 * faults that stand behind its own in the file shape it. */
size_t shaping_allow_insertion(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n);

/* Lets those faults change bytes of the insertion in place. `offset`: from INSERTION_OFFSETS on. */
void shaping_change_insertion(const struct shaping *shaping, const struct insertion *insertion,
    uint64_t offset, unsigned char *bytes, size_t n);

/* `n` bytes of the insertion were sent. */
void shaping_insertion_forwarded(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n);

/* How many bytes at the end of those that wait, from `head` to `tail`, have to wait for their time: a fault
 * with wants_arrivals delays them. Where another fault bounds the rate too, no more than it lets go until
 * the last of them is due. */
uint64_t shaping_delayed(struct shaping *shaping, uint64_t head, uint64_t tail);

/* `n` bytes from `offset` on were forwarded. */
void shaping_forwarded(struct shaping *shaping, uint64_t offset, size_t n);

/* How many of these bytes, which come next at `offset`, may be taken before something has to
 * happen: all, or those up to the end of a match. Each byte is to be shown once. */
size_t shaping_scan(struct shaping *shaping, uint64_t offset, const unsigned char *bytes, size_t n);

/* How many of these bytes shaping_scan() would take, without taking notice of them. */
size_t shaping_may_scan(struct shaping *shaping, const unsigned char *bytes, size_t n);

/* Lets a fault that is armed now look for its match in the bytes that wait, which were taken already. */
void shaping_search(
    struct shaping *shaping, struct armed_fault *armed, const struct ring *waiting, time_us now);

/* Bytes are about to be taken; `empty`: none wait. */
void shaping_note_empty(struct shaping *shaping, bool empty);

/* `n` bytes were taken: notes when they came. */
void shaping_taken(struct shaping *shaping, uint64_t offset, size_t n);

/* The bytes at `offset` are about to go: lets faults change them in place, except those before
 * `changed`, which were shown already. Returns up to which offset they have been now. */
uint64_t shaping_change(struct shaping *shaping, uint64_t offset, uint64_t changed,
    const struct iovec *pieces, int count);

/* The bytes that wait, from `head` on, will never go. */
void shaping_forget(struct shaping *shaping, uint64_t head);

/* No byte comes any more that could complete a match: what was held back may go. */
void shaping_end_match(struct shaping *shaping);

/* The stream ended at `offset`. */
void shaping_ended(struct shaping *shaping, uint64_t offset);

#endif
