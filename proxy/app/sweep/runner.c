/* SPDX-License-Identifier: MIT */
/*
 * Happy path of a wave: fork a child for each free slot, poll their pipes, collect what a child
 * reports when it is over, look at its files, remove them, go on until no job is left.
 *
 * - A signal (SIGINT, SIGTERM): no further run begins, those that go on are killed, their jobs stay
 * undone.
 * - A child that ends without a report was killed by somebody else: the sweep ends with an error.
 * - We are killed: the children die of PR_SET_PDEATHSIG, and the janitor, a process that waits for
 * the end of a pipe, removes the folder.
 */
#include "proxy/app/sweep/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/app/sweep/child.h"
#include "proxy/app/sweep/digest.h"
#include "proxy/app/sweep/run_files.h"
#include "proxy/base/clock.h"
#include "proxy/base/cpus.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/process.h"
#include "proxy/net/timers.h"

/* A subreaper ends after about 5 s at the latest (kill_descendants.c). */
#define REAP_MOST_US (10 * (uint64_t)US_PER_S)
#define REAP_AGAIN_MS 10

struct sweep_slot {
    struct sweep_job *job; /* NULL: free */
    pid_t pid;
    int fd;                     /* its report comes here */
    struct sweep_stamps before; /* the run began */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signum)
{
    (void)signum;
    interrupted = 1;
}

bool sweep_runner_was_interrupted(void)
{
    return interrupted != 0;
}

static bool is_waiting(const struct sweep_runner *runner, int signum)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, signum) == 1 && sigismember(&runner->mask, signum) != 1;
}

/* Also by a signal that ppoll() has not let through. What our parent blocked does not count. */
static bool is_interrupted(const struct sweep_runner *runner)
{
    return interrupted || is_waiting(runner, SIGINT) || is_waiting(runner, SIGTERM);
}

/* --- one run --- */

/* Output that a full disk cut off looks like another outcome. */
static int check_space(const struct sweep_runner *runner, struct err *err)
{
    struct statvfs disk;
    if (statvfs(runner->root, &disk) != 0 || disk.f_blocks == 0)
        return 0;
    if ((geteuid() == 0 ? disk.f_bfree : disk.f_bavail) > 0)
        return 0;
    return err_set(err, "no space is left in %s: what the runs print does not fit", runner->root);
}

/* A fault among the lost lines would look like one that did not fire. */
static int check_log(const struct sweep_job *job, uint64_t lost, struct err *err)
{
    static const char text[] = "run %05u: the log lost %" PRIu64 " lines: the disk takes no more";
    return lost == 0 ? 0 : err_set(err, text, job->run, lost);
}

/* Takes what the run left: its log, its output. Removes its files. */
static int examine(struct sweep_runner *runner, struct sweep_job *job,
    const struct sweep_stamps *before, uint64_t log_lost, struct err *err)
{
    char path[PATH_MAX + 16];
    struct observation seen;
    sweep_child_path(runner, job->run, SWEEP_LOG, path, sizeof path);
    int result = observation_read(&seen, runner->config, path, err);
    if (sweep_digest_output(runner, job, &seen, before, err) != 0)
        result = -1;
    /* A full disk says more than lost lines, and these more than a torn one. */
    if (check_space(runner, err) != 0 || check_log(job, log_lost, err) != 0)
        result = -1;
    job->facts.fired = seen.fired;
    job->evidence.excerpt = run_files_excerpt(runner, job->run);
    job->evidence.record = seen.record;
    seen.record = NULL;
    if (job->observe)
        job->seen = seen;
    else
        observation_free(&seen);
    job->done = result == 0;
    run_files_remove(runner, job->run);
    return result;
}

static int no_run(struct sweep_runner *runner, const struct sweep_job *job,
    const struct sweep_child_report *report, struct err *err)
{
    char text[ERR_TEXT_MAX / 2], path[PATH_MAX + 16];
    if (report->text[0] != '\0')
        return err_set(err, "run %05u: %s", job->run, report->text);
    sweep_child_path(runner, job->run, SWEEP_STDERR, path, sizeof path);
    const char *why = run_files_last_line(path, text, sizeof text);
    if (report->end == SWEEP_CHILD_SETUP_FAILED)
        return err_set(err, "run %05u: --setup failed: %s", job->run, why);
    return err_set(err, "run %05u could not be started: %s", job->run, why);
}

