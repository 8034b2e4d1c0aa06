/* SPDX-License-Identifier: MIT */
/*
 * One kind of trigger: how it is written, read and said in words. The rows stand in trigger.c, by
 * enum trigger_kind; a kind with a grammar of its own has its row in a file of its own.
 */
#ifndef RUDEPROXY_FAULT_TRIGGER_ROW_H
#define RUDEPROXY_FAULT_TRIGGER_ROW_H

#include "proxy/fault/trigger.h"

/* The two keys that take triggers. */
enum { OF_WHEN = 1, OF_UNTIL = 2, OF_BOTH = OF_WHEN | OF_UNTIL };

struct trigger_row {
    const char *word;
    const char *form;       /* an example, for error texts */
    unsigned keys;          /* which of the two take it */
    bool watches_direction; /* see trigger.h, as for the next two */
    bool has_edge;
    bool is_timed;
    /* What stands behind the colon: both NULL where nothing does. parse fills the trigger, all zero
     * but for its kind: 0, or -1 with err filled. format writes what parse reads to the same. */
    int (*parse)(const char *text, struct trigger *trigger, struct err *err);
    void (*format)(const struct trigger *trigger, char *buf, size_t size);
    /* Checks it once its edge is known: 0, or -1 with err filled. NULL: nothing to check. */
    int (*check)(const struct trigger *trigger, struct err *err);
    /* "after 1k bytes from the server". `from`: "the client", "the server" or "either side". */
    void (*describe)(const struct trigger *trigger, const char *from, char *buf, size_t size);
};

extern const struct trigger_row trigger_match;   /* trigger_match.c */
extern const struct trigger_row trigger_message; /* trigger_message.c */

#endif
