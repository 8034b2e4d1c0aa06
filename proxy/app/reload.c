/* SPDX-License-Identifier: MIT */
/* The configuration read again: see reload.h. */
#include "proxy/app/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/kind.h"
#include "proxy/base/memory_file.h"
#include "proxy/net/listener_faults.h"

static void note_change(
    const struct option *option, const struct settings *old, const struct settings *fresh)
{
    char before[OPTION_TEXT_MAX] = "", now[OPTION_TEXT_MAX] = "";
    bool is_drawn = option->kind == &option_seed && !fresh->has_seed;
    option_format(option, old, before, sizeof before);
    option_format(option, fresh, now, sizeof now);
    if (!is_drawn && strcmp(before, now) != 0)
        fprintf(stderr, "rudeproxy: %s changes only with a restart\n", option->name);
}

/* Names the faults of listening sockets that are new or changed, and over. */
static void note_over(const struct reload *reload, const struct config *fresh)
{
    time_us started_at = reload->control->worker->started_at, now = timers_now();
    for (size_t i = 0; i < fresh->fault_count; i++) {
        const struct fault *fault = &fresh->faults[i];
        const struct fault *before = config_find_fault(reload->config, fault->name);
        if (fault->enabled && listener_fault_ends_at(fault, started_at) <= now &&
            (before == NULL || !fault_equal(before, fault)))
            fprintf(stderr,
                "rudeproxy: fault %s does not begin: the time of its active and for is over\n",
                fault->name);
    }
}

/* Takes the fresh configuration over, except for what is open already. */
static void adopt(struct reload *reload, struct config *fresh)
{
    struct settings settings = reload->config->settings;
    for (const struct option *option = settings_options; option->name != NULL; option++) {
        if (option->reloads)
            memcpy((char *)&settings + option->offset,
                (const char *)&fresh->settings + option->offset, option->kind->size);
        else
            note_change(option, &settings, &fresh->settings);
    }
    fresh->settings = settings;
    config_free(reload->config);
    *reload->config = *fresh;
    ledger_note_config(reload->ledger, reload->config);
}

static int load(struct reload *reload, enum reload_policy keep, FILE *problems)
{
    struct config fresh;
    struct err err;
    const struct run_options *options = reload->options;
    bool stopping = reload->control->worker->stopping;
    if (stopping || options->load == NULL) {
        fprintf(problems, "rudeproxy: not reloaded: %s\n",
            stopping ? "it is stopping" : "there is no file");
        return -1;
    }
    if (options->load(options->user, &fresh, problems) != 0)
        return -1;
    ledger_begin_reload(reload->ledger);
    if (control_load(reload->control, &fresh, keep, &err) != CONTROL_OK) {
        fprintf(problems, "rudeproxy: not reloaded: %s\n", err.text);
        config_free(&fresh);
        return -1;
    }
    note_over(reload, &fresh);
    adopt(reload, &fresh);
    log_sync(reload->log); /* a reader of the next message finds the events in the log */
    fputs("rudeproxy: reloaded\n", stderr);
    return 0;
}

int reload_now(struct reload *reload, enum reload_policy keep, FILE *problems)
{
    int result = load(reload, keep, problems);
    if (result == 0)
        log_config(reload->log, "reload", reload->config);
    return result;
}

/* Tries to load the file. While a name is being resolved, problems are not printed. */
static void try_to_load(struct reload *reload)
{
    struct memory_file problems;
    if (memory_file_open(&problems) != 0) {
        fputs("rudeproxy: not reloaded: out of memory\n", stderr);
        return;
    }
    int result = load(reload, CONTROL_KEEP_API, problems.out);
    reload->wanted = control_take_awaits_name(reload->control);
    char *text = memory_file_close(&problems, NULL);
    if (!reload->wanted) {
        fputs(text == NULL ? "" : text, stderr);
        if (result != 0)
            fputs("rudeproxy: not reloaded: the old configuration stays in force\n", stderr);
        log_config(reload->log, "reload", reload->config); /* also for a file that begins here */
    }
    free(text);
}

static void on_name(struct resolver_watcher *names)
{
    struct reload *reload = container_of(names, struct reload, names);
    if (reload->wanted && reload->begun)
        try_to_load(reload);
}

void reload_by_signal(struct reload *reload)
{
    struct err err;
    reload->wanted = true;
    if (!reload->begun)
        return;
    if (log_reopen(reload->log, &err) != 0)
        fprintf(stderr, "rudeproxy: %s\n", err.text);
    if (pcap_file_reopen(reload->pcap, &err) != 0)
        fprintf(stderr, "rudeproxy: %s\n", err.text);
    try_to_load(reload);
}

void reload_init(struct reload *reload)
{
    reload->names.on_answer = on_name;
    resolver_watch(&reload->control->worker->resolver, &reload->names);
}

void reload_begin(struct reload *reload)
{
    reload->begun = true;
    if (reload->wanted)
        reload_by_signal(reload);
}

void reload_close(struct reload *reload)
{
    list_remove(&reload->names.link);
}
