/* SPDX-License-Identifier: MIT */
/*
 * Random faults whose outcome is computed from their keys: what the reader of the fault's direction
 * gets, byte by byte, how it ends for both ends, and the offset in the log.
 *
 *     faults [all] [SEED [COUNT]]
 *
 * Runs a sample; with `all` 10,000 of them; with SEED that one, or COUNT from it on. A plan is one
 * proxy with one fault, and one connection: bytes of random letters in random pieces. A failure is
 * shrunk to the smallest plan, and printed with the command that repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/fault_plan.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#define SAMPLE 150
#define ALL 10000
#define BATCH 50 /* proxies of one program */

#define DEADLINE_MS WIRE_DEADLINE_MS
#define SHRINK_DEADLINE_MS 700

/* --- the connection --- */

struct talk {
    const struct fault_plan *plan;
    int writer, reader;
    size_t sent;
    bool shut;     /* the writer has nothing more */
    bool answered; /* the reader has nothing more */
    struct plan_outcome *got;
};

static void send_letters(int fd, size_t n)
{
    char bytes[PLAN_BYTES];
    memset(bytes, 'z', sizeof bytes);
    (void)send(fd, bytes, n, MSG_NOSIGNAL);
}

static enum plan_end end_of(ssize_t n)
{
    if (n == 0)
        return END_FIN;
    return n < 0 && errno == ECONNRESET ? END_RST : END_NONE;
}

/* The first call to fail behind a RST says ECONNRESET, later reads say EOF. EPIPE comes behind a
 * FIN. */
static void write_some(struct talk *it)
{
    const size_t *field = it->plan->field;
    size_t left = field[LENGTH] - it->sent;
    if (it->shut || it->got->writer == END_RST)
        return;
    if (left == 0) {
        it->shut = true;
        (void)shutdown(it->writer, SHUT_WR);
        return;
    }
    size_t n = left < field[PIECE] + 1 ? left : field[PIECE] + 1;
    ssize_t sent = send(it->writer, it->plan->bytes + it->sent, n, MSG_NOSIGNAL);
    if (sent > 0)
        it->sent += (size_t)sent;
    else if (end_of(sent) == END_RST)
        it->got->writer = END_RST;
    else if (sent < 0 && errno == EPIPE)
        it->shut = true;
    const struct timespec pause = {.tv_nsec = (long)field[PAUSE] * 1000};
    if (field[PAUSE] > 0)
        nanosleep(&pause, NULL);
}

static void read_some(struct talk *it)
{
    struct plan_outcome *got = it->got;
    char spare[PLAN_BYTES];
    ssize_t n = 1;
    if (got->reader == END_NONE) {
        size_t room = sizeof got->bytes - got->length;
        n = recv(it->reader, got->bytes + got->length, room, 0);
        got->length += n > 0 ? (size_t)n : 0;
        got->reader = end_of(n);
    }
    if (got->reader != END_NONE && !it->answered) {
        it->answered = true;
        send_letters(it->reader, it->plan->field[LATER]);
        (void)shutdown(it->reader, SHUT_WR);
    }
    if (got->writer == END_NONE) {
        n = recv(it->writer, spare, sizeof spare, 0);
        got->answered += n > 0 ? (size_t)n : 0;
        got->writer = end_of(n);
    }
}

