/* SPDX-License-Identifier: MIT */
/*
 * Happy path: make the folder, point stdin, stdout and stderr away from the terminal, run the
 * set-up, run proxies and command as `exec` does, run the check, report.
 *
 * If the parent dies, PR_SET_PDEATHSIG kills this process, and the subreaper, whose socket then
 * ends, kills the command and its children. The shells of --setup and --check have such a
 * subreaper, too. That of --setup lives until the check has ended: servers that the set-up started
 * are for the run.
 */
#include "proxy/app/sweep/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/app/exec/environment.h"
#include "proxy/app/run.h"
#include "proxy/app/sweep/template.h"
#include "proxy/base/clock.h"
#include "proxy/base/process.h"

/* A connection that outlives its command is given so long to deliver what is under way. */
#define GRACE_MAX_US (2 * (uint64_t)US_PER_S)

/* With --timeout, a check or a set-up may take as long as a run, and at least so long. */
#define SHELL_MIN_US (10 * (uint64_t)US_PER_S)

/* A shell command and what it left in the background. */
struct shell {
    pid_t subreaper; /* <= 0: there is none */
    int fd;          /* our end of its pair */
};

struct child {
    const struct sweep_runner *runner;
    const struct sweep_job *job;
    struct sweep_child_report report;
    struct config config;
    struct shell setup;
};

const char *sweep_child_path(
    const struct sweep_runner *runner, unsigned run, const char *suffix, char *buf, size_t size)
{
    snprintf(buf, size, "%s/%05u%s", runner->root, run, suffix);
    return buf;
}

/* --- the surroundings --- */

/* Puts the error into the report. Returns -1. */
static int fail_with(struct child *child, const struct err *err)
{
    memcpy(child->report.text, err->text, sizeof child->report.text);
    return -1;
}

static int fail(struct child *child, const char *what)
{
    struct err err;
    err_set(&err, "%s: %s", what, strerror(errno));
    return fail_with(child, &err);
}

static int redirect(struct child *child, const char *path, int flags, int fd)
{
    int opened = open(path, flags | O_CLOEXEC, 0666);
    if (opened < 0)
        return fail(child, path);
    dup2(opened, fd);
    close(opened);
    return 0;
}

/* Makes a folder for the user of the settings, as which the command runs and the proxies go on
 * (drop_privileges.h). */
static int make_folder(struct child *child, const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail(child, path);
    const char *user = child->runner->config->settings.user;
    const struct passwd *entry = user[0] != '\0' && geteuid() == 0 ? getpwnam(user) : NULL;
    if (entry == NULL || lchown(path, entry->pw_uid, entry->pw_gid) == 0)
        return 0;
    return fail(child, path);
}

static int prepare_process(struct child *child)
{
    char path[PATH_MAX + 16], number[16];
    const int create = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND;
    unsigned run = child->job->run;
    snprintf(number, sizeof number, "%05u", run);
    setenv("RUDEPROXY_RUN", number, 1);
    setenv("RUDEPROXY_RUN_DIR", sweep_child_path(child->runner, run, "", path, sizeof path), 1);
    if (make_folder(child, path) != 0)
        return -1;
    if (redirect(child, "/dev/null", O_RDONLY, STDIN_FILENO) != 0)
        return -1;
    sweep_child_path(child->runner, run, SWEEP_STDOUT, path, sizeof path);
    if (redirect(child, path, create, STDOUT_FILENO) != 0)
        return -1;
    sweep_child_path(child->runner, run, SWEEP_STDERR, path, sizeof path);
    return redirect(child, path, create, STDERR_FILENO);
}

/* --- shell commands --- */

/* The limit of a shell command, in milliseconds. It does not come from the baseline, which says
 * nothing about the time of a check after a fault. */
