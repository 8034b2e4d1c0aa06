/* SPDX-License-Identifier: MIT */
/*
 * Happy path: open the log and the listeners, say that we are ready, run the loop until a signal.
 *
 * The first SIGTERM or SIGINT closes the listeners and gives open connections `grace`. When that
 * time is over, or at a second signal, the connections that are left are reset. Then come the
 * summary, the reports and the exit status.
 *
 * SIGHUP reads the file again (reload.h).
 *
 * With a command (exec), signals go to the command. A signal that asks to stop also starts `grace`:
 * when that time is over, or at a second signal, the command is killed. When the command has ended,
 * the proxies stop as above, and the program exits with the command's status.
 */
#include "proxy/app/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/admin/admin.h"
#include "proxy/app/drop_privileges.h"
#include "proxy/app/exec/environment.h"
#include "proxy/app/exec/exec.h"
#include "proxy/app/limits.h"
#include "proxy/app/notify.h"
#include "proxy/app/parent.h"
#include "proxy/app/ready.h"
#include "proxy/app/reload.h"
#include "proxy/app/run_end.h"
#include "proxy/app/seccomp.h"
#include "proxy/app/seed.h"
#include "proxy/app/signals.h"
#include "proxy/app/status_line.h"
#include "proxy/app/stderr_stream.h"
#include "proxy/app/view/pcap_file.h"
#include "proxy/control/control.h"
#include "proxy/record/ledger.h"
#include "proxy/record/log.h"

struct run {
    const struct run_options *options;
    struct config config; /* in force */
    struct stderr_stream stderr_stream;
    struct status_line status;
    struct log log;
    struct ledger ledger;
    struct pcap_file *pcap; /* NULL: none */
    uv_loop_t loop;
    struct worker worker;
    struct control control;
    struct reload reload;
    struct admin *admin; /* NULL: no API */
    struct signals signals;
    /* One wait at a time: the timeout of the command, its grace, or that of the connections. */
    uv_timer_t timer;
    struct parent_watch parent;
    struct exec exec;
    bool has_exec;   /* exec was started */
    bool stopping;   /* the proxies stop */
    bool closed;     /* every handle was closed */
    bool child_told; /* the command got a signal to stop */
    time_us child_started_at;
};

static void on_event(void *user, const struct event *event)
{
    struct run *run = user;
    ledger_note_event(&run->ledger, event);
    log_event(&run->log, event);
    pcap_file_note(run->pcap, event);
    if (run->admin != NULL)
        admin_note_event(run->admin, event);
    if (run->options->intercept != NULL &&
        (event->kind == EVENT_LISTENING || event->kind == EVENT_NOT_LISTENING))
        intercept_update(run->options->intercept);
}

static void on_plan(void *user, const struct plan *before, const struct plan *now)
{
    ledger_note_plan(&((struct run *)user)->ledger, before, now);
}

/* Closes every handle, so that uv_run returns. */
static void close_everything(struct run *run)
{
    run->closed = true;
    admin_close(run->admin);
    run->admin = NULL;
    intercept_stop(run->options->intercept);
    reload_close(&run->reload);
    status_line_close(&run->status);
    proxies_close(&run->worker);
    worker_close(&run->worker);
    signals_close(&run->signals);
    uv_close((uv_handle_t *)&run->timer, NULL);
    parent_watch_close(&run->parent);
    if (run->has_exec)
        exec_close(&run->exec);
}

static void run_finish(struct run *run)
{
    if (run->closed)
        return;
    proxies_stop_connections(&run->worker);
    close_everything(run);
}

static void on_grace_over(uv_timer_t *timer)
{
    run_finish(container_of(timer, struct run, timer));
}

static void on_still_open(uv_timer_t *timer)
{
    struct run *run = container_of(timer, struct run, timer);
    uint64_t left_ms = run->config.settings.grace_us / US_PER_MS - STDERR_STREAM_WAIT_MS;
    stderr_stream_say_waiting(run->worker.connections, left_ms);
    uv_timer_start(&run->timer, on_grace_over, left_ms, 0);
}

