/* SPDX-License-Identifier: MIT */
/*
 * The story of one connection as rows: arrows between the client, rudeproxy and the server, and
 * notes. It reads the events as web/story.js does, and draws nothing. Pure.
 *
 * Life: view_story_build, use, view_story_free (also after a failure). The events must outlive it.
 */
#ifndef RUDEPROXY_APP_VIEW_STORY_H
#define RUDEPROXY_APP_VIEW_STORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/app/view/ends.h"
#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

enum lane {
    LANE_CLIENT,
    LANE_PROXY,
    LANE_SERVER,
};

enum row_kind {
    ROW_CONNECT,
    ROW_BYTES,
    ROW_INSERTED, /* bytes that nobody sent to rudeproxy */
    ROW_LOST,     /* bytes that did not arrive */
    ROW_NOT_CONNECTED,
    ROW_FIN,
    ROW_RST,
    ROW_VANISHED, /* a note: nothing is sent */
    ROW_FAULT,    /* a note */
    ROW_NOTE,
};

#define ROW_TEXT_MAX 320

struct arrow {
    enum lane from, to; /* one of them is LANE_PROXY */
    enum row_kind kind;
    uint64_t size; /* bytes of the stream that it stands for */
};

struct row {
    int64_t at_us;        /* since the first event */
    bool has_time;        /* false: the log does not say when; at_us is that of the row before */
    unsigned arrow_count; /* 0: a note */
    struct arrow arrows[2];
    enum lane lane;            /* of a note */
    enum row_kind kind;        /* of a note */
    const json_t *message;     /* the `message` event that it shows, or NULL */
    char text[ROW_TEXT_MAX];   /* of the first arrow, or the note */
    char second[ROW_TEXT_MAX]; /* of the second arrow; "": that of the first */
};

#define STORY_LASTING_MAX                                                                          \
    64 /* lasting faults whose end is awaited at once; more are not followed */

struct story {
    const json_t *events;
    const json_t *end;        /* the `closed` event, or NULL */
    int64_t start_us, now_us; /* wall clock */
    struct row *rows;         /* owned */
    size_t row_count, row_capacity;
    int64_t accepted_us; /* wall clock; set if `end` is */
    struct view_ends ends;
    size_t end_next;        /* the first of `ends` that no row shows */
    uint64_t drawn[2];      /* by direction: offset up to which bytes are in rows */
    bool inserted_shown[2]; /* by direction */
    bool unread_shown[2];   /* by side */
    bool opened;            /* the server is connected */
    bool failed;
    const json_t *lasting[STORY_LASTING_MAX];
    size_t lasting_count;
};

/* 0, or -1: out of memory. */
MUST_CHECK int view_story_build(struct story *story, const json_t *events);
void view_story_free(struct story *story);

/* Writes the cause of the end in words, from the `closed` event. Returns `text`. */
const char *view_cause_text(const json_t *closed, char text[160]);

/* Writes what the peer of a side has seen, one line each. Returns the number of lines. */
#define SAW_LINES_MAX 8
size_t view_story_saw(const struct story *story, enum side side, char lines[SAW_LINES_MAX][80]);

#endif