static int most_ms(const struct sweep_options *options)
{
    uint64_t most_us = options->timeout_us == 0             ? SWEEP_LONGEST_US
                       : options->timeout_us > SHELL_MIN_US ? options->timeout_us
                                                            : SHELL_MIN_US;
    return most_us / US_PER_MS < INT_MAX ? (int)(most_us / US_PER_MS) : INT_MAX;
}

static void shell_end(struct shell *shell)
{
    if (shell->subreaper <= 0)
        return;
    close(shell->fd); /* now the subreaper ends, if it still waits */
    process_wait(shell->subreaper);
    shell->subreaper = 0;
}

/* Waits for the end of the command. Returns whether it exited with 0 in time. If it did not end,
 * says so on the stderr of the run. */
static bool shell_wait(const struct shell *shell, const char *option, int limit_ms)
{
    struct subreaper_report report;
    struct pollfd watched = {.fd = shell->fd, .events = POLLIN};
    int ready = poll(&watched, 1, limit_ms);
    if (ready == 0)
        fprintf(stderr, "%s did not end in %d s\n", option, limit_ms / 1000);
    return ready > 0 && recv(shell->fd, &report, sizeof report, 0) == sizeof report &&
           report.kind == SUBREAPER_ENDED && WIFEXITED(report.value) &&
           WEXITSTATUS(report.value) == 0;
}

/* Runs the shell command of an option under a subreaper, which kills what it leaves behind: at its
 * end, or in shell_end() if `keeps`. Returns the same as shell_wait(). The caller calls
 * shell_end(). */
static bool shell_run(struct shell *shell, const struct child *child, const char *option,
    const char *text, char *const *environment, bool keeps)
{
    char *const argv[] = {"sh", "-c", (char *)(uintptr_t)text, NULL};
    struct subreaper_job job = {.argv = argv,
        .environment = environment,
        .origin = &child->runner->origin,
        .stays_in_group = true,
        .prints_on_stderr = true, /* stdout of the run is the command's, and is compared */
        .keeps_descendants = keeps};
    shell->subreaper = subreaper_start(&job, &shell->fd);
    return shell->subreaper > 0 && shell_wait(shell, option, most_ms(child->runner->options));
}

static bool check(const struct child *child, char *const *environment)
{
    const char *text = child->runner->options->check;
    struct shell shell = {.subreaper = 0};
    bool result = text == NULL || shell_run(&shell, child, "--check", text, environment, false);
    shell_end(&shell);
    return result;
}

/* The addresses of the proxies are not known yet. */
static bool set_up(struct child *child)
{
    const char *setup = child->runner->options->setup;
    char **environment = setup == NULL ? NULL : exec_environment_new(NULL);
    bool result =
        setup == NULL || (environment != NULL &&
                             shell_run(&child->setup, child, "--setup", setup, environment, true));
    exec_environment_free(environment);
    return result;
}

/* --- the run --- */

/* A socket that is closed for a time is made anew, maybe by the user of the settings: in a folder
 * that is his. */
static int place_socket(struct child *child, size_t proxy)
{
    struct address *listen = &child->config.proxies[proxy].listen;
    char folder[PATH_MAX + 16], path[PATH_MAX + 48];
    sweep_child_path(child->runner, child->job->run, SWEEP_SOCKETS, folder, sizeof folder);
    snprintf(path, sizeof path, "%s/%zu", folder, proxy);
    snprintf(listen->host, sizeof listen->host, "%.*s", (int)sizeof listen->host - 1, path);
    return make_folder(child, folder);
}

/* A port of its own for each run, no API, and an event for each message where somebody looks at
 * them. */
static int prepare_proxies(struct child *child)
{
    for (size_t i = 0; i < child->config.proxy_count; i++) {
        struct proxy_config *proxy = &child->config.proxies[i];
        proxy->listen.port = 0;
        proxy->log_messages = child->job->observe;
        if (proxy->listen.kind == ADDRESS_UNIX && place_socket(child, i) != 0)
            return -1;
    }
    child->config.settings.admin = (struct address){.host = ""};
    child->config.settings.pcap[0] = '\0'; /* hundreds of runs would share it */
    return 0;
}