static void on_drained(struct worker *worker)
{
    struct run *run = container_of(worker, struct run, worker);
    if (run->stopping) /* from the loop, not from inside the last connection */
        uv_timer_start(&run->timer, on_grace_over, 0, 0);
}

/* No new connections; the open ones get `grace`, the second time none. */
static void stop(struct run *run)
{
    bool second = run->stopping;
    uint64_t grace_ms = run->config.settings.grace_us / US_PER_MS;
    run->stopping = true;
    proxies_stop_listening(&run->worker);
    if (second || run->worker.connections == 0)
        run_finish(run);
    else if (grace_ms > STDERR_STREAM_WAIT_MS)
        uv_timer_start(&run->timer, on_still_open, STDERR_STREAM_WAIT_MS, 0);
    else
        uv_timer_start(&run->timer, on_grace_over, grace_ms, 0);
}

static void on_child_grace_over(uv_timer_t *timer)
{
    exec_signal(&container_of(timer, struct run, timer)->exec, SIGKILL);
}

static void stop_child(struct run *run, int signum)
{
    exec_signal(&run->exec, run->child_told ? SIGKILL : signum);
    run->child_told = true;
    uv_timer_start(&run->timer, on_child_grace_over, run->config.settings.grace_us / US_PER_MS, 0);
}

static void on_child_timeout(uv_timer_t *timer)
{
    struct run *run = container_of(timer, struct run, timer);
    run->options->child_outcome->timed_out = true;
    exec_signal(&run->exec, SIGKILL);
}

static void on_child_over(struct exec *exec)
{
    struct run *run = container_of(exec, struct run, exec);
    struct child_outcome *outcome = run->options->child_outcome;
    if (outcome != NULL) {
        outcome->started = exec->executed;
        outcome->wait_status = exec->wait_status;
        outcome->duration_us = timers_now() - run->child_started_at;
    }
    uv_timer_stop(&run->timer);
    stop(run);
}

static void on_stop_signal(struct run *run, int signum)
{
    if (run->has_exec && !exec_is_over(&run->exec))
        stop_child(run, signum);
    else
        stop(run);
}

static void on_signal(struct signals *signals, int signum)
{
    struct run *run = container_of(signals, struct run, signals);
    if (signum != SIGHUP)
        on_stop_signal(run, signum);
    else if (run->has_exec)
        exec_signal(&run->exec, signum);
    else
        reload_by_signal(&run->reload);
}

/* POST /v1/reload */
static int on_api_reload(void *user, enum reload_policy keep, FILE *problems)
{
    struct run *run = user;
    return reload_now(&run->reload, keep, problems);
}

static int start_signals(struct run *run, struct err *err)
{
    const struct run_options *options = run->options;
    run->signals.on_signal = on_signal;
    return signals_start(
        &run->signals, &run->loop, options->child == NULL ? NULL : &options->origin.ignored, err);
}

static int open_admin(struct run *run, struct err *err)
{
    const struct admin_context context = {.worker = &run->worker,
        .control = &run->control,
        .ledger = &run->ledger,
        .wall_offset_us = run->log.wall_offset_us,
        .reload = on_api_reload,
        .user = run};
    if (run->config.settings.admin.host[0] == '\0')
        return 0;
    run->admin = admin_open(&context, &run->config.settings, err);
    return run->admin != NULL ? 0 : -1;
}

static int report_ready(struct run *run, struct err *err)
{
    char admin[ADDRESS_TEXT_MAX] = "";
    if (run->admin != NULL)
        admin_address(run->admin, admin, sizeof admin);
    ready_say(&run->config.settings, admin);
    log_sync(&run->log);
    if (ready_tell(&run->worker, admin, &run->options->ready, err) != 0)
        return -1;
    notify_manager("READY=1");
    return 0;
}

