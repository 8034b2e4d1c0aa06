/* SPDX-License-Identifier: MIT */
/*
 * The first wave goes through ranks: the places that matter most come first, for each fault and
 * each connection, so that a small budget still sees the whole conversation. Inside one rank the
 * messages come in an order that halves the longest stretch again and again, for the same reason.
 */
#include "proxy/app/sweep/cases.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/hash.h"
#include "proxy/base/list.h"
#include "proxy/base/rng.h"

/* A case of the first wave, to be found by its place and fault. */
struct planned {
    struct hash_link link;
    struct sweep_pick pick;
    struct planned *next; /* in the list that frees them */
};

/* A direction of a connection of the baseline, and where its candidates go. */
struct lane {
    struct sweep_cases *cases;
    const struct seen_connection *connection;
    enum direction direction;
    size_t fault;
    uint64_t most; /* most cases that there may be */
    struct hash index;
    struct planned *planned; /* owned: the places of `index` */
    bool (*fits)(const void *user, size_t fault, const struct sweep_place *place);
    const void *user;
};

void sweep_cases_init(struct sweep_cases *cases, size_t fault_count)
{
    *cases = (struct sweep_cases){.fault_count = fault_count};
}

void sweep_cases_deinit(struct sweep_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        sweep_evidence_free(&cases->list[i].evidence);
    free(cases->list);
}

struct sweep_case *sweep_cases_add(
    struct sweep_cases *cases, const struct sweep_place *place, size_t fault)
{
    if (cases->count == cases->capacity) {
        size_t capacity = cases->capacity == 0 ? 64 : 2 * cases->capacity;
        struct sweep_case *grown = realloc(cases->list, capacity * sizeof grown[0]);
        if (grown == NULL) {
            cases->out_of_memory = true;
            return NULL;
        }
        cases->list = grown;
        cases->capacity = capacity;
    }
    cases->list[cases->count] = (struct sweep_case){.pick = {*place, fault}};
    return &cases->list[cases->count++];
}

/* --- the first wave --- */

static uint64_t sweep_cases_key_of(const struct sweep_place *place, size_t fault)
{
    const uint64_t numbers[] = {place->proxy, place->connection, place->direction, fault,
        place->at_fin     ? UINT64_MAX
        : place->withheld ? ~place->message
                          : place->offset};
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        key = rng_at(key, numbers[i]);
    return key;
}

static bool is_planned(const struct lane *lane, const struct sweep_place *place)
{
    struct hash_link *link = hash_find(&lane->index, sweep_cases_key_of(place, lane->fault));
    for (; link != NULL; link = hash_find_next(link)) {
        const struct sweep_pick *pick = &container_of(link, struct planned, link)->pick;
        if (pick->fault == lane->fault && sweep_place_equal(&pick->place, place))
            return true;
    }
    return false;
}

static void plan_case(struct lane *lane, const struct sweep_place *place)
{
    struct planned *planned = malloc(sizeof *planned);
    if (planned == NULL ||
        hash_add(&lane->index, &planned->link, sweep_cases_key_of(place, lane->fault)) != 0) {
        free(planned);
        lane->cases->out_of_memory = true;
        return;
    }
    planned->pick = (struct sweep_pick){*place, lane->fault};
    planned->next = lane->planned;
    lane->planned = planned;
    sweep_cases_add(lane->cases, place, lane->fault);
}

static void lane_deinit(struct lane *lane)
{
    hash_deinit(&lane->index);
    while (lane->planned != NULL) {
        struct planned *next = lane->planned->next;
        free(lane->planned);
        lane->planned = next;
    }
}

static void propose(struct lane *lane, enum sweep_edge edge, uint64_t offset, uint64_t message)
{
    const struct sweep_place place = {
        .proxy = lane->connection->proxy,
        .connection = lane->connection->number,
        .direction = lane->direction,
        .offset = offset,
        .at_fin = edge == SWEEP_EDGE_FIN,
        .withheld = edge == SWEEP_EDGE_WITHHELD,
        .message = message,
        .edge = edge,
    };
    if (lane->cases->count >= lane->most || lane->cases->out_of_memory ||
        offset > lane->connection->bytes[lane->direction] || is_planned(lane, &place) ||
        !lane->fits(lane->user, lane->fault, &place))
        return;
    plan_case(lane, &place);
}

