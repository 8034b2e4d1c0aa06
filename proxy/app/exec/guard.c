/* SPDX-License-Identifier: MIT */
/*
 * Happy path: start the command in a process group of its own, give it the terminal if we have it,
 * wait, kill what it left behind, report.
 *
 * - The command cannot be executed: errno comes through a pipe that a successful exec closes.
 * - It stops (Ctrl-Z): the guard takes the terminal back and stops our whole group, so that the
 * shell sees us stop; when the shell goes on with us, the command goes on.
 * - We are gone: our end of the socket closes, everything is killed at once.
 * - The guard itself is killed: the command dies of PR_SET_PDEATHSIG.
 *
 * All signals are blocked here: what is meant for the command goes through our hands.
 */
#include "proxy/app/exec/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/app/exec/leftovers.h"
#include "proxy/base/descriptors.h"

struct guard {
    const struct guard_job *job;
    pid_t command;
    int signal_fd;
    bool has_terminal; /* the command's group is the one in the foreground */
};

/* Only a program that reads and writes the terminal gets it: with `| less` behind us, the terminal
 * belongs to the whole pipeline. */
static bool in_foreground(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* SIGTTOU is blocked, so a process in the background may do this. */
static void give_terminal(pid_t group)
{
    tcsetpgrp(STDIN_FILENO, group);
}

/* --- the command, until it is executed --- */

static void restore_signals(const struct guard_job *job)
{
    for (int i = 1; i < NSIG; i++) {
        if (i != SIGKILL && i != SIGSTOP)
            signal(i, sigismember(&job->origin->ignored, i) == 1 ? SIG_IGN : SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
}

static _Noreturn void become_command(const struct guard *guard, pid_t parent, int error_fd)
{
    const struct guard_job *job = guard->job;
    setpgid(0, 0);
    if (guard->has_terminal)
        give_terminal(getpid());
    int result = job->network == NULL ? 0 : holder_enter(job->network);
    /* Not before: a change of credentials clears it (prctl(2)). */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before we could ask */
        _exit(EXIT_FAILURE);
    setrlimit(RLIMIT_NOFILE, &job->origin->descriptors);
    restore_signals(job);
    if (result == 0)
        execvpe(job->argv[0], job->argv, job->environment);
    int errnum = result == 0 ? errno : -result;
    _exit(write(error_fd, &errnum, sizeof errnum) == sizeof errnum ? 127 : 126);
}

/* 0, or the errno of what failed; then there is no command. */
static int start_command(struct guard *guard)
{
    int error_fds[2], errnum = 0;
    pid_t parent = getpid();
    if (pipe2(error_fds, O_CLOEXEC) != 0)
        return errno;
    guard->has_terminal = in_foreground();
    guard->command = fork();
    if (guard->command == 0)
        become_command(guard, parent, error_fds[1]);
    errnum = guard->command < 0 ? errno : 0;
    close(error_fds[1]);
    if (guard->command > 0) {
        setpgid(guard->command, guard->command); /* in both: either may run first */
        if (read(error_fds[0], &errnum, sizeof errnum) != sizeof errnum)
            errnum = 0;
    }
    close(error_fds[0]);
    return errnum;
}

/* --- the guard --- */

static void report(const struct guard *guard, enum guard_outcome kind, int value)
{
    const struct guard_report message = {.kind = kind, .value = value};
    send(guard->job->fd, &message, sizeof message, MSG_NOSIGNAL);
}

static _Noreturn void leave(const struct guard *guard)
{
    if (guard->has_terminal)
        give_terminal(getpgrp());
    exec_leftovers_kill();
    _exit(EXIT_SUCCESS);
}

/* Sockets and files that we hold open only because the guard is a copy of us. */
static void close_all_but(int fd)
{
    descriptors_close_from(STDERR_FILENO + 1, (unsigned)fd);
}

static void on_stopped(const struct guard *guard)
{
    if (!guard->has_terminal)
        return;
    give_terminal(getpgrp());
    kill(0, SIGSTOP);
    /* Continued: in the foreground by `fg`, or in the background by `bg`. */
    if (tcgetpgrp(STDIN_FILENO) == getpgrp())
        give_terminal(guard->command);
    kill(-guard->command, SIGCONT);
}

static _Noreturn void on_ended(const struct guard *guard, int status)
{
    if (guard->has_terminal)
        give_terminal(getpgrp());
    exec_leftovers_kill();
    report(guard, GUARD_ENDED, status);
    _exit(EXIT_SUCCESS);
}

/* Collects every child that changed: the command, or an orphan that has become ours. */
static void on_child(const struct guard *guard)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    while (read(guard->signal_fd, &info, sizeof info) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != guard->command)
            continue;
        if (WIFSTOPPED(status))
            on_stopped(guard);
        else
            on_ended(guard, status);
    }
}

/* A signal for the command: to its whole group, as a terminal does, because a shell waits for its
 * child before it looks at a trap. A stopped process would not notice. */
static void on_message(const struct guard *guard)
{
    unsigned char signum;
    if (recv(guard->job->fd, &signum, sizeof signum, 0) != sizeof signum)
        leave(guard);
    kill(-guard->command, signum);
    kill(-guard->command, SIGCONT);
}

static _Noreturn void watch(const struct guard *guard)
{
    struct pollfd fds[] = {
        {.fd = guard->job->fd, .events = POLLIN},
        {.fd = guard->signal_fd, .events = POLLIN},
    };
    on_child(guard); /* what came before signal_fd was there stays pending, but costs nothing */
    for (;;) {
        if (poll(fds, sizeof fds / sizeof fds[0], -1) < 0)
            continue;
        if (fds[1].revents != 0)
            on_child(guard);
        if (fds[0].revents != 0)
            on_message(guard);
    }
}

/* The life of the guard, in a fresh child whose signals are all blocked. */
static _Noreturn void guard_run(const struct guard_job *job)
{
    struct guard guard = {.job = job};
    sigset_t child;
    prctl(PR_SET_NAME, "rudeproxy-guard");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int errnum = start_command(&guard);
    if (errnum != 0) {
        report(&guard, GUARD_FAILED, errnum);
        leave(&guard);
    }
    close_all_but(job->fd);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    guard.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (guard.signal_fd < 0) {
        report(&guard, GUARD_FAILED, errno);
        leave(&guard);
    }
    watch(&guard);
}

/* In the guard no signal may reach libuv's handlers, which write to the pipe of our loop. */
pid_t guard_start(struct guard_job *job)
{
    sigset_t all;
    sigfillset(&all);
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &all, &job->mask);
    pid_t pid = fork();
    if (pid == 0)
        guard_run(job);
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
    return pid;
}
