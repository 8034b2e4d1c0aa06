/* SPDX-License-Identifier: MIT */
/* Rows of faults, and the model of what they do. */
#include "tests/lib/fault_plan.h"

#include <string.h>

#include "tests/lib/random_fault.h"

/* The effect on the bytes behind the trigger. CUT_BY_BYTE: the RST answers the first of them; if
 * there is none, the writer sees a FIN. */
enum effect {
    EFFECT_NONE,
    EFFECT_CUT,
    EFFECT_CUT_BY_BYTE,
    EFFECT_DROPPED,
    EFFECT_FLIPPED,
    EFFECT_INSERTED
};

static const struct plan_row {
    const char *name;
    const char *keys; /* %1 is the side of the reader, %2 of the writer */
    enum effect effect;
    enum plan_end reader, writer; /* how it ends for them; a FIN of their own peer counts */
    bool answers;                 /* the other direction goes on */
} rows[] = {
    {"noop", "type = noop\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"mark", "type = mark\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"slice", "type = slice\nsize = 7\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"latency", "type = latency\ndelay = 300us\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"bandwidth", "type = bandwidth\nrate = 10M/s\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"reset", "type = reset\n", EFFECT_CUT, END_RST, END_RST, false},
    {"reset-reader", "type = reset\nside = %1\n", EFFECT_CUT, END_RST, END_FIN, false},
    {"reset-writer", "type = reset\nside = %2\n", EFFECT_CUT, END_FIN, END_RST, false},
    {"close", "type = close\nlinger = 60s\n", EFFECT_CUT, END_FIN, END_FIN, false},
    {"close-reader", "type = close\nside = %1\n", EFFECT_CUT, END_FIN, END_FIN, false},
    {"after-fin", "type = reset\nmode = after_fin\nside = %1\n", EFFECT_CUT, END_FIN, END_FIN,
        false},
    {"unread", "type = unread\nside = %2\n", EFFECT_CUT_BY_BYTE, END_FIN, END_RST, false},
    {"shut-rd", "type = shut_rd\nside = %2\n", EFFECT_DROPPED, END_FIN, END_FIN, true},
    {"shut-rd-reset", "type = shut_rd\nside = %2\nmode = reset\n", EFFECT_CUT_BY_BYTE, END_FIN,
        END_RST, false},
    {"stall", "type = stall\nfor = 3ms\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"hold-fin", "type = hold_fin\nfor = 3ms\n", EFFECT_NONE, END_FIN, END_FIN, true},
    {"half-close", "type = half_close\nside = %1\n", EFFECT_CUT, END_FIN, END_FIN, true},
    {"blackhole", "type = blackhole\n", EFFECT_DROPPED, END_FIN, END_FIN, true},
    {"corrupt", "type = corrupt\nrate = 100%\nbits = 8\n", EFFECT_FLIPPED, END_FIN, END_FIN, true},
    {"inject", "type = inject\ndata = \"INJECTED\"\n", EFFECT_INSERTED, END_FIN, END_FIN, true},
};

#define ROWS (sizeof rows / sizeof rows[0])

static const char injected[PLAN_INJECTED + 1] = "INJECTED";

static const char *const proxies[] = {"", "splice = off\n", "buffer = 4k\n", "protocol = line\n"};

/* A second fault, in front of the first one. */
static const char *const shapes[] = {NULL, NULL, "type = slice\nsize = 5\n",
    "type = latency\ndelay = 200us\n", "type = bandwidth\nrate = 5M/s\n",
    "type = noop\nwhen = match:\"ab\"\n"};

static const char letters[] = {'a', 'b', '\n'};

void fault_plan_draw(struct fault_plan *plan, uint64_t seed)
{
    static const size_t most[FIELDS] = {[LENGTH] = PLAN_BYTES,
        [PIECE] = 700,
        [AT] = PLAN_BYTES + 100,
        [NTH] = 6,
        [BEHIND] = 40,
        [PAUSE] = 200,
        [EARLIER] = 1500,
        [LATER] = 1500,
        [PROXY] = sizeof proxies / sizeof proxies[0],
        [SHAPE] = sizeof shapes / sizeof shapes[0]};
    uint64_t random = seed * 1000003 + 1;
    *plan = (struct fault_plan){.seed = seed, .row = &rows[random_below(&random, ROWS)]};
    plan->trigger = (enum plan_trigger)random_below(&random, TRIGGERS);
    plan->direction = (int)random_below(&random, 2);
    for (int i = 0; i < FIELDS; i++) {
        bool small = i < PROXY && random_below(&random, 3) == 0;
        plan->field[i] = random_below(&random, small ? most[i] / 20 + 1 : most[i]);
    }
    if (random_below(&random, 2) == 0)
        plan->field[BEHIND] = 0;
    size_t length = 1 + random_below(&random, PLAN_PATTERN);
    for (size_t i = 0; i < length; i++)
        plan->pattern[i] = letters[random_below(&random, 3)];
    for (size_t i = 0; i < PLAN_BYTES; i++)
        plan->bytes[i] = letters[random_below(&random, 3)];
}

/* --- the model --- */

/* The n-th occurrence, of those that do not overlap. PLAN_NEVER: there are fewer. */
static size_t find_nth(const struct fault_plan *plan, const char *text, size_t length, size_t n)
{
    for (size_t at = 0; at + length <= plan->field[LENGTH]; at++) {
        if (memcmp(plan->bytes + at, text, length) != 0)
            continue;
        if (n-- == 0)
            return at;
        at += length - 1;
    }
    return PLAN_NEVER;
}

/* Where a line begins; PLAN_NEVER: no byte of it is there. */
static size_t find_line(const struct fault_plan *plan, size_t n)
{
    size_t end = n == 0 ? 0 : find_nth(plan, "\n", 1, n - 1);
    size_t begin = n == 0 || end == PLAN_NEVER ? end : end + 1;
    return begin < plan->field[LENGTH] ? begin : PLAN_NEVER;
}

/* At which offset the fault fires. */
static size_t predict_offset(const struct fault_plan *plan)
{
    const size_t *field = plan->field;
    size_t length = strlen(plan->pattern), at = PLAN_NEVER, behind = 0;
    if (plan->trigger == BYTES)
        at = field[AT];
    else if (plan->trigger == MESSAGE_BEFORE)
        at = find_line(plan, field[NTH]);
    else if (plan->trigger == MESSAGE)
        at = find_nth(plan, "\n", 1, field[NTH]), behind = 1;
    else
        at = find_nth(plan, plan->pattern, length, field[NTH]);
    if (plan->trigger == MATCH)
        behind = length + field[BEHIND];
    return at == PLAN_NEVER || at + behind > field[LENGTH] ? PLAN_NEVER : at + behind;
}

size_t fault_plan_earlier(const struct fault_plan *plan)
{
    return plan->trigger == BYTES && plan->field[AT] == 0 ? 0 : plan->field[EARLIER];
}

void fault_plan_predict(const struct fault_plan *plan, struct plan_outcome *out)
{
    size_t length = plan->field[LENGTH], at = predict_offset(plan), tail = PLAN_INJECTED;
    bool fires = at != PLAN_NEVER;
    enum effect effect = fires ? plan->row->effect : EFFECT_NONE;
    *out =
        (struct plan_outcome){.length = length, .reader = END_FIN, .writer = END_FIN, .offset = at};
    memcpy(out->bytes, plan->bytes, length);
    if (effect == EFFECT_CUT || effect == EFFECT_CUT_BY_BYTE || effect == EFFECT_DROPPED)
        out->length = at;
    for (size_t i = at; effect == EFFECT_FLIPPED && i < length; i++)
        out->bytes[i] = (char)~out->bytes[i];
    if (effect == EFFECT_INSERTED) {
        memcpy(out->bytes + at, injected, tail);
        memcpy(out->bytes + at + tail, plan->bytes + at, length - at);
        out->length += tail;
    }
    out->reader = fires ? plan->row->reader : END_FIN;
    out->writer = fires ? plan->row->writer : END_FIN;
    if (effect == EFFECT_CUT_BY_BYTE && at == length)
        out->writer = END_FIN;
    out->answered = fault_plan_earlier(plan);
    if (!fires || plan->row->answers)
        out->answered += plan->field[LATER];
}

/* --- the configuration --- */

/* %1 and %2 are the sides of the reader and of the writer. */
static void write_keys(FILE *out, const struct fault_plan *plan)
{
    static const char *const sides[] = {"client", "server"};
    for (const char *at = plan->row->keys; *at != '\0'; at++) {
        if (at[0] != '%' || (at[1] != '1' && at[1] != '2'))
            fputc(*at, out);
        else
            fputs(sides[*++at == '1' ? !plan->direction : plan->direction], out);
    }
}

static void write_pattern(FILE *out, const struct fault_plan *plan)
{
    fputs("when = match:\"", out);
    for (const char *at = plan->pattern; *at != '\0'; at++)
        fputs(*at == '\n' ? "\\n" : (const char[]){*at, '\0'}, out);
    fprintf(out, "\"#%zu", plan->field[NTH] + 1);
    if (plan->trigger == MATCH && plan->field[BEHIND] > 0)
        fprintf(out, "+%zu", plan->field[BEHIND]);
    fputs("\n", out);
}

void fault_plan_write(FILE *out, const struct fault_plan *plan, size_t i, const char *upstream)
{
    bool message = plan->trigger == MESSAGE || plan->trigger == MESSAGE_BEFORE;
    fprintf(out, "[proxy p%zu]\nlisten = 127.0.0.1:0\nupstream = %s\n%s", i, upstream,
        message ? "protocol = line\n" : proxies[plan->field[PROXY]]);
    if (shapes[plan->field[SHAPE]] != NULL)
        fprintf(out, "[fault s%zu]\nproxy = p%zu\ndirection = both\n%s", i, i,
            shapes[plan->field[SHAPE]]);
    fprintf(out, "[fault p%zu]\nproxy = p%zu\ndirection = %s\n", i, i,
        plan->direction == 0 ? "upstream" : "downstream");
    write_keys(out, plan);
    if (plan->trigger == BYTES)
        fprintf(out, "when = bytes:%zu\n", plan->field[AT]);
    else if (message)
        fprintf(out, "when = message:%zu\n", plan->field[NTH] + 1);
    else
        write_pattern(out, plan);
    if (plan->trigger == MATCH_BEFORE || plan->trigger == MESSAGE_BEFORE)
        fputs("edge = before\n", out);
    if (plan->trigger == MATCH_BEFORE)
        fputs("match_hold = forever\n", out);
}

bool plan_outcome_equal(const struct plan_outcome *a, const struct plan_outcome *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0 &&
           a->answered == b->answered && a->reader == b->reader && a->writer == b->writer &&
           a->offset == b->offset;
}

void plan_outcome_print(FILE *out, const char *title, const struct plan_outcome *outcome)
{
    static const char *const ends[] = {"no end", "FIN", "RST"};
    fprintf(out, "  %-10s %zu bytes, then %s; the writer got %zu and %s; the fault fired ", title,
        outcome->length, ends[outcome->reader], outcome->answered, ends[outcome->writer]);
    if (outcome->offset == PLAN_NEVER)
        fputs("never\n", out);
    else
        fprintf(out, "at %zu\n", outcome->offset);
}
