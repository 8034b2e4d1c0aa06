/* SPDX-License-Identifier: MIT */
/*
 * The two ends live in this one thread, and each step is one call, so a direct run has one outcome.
 * Where the kernel was late with a segment (its softirq runs elsewhere on a busy machine), two
 * direct runs differ; the test then repeats both.
 */
#include "tests/lib/history.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/err.h"
#include "tests/lib/random_fault.h"

/* Bytes that lie unread at most: they fit every receive window. */
#define UNREAD_MAX 24000u
#define BULK_MAX (1u << 20)

/* A writer that finds no room for so long is stuffed. */
#define STUFFED_MS 5

/* Once both ends look alike in the end, nothing else may come for so long. */
#define LAST_LOOK_MS 2

struct run {
    const struct history_route *route;
    const struct history_record *want; /* NULL: a direct run */
    struct history_record *got;
    struct peer peers[PEER_ACTORS];
    bool read_shut[PEER_ACTORS];
};

static const char *const op_names[HISTORY_OP_COUNT] = {
    [HISTORY_SEND] = "send",
    [HISTORY_READ] = "read",
    [HISTORY_READ_ALL] = "read all",
    [HISTORY_BULK] = "bulk",
    [HISTORY_STUFF] = "stuff",
    [HISTORY_SHUT_WR] = "shutdown(SHUT_WR)",
    [HISTORY_SHUT_RD] = "shutdown(SHUT_RD)",
    [HISTORY_CLOSE] = "close",
    [HISTORY_RESET] = "reset",
    [HISTORY_KILL] = "killed",
    [HISTORY_ERROR] = "SO_ERROR",
    [HISTORY_PAUSE] = "pause, ms",
};

/* --- what is drawn --- */

/* How often, of 100. */
static const struct {
    enum history_op op;
    unsigned weight;
} weights[] = {
    {HISTORY_SEND, 34},
    {HISTORY_READ, 17},
    {HISTORY_READ_ALL, 10},
    {HISTORY_BULK, 2},
    {HISTORY_STUFF, 1},
    {HISTORY_SHUT_WR, 8},
    {HISTORY_SHUT_RD, 3},
    {HISTORY_CLOSE, 7},
    {HISTORY_RESET, 5},
    {HISTORY_KILL, 1},
    {HISTORY_ERROR, 5},
    {HISTORY_PAUSE, 7},
};

static enum history_op draw_op(uint64_t *random)
{
    uint64_t left = random_below(random, 100);
    size_t i = 0;
    while (left >= weights[i].weight)
        left -= weights[i++].weight;
    return weights[i].op;
}

static size_t draw_size(uint64_t *random, enum history_op op)
{
    if (op == HISTORY_PAUSE)
        return 1 + random_below(random, 3);
    if (op == HISTORY_BULK)
        return 1 + random_below(random, BULK_MAX);
    return 1 + random_below(random, random_below(random, 4) == 0 ? UNREAD_MAX : 2000);
}

void history_draw(struct history *history, uint64_t seed)
{
    uint64_t random = seed * 1000003 + 1;
    *history = (struct history){.seed = seed};
    history->count = 2 + random_below(&random, HISTORY_STEPS - 1);
    for (size_t i = 0; i < history->count; i++) {
        struct history_step *step = &history->steps[i];
        bool again = i > 0 && step[-1].hurried;
        step->actor = again ? step[-1].actor : (enum peer_actor)random_below(&random, 2);
        step->op = draw_op(&random);
        step->n = draw_size(&random, step->op);
        step->hurried = random_below(&random, 4) == 0;
    }
}

/* --- one step --- */

static void sleep_us(long us)
{
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

/* FIN_WAIT1 counts as FIN_WAIT2: the acknowledgement between the two may come 40 ms late. */
static unsigned char state_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_state == TCP_FIN_WAIT1 ? TCP_FIN_WAIT2 : info.tcpi_state;
}