static int start_child(struct run *run, struct err *err)
{
    if (run->options->child == NULL)
        return 0;
    char **environment = exec_environment_new(&run->worker);
    if (environment == NULL)
        return err_set(err, "out of memory");
    run->exec.on_over = on_child_over;
    run->exec.stays_in_group = run->options->child_outcome != NULL; /* a sweep awaits the group */
    const struct intercept *intercept = run->options->intercept;
    int result = exec_start(&run->exec, &run->loop, run->options->child, environment,
        &run->options->origin, intercept == NULL ? NULL : &intercept->netns, err);
    run->has_exec = result == 0;
    run->child_started_at = timers_now();
    if (run->has_exec && run->options->child_timeout_us > 0)
        uv_timer_start(
            &run->timer, on_child_timeout, run->options->child_timeout_us / US_PER_MS, 0);
    if (run->options->child_outcome != NULL)
        run->options->child_outcome->environment = environment;
    else
        exec_environment_free(environment);
    return result;
}

static void on_parent_end(struct parent_watch *watch)
{
    struct run *run = container_of(watch, struct run, parent);
    fputs("rudeproxy: the parent process has ended\n", stderr);
    on_stop_signal(run, SIGTERM);
}

static int watch_parent(struct run *run, struct err *err)
{
    run->parent.on_parent_end = on_parent_end;
    return !run->options->die_with_parent
               ? 0
               : parent_watch_start(&run->parent, &run->loop, run->options->parent, err);
}

static void turn(struct run *run)
{
    worker_turn(&run->worker, log_flush_if_due(&run->log, timers_now()));
    run->ledger.log_lost = log_lost(&run->log);
}

/* Waits in the loop until every name to listen on is looked up, or a signal asks to stop. */
static void wait_for_names(struct run *run)
{
    struct control *control = &run->control;
    struct err ignored;
    while (!run->stopping) {
        enum control_result admin =
            control_ask_name(control, &run->config.settings.admin, &ignored);
        enum control_result proxies = control_ask_names(control, &run->config, &ignored);
        if (admin == CONTROL_OK && proxies == CONTROL_OK)
            break;
        turn(run);
    }
    control_take_awaits_name(control);
}

static int run_start(struct run *run, struct err *err)
{
    log_config(&run->log, "run", &run->config);
    if (start_signals(run, err) != 0 || watch_parent(run, err) != 0 ||
        run_end_check(run->options, err) != 0)
        return -1;
    wait_for_names(run);
    if (run->stopping)
        return 0;
    /* The API goes first: its events begin with those of the start. */
    if (open_admin(run, err) != 0 ||
        control_load(&run->control, &run->config, CONTROL_KEEP_API, err) != CONTROL_OK)
        return -1;
    uint16_t api_port = run->admin == NULL ? 0 : admin_port(run->admin);
    if (run->options->intercept != NULL &&
        intercept_start(run->options->intercept, api_port, err) != 0)
        return -1;
    /* Files are written by that user: whether he can is asked once more. */
    if (drop_privileges(&run->config, err) != 0 || run_end_check(run->options, err) != 0)
        return -1;
    if (report_ready(run, err) != 0 || start_child(run, err) != 0)
        return -1;
    reload_begin(&run->reload);
    status_line_start(&run->status, &run->worker, &run->ledger, &run->stderr_stream);
    return 0;
}

static int conclude(struct run *run)
{
    ledger_settle(&run->ledger, &run->worker.counters);
    log_finish(&run->log);
    run->ledger.log_lost = log_lost(&run->log);
    if (run->options->child_outcome != NULL)
        run->options->child_outcome->log_lost = run->ledger.log_lost;
    if (run->options->intercept != NULL)
        intercept_report(run->options->intercept, &run->config, stderr);
    bool unstarted = run->options->child != NULL && !run->has_exec; /* told to stop before */
    return run_end_conclude(run->options, &run->ledger,
        run->has_exec ? run->exec.status
        : unstarted   ? EXIT_RUNTIME
                      : 0);
}

