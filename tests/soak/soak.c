/* SPDX-License-Identifier: MIT */
/*
 * A soak: soak [SECONDS [SEED]]. The real program between all loads at once (loads.c), while it is
 * reloaded with buffers from 4k to 4M, its API is read, and faults of every type come and go.
 *
 * Every few seconds all of it pauses until no connection is left. Then the program has as many
 * descriptors and as much memory as at the first pause.
 */
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/soak/soak.h"

/* Growth between pauses that is no leak: pools, the histories of deleted faults, and what malloc
 * keeps. With AddressSanitizer also its quarantine. */
#define GROWTH_KB_MAX (48 * 1024)
#define KEPT_MS 500 /* behind the end of both peers, before a connection is ended */
#define LAG_BUCKETS_MAX 32
#define DESCRIPTORS_MAX 40 /* 16 pooled pipes of two, and connections of the API */

void soak_must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "soak: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t below(struct soak *soak, uint64_t bound)
{
    return random_below(&soak->random, bound);
}

/* --- The configuration --- */

static void write_config(struct soak *soak)
{
    FILE *out = fmemopen(soak->config, CONFIG_MAX, "w");
    soak_must(out != NULL, "fmemopen");
    for (unsigned i = 0; i < soak->load_count; i++) {
        const struct load *load = &soak->loads[i];
        if (strcmp(load->kind->name, "recipes") == 0)
            continue;
        fprintf(out, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\nbuffer = %" PRIu64 "k\n",
            load->kind->name, load->listener.text, UINT64_C(4) << below(soak, 11));
    }
    for (unsigned i = 0; i < soak->recipe_count; i++) {
        const struct recipe *recipe = &soak->recipes[i];
        fprintf(out, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n%s%s", recipe->name,
            soak->loads[soak->load_count - 1].listener.text, recipe->protocol, recipe->faults);
    }
    soak_must(fclose(out) == 0, "the configuration is too long");
}

/* --- Loads --- */

static void add_load(struct soak *soak, const struct load_kind *kind, bool leaves)
{
    struct load *load = &soak->loads[soak->load_count++];
    *load = (struct load){.kind = kind, .leaves = leaves, .random = below(soak, UINT32_MAX)};
    load->shared =
        mmap(NULL, sizeof *load->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    soak_must(load->shared != MAP_FAILED, "mmap");
    soak_must(wire_listen(&load->listener, "127.0.0.1:0", 128, 0) == 0, "listen");
}

static const char *address_of(struct soak *soak, const char *name, char text[PEER_ADDRESS_TEXT])
{
    soak_must(proxy_process_address(&soak->process, name, text, PEER_ADDRESS_TEXT), name);
    return text;
}

static void give_addresses(struct soak *soak)
{
    for (unsigned i = 0; i + 1 < soak->load_count; i++) {
        struct load *load = &soak->loads[i];
        load->proxies[load->proxy_count++] = address_of(soak, load->kind->name, soak->addresses[i]);
        load->changes[0] = strcmp(load->kind->name, "live_any") == 0;
    }
    struct load *load = &soak->loads[soak->load_count - 1];
    for (unsigned i = 0; i < soak->recipe_count; i++) {
        struct recipe *recipe = &soak->recipes[i];
        load->changes[i] = recipe->changes;
        load->proxies[load->proxy_count++] = address_of(soak, recipe->name, recipe->address);
    }
}

static void start_loads(struct soak *soak)
{
    for (unsigned i = 0; i < soak->load_count; i++) {
        pid_t parent = getpid(), child = fork();
        soak_must(child >= 0, "fork");
        if (child == 0) {
            if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
            load_run(&soak->loads[i]);
        }
        soak->children[i] = child;
    }
}

static void stop_loads(struct soak *soak)
{
    for (unsigned i = 0; i < soak->load_count; i++) {
        kill(soak->children[i], SIGKILL);
        waitpid(soak->children[i], NULL, 0);
    }
}

/* --- Changes while it runs --- */

static void reload(struct soak *soak)
{
    write_config(soak);
    soak_must(proxy_process_write_config(&soak->process, "admin = 127.0.0.1:0\n", soak->config),
        "the configuration is not written");
    kill(soak->process.pid, SIGHUP);
    soak->reloads++;
}

static void read_api(struct soak *soak)
{
    static const char *const paths[] = {"/v1/connections", "/metrics", "/v1/proxies", "/proxies",
        "/v1/report", "/v1/config", "/v1/faults/catalogue"};
    int status =
        api_call(&soak->api, "GET", paths[soak->reads++ % (sizeof paths / sizeof paths[0])], NULL);
    soak_must(status == 200, "GET of the API");
}

/* --- Figures --- */

static int descriptors(const struct soak *soak)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)soak->process.pid);
    DIR *all = opendir(path);
    soak_must(all != NULL, "the program is gone");
    while (readdir(all) != NULL)
        count++;
    closedir(all);
    return count;
}