static long send_some(struct peer *self, const struct peer *other, size_t n)
{
    uint64_t unread = self->sent - other->received;
    size_t room = unread < UNREAD_MAX ? (size_t)(UNREAD_MAX - unread) : 0;
    return room == 0 ? 0 : (long)peer_send(self, n < room ? n : room);
}

static long read_all(struct peer *self)
{
    uint64_t before = self->received;
    ssize_t n;
    while ((n = peer_receive(self, SIZE_MAX)) > 0)
        ;
    return n < 0 && n != -EAGAIN ? (long)n : (long)(self->received - before);
}

/* Where the connection cannot end under way. */
static bool can_move_bulk(const struct run *run, const struct peer *self, const struct peer *other)
{
    unsigned char state = state_of(self->fd);
    return other->fd >= 0 && !run->read_shut[other->actor] &&
           (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT);
}

/* Negative: the errno that ended it. */
static long move_bulk(const struct run *run, struct peer *self, struct peer *other, size_t n)
{
    int64_t deadline = wire_now_ms() + run->route->deadline_ms;
    uint64_t until = self->sent + n;
    while (other->received < until && wire_now_ms() < deadline) {
        ssize_t out = self->sent < until ? peer_send(self, (size_t)(until - self->sent)) : -EAGAIN;
        ssize_t in = peer_receive(other, SIZE_MAX);
        if (out < 0 && out != -EAGAIN)
            return (long)out;
        if (in == 0 || (in < 0 && in != -EAGAIN))
            return in == 0 ? -ENODATA : (long)in;
        if (out < 0 && in < 0)
            sleep_us(30);
    }
    return other->received == until ? (long)n : -ETIMEDOUT;
}

/* How much fits depends on the route, so the result is 1. */
static long stuff(const struct run *run, struct peer *self, struct peer *other)
{
    int64_t deadline = wire_now_ms() + run->route->deadline_ms;
    ssize_t n = 0;
    while ((n = peer_send(self, SIZE_MAX)) > 0 || wire_poll(self->fd, POLLOUT, STUFFED_MS) > 0) {
        if ((n < 0 && n != -EAGAIN) || wire_now_ms() >= deadline)
            return n < 0 ? (long)n : -ETIMEDOUT;
    }
    long moved = move_bulk(run, self, other, 0);
    return moved < 0 ? moved : 1;
}

static long take_error(const struct peer *self)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? -error : -errno;
}

static long call(struct run *run, const struct history_step *step)
{
    struct peer *self = &run->peers[step->actor];
    struct peer *other = &run->peers[!step->actor];
    if (self->fd < 0 || ((step->op == HISTORY_BULK || step->op == HISTORY_STUFF) &&
                            !can_move_bulk(run, self, other)))
        return -EBADF;
    switch (step->op) {
    case HISTORY_SEND:
        return send_some(self, other, step->n);
    case HISTORY_READ:
        return (long)peer_receive(self, step->n);
    case HISTORY_READ_ALL:
        return read_all(self);
    case HISTORY_BULK:
        return move_bulk(run, self, other, step->n);
    case HISTORY_STUFF:
        return stuff(run, self, other);
    case HISTORY_SHUT_WR:
        return peer_shutdown(self, SHUT_WR);
    case HISTORY_SHUT_RD:
        run->read_shut[step->actor] = true;
        return peer_shutdown(self, SHUT_RD);
    case HISTORY_CLOSE:
        return peer_close(self);
    case HISTORY_RESET:
        return peer_reset(self);
    case HISTORY_KILL:
        return peer_kill(self);
    case HISTORY_ERROR:
        return take_error(self);
    case HISTORY_PAUSE:
    default:
        sleep_us((long)step->n * 1000);
        return 0;
    }
}

/* --- looking --- */

/* Both FINs were sent, and the last acknowledgement is under way. */
static bool is_passing(unsigned char state)
{
    return state == TCP_LAST_ACK || state == TCP_CLOSING;
}

