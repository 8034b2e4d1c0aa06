/* SPDX-License-Identifier: MIT */
/*
 * The interpreter: steps in, transcripts out.
 *
 * Steps run in groups: one step, or several marked to run together. Each task of the group is
 * called until all are done; between calls one poll() waits for all of them. Then their lines are
 * recorded in the order of the script, not of completion, so that a group reads the same in every
 * run. If a group misses its deadline, each unfinished step records what it was waiting for, and
 * the script ends: later steps would only time out as well.
 */
#include "proxy/peers/task.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

/* Both ends reading and writing is four; a little more for scripts to come. */
#define GROUP_MAX 6

/* Between two looks at something that poll() has no event for. */
#define TICK_MS 1

struct run {
    struct peer peers[PEER_ACTORS];
    const struct peers_route *route;
    struct transcript *out;
    struct task tasks[GROUP_MAX];
    size_t n;
};

static void start_task(struct run *run, const struct peer_step *step)
{
    struct task *task = &run->tasks[run->n++];
    *task = (struct task){
        .step = step,
        .row = &peer_ops[step->op],
        .self = &run->peers[step->actor],
        .other = &run->peers[step->actor == PEER_CLIENT ? PEER_SERVER : PEER_CLIENT],
        .route = run->route,
        .since_ms = peers_now_ms(),
    };
}

/* Calls each unfinished task once. Returns how many are still unfinished. */
static size_t call_tasks(struct run *run)
{
    size_t waiting = 0;
    for (size_t i = 0; i < run->n; i++) {
        struct task *task = &run->tasks[i];
        if (task->finished)
            continue;
        if (task->row->needs_connection && task->self->fd < 0) {
            (void)task_say(task, "no connection");
            task->finished = true;
        } else {
            task->finished = task->row->run(task) == TASK_DONE;
        }
        waiting += task->finished ? 0 : 1;
    }
    return waiting;
}

/* One wait for all unfinished tasks. Two that wait on one socket get an entry each. */
static void wait_for_events(const struct run *run, int64_t left_ms)
{
    struct pollfd entries[GROUP_MAX];
    nfds_t n = 0;
    int timeout = (int)left_ms;

    for (size_t i = 0; i < run->n; i++) {
        const struct task *task = &run->tasks[i];
        if (task->finished)
            continue;
        if (task->tick) {
            timeout = timeout < TICK_MS ? timeout : TICK_MS;
            continue;
        }
        int fd = task->use_listener ? task->self->listener : task->self->fd;
        entries[n++] = (struct pollfd){.fd = fd, .events = task->events};
    }
    (void)poll(entries, n, timeout);
}

static void record_tasks(struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        struct task *task = &run->tasks[i];
        if (!task->finished) {
            (void)task_say(task, "TIMED OUT, the script ends here");
            snprintf(task->line.aside, sizeof(task->line.aside), "%" PRIu64 " bytes", task->done);
        }
        task->line.quiet = task->finished && task->row->quiet;
        transcript_add(&run->out[task->step->actor], &task->line);
    }
}

static int run_group(struct run *run)
{
    int64_t deadline = peers_now_ms() + run->route->deadline_ms;
    size_t waiting;

    while ((waiting = call_tasks(run)) > 0) {
        int64_t left = deadline - peers_now_ms();
        if (left <= 0)
            break;
        wait_for_events(run, left);
    }
    record_tasks(run);
    return waiting == 0 ? 0 : -ETIMEDOUT;
}

int peers_run(const struct peer_script *script, const struct peers_route *route,
    struct transcript out[PEER_ACTORS])
{
    struct run run = {.route = route, .out = out};
    int result = 0;

    for (int actor = 0; actor < PEER_ACTORS; actor++) {
        peer_init(&run.peers[actor], (enum peer_actor)actor);
        run.peers[actor].network = actor == PEER_CLIENT ? route->client_network : 0;
        transcript_clear(&out[actor]);
    }
    for (size_t i = 0; i < script->n && result == 0; i++) {
        start_task(&run, &script->steps[i]);
        if (script->steps[i].with_next && i + 1 < script->n && run.n < GROUP_MAX)
            continue;
        result = run_group(&run);
        run.n = 0;
    }
    peer_deinit(&run.peers[PEER_CLIENT]);
    peer_deinit(&run.peers[PEER_SERVER]);
    return result;
}
