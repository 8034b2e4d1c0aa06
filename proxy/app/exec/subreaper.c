/* SPDX-License-Identifier: MIT */
/*
 * Happy path: start the command in a process group of its own, give it the terminal if we have it,
 * wait, kill what it left behind, report.
 *
 * - The command cannot be executed: errno comes through a pipe that a successful exec closes.
 * - The command stops (Ctrl-Z): the subreaper takes the terminal back and reports the stop. We stop
 *   our whole group, so that the shell sees us stop. When we are continued, we tell the subreaper,
 *   and it continues the command.
 * - We are gone: our end of the socket closes, and the subreaper kills everything at once. It has a
 *   process group of its own, because our whole group may be killed. Exception: the runs of a
 *   sweep, whose groups nobody else knows, and which have no terminal (stays_in_group).
 * - The subreaper itself is killed: the command dies of PR_SET_PDEATHSIG.
 *
 * All signals are blocked here: rudeproxy passes on those that are for the command.
 */
#include "proxy/app/exec/subreaper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/app/exec/kill_descendants.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/process.h"

struct subreaper {
    const struct subreaper_job *job;
    pid_t group;   /* rudeproxy's process group */
    pid_t command; /* also the number of its process group; 0: it has ended */
    int signal_fd;
    bool uses_terminal;  /* the command reads and writes the terminal of our session */
    bool lends_terminal; /* the command's group has been in the foreground */
};

/* --- the terminal --- */

static bool is_in_foreground(pid_t group)
{
    return tcgetpgrp(STDIN_FILENO) == group;
}

/* Only a program that reads and writes the terminal gets it: with `| less` behind us, the terminal
 * belongs to the whole pipeline. */
static bool uses_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetpgrp(STDIN_FILENO) > 0;
}

/* A job that began in the background has the terminal only after `fg`. */
static bool may_have_terminal(const struct subreaper *subreaper)
{
    return subreaper->uses_terminal && is_in_foreground(subreaper->group);
}

/* SIGTTOU is blocked, so a process in the background may do this. */
static void give_terminal(const struct subreaper *subreaper, pid_t command)
{
    if (may_have_terminal(subreaper))
        tcsetpgrp(STDIN_FILENO, command);
}

/* A shell that took the terminal meanwhile (`bg`) keeps it. A command with jobs of its own may have
 * died while one of them had it. */
static void take_terminal_back(const struct subreaper *subreaper)
{
    pid_t owner = tcgetpgrp(STDIN_FILENO);
    bool is_gone = owner > 0 && kill(-owner, 0) != 0 && errno == ESRCH;
    if (subreaper->lends_terminal && (owner == subreaper->command || is_gone))
        tcsetpgrp(STDIN_FILENO, subreaper->group);
}

/* --- the command, until it is executed --- */

