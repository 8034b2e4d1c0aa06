/* SPDX-License-Identifier: MIT */
/*
 * The gates of one direction, which decide when bytes may be forwarded, and the changes of bytes.
 * Active faults are asked in the order of the file. Each gate sees only the bytes that the earlier
 * ones let pass, and the smallest answer counts.
 *
 * The gates that delay are asked before all others. A rate or a gap may stand in front of a delay
 * or behind it: bytes come out at the same times. But no fault has a buffer, so a rate that was
 * asked first would save credit while the bytes wait for the delay.
 *
 * Delays add up: each byte is due at the last delaying gate no earlier than at the ones before. So
 * only the last one decides how far bytes may be forwarded, and adds the delays of all; the others
 * only learn where a burst begins.
 */
#include "proxy/base/min.h"
#include "proxy/relay/armed.h"
#include "proxy/relay/flow.h"
#include "proxy/relay/shaping.h"

/* Returns the first shaping fault whose order in the file is `first` or more. */
static struct armed_fault *shaper_from(const struct shaping *shaping, size_t first)
{
    struct armed_fault *armed = shaping->shapers;
    while (armed != NULL && armed->order < first)
        armed = armed->next_shaper[shaping->direction];
    return armed;
}

/* Whether the fault may change these bytes. It fires at the first byte that it changes. */
static bool may_change(
    struct shaping *shaping, struct armed_fault *armed, uint64_t offset, size_t n)
{
    const struct fault *fault = &armed->rule->fault;
    if (armed->acted || fault->type->first_changed == NULL)
        return true;
    uint64_t first = armed_first_changed(armed, shaping->direction, offset, n);
    if (first == FAULT_NO_PLACE || !armed_count(armed))
        return false;
    bool inserted =
        offset >= INSERTION_OFFSETS; /* these stand before the next byte of the stream */
    armed->acted_at = inserted ? shaping->forwarded : first;
    armed->acted_end = inserted ? shaping->forwarded : first + 1;
    armed->acted = armed->acted_untold = shaping->changed = true;
    return true;
}

/* Shows `n` bytes to the faults from `first` on, which change them in place. */
static void change_piece(
    struct shaping *shaping, size_t first, uint64_t offset, unsigned char *bytes, size_t n)
{
    struct armed_fault *armed = shaper_from(shaping, first);
    for (; armed != NULL; armed = armed->next_shaper[shaping->direction]) {
        const struct fault *fault = &armed->rule->fault;
        if (fault->type->mutate != NULL && may_change(shaping, armed, offset, n))
            fault->type->mutate(armed->params, armed->key[shaping->direction], offset, bytes, n);
    }
}

/* Bytes that did not fit into the socket come again, but are already changed. */
uint64_t shaping_change(struct shaping *shaping, uint64_t offset, uint64_t changed,
    const struct iovec *pieces, int count)
{
    for (int i = 0; i < count && shaping->mutates; i++) {
        uint64_t end = offset + pieces[i].iov_len;
        uint64_t from = changed > offset ? changed : offset;
        if (from < end)
            change_piece(shaping, 0, from, (unsigned char *)pieces[i].iov_base + (from - offset),
                (size_t)(end - from));
        changed = from < end ? end : changed;
        offset = end;
    }
    return changed;
}

/* --- gates --- */

/* The gate that calls view->arrived. */
struct gate_context {
    const struct shaping *shaping;
    /* the insertion whose bytes are asked for; NULL: the stream's */
    const struct insertion *insertion;
    struct armed_fault *first; /* the first fault that shapes the bytes */
    struct armed_fault *asking;
};

static time_us arrived(const struct gate_view *view, uint64_t offset, uint64_t *until)
{
    const struct gate_context *context = view->flow;
    const struct shaping *shaping = context->shaping;
    time_us came;
    *until = UINT64_MAX;
    if (context->insertion != NULL)
        came = context->insertion->came_at;
    else
        came = arrivals_at(&shaping->arrivals, offset, until);
    for (const struct armed_fault *armed = context->first; armed != context->asking;
         armed = armed->next_shaper[shaping->direction]) {
        const struct fault *fault = &armed->rule->fault;
        if (fault->type->departure_time != NULL)
            came = fault->type->departure_time(
                armed->params, armed->state, armed->key[shaping->direction], offset, came, until);
    }
    return came;
}

/* Asks the gate of one fault about the bytes from `head` to `end`. */
static uint64_t ask_gate(struct shaping *shaping, const struct gate_context *context, uint64_t head,
    uint64_t end, time_us *again)
{
    struct armed_fault *armed = context->asking;
    const struct fault *fault = &armed->rule->fault;
    const struct gate_view view = {
        .head = head,
        .end = end,
        .now = shaping->now,
        .active_since = armed->since,
        .fresh = head == shaping->burst,
        .was_idle = armed->left == 0,
        .key = armed->key[shaping->direction],
        .arrived = arrived,
        .flow = context,
    };
    armed->left = end - head;
    return fault->type->gate(armed->params, armed->state, &view, again);
}