static int runner_start(
    struct sweep_runner *runner, struct sweep_slot *slot, struct sweep_job *job, struct err *err)
{
    int fds[2];
    pid_t parent = getpid();
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set(err, "cannot start a run: %s", strerror(errno));
    job->run = ++runner->started;
    if (runner->keep)
        run_files_remove(runner, job->run); /* of a sweep that was killed */
    *slot = (struct sweep_slot){.fd = fds[0]};
    sweep_digest_remember(runner->options, &slot->before);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        close(runner->janitor_fd);
        sweep_child_run(runner, job, parent, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return err_set(err, "cannot start a run: %s", strerror(errno));
    }
    slot->job = job;
    slot->pid = pid;
    return 0;
}

static void reap(struct sweep_slot *slot)
{
    close(slot->fd);
    process_wait(slot->pid);
    slot->job = NULL;
}

/* Waits for the subreapers of a run that was killed. They kill its command. They are in its process
 * group (stays_in_group), and have become our children (PR_SET_CHILD_SUBREAPER). Other children do
 * not count: a program that became rudeproxy (exec) may have left some. */
static void reap_group(pid_t group, uint64_t deadline)
{
    pid_t pid;
    while ((pid = waitpid(-group, NULL, WNOHANG)) >= 0 && timers_now() < deadline) {
        if (pid == 0)
            poll(NULL, 0, REAP_AGAIN_MS);
    }
}

static int runner_finish(struct sweep_runner *runner, struct sweep_slot *slot, struct err *err)
{
    struct sweep_child_report report;
    struct sweep_job *job = slot->job;
    ssize_t n = read(slot->fd, &report, sizeof report);
    pid_t group = slot->pid;
    reap(slot);
    if (n != sizeof report) {
        reap_group(group, timers_now() + REAP_MOST_US);
        return err_set(err, "run %05u was killed", job->run);
    }
    if (report.end != SWEEP_CHILD_RAN)
        return no_run(runner, job, &report, err);
    job->facts = report.facts;
    if (examine(runner, job, &slot->before, report.log_lost, err) != 0)
        return -1;
    if (runner->on_done != NULL)
        runner->on_done(runner->user, job);
    return 0;
}

/* --- a wave --- */

/* Kills the runs that go on, and waits until nothing of them is left. */
static void abandon(struct sweep_runner *runner)
{
    uint64_t deadline = timers_now() + REAP_MOST_US;
    for (unsigned i = 0; i < runner->jobs; i++) {
        if (runner->slots[i].job != NULL)
            kill(runner->slots[i].pid, SIGKILL);
    }
    for (unsigned i = 0; i < runner->jobs; i++) {
        struct sweep_slot *slot = &runner->slots[i];
        if (slot->job == NULL)
            continue;
        unsigned run = slot->job->run;
        pid_t group = slot->pid;
        reap(slot);
        reap_group(group, deadline);
        run_files_remove(runner, run);
    }
}

static int fill_slots(struct sweep_runner *runner, struct sweep_job *jobs, size_t count,
    size_t *next, struct err *err)
{
    for (unsigned i = 0; i < runner->jobs && *next < count; i++) {
        if (runner->slots[i].job == NULL &&
            runner_start(runner, &runner->slots[i], &jobs[(*next)++], err) != 0)
            return -1;
    }
    return 0;
}

/* Waits until at least one run is over. Returns how many go on, -1 with err filled. */
static int wait_for_one(struct sweep_runner *runner, struct err *err)
{
    struct pollfd fds[SWEEP_JOBS_MAX];
    struct sweep_slot *slots[SWEEP_JOBS_MAX];
    int count = 0, left;
    for (unsigned i = 0; i < runner->jobs; i++) {
        if (runner->slots[i].job == NULL)
            continue;
        slots[count] = &runner->slots[i];
        fds[count++] = (struct pollfd){.fd = runner->slots[i].fd, .events = POLLIN};
    }
    left = count;
    if (count == 0 || ppoll(fds, (nfds_t)count, NULL, &runner->mask) < 0)
        return count;
    for (int i = 0; i < count; i++) {
        if (fds[i].revents == 0)
            continue;
        left--;
        if (runner_finish(runner, slots[i], err) != 0)
            return -1;
    }
    return left;
}