static void restore_signals(const struct subreaper_job *job)
{
    for (int i = 1; i < NSIG; i++) {
        if (i != SIGKILL && i != SIGSTOP)
            signal(i, sigismember(&job->origin->ignored, i) == 1 ? SIG_IGN : SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
}

static _Noreturn void become_command(const struct subreaper *subreaper, pid_t parent, int error_fd)
{
    const struct subreaper_job *job = subreaper->job;
    setpgid(0, 0);
    give_terminal(subreaper, getpid());
    int result = job->network == NULL ? 0 : netns_enter(job->network);
    /* Not before: a change of credentials clears it (prctl(2)). */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before we could ask */
        _exit(EXIT_FAILURE);
    setrlimit(RLIMIT_NOFILE, &job->origin->descriptors);
    if (job->prints_on_stderr)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    restore_signals(job);
    if (result == 0)
        execvpe(job->argv[0], job->argv, job->environment);
    int errnum = result == 0 ? errno : -result;
    _exit(write(error_fd, &errnum, sizeof errnum) == sizeof errnum ? 127 : 126);
}

/* 0, or the errno of what failed; then there is no command. */
static int start_command(struct subreaper *subreaper)
{
    int error_fds[2], errnum = 0;
    pid_t parent = getpid();
    if (pipe2(error_fds, O_CLOEXEC) != 0)
        return errno;
    subreaper->uses_terminal = uses_terminal();
    subreaper->lends_terminal = may_have_terminal(subreaper);
    subreaper->command = fork();
    if (subreaper->command == 0)
        become_command(subreaper, parent, error_fds[1]);
    errnum = subreaper->command < 0 ? errno : 0;
    close(error_fds[1]);
    if (subreaper->command > 0) {
        setpgid(subreaper->command, subreaper->command); /* in both: either may run first */
        if (read(error_fds[0], &errnum, sizeof errnum) != sizeof errnum)
            errnum = 0;
    }
    close(error_fds[0]);
    return errnum;
}

/* --- the subreaper --- */

static void report(const struct subreaper *subreaper, enum subreaper_outcome kind, int value)
{
    const struct subreaper_report message = {.kind = kind, .value = value};
    send(subreaper->job->fd, &message, sizeof message, MSG_NOSIGNAL);
}

static _Noreturn void leave(const struct subreaper *subreaper)
{
    exec_kill_descendants();
    take_terminal_back(subreaper);
    _exit(EXIT_SUCCESS);
}

/* Sockets and files that we hold open only because the subreaper is a copy of us. */
static void close_what_is_not_ours(const struct subreaper_job *job)
{
    close(job->peer);
    descriptors_close_from(STDERR_FILENO + 1, job->fd);
}

static void subreaper_resume(struct subreaper *subreaper)
{
    subreaper->lends_terminal |= may_have_terminal(subreaper);
    give_terminal(subreaper, subreaper->command);
    kill(-subreaper->command, SIGCONT);
}

/* Ctrl-Z, or the command wants the terminal and is in the background. After `bg` and `fg` our group
 * is in the foreground: a shell continues only what has stopped. */
static void on_stopped(struct subreaper *subreaper, int signum)
{
    if (!subreaper->uses_terminal)
        return;
    if (is_in_foreground(subreaper->group)) {
        subreaper_resume(subreaper);
        return;
    }
    take_terminal_back(subreaper);
    report(subreaper, SUBREAPER_STOPPED, signum);
}

/* Returns only if descendants are kept. */
static void on_ended(struct subreaper *subreaper, int status)
{
    if (subreaper->job->keeps_descendants) {
        subreaper->command = 0;
        report(subreaper, SUBREAPER_ENDED, status);
        return;
    }
    exec_kill_descendants();
    take_terminal_back(subreaper);
    report(subreaper, SUBREAPER_ENDED, status);
    _exit(EXIT_SUCCESS);
}

/* Collects every child that changed: the command, or an orphan that has become ours. */
static void on_child(struct subreaper *subreaper)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    while (read(subreaper->signal_fd, &info, sizeof info) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != subreaper->command)
            continue;
        if (WIFSTOPPED(status))
            on_stopped(subreaper, WSTOPSIG(status));
        else
            on_ended(subreaper, status);
    }
}

/* A signal for the command: to its whole group, as a terminal does, because a shell waits for its
 * child before it looks at a trap. A stopped process would not notice. */
static void on_message(struct subreaper *subreaper)
{
    unsigned char signum;
    if (recv(subreaper->job->fd, &signum, sizeof signum, 0) != sizeof signum)
        leave(subreaper);
    if (subreaper->command == 0)
        return;
    kill(-subreaper->command, signum);
    if (signum == SIGCONT)
        subreaper_resume(subreaper);
    else
        kill(-subreaper->command, SIGCONT);
}

static _Noreturn void watch(struct subreaper *subreaper)
{
    struct pollfd fds[] = {
        {.fd = subreaper->job->fd, .events = POLLIN},
        {.fd = subreaper->signal_fd, .events = POLLIN},
    };
    on_child(subreaper); /* what came before signal_fd was there stays pending, but costs nothing */
    for (;;) {
        if (poll(fds, sizeof fds / sizeof fds[0], -1) < 0)
            continue;
        if (fds[1].revents != 0)
            on_child(subreaper);
        if (fds[0].revents != 0)
            on_message(subreaper);
    }
}

/* The life of the subreaper, in a fresh child whose signals are all blocked. */
static _Noreturn void subreaper_run(const struct subreaper_job *job)
{
    struct subreaper subreaper = {.job = job, .group = getpgrp()};
    sigset_t child;
    if (!job->stays_in_group)
        setpgid(0, 0);
    prctl(PR_SET_NAME, "rudeproxy-subreaper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int errnum = start_command(&subreaper);
    if (errnum != 0) {
        report(&subreaper, SUBREAPER_FAILED, errnum);
        leave(&subreaper);
    }
    close_what_is_not_ours(job);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    subreaper.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (subreaper.signal_fd < 0) {
        report(&subreaper, SUBREAPER_FAILED, errno);
        leave(&subreaper);
    }
    watch(&subreaper);
}

pid_t subreaper_start(struct subreaper_job *job, int *fd)
{
    int fds[2];
    *fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return -1;
    job->peer = fds[0];
    job->fd = fds[1];
    pid_t pid = process_fork(&job->mask);
    if (pid == 0)
        subreaper_run(job);
    int errnum = errno;
    close(fds[1]);
    if (pid < 0)
        close(fds[0]);
    else
        *fd = fds[0];
    errno = errnum;
    return pid;
}