static long resident_kb(const struct soak *soak)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)soak->process.pid);
    FILE *in = fopen(path, "r");
    soak_must(in != NULL && fscanf(in, "%*d %ld", &pages) == 1, "statm");
    fclose(in);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Prints the upper bound of the histogram's bucket in which so many percent of all values lie. */
static void print_share(
    unsigned percent, char bounds[LAG_BUCKETS_MAX][16], const uint64_t *counts, unsigned n)
{
    unsigned i = 0;
    while (i + 1 < n && counts[i] * 100 < counts[n - 1] * percent)
        i++;
    printf("loop lag: %u%% of %" PRIu64 " below %s s\n", percent, counts[n - 1], bounds[i]);
}

static void print_lag(struct soak *soak)
{
    uint64_t counts[LAG_BUCKETS_MAX];
    char bounds[LAG_BUCKETS_MAX][16];
    unsigned n = 0;
    soak_must(api_call(&soak->api, "GET", "/metrics", NULL) == 200, "/metrics");
    for (const char *at = soak->api.answer;
         n < LAG_BUCKETS_MAX && (at = strstr(at, "loop_lag_seconds_bucket{le=\"")) != NULL;
         at++, n++) {
        soak_must(sscanf(at, "loop_lag_seconds_bucket{le=\"%15[^\"]\"} %" SCNu64, bounds[n],
                      &counts[n]) == 2,
            "the histogram of the loop's lag");
    }
    soak_must(n > 0 && n < LAG_BUCKETS_MAX, "all buckets of the loop's lag");
    print_share(50, bounds, counts, n);
    print_share(99, bounds, counts, n);
}

/* --- Pauses --- */

static bool all_idle(const struct soak *soak)
{
    for (unsigned i = 0; i < soak->load_count; i++)
        if (!soak->loads[i].shared->idle)
            return false;
    return true;
}

static void check_children(const struct soak *soak)
{
    for (unsigned i = 0; i < soak->load_count; i++)
        if (waitpid(soak->children[i], NULL, WNOHANG) != 0)
            soak_must(false, soak->loads[i].kind->name);
}

static void set_pause(struct soak *soak, bool pause)
{
    for (unsigned i = 0; i < soak->load_count; i++) {
        soak->loads[i].shared->pause = pause;
        if (!pause)
            soak->loads[i].shared->idle = false;
    }
}

static bool nothing_is_open(struct soak *soak)
{
    soak_must(api_call(&soak->api, "GET", "/v1/connections", NULL) == 200, "/v1/connections");
    return strstr(soak->api.answer, "\"number\":") == NULL;
}

static bool is_exact(const struct soak *soak, const char *proxy)
{
    for (unsigned i = 0; i < soak->load_count; i++)
        if (strcmp(soak->loads[i].kind->name, proxy) == 0)
            return soak->loads[i].kind->exact;
    return false;
}

/* Resets the connections that a fault keeps for long, or for ever: `hold_fin`, `other = hold`. An
 * ending that waits for an acknowledgement, as that of DELETE, may take 60 s. */
static void end_kept(struct soak *soak)
{
    static const char start[] = "{\"proxy\":\"";
    static const char abrupt[] =
        "{\"name\":\"end\",\"type\":\"reset\",\"mode\":\"abrupt\",\"side\":\"both\"}";
    if (nothing_is_open(soak))
        return;
    char *list = strdup(soak->api.answer), proxy[64], path[128];
    uint64_t number;
    soak_must(list != NULL, "out of memory");
    for (const char *at = list; (at = strstr(at, start)) != NULL; at++) {
        if (sscanf(at + strlen(start), "%63[^\"]\",\"number\":%" SCNu64, proxy, &number) != 2)
            continue;
        soak_must(!is_exact(soak, proxy), "a connection is left that no fault keeps");
        snprintf(path, sizeof path, "/v1/proxies/%s/connections/%" PRIu64 "/faults", proxy, number);
        int status = api_call(&soak->api, "POST", path, abrupt);
        soak_must(
            status < 500, "a reset of a connection that is left"); /* it may just have ended */
        soak->ended++;
    }
    free(list);
}