static int run_jobs(struct sweep_runner *runner, struct sweep_job *jobs, size_t count,
    uint64_t deadline, struct err *err)
{
    size_t next = 0;
    int going = 0;
    do {
        bool over = is_interrupted(runner) || timers_now() >= deadline;
        bool failed = !over && fill_slots(runner, jobs, count, &next, err) != 0;
        going = failed ? -1 : wait_for_one(runner, err);
        if (going < 0 || is_interrupted(runner)) {
            abandon(runner);
            return is_interrupted(runner) ? 1 : -1; /* Ctrl-C may have killed a run, too */
        }
    } while (going > 0 || (next < count && timers_now() < deadline));
    return next < count ? 1 : 0;
}

/* Signals come only while ppoll() waits: one between a look at `interrupted` and the wait would not
 * end the wait. */
int sweep_runner_run(struct sweep_runner *runner, struct sweep_job *jobs, size_t count,
    uint64_t deadline, struct err *err)
{
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigprocmask(SIG_BLOCK, &watched, &runner->mask);
    int result = run_jobs(runner, jobs, count, deadline, err);
    sigprocmask(SIG_SETMASK, &runner->mask, NULL);
    return result;
}

/* --- life --- */

/* Removes the folder when the pipe ends, because we were killed. */
static int start_janitor(struct sweep_runner *runner, struct err *err)
{
    int fds[2];
    char byte;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set(err, "cannot start: %s", strerror(errno));
    runner->janitor = fork();
    if (runner->janitor == 0) {
        setsid(); /* the terminal's signals are not for it */
        close(fds[1]);
        descriptors_close_from(STDIN_FILENO, fds[0]);
        while (read(fds[0], &byte, 1) < 0)
            ;
        run_files_remove_tree(runner->root);
        _exit(0);
    }
    close(fds[0]);
    runner->janitor_fd = fds[1];
    return runner->janitor > 0 ? 0 : err_set(err, "cannot start: %s", strerror(errno));
}

static int make_root(struct sweep_runner *runner, struct err *err)
{
    const struct sweep_options *options = runner->options;
    const char *folder = options->resume != NULL ? options->resume : options->dir;
    const char *temporary = getenv("TMPDIR");
    runner->keep = folder != NULL;
    if (runner->keep) {
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return err_set(err, "cannot make %s: %s", folder, strerror(errno));
        if (realpath(folder, runner->root) == NULL)
            return err_set(err, "cannot use %s: %s", folder, strerror(errno));
        return 0;
    }
    snprintf(runner->root, sizeof runner->root, "%s/rudeproxy-sweep-XXXXXX",
        temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(runner->root) == NULL)
        return err_set(err, "cannot make %s: %s", runner->root, strerror(errno));
    if (runner->config->settings.user[0] != '\0' && chmod(runner->root, 0711) != 0)
        return err_set(err, "cannot use %s: %s", runner->root, strerror(errno));
    return start_janitor(runner, err);
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: ppoll() returns */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a failed write to stdout is reported at the end */
}

int sweep_runner_open(struct sweep_runner *runner, const struct config *config,
    const struct sweep_options *options, char *const *command, const struct exec_origin *origin,
    struct err *err)
{
    unsigned cpus = cpus_usable();
    *runner = (struct sweep_runner){
        .config = config,
        .options = options,
        .command = command,
        .origin = *origin,
        .jobs = options->jobs,
        .janitor_fd = -1,
    };
    if (runner->jobs == 0)
        runner->jobs = cpus < SWEEP_JOBS_MAX ? cpus : SWEEP_JOBS_MAX;
    runner->slots = calloc(runner->jobs, sizeof runner->slots[0]);
    if (runner->slots == NULL)
        return err_set(err, "out of memory");
    if (make_root(runner, err) != 0)
        return -1;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    watch_signals();
    return 0;
}

void sweep_runner_clean(const struct sweep_runner *runner, unsigned last)
{
    for (unsigned run = 1; run <= last; run++)
        run_files_remove(runner, run);
}

void sweep_runner_close(struct sweep_runner *runner)
{
    if (!runner->keep && runner->root[0] != '\0')
        run_files_remove_tree(runner->root);
    if (runner->janitor_fd >= 0)
        close(runner->janitor_fd);
    if (runner->janitor > 0)
        process_wait(runner->janitor);
    free(runner->slots);
}