/* Asks the gates from the context's first fault on, either those that delay or the others. Returns
 * the offset up to which they let bytes pass. */
static uint64_t ask_some(struct shaping *shaping, struct gate_context *context, bool delaying,
    uint64_t head, uint64_t end)
{
    struct armed_fault *armed = context->first;
    uint64_t allowed = end;
    for (; armed != NULL && allowed > head; armed = armed->next_shaper[shaping->direction]) {
        const struct fault_type *type = armed->rule->fault.type;
        bool delays_more = delaying && armed != shaping->last_delay;
        time_us again = TIME_NEVER;
        if (type->gate == NULL || (type->departure_time != NULL) != delaying)
            continue;
        context->asking = armed;
        uint64_t limit = ask_gate(shaping, context, head, delays_more ? head : allowed, &again);
        if (delays_more || limit >= allowed)
            continue;
        allowed = limit;
        shaping->again = again;
    }
    return allowed;
}

/* Asks the gates from fault `first` on; `insertion` is NULL for the stream's bytes. */
static uint64_t ask_gates(struct shaping *shaping, const struct insertion *insertion, size_t first,
    uint64_t head, uint64_t end)
{
    struct gate_context context = {
        .shaping = shaping, .insertion = insertion, .first = shaper_from(shaping, first)};
    return ask_some(shaping, &context, false, head, ask_some(shaping, &context, true, head, end));
}

uint64_t shaping_allowed(struct shaping *shaping, uint64_t head, uint64_t end)
{
    return ask_gates(shaping, NULL, 0, head, min_u64(shaping->hold, end));
}

/* Returns the offset up to which pending bytes are due, for the faults that delay. */
static uint64_t due_offset(struct shaping *shaping, uint64_t head, uint64_t tail)
{
    const struct gate_context context = {
        .shaping = shaping, .first = shaping->shapers, .asking = shaping->last_delay};
    time_us ignored;
    if (shaping->last_delay == NULL)
        return tail;
    uint64_t due = ask_gate(shaping, &context, head, tail, &ignored);
    return min_u64(due, tail);
}

/* Returns when the byte at `offset` is due. */
static time_us due_time(const struct shaping *shaping, uint64_t offset)
{
    const struct gate_context all = {.shaping = shaping, .first = shaping->shapers};
    const struct gate_view view = {.flow = &all};
    uint64_t until;
    return arrived(&view, offset, &until);
}

uint64_t shaping_delayed(struct shaping *shaping, uint64_t head, uint64_t tail)
{
    uint64_t delayed = tail - due_offset(shaping, head, tail);
    if (delayed == 0)
        return 0;
    time_us due = due_time(shaping, tail - 1);
    const struct armed_fault *armed = shaping->shapers;
    for (; armed != NULL && due > shaping->now; armed = armed->next_shaper[shaping->direction]) {
        const struct fault *fault = &armed->rule->fault;
        if (fault->type->bytes_within == NULL)
            continue;
        delayed = min_u64(delayed, fault->type->bytes_within(armed->params, due - shaping->now));
    }
    return delayed;
}

/* Notifies the gates from fault `first` on that bytes were forwarded. */
static void notify_gates(struct shaping *shaping, size_t first, uint64_t offset, size_t n)
{
    struct armed_fault *armed = shaper_from(shaping, first);
    for (; armed != NULL; armed = armed->next_shaper[shaping->direction]) {
        const struct fault *fault = &armed->rule->fault;
        armed->left -= min_u64(n, armed->left);
        if (fault->type->passed != NULL)
            fault->type->passed(armed->params, armed->state, offset, n, shaping->now);
    }
}

void shaping_forwarded(struct shaping *shaping, uint64_t offset, size_t n)
{
    shaping->forwarded = offset + n;
    arrivals_forget(&shaping->arrivals, offset + n);
    notify_gates(shaping, 0, offset, n);
}

/* --- insertions: to the gates they stand at the offset of the next byte --- */

/* Returns the order of the next fault after the inserting one; 0 if that was removed. */
static size_t behind(const struct insertion *insertion)
{
    return container_of(insertion, struct armed_fault, insertion)->order + 1;
}

size_t shaping_allow_insertion(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n)
{
    uint64_t allowed = ask_gates(shaping, insertion, behind(insertion), head, head + n) - head;
    return allowed < n ? (size_t)allowed : n;
}

void shaping_change_insertion(struct shaping *shaping, const struct insertion *insertion,
    uint64_t offset, unsigned char *bytes, size_t n)
{
    if (shaping->mutates)
        change_piece(shaping, behind(insertion), offset, bytes, n);
}

void shaping_insertion_forwarded(
    struct shaping *shaping, const struct insertion *insertion, uint64_t head, size_t n)
{
    notify_gates(shaping, behind(insertion), head, n);
}