/* Waits until no connection is left, and looks at what the program then has. */
static void pause_all(struct soak *soak)
{
    int64_t end = wire_now_ms() + 90000;
    set_pause(soak, true);
    while (!all_idle(soak)) {
        check_children(soak);
        soak_must(wire_now_ms() < end, "a load does not come to the end of its round");
        poll(NULL, 0, 20);
    }
    changes_clear(soak);
    poll(NULL, 0, KEPT_MS);
    end_kept(soak);
    while (!nothing_is_open(soak)) {
        if (wire_now_ms() >= end)
            fprintf(stderr, "%s\n", soak->api.answer);
        soak_must(wire_now_ms() < end, "connections are left although all peers are gone");
        poll(NULL, 0, 50);
    }
    soak->last_descriptors = descriptors(soak);
    soak->last_kb = resident_kb(soak);
    if (soak->pauses++ == 0) {
        soak->first_descriptors = soak->last_descriptors;
        soak->first_kb = soak->last_kb;
    }
    soak_must(soak->last_descriptors <= soak->first_descriptors + DESCRIPTORS_MAX,
        "descriptors are left");
    soak_must(soak->last_kb <= soak->first_kb + GROWTH_KB_MAX, "memory is left");
    set_pause(soak, false);
}

/* --- The run --- */

static void work(struct soak *soak, int64_t until)
{
    int64_t next_reload = wire_now_ms() + 500;
    while (wire_now_ms() < until) {
        check_children(soak);
        changes_make_one(soak);
        read_api(soak);
        if (wire_now_ms() >= next_reload) {
            reload(soak);
            next_reload = wire_now_ms() + 1000;
        }
        poll(NULL, 0, 20);
    }
}

static void print_figures(struct soak *soak)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < soak->load_count; i++) {
        struct load_shared *shared = soak->loads[i].shared;
        printf("%-12s %8" PRIu64 " rounds %8" PRIu64 " MB\n", soak->loads[i].kind->name,
            (uint64_t)shared->rounds, (uint64_t)shared->bytes >> 20);
        soak_must(shared->rounds > 0, soak->loads[i].kind->name);
        bytes += shared->bytes;
    }
    printf("%" PRIu64 " MB checked; %" PRIu64 " changes of faults, %d types; %" PRIu64
           " reloads; %" PRIu64 " reads of the API; %" PRIu64 " connections ended\n",
        bytes >> 20, soak->changes, __builtin_popcountll(soak->types_taken), soak->reloads,
        soak->reads, soak->ended);
    printf("at the first of %u pauses %d descriptors and %ld kB, at the last %d and %ld\n",
        soak->pauses, soak->first_descriptors, soak->first_kb, soak->last_descriptors,
        soak->last_kb);
    print_lag(soak);
}

static void start(struct soak *soak)
{
    char address[PEER_ADDRESS_TEXT];
    write_config(soak);
    soak_must(proxy_process_start(&soak->process, "admin = 127.0.0.1:0\n", soak->config),
        "the program does not start");
    give_addresses(soak);
    api_open(&soak->api, address_of(soak, "@admin", address));
    start_loads(soak);
}

int main(int argc, char **argv)
{
    static struct soak soak;
    static char config[CONFIG_MAX];
    int64_t ms = argc > 1 ? strtol(argv[1], NULL, 10) * 1000 : 5000;
    soak.random = argc > 2 ? strtoul(argv[2], NULL, 10) : (unsigned long)getpid();
    printf("soak: %" PRId64 " s, seed %" PRIu64 "\n", ms / 1000, soak.random);
    fflush(stdout);
    soak.config = config;
    soak.recipe_count = recipes_read(soak.recipes, 0, RUDEPROXY_SOURCE_DIR "/config/recipes");
    soak.recipe_count = recipes_read(
        soak.recipes, soak.recipe_count, RUDEPROXY_SOURCE_DIR "/config/recipes/protocols");
    for (const struct load_kind *kind = load_kinds; kind->name != NULL; kind++)
        add_load(&soak, kind, ms >= 60000);
    start(&soak);
    int64_t end = wire_now_ms() + ms, part = ms / 2 < 15000 ? ms / 2 : 15000;
    while (wire_now_ms() < end || soak.pauses < 2) {
        work(&soak, wire_now_ms() + part);
        pause_all(&soak);
    }
    print_figures(&soak);
    stop_loads(&soak);
    api_close(&soak.api);
    return proxy_process_stop(&soak.process) ? EXIT_SUCCESS : EXIT_FAILURE;
}
