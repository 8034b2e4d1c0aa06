/* SPDX-License-Identifier: MIT */
/*
 * Happy path: open the log and the listeners, say that we are ready, run the loop until a signal.
 *
 * The first SIGTERM or SIGINT closes the listeners and gives open connections `grace`; when it runs
 * out, or at a second signal, the rest is reset. Then a summary, and exit status 0.
 *
 * SIGHUP reads the file again. A file with problems is reported and changes nothing.
 */
#include "proxy/app/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/app/log.h"
#include "proxy/app/summary.h"
#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"

#define SIGNAL_COUNT 3

struct run {
    const struct run_options *options;
    struct config config; /* in force */
    struct log log;
    uv_loop_t loop;
    struct worker worker;
    uv_signal_t signals[SIGNAL_COUNT];
    uv_timer_t grace;
    uv_prepare_t flush; /* writes the log out before the loop blocks */
    bool stopping;
};

static void on_event(void *user, const struct event *event)
{
    struct run *run = user;
    log_event(&run->log, event);
}

static void on_flush(uv_prepare_t *flush)
{
    log_flush(&container_of(flush, struct run, flush)->log);
}

/* Closes every handle, so that uv_run returns. */
static void close_everything(struct run *run)
{
    worker_close(&run->worker);
    for (int i = 0; i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    uv_close((uv_handle_t *)&run->grace, NULL);
    uv_close((uv_handle_t *)&run->flush, NULL);
}

static void finish(struct run *run)
{
    if (!uv_is_closing((uv_handle_t *)&run->grace)) {
        worker_stop_connections(&run->worker);
        summary_print(&run->worker, stderr);
        close_everything(run);
    }
}

static void on_grace_over(uv_timer_t *timer)
{
    finish(container_of(timer, struct run, grace));
}

static void on_drained(struct worker *worker)
{
    struct run *run = container_of(worker, struct run, worker);
    if (run->stopping) /* from the loop, not from inside the last connection */
        uv_timer_start(&run->grace, on_grace_over, 0, 0);
}

static void on_stop_signal(uv_signal_t *handle, int signum)
{
    (void)signum;
    struct run *run = handle->data;
    bool second = run->stopping;
    run->stopping = true;
    worker_stop_listening(&run->worker);
    if (second || run->worker.connections == 0)
        finish(run);
    else
        uv_timer_start(&run->grace, on_grace_over, run->config.settings.grace_us / US_PER_MS, 0);
}

static void choose_seed(struct settings *settings)
{
    if (settings->has_seed)
        return;
    if (getrandom(&settings->seed, sizeof settings->seed, 0) != sizeof settings->seed)
        settings->seed =
            timers_now(); /* only before the kernel's generator is ready, early at boot */
    settings->has_seed = true;
}

static void on_reload_signal(uv_signal_t *handle, int signum)
{
    (void)signum;
    struct run *run = handle->data;
    struct config fresh;
    struct err err;
    if (log_reopen(&run->log, &err) != 0)
        fprintf(stderr, "rudeproxy: %s\n", err.text);
    if (run->options->load == NULL)
        return;
    if (run->options->load(run->options->user, &fresh, stderr) != 0) {
        fputs("rudeproxy: not reloaded: the old configuration stays in force\n", stderr);
        return;
    }
    if (worker_apply(&run->worker, &fresh, &err) != 0) {
        fprintf(stderr, "rudeproxy: not reloaded: %s; the old configuration stays in force\n",
            err.text);
        config_free(&fresh);
        return;
    }
    /* Where the log goes and the seed are settled at start. */
    fresh.settings.seed = run->config.settings.seed;
    fresh.settings.has_seed = true;
    memcpy(fresh.settings.log, run->config.settings.log, sizeof fresh.settings.log);
    config_free(&run->config);
    run->config = fresh;
    if (run->log.path != NULL)
        run->log.path = run->config.settings.log;
    fputs("rudeproxy: reloaded\n", stderr);
}

static const struct {
    int signum;
    uv_signal_cb callback;
} signal_rows[SIGNAL_COUNT] = {
    {SIGTERM, on_stop_signal},
    {SIGINT, on_stop_signal},
    {SIGHUP, on_reload_signal},
};

static void start_handles(struct run *run)
{
    uv_timer_init(&run->loop, &run->grace);
    uv_prepare_init(&run->loop, &run->flush);
    uv_prepare_start(&run->flush, on_flush);
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        uv_signal_init(&run->loop, &run->signals[i]);
        run->signals[i].data = run;
        uv_signal_start(&run->signals[i], signal_rows[i].callback, signal_rows[i].signum);
    }
}

static void write_addresses(struct run *run, FILE *out)
{
    list_for_each(link, &run->worker.proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        char text[ADDRESS_TEXT_MAX];
        if (!listener_is_open(&proxy->listener))
            continue;
        address_format_sockaddr(
            &proxy->listener.address, proxy->listener.address_len, text, sizeof text);
        fprintf(out, "%s %s\n", proxy->plan->proxy.name, text);
    }
}

static int write_ready_fd(struct run *run, struct err *err)
{
    int fd = run->options->ready_fd;
    FILE *out = fdopen(fd, "w");
    if (out == NULL)
        return err_set(err, "cannot write to --ready-fd %d: %s", fd, strerror(errno));
    write_addresses(run, out);
    return fclose(out) == 0 ? 0 : err_set(err, "--ready-fd: %s", strerror(errno));
}

/* The file appears under its name only when it is complete. */
static int write_ready_file(struct run *run, struct err *err)
{
    const char *path = run->options->ready_path;
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid()) >=
        (int)sizeof temporary)
        return err_set(err, "--ready-file: the path is too long");
    FILE *out = fopen(temporary, "we");
    if (out == NULL)
        return err_set(err, "cannot write --ready-file %s: %s", path, strerror(errno));
    write_addresses(run, out);
    if (fclose(out) != 0 || rename(temporary, path) != 0)
        return err_set(err, "cannot write --ready-file %s: %s", path, strerror(errno));
    return 0;
}

static int say_ready(struct run *run, struct err *err)
{
    fprintf(
        stderr, "rudeproxy %s: seed %" PRIu64 "\n", RUDEPROXY_VERSION, run->config.settings.seed);
    log_flush(&run->log);
    if (run->options->ready_fd >= 0 && write_ready_fd(run, err) != 0)
        return -1;
    return run->options->ready_path != NULL ? write_ready_file(run, err) : 0;
}

/* Every connection takes two descriptors: take all that we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int run_loop(struct run *run)
{
    struct err err;
    int status = EXIT_FINE;
    start_handles(run);
    run->worker.on_drained = on_drained;
    if (worker_apply(&run->worker, &run->config, &err) != 0 || say_ready(run, &err) != 0) {
        log_flush(&run->log);
        fprintf(stderr, "rudeproxy: %s\n", err.text);
        status = EXIT_RUNTIME;
        close_everything(run);
    }
    uv_run(&run->loop, UV_RUN_DEFAULT);
    worker_deinit(&run->worker);
    return status;
}

static int run_with_log(struct run *run)
{
    int status = EXIT_RUNTIME;
    uv_loop_init(&run->loop);
    int result = worker_init(&run->worker, &run->loop, on_event, run);
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
    choose_seed(&run->config.settings);
    raise_descriptor_limit();
    if (log_open(&run->log, &run->config.settings, &err) == 0) {
        status = run_with_log(run);
        log_close(&run->log);
    } else {
        fprintf(stderr, "rudeproxy: %s\n", err.text);
    }
    config_free(&run->config);
    free(run);
    return status;
}