static void look(const struct run *run, struct history_line *line)
{
    line->looked = true;
    for (int i = 0; i < PEER_ACTORS; i++) {
        struct pollfd entry = {.fd = run->peers[i].fd, .events = POLLIN | POLLRDHUP};
        line->queued[i] = -1;
        line->events[i] = 0;
        line->states[i] = 0;
        if (entry.fd < 0)
            continue;
        (void)poll(&entry, 1, 0);
        line->events[i] = entry.revents;
        line->states[i] = state_of(entry.fd);
        if (ioctl(entry.fd, FIONREAD, &line->queued[i]) != 0)
            line->queued[i] = -errno;
    }
}

static bool line_equal(const struct history_line *a, const struct history_line *b)
{
    bool equal = a->result == b->result && a->looked == b->looked;
    for (int i = 0; i < PEER_ACTORS && a->looked; i++)
        equal = equal && a->queued[i] == b->queued[i] && a->events[i] == b->events[i] &&
                a->states[i] == b->states[i];
    return equal;
}

static bool is_settled(const struct run *run, const struct history_line *line)
{
    size_t i = run->got->count;
    if (run->want == NULL)
        return !is_passing(line->states[PEER_CLIENT]) && !is_passing(line->states[PEER_SERVER]);
    /* With another result it differs anyway. */
    return i >= run->want->count || line->result != run->want->lines[i].result ||
           line_equal(line, &run->want->lines[i]);
}

/* Until both ends look as wanted. */
static void settle(const struct run *run, struct history_line *line)
{
    int64_t deadline = wire_now_ms() + run->route->deadline_ms;
    for (look(run, line); !is_settled(run, line); look(run, line)) {
        if (wire_now_ms() >= deadline) {
            run->got->late = true;
            return;
        }
        sleep_us(30);
    }
}

/* A call of an end whose peer may answer with a RST has to be waited for. */
static bool is_hurried(const struct run *run, const struct history *history, size_t i)
{
    const struct history_step *step = &history->steps[i];
    enum peer_actor other = step->actor == PEER_CLIENT ? PEER_SERVER : PEER_CLIENT;
    return step->hurried && i + 1 < history->count && step[1].actor == step->actor &&
           run->peers[other].fd >= 0 && !run->read_shut[other];
}

/* False: it differs, and no further step makes sense. */
static bool note(struct run *run, const struct history_line *line)
{
    size_t i = run->got->count++;
    run->got->lines[i] = *line;
    return run->want == NULL || (i < run->want->count && line_equal(line, &run->want->lines[i]));
}

static void run_steps(struct run *run, const struct history *history)
{
    struct history_line line = {0};
    for (size_t i = 0; i < history->count; i++) {
        line = (struct history_line){.result = call(run, &history->steps[i])};
        if (!is_hurried(run, history, i))
            settle(run, &line);
        if (!note(run, &line))
            return;
    }
    line = (struct history_line){0};
    if (run->want != NULL)
        sleep_us(LAST_LOOK_MS * 1000);
    look(run, &line);
    (void)note(run, &line);
}

static int run_history(struct run *run, const struct history *history)
{
    struct wire_listener *server = run->route->server;
    const struct peer_address *dial = run->want != NULL ? &run->route->dial : &server->address;
    *run->got = (struct history_record){0};
    peer_init(&run->peers[PEER_CLIENT], PEER_CLIENT);
    peer_init(&run->peers[PEER_SERVER], PEER_SERVER);
    run->peers[PEER_CLIENT].network = run->want != NULL ? run->route->client_network : 0;
    run->peers[PEER_SERVER].listener = server->fd;
    run->peers[PEER_SERVER].address = server->address;
    int result = peer_connect(&run->peers[PEER_CLIENT], dial, WIRE_DEADLINE_MS);
    if (result == 0 && wire_poll(server->fd, POLLIN, WIRE_DEADLINE_MS) < 0)
        result = -ETIMEDOUT;
    if (result == 0)
        result = peer_accept(&run->peers[PEER_SERVER]);
    if (result == 0)
        run_steps(run, history);
    for (int i = 0; i < PEER_ACTORS; i++)
        run->got->spoiled = run->got->spoiled || run->peers[i].spoiled;
    run->peers[PEER_SERVER].listener = -1; /* the route's */
    peer_deinit(&run->peers[PEER_CLIENT]);
    peer_deinit(&run->peers[PEER_SERVER]);
    return result;
}