static uint64_t end_of(const struct seen_message *message)
{
    return message->offset + message->size;
}

static void rank_ends(struct lane *lane)
{
    uint64_t bytes = lane->connection->bytes[lane->direction];
    size_t messages = lane->connection->message_count[lane->direction];
    propose(lane, SWEEP_EDGE_START, 0, messages > 0 ? 1 : 0);
    if (lane->connection->fin[lane->direction])
        propose(lane, SWEEP_EDGE_FIN, bytes, messages);
    if (bytes > 0)
        propose(lane, SWEEP_EDGE_LAST, bytes, messages);
    if (bytes > 1)
        propose(lane, SWEEP_EDGE_BEFORE, bytes - 1, messages);
}

static void propose_edge(struct lane *lane, size_t i)
{
    propose(lane, SWEEP_EDGE_AFTER, end_of(&lane->connection->messages[lane->direction][i]), i + 1);
}

static void propose_withheld(struct lane *lane, size_t i)
{
    propose(
        lane, SWEEP_EDGE_WITHHELD, lane->connection->messages[lane->direction][i].offset, i + 1);
}

static void propose_middle(struct lane *lane, size_t i)
{
    const struct seen_message *message = &lane->connection->messages[lane->direction][i];
    propose(lane, SWEEP_EDGE_MIDDLE, message->offset + message->size / 2, i + 1);
}

static void propose_neighbours(struct lane *lane, size_t i)
{
    const struct seen_message *message = &lane->connection->messages[lane->direction][i];
    propose(lane, SWEEP_EDGE_INTO, message->offset + 1, i + 1);
    if (message->size > 0)
        propose(lane, SWEEP_EDGE_BEFORE, end_of(message) - 1, i + 1);
}

/* Calls `step` for each message: those at multiples of the largest power of two, then of half of
 * it... */
static void spread(struct lane *lane, void (*step)(struct lane *lane, size_t i))
{
    size_t count = lane->connection->message_count[lane->direction], stride = 1;
    while (stride * 2 < count)
        stride *= 2;
    for (bool first = true; stride > 0; stride /= 2, first = false) {
        for (size_t i = 0; i < count; i += stride) {
            if (first || i % (2 * stride) != 0)
                step(lane, i);
        }
    }
}

static void rank_edges(struct lane *lane)
{
    spread(lane, propose_edge);
    spread(lane, propose_withheld);
}

static void rank_middles(struct lane *lane)
{
    spread(lane, propose_middle);
}

static void rank_neighbours(struct lane *lane)
{
    spread(lane, propose_neighbours);
}

static uint64_t count_points(const struct observation *baseline)
{
    uint64_t points = 0;
    for (size_t i = 0; i < baseline->count; i++) {
        for (int d = 0; d < 2; d++)
            points += baseline->connections[i].bytes[d] + 1 + baseline->connections[i].fin[d] +
                      baseline->connections[i].message_count[d];
    }
    return points;
}

void sweep_cases_begin(struct sweep_cases *cases, const struct observation *baseline, uint64_t most,
    bool (*fits)(const void *user, size_t fault, const struct sweep_place *place), const void *user)
{
    static void (*const ranks[])(struct lane * lane) = {
        rank_ends, rank_edges, rank_middles, rank_neighbours};
    struct lane lane = {.cases = cases, .most = most, .fits = fits, .user = user};
    cases->place_total = count_points(baseline) * cases->fault_count;
    for (size_t rank = 0; rank < sizeof ranks / sizeof ranks[0]; rank++) {
        for (size_t i = 0; i < baseline->count * 2; i++) {
            lane.connection = &baseline->connections[i / 2];
            lane.direction = (enum direction)(i % 2);
            for (lane.fault = 0; lane.fault < cases->fault_count; lane.fault++)
                ranks[rank](&lane);
        }
    }
    lane_deinit(&lane);
}

