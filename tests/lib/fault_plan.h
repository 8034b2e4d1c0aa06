/* SPDX-License-Identifier: MIT */
/*
 * Plans: one fault with random keys, one connection with random bytes, and what must come of it,
 * computed from the keys. The model is naive on purpose: it looks for the trigger in all the bytes
 * at once.
 */
#ifndef RUDEPROXY_TESTS_LIB_FAULT_PLAN_H
#define RUDEPROXY_TESTS_LIB_FAULT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PLAN_BYTES 3000 /* of the writer, at most */
#define PLAN_INJECTED 8 /* by `inject` */
#define PLAN_PATTERN 4  /* bytes of a match, at most */
#define PLAN_NEVER SIZE_MAX

enum plan_end { END_NONE, END_FIN, END_RST };

enum plan_trigger { BYTES, MATCH, MATCH_BEFORE, MESSAGE, MESSAGE_BEFORE, TRIGGERS };

/* Numbers that may each be made smaller. */
enum plan_field {
    LENGTH,  /* bytes of the writer */
    PIECE,   /* the most that one send has, less 1 */
    AT,      /* of BYTES */
    NTH,     /* of the others, less 1 */
    BEHIND,  /* K of MATCH */
    PAUSE,   /* microseconds between two sends */
    EARLIER, /* bytes that the reader sends before */
    LATER,   /* and behind what it got */
    PROXY,   /* which keys the proxy has */
    SHAPE,   /* which fault stands in front of this one; 0: none */
    FIELDS
};

struct plan_row;

struct fault_plan {
    uint64_t seed;
    const struct plan_row *row; /* the fault */
    enum plan_trigger trigger;
    int direction; /* 0: upstream, the client writes */
    char pattern[PLAN_PATTERN + 1];
    size_t field[FIELDS];
    char bytes[PLAN_BYTES];
};

struct plan_outcome {
    char bytes[PLAN_BYTES + PLAN_INJECTED]; /* that the reader got */
    size_t length;
    size_t answered; /* bytes that the writer got */
    enum plan_end reader, writer;
    size_t offset; /* of the event `fault`; PLAN_NEVER: none */
};

void fault_plan_draw(struct fault_plan *plan, uint64_t seed);

/* Bytes that the reader sends before the writer begins: none where the fault fires before. */
size_t fault_plan_earlier(const struct fault_plan *plan);

void fault_plan_predict(const struct fault_plan *plan, struct plan_outcome *out);

bool plan_outcome_equal(const struct plan_outcome *a, const struct plan_outcome *b);

/* The sections of proxy and fault number `i`. */
void fault_plan_write(FILE *out, const struct fault_plan *plan, size_t i, const char *upstream);

void plan_outcome_print(FILE *out, const char *title, const struct plan_outcome *outcome);

#endif