int history_run_direct(
    const struct history *history, const struct history_route *route, struct history_record *got)
{
    struct run run = {.route = route, .got = got};
    return run_history(&run, history);
}

int history_run_proxied(const struct history *history, const struct history_route *route,
    const struct history_record *want, struct history_record *got)
{
    struct run run = {.route = route, .want = want, .got = got};
    return run_history(&run, history);
}

bool history_record_equal(const struct history_record *a, const struct history_record *b)
{
    bool equal = a->count == b->count && a->spoiled == b->spoiled;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = line_equal(&a->lines[i], &b->lines[i]);
    return equal;
}

/* --- a failure --- */

static void leave_out(struct history *history, size_t i)
{
    for (history->count--; i < history->count; i++)
        history->steps[i] = history->steps[i + 1];
}

void history_shrink(
    struct history *history, bool (*fails)(void *user, const struct history *history), void *user)
{
    struct history less;
    for (size_t before = HISTORY_STEPS + 1; history->count < before;) {
        before = history->count;
        for (size_t i = history->count; i-- > 0;) {
            less = *history;
            leave_out(&less, i);
            if (fails(user, &less))
                *history = less;
        }
    }
    for (size_t i = 0; i < history->count; i++) {
        less = *history;
        less.steps[i].hurried = false;
        if (history->steps[i].hurried && fails(user, &less))
            *history = less;
        less = *history;
        less.steps[i].n = 1;
        if (history->steps[i].n > 1 && fails(user, &less))
            *history = less;
    }
}

static void print_line(FILE *out, const struct history_record *record, size_t i)
{
    char text[96] = "-";
    if (i < record->count) {
        const struct history_line *line = &record->lines[i];
        int used = line->result < 0
                       ? snprintf(text, sizeof text, "%s", err_name((int)-line->result))
                       : snprintf(text, sizeof text, "%ld", line->result);
        for (int actor = 0; actor < PEER_ACTORS && line->looked && used < (int)sizeof text; actor++)
            used += snprintf(text + used, sizeof text - (size_t)used, " %c:%d/%d%s%s%s%s",
                actor == PEER_CLIENT ? 'c' : 's', line->queued[actor], line->states[actor],
                (line->events[actor] & POLLIN) != 0 ? " IN" : "",
                (line->events[actor] & POLLRDHUP) != 0 ? " RDHUP" : "",
                (line->events[actor] & POLLERR) != 0 ? " ERR" : "",
                (line->events[actor] & POLLHUP) != 0 ? " HUP" : "");
    }
    fprintf(out, " | %-48s", text);
}

void history_print(FILE *out, const struct history *history, const struct history_record *direct,
    const struct history_record *proxied)
{
    for (size_t i = 0; i <= history->count; i++) {
        const struct history_step *step = &history->steps[i];
        char text[64] = "in the end";
        if (i < history->count)
            snprintf(text, sizeof text, "%s %s %zu%s",
                step->actor == PEER_CLIENT ? "client" : "server", op_names[step->op], step->n,
                step->hurried ? " ..." : "");
        bool same = i < direct->count && i < proxied->count &&
                    line_equal(&direct->lines[i], &proxied->lines[i]);
        fprintf(out, "  %c %-32s", same ? ' ' : '!', text);
        print_line(out, direct, i);
        print_line(out, proxied, i);
        fputc('\n', out);
    }
    if (direct->spoiled || proxied->spoiled)
        fprintf(out, "  wrong bytes: directly %d, proxied %d\n", direct->spoiled, proxied->spoiled);
}
