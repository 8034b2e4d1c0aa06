/* SPDX-License-Identifier: MIT */
/*
 * Happy path: fork the subreaper, wait for its report, and for the end of its socket, which comes
 * when all is done. If that comes without a report, the subreaper was killed: a runtime failure.
 *
 * If the command stops (Ctrl-Z), we stop our whole group, and we continue the command when we are
 * continued. In an orphaned group nobody could continue us, so the kernel ignores the stop signal
 * (get_signal in kernel/signal.c). Then we continue the command at once if we are in the
 * foreground. In the background it stays stopped, because it would stop again at once.
 */
#include "proxy/app/exec/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/app/cli/cli.h"
#include "proxy/app/signals.h"
#include "proxy/base/list.h"
#include "proxy/base/process.h"

/* As a shell: 127 not found, 126 found but not to be executed, 128 + the number of a signal. */
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_SIGNAL 128

void exec_remember(struct exec_origin *origin)
{
    getrlimit(RLIMIT_NOFILE, &origin->descriptors);
    sigemptyset(&origin->ignored);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaddset(&origin->ignored, i);
    }
    signal(SIGCHLD, SIG_DFL); /* ignored by some parents: then nothing could be waited for */
}

static volatile sig_atomic_t was_continued;

static void on_continued(int signum)
{
    (void)signum;
    was_continued = 1;
}

/* Stops our whole group, so that a shell sees us stop. Returns whether it did stop, and was
 * continued. Our other threads block all signals: the handler has run when kill() returns. */
static bool stop_group(int signum)
{
    struct sigaction action = {.sa_handler = on_continued, .sa_flags = SA_RESTART}, before;
    was_continued = 0;
    sigaction(SIGCONT, &action, &before);
    kill(0, signum);
    sigaction(SIGCONT, &before, NULL);
    return was_continued != 0;
}

/* Whether one of these signals waits for us. The loop will pass it on to the command, which goes on
 * with it (subreaper.c). One that we ignore will vanish. */
static bool is_pending(const sigset_t *set)
{
    sigset_t pending;
    sigpending(&pending);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (sigismember(set, i) == 1 && sigismember(&pending, i) == 1 &&
            sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            return true;
    }
    return false;
}

/* `signum` stopped the command. The group gets the same one, as if the command were in it:
 * timeout(1) ignores those of a read and a write in the background, but not that of Ctrl-Z.
 *
 * A signal that came while we were stopped is passed on first: a command that reads in the
 * background would stop again, and we with it. A command that was told to end stays stopped. */
static void stop_with_command(struct exec *exec, int signum)
{
    const sigset_t watched = signals_watched();
    sigset_t before;
    if (exec->told)
        return;
    sigprocmask(SIG_BLOCK, &watched, &before);
    bool stopped = stop_group(signum == SIGSTOP ? SIGTSTP : signum);
    if (!is_pending(&watched) && (stopped || tcgetpgrp(STDIN_FILENO) == getpgrp()))
        exec_signal(exec, SIGCONT);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void take_report(struct exec *exec, const struct subreaper_report *report)
{
    if (report->kind == SUBREAPER_STOPPED) {
        stop_with_command(exec, report->value);
        return;
    }
    exec->executed = report->kind == SUBREAPER_ENDED;
    exec->wait_status = report->value;
    if (report->kind == SUBREAPER_FAILED) {
        fprintf(stderr, "rudeproxy: cannot run %s: %s\n", exec->name, strerror(report->value));
        exec->status = report->value == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    } else if (WIFSIGNALED(report->value)) {
        exec->status = STATUS_SIGNAL + WTERMSIG(report->value);
    } else {
        exec->status = WEXITSTATUS(report->value);
    }
}

static void end(struct exec *exec)
{
    uv_poll_stop(&exec->poll);
    close(exec->fd);
    exec->fd = -1;
    process_wait(exec->subreaper);
}

/* Reads all there is. Returns whether the subreaper is still there. If it ended with a signal of
 * ours unread, ECONNRESET comes once, before its report (unix_release_sock in net/unix/af_unix.c),
 * and libuv watches no longer. */
static bool read_reports(struct exec *exec)
{
    struct subreaper_report report;
    ssize_t n;
    do {
        n = recv(exec->fd, &report, sizeof report, MSG_DONTWAIT);
        if (n == sizeof report)
            take_report(exec, &report);
    } while (n > 0 || (n < 0 && (errno == ECONNRESET || errno == EINTR)));
    return n < 0 && errno == EAGAIN;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct exec *exec = container_of(poll, struct exec, poll);
    (void)status;
    (void)events;
    if (read_reports(exec))
        return;
    if (exec->status < 0) {
        fprintf(stderr, "rudeproxy: the subreaper of %s was killed\n", exec->name);
        exec->status = EXIT_RUNTIME;
    }
    end(exec);
    exec->on_over(exec);
}

int exec_start(struct exec *exec, uv_loop_t *loop, char *const *argv, char *const *environment,
    const struct exec_origin *origin, const struct netns *network, struct err *err)
{
    struct subreaper_job job = {.argv = argv,
        .environment = environment,
        .origin = origin,
        .network = network,
        .stays_in_group = exec->stays_in_group};
    exec->name = argv[0];
    exec->status = -1;
    exec->executed = exec->told = false;
    exec->subreaper = subreaper_start(&job, &exec->fd);
    if (exec->subreaper < 0)
        return err_set(err, "cannot run %s: %s", argv[0], strerror(errno));
    uv_poll_init(loop, &exec->poll, exec->fd);
    uv_poll_start(&exec->poll, UV_READABLE | UV_DISCONNECT, on_readable);
    return 0;
}

void exec_signal(struct exec *exec, int signum)
{
    unsigned char byte = (unsigned char)signum;
    exec->told |= signum != SIGCONT && signum != SIGHUP;
    if (!exec_is_over(exec))
        send(exec->fd, &byte, sizeof byte, MSG_NOSIGNAL);
}

bool exec_is_over(const struct exec *exec)
{
    return exec->fd < 0;
}

void exec_close(struct exec *exec)
{
    if (!exec_is_over(exec))
        end(exec);
    uv_close((uv_handle_t *)&exec->poll, NULL);
}