void sweep_cases_locate(struct sweep_place *place, const struct observation *baseline)
{
    const struct seen_connection *connection =
        observation_find(baseline, place->proxy, place->connection);
    if (connection == NULL)
        return;
    size_t count = connection->message_count[place->direction];
    if (place->at_fin) {
        place->offset = connection->bytes[place->direction];
        place->message = count;
    } else if (place->withheld && place->message <= count) {
        place->offset = connection->messages[place->direction][place->message - 1].offset;
    }
}

/* --- further waves --- */

int sweep_pick_compare(const struct sweep_pick *a, const struct sweep_pick *b)
{
    const uint64_t keys[][2] = {
        {a->place.proxy, b->place.proxy},
        {a->place.connection, b->place.connection},
        {a->place.direction, b->place.direction},
        {a->fault, b->fault},
        {a->place.offset, b->place.offset},
        {a->place.withheld, b->place.withheld},
        {a->place.at_fin, b->place.at_fin},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    }
    return 0;
}

int sweep_case_compare(const void *a, const void *b)
{
    const struct sweep_case *x = a, *y = b;
    return sweep_pick_compare(&x->pick, &y->pick);
}

static bool same_lane(const struct sweep_case *a, const struct sweep_case *b)
{
    return a->pick.place.proxy == b->pick.place.proxy &&
           a->pick.place.connection == b->pick.place.connection &&
           a->pick.place.direction == b->pick.place.direction && a->pick.fault == b->pick.fault;
}

static bool same_ending(const struct sweep_case *a, const struct sweep_case *b, bool by_status)
{
    return a->outcome == b->outcome && run_facts_signal(&a->facts) == run_facts_signal(&b->facts) &&
           (!by_status || run_facts_status(&a->facts) == run_facts_status(&b->facts));
}

/* Differences that make a gap worth a look. */
struct difference {
    bool by_status; /* exit statuses count, too */
    bool by_output; /* only the output counts, of ends that are the same otherwise */
};

/* Whether the gap between two neighbours of a lane is worth a look. A flaky end says nothing. */
static bool differs(
    const struct sweep_case *a, const struct sweep_case *b, const struct difference *difference)
{
    if (a->outcome == OUTCOME_FLAKY || b->outcome == OUTCOME_FLAKY)
        return false;
    bool same = same_ending(a, b, difference->by_status);
    return difference->by_output ? same && a->facts.output != b->facts.output : !same;
}

static size_t halve_gaps(
    struct sweep_cases *cases, size_t count, const struct difference *difference, uint64_t most)
{
    size_t added = 0;
    for (size_t i = 0; i + 1 < count && added < most; i++) {
        const struct sweep_case left = cases->list[i], right = cases->list[i + 1];
        if (!same_lane(&left, &right) || right.pick.place.offset - left.pick.place.offset < 2 ||
            !differs(&left, &right, difference))
            continue;
        struct sweep_place place = left.pick.place;
        place.offset += (right.pick.place.offset - left.pick.place.offset) / 2;
        place.withheld = false;
        place.edge = SWEEP_EDGE_BETWEEN;
        place.message = left.pick.place.edge == SWEEP_EDGE_AFTER ? left.pick.place.message + 1
                                                                 : left.pick.place.message;
        if (sweep_cases_add(cases, &place, left.pick.fault) != NULL)
            added++;
    }
    return added;
}

size_t sweep_cases_refine(
    struct sweep_cases *cases, uint64_t most, bool compare_status, bool compare_output)
{
    const struct difference ending = {.by_status = compare_status};
    const struct difference output = {.by_status = compare_status, .by_output = true};
    size_t count = cases->count;
    if (count > 0)
        qsort(cases->list, count, sizeof cases->list[0], sweep_case_compare);
    /* Edges of output would take the budget from those of outcomes: they wait until these are
     * found. */
    size_t added = halve_gaps(cases, count, &ending, most);
    return added > 0 || !compare_output ? added : halve_gaps(cases, count, &output, most);
}