static void run_until_closed(struct run *run)
{
    while (!worker_is_closed(&run->worker))
        turn(run);
    while (uv_run(&run->loop, UV_RUN_ONCE) != 0)
        ;
}

static int run_loop(struct run *run)
{
    struct err err;
    uv_timer_init(&run->loop, &run->timer);
    control_init(&run->control, &run->worker, &run->config.settings);
    run->reload = (struct reload){
        .options = run->options,
        .config = &run->config,
        .control = &run->control,
        .log = &run->log,
        .pcap = run->pcap,
        .ledger = &run->ledger,
    };
    reload_init(&run->reload);
    run->worker.on_drained = on_drained;
    run->worker.on_plan = on_plan;
    if (run->options->intercept != NULL)
        intercept_attach(run->options->intercept, &run->worker);
    run->worker.wants_details =
        run->log.out != NULL || run->pcap != NULL || run->config.settings.admin.host[0] != '\0';
    bool started = run_start(run, &err) == 0;
    if (started) {
        seccomp_enter(&run->config.settings);
    } else {
        log_flush(&run->log);
        fprintf(stderr, "rudeproxy: %s\n", err.text);
        close_everything(run);
    }
    run_until_closed(run);
    int status = started ? conclude(run) : EXIT_RUNTIME;
    control_deinit(&run->control);
    worker_deinit(&run->worker);
    return status;
}

static int run_with_log(struct run *run)
{
    int status = EXIT_RUNTIME;
    int result = uv_loop_init(&run->loop);
    if (result != 0) {
        fprintf(stderr, "rudeproxy: cannot start: %s\n", uv_strerror(result));
        return status;
    }
    result = worker_init(&run->worker, &run->loop, on_event, run);
    if (result == 0)
        status = run_loop(run);
    else
        fprintf(stderr, "rudeproxy: cannot start: %s\n", strerror(-result));
    if (uv_loop_close(&run->loop) != 0) {
        fputs("rudeproxy: internal error: a handle was left open\n", stderr);
        status = EXIT_RUNTIME;
    }
    return status;
}

static int open_outputs(struct run *run, struct err *err)
{
    const struct settings *settings = &run->config.settings;
    if (limits_raise_descriptors(err) != 0)
        return -1;
    const struct stderr_stream_options stream = {.gathered = strcmp(settings->log, "stderr") == 0,
        .has_status = status_line_wanted(run->options, settings)};
    if (stderr_stream_open(&run->stderr_stream, &stream, err) != 0)
        return -1;
    if (settings->pcap[0] != '\0' && (run->pcap = pcap_file_open(settings->pcap, err)) == NULL)
        return -1;
    return log_open(&run->log, settings, run->stderr_stream.queue, err);
}

int run_config(struct config *config, const struct run_options *options)
{
    struct run *run = calloc(1, sizeof *run);
    struct err err;
    int status = EXIT_RUNTIME;
    if (run == NULL) {
        config_free(config);
        return EXIT_RUNTIME;
    }
    run->options = options;
    run->config = *config;
    signal(SIGPIPE, SIG_IGN);
    seed_choose(&run->config.settings);
    ledger_init(&run->ledger);
    ledger_note_config(&run->ledger, &run->config);
    limits_return_blocks();
    if (open_outputs(run, &err) == 0)
        status = run_with_log(run);
    else
        fprintf(stderr, "rudeproxy: %s\n", err.text);
    pcap_file_close(run->pcap);
    log_close(&run->log);
    stderr_stream_close(&run->stderr_stream);
    signals_end();
    ledger_deinit(&run->ledger);
    config_free(&run->config);
    free(run);
    return status;
}
