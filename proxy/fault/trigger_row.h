/* SPDX-License-Identifier: MIT */
/*
 * One kind of trigger: how to parse, print and describe it. The rows are in trigger.c, by enum
 * trigger_kind. A kind with a grammar of its own has a file of its own.
 */
#ifndef RUDEPROXY_FAULT_TRIGGER_ROW_H
#define RUDEPROXY_FAULT_TRIGGER_ROW_H

#include "proxy/fault/trigger.h"

/* The two keys that take triggers. */
enum { OF_WHEN = 1, OF_UNTIL = 2, OF_BOTH = OF_WHEN | OF_UNTIL };

/* The bytes that a trigger watches, for its description. */
struct trigger_stream {
    const char *from; /* "the client", "the server" or "either side" */
    bool has_parts;   /* `body` is a part of a message, not a kind */
};

struct trigger_row {
    const char *word;
    const char *form;       /* an example, for error texts */
    unsigned keys;          /* the keys that take it, OF_* */
    bool watches_direction; /* see trigger.h, also for the next two */
    bool has_edge;
    bool is_timed;
    /* Both NULL: nothing follows the word. parse reads the text behind the colon into the trigger,
     * which is zero except for its kind, and returns 0, or -1 with err filled. format prints what
     * parse reads back unchanged. */
    int (*parse)(const char *text, struct trigger *trigger, struct err *err);
    void (*format)(const struct trigger *trigger, char *buf, size_t size);
    /* Checks the trigger once its edge is set: returns 0, or -1 with err filled. NULL: nothing to
     * check. */
    int (*check)(const struct trigger *trigger, struct err *err);
    /* Writes "after 1k bytes from the server". */
    void (*describe)(
        const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size);
};

extern const struct trigger_row trigger_match;   /* trigger_match.c */
extern const struct trigger_row trigger_message; /* trigger_message.c */

#endif