/* The faults of the file give way to those of the job. */
static int put_faults(struct child *child)
{
    const struct sweep_job *job = child->job;
    struct err err;
    child->config.fault_count = 0;
    if (job->pick_count == 0)
        return 0;
    child->config.faults = calloc(job->pick_count, sizeof child->config.faults[0]);
    if (child->config.faults == NULL)
        return fail(child, "faults");
    for (size_t i = 0; i < job->pick_count; i++) {
        struct fault *fault = &child->config.faults[i];
        const char *text = child->runner->options->faults[job->picks[i].fault];
        if (sweep_template_build(text, &job->picks[i].place, &child->config, fault, &err) != 0)
            return fail_with(child, &err);
        snprintf(fault->name, sizeof fault->name, "sweep-%zu", i + 1);
        child->config.fault_count++;
    }
    return 0;
}

static int prepare_config(struct child *child)
{
    struct settings *settings = &child->config.settings;
    char path[PATH_MAX + 16];
    child->config = *child->runner->config; /* this process has a copy of all of it */
    settings->log_format = LOG_JSON;
    settings->sandbox = SANDBOX_OFF; /* this process still has to run the check */
    if (settings->grace_us > GRACE_MAX_US)
        settings->grace_us = GRACE_MAX_US;
    sweep_child_path(child->runner, child->job->run, SWEEP_LOG, path, sizeof path);
    if (snprintf(settings->log, sizeof settings->log, "%.*s", (int)sizeof settings->log - 1, path) <
        (int)strlen(path)) {
        errno = ENAMETOOLONG;
        return fail(child, path);
    }
    return prepare_proxies(child) == 0 ? put_faults(child) : -1;
}

static void run(struct child *child)
{
    const struct sweep_options *options = child->runner->options;
    struct child_outcome outcome = {.started = false};
    struct run_options run_options = {
        .ready = {.fd = -1},
        .child = child->runner->command,
        .origin = child->runner->origin,
        .child_timeout_us = child->runner->timeout_us,
        .child_outcome = &outcome,
        .quiet = true,
    };
    child->report.end = SWEEP_CHILD_NO_RUN;
    if (prepare_config(child) != 0)
        return;
    if (intercept_is_wanted(&child->config)) {
        struct err err;
        run_options.intercept = intercept_new(&child->config, &options->pass, &err);
        if (run_options.intercept == NULL) {
            fail_with(child, &err);
            return;
        }
    }
    run_config(&child->config, &run_options);
    intercept_free(run_options.intercept);
    if (!outcome.started)
        return;
    child->report.end = SWEEP_CHILD_RAN;
    child->report.log_lost = outcome.log_lost;
    child->report.facts = (struct run_facts){
        .started = true,
        .timed_out = outcome.timed_out,
        .wait_status = outcome.wait_status,
        .duration_us = outcome.duration_us,
        .check_failed = !check(child, outcome.environment),
    };
    exec_environment_free(outcome.environment);
}

_Noreturn void sweep_child_run(
    const struct sweep_runner *runner, const struct sweep_job *job, pid_t parent, int fd)
{
    struct child child = {.runner = runner, .job = job};
    /* Without a terminal, too: a command that asks it for a password (sudo, ssh) would be stopped
     * by SIGTTIN, and nobody would see the question. Now open("/dev/tty") fails with ENXIO. */
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* A Ctrl-C from before setsid() is our parent's. To ignore what is pending discards it. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &runner->mask, NULL);
    child.report.end = SWEEP_CHILD_NO_RUN;
    if (getppid() == parent && prepare_process(&child) == 0) {
        if (!set_up(&child))
            child.report.end = SWEEP_CHILD_SETUP_FAILED;
        else
            run(&child);
        shell_end(&child.setup);
    }
    fflush(NULL);
    _exit(write(fd, &child.report, sizeof child.report) == sizeof child.report ? 0 : 1);
}