/* The answers to what the reader sent before come first: a fault cannot cut them off. */
static bool send_earlier(struct talk *it)
{
    char bytes[PLAN_BYTES];
    const size_t n = fault_plan_earlier(it->plan);
    int64_t deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    send_letters(it->reader, n);
    while (it->got->answered < n && wire_now_ms() < deadline) {
        (void)wire_poll(it->writer, POLLIN, 1000);
        ssize_t got = recv(it->writer, bytes, n - it->got->answered, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return false;
        it->got->answered += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Both ends in turn until both have seen an end. */
static void talk(struct talk *it, int deadline_ms)
{
    int64_t deadline = wire_now_ms() + deadline_ms;
    while ((it->got->reader == END_NONE || it->got->writer == END_NONE || !it->shut) &&
           wire_now_ms() < deadline) {
        struct pollfd entries[2] = {
            {.fd = it->got->reader == END_NONE ? it->reader : -1, .events = POLLIN},
            {.fd = it->got->writer == END_NONE ? it->writer : -1, .events = POLLIN}};
        bool wants = !it->shut && it->got->writer != END_RST;
        (void)poll(entries, 2, wants ? 0 : 50);
        write_some(it);
        read_some(it);
        it->shut = it->shut || it->got->writer == END_RST;
    }
}

/* --- plans --- */

#define CONFIG_BYTES 65536

struct batch {
    struct fault_plan plans[BATCH];
    struct plan_outcome got[BATCH];
    size_t count;
};

/* False: there is no record of the end. */
static bool play(const struct proxy_process *process, const struct wire_listener *listener,
    struct batch *batch, size_t i, int deadline_ms)
{
    char name[24];
    snprintf(name, sizeof name, "p%zu", i);
    struct plan_outcome *got = &batch->got[i];
    *got = (struct plan_outcome){.offset = PLAN_NEVER};
    int ends[2] = {wire_connect_proxy(process, name), -1};
    ends[1] = ends[0] >= 0 ? wire_accept(listener) : -1;
    const struct fault_plan *plan = &batch->plans[i];
    struct talk it = {.plan = plan,
        .got = got,
        .writer = ends[plan->direction],
        .reader = ends[!plan->direction]};
    if (ends[1] >= 0) {
        (void)wire_set_nodelay(it.writer, true);
        if (send_earlier(&it))
            talk(&it, deadline_ms);
    }
    for (int end = 0; end < 2; end++) {
        if (ends[end] >= 0)
            close(ends[end]);
    }
    char *record = records_wait(process, "closed", name, 1);
    bool closed = record != NULL;
    free(record);
    return closed;
}

/* Of the fault that is called like its proxy. */
static size_t find_offset(const char *log, const char *name)
{
    size_t offset = PLAN_NEVER;
    char *record;
    while (offset == PLAN_NEVER && (record = records_find(log, "fault", name, 1)) != NULL) {
        char fault[32] = "", quoted[32];
        snprintf(quoted, sizeof quoted, "\"%s\"", name);
        (void)records_value(record, NULL, "fault", fault, sizeof fault);
        if (strcmp(fault, quoted) == 0)
            offset = (size_t)records_number(record, NULL, "offset");
        log = strstr(log, record) + strlen(record);
        free(record);
    }
    return offset;
}

static void read_offsets(const struct proxy_process *process, struct batch *batch)
{
    char *log = proxy_process_read_log(process);
    for (size_t i = 0; log != NULL && i < batch->count; i++) {
        char name[24];
        snprintf(name, sizeof name, "p%zu", i);
        batch->got[i].offset = find_offset(log, name);
    }
    free(log);
}

/* One program for all plans of the batch. False: it did not start, or not stop, or its log lacks
 * an end. */
static bool run_batch(struct batch *batch, int deadline_ms)
{
    static char config[CONFIG_BYTES];
    struct wire_listener listener;
    struct proxy_process process;
    if (wire_listen(&listener, "127.0.0.1:0", 16, 0) != 0)
        return false;
    FILE *out = fmemopen(config, sizeof config, "w");
    for (size_t i = 0; out != NULL && i < batch->count; i++)
        fault_plan_write(out, &batch->plans[i], i, listener.text);
    bool good =
        out != NULL && fclose(out) == 0 && proxy_process_start(&process, "grace = 1s\n", config);
    if (good) {
        for (size_t i = 0; i < batch->count; i++)
            good = play(&process, &listener, batch, i, deadline_ms) && good;
        read_offsets(&process, batch);
        good = proxy_process_stop(&process) && good;
    }
    wire_unlisten(&listener);
    return good;
}

/* --- a failure --- */

static bool fails_alone(const struct fault_plan *plan, struct plan_outcome *want)
{
    static struct batch batch;
    batch.count = 1;
    batch.plans[0] = *plan;
    fault_plan_predict(plan, want);
    bool good = run_batch(&batch, SHRINK_DEADLINE_MS);
    struct plan_outcome got = batch.got[0];
    if (good && plan_outcome_equal(want, &got))
        return false;
    fault_plan_write(stdout, plan, 0, "SERVER");
    printf("  %zu bytes in pieces of %zu, %zu us between them\n", plan->field[LENGTH],
        plan->field[PIECE] + 1, plan->field[PAUSE]);
    plan_outcome_print(stdout, "expected:", want);
    plan_outcome_print(stdout, "got:", &got);
    return true;
}

/* Each number as small as it can be while the plan still fails. The last plan printed is the
 * smallest. */
static void shrink(struct fault_plan *plan)
{
    struct plan_outcome want;
    bool smaller = fails_alone(plan, &want);
    while (smaller) {
        smaller = false;
        for (int i = 0; i < FIELDS; i++) {
            const size_t now = plan->field[i], tries[] = {0, now / 2, now - 1};
            for (size_t k = 0; k < 3 && now > 0 && plan->field[i] == now; k++) {
                struct fault_plan less = *plan;
                less.field[i] = tries[k];
                if (fails_alone(&less, &want))
                    *plan = less, smaller = true;
            }
        }
    }
}

/* --- the program --- */

static size_t run_seeds(uint64_t seed, size_t count)
{
    static struct batch batch;
    static struct plan_outcome want;
    size_t failed = 0;
    batch.count = count;
    for (size_t i = 0; i < count; i++)
        fault_plan_draw(&batch.plans[i], seed + i);
    if (!run_batch(&batch, DEADLINE_MS)) {
        printf("FAIL plans %" PRIu64 " and the next %zu: the program\n", seed, count - 1);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        fault_plan_predict(&batch.plans[i], &want);
        if (plan_outcome_equal(&want, &batch.got[i]))
            continue;
        failed++;
        printf("FAIL plan %" PRIu64 "\n", seed + i);
        plan_outcome_print(stdout, "expected:", &want);
        plan_outcome_print(stdout, "got:", &batch.got[i]);
        shrink(&batch.plans[i]);
        printf("  repeat it: torture_faults %" PRIu64 "\n", seed + i);
        fflush(stdout);
    }
    return failed;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, count = SAMPLE;
    size_t failed = 0;
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;
    if (all)
        count = ALL;
    if (argc > 1 + all) {
        seed = strtoull(argv[1 + all], NULL, 10);
        count = argc > 2 + all ? strtoull(argv[2 + all], NULL, 10) : 1;
    }
    for (uint64_t i = 0; i < count; i += BATCH)
        failed += run_seeds(seed + i, count - i < BATCH ? (size_t)(count - i) : BATCH);
    printf("%" PRIu64 " runs\n%zu failed\n", count, failed);
    return failed == 0 ? 0 : 1;
}
