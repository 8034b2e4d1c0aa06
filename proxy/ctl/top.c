/* SPDX-License-Identifier: MIT */
/*
 * top: shows once a second what proxies, faults and connections do. A terminal gets a picture that
 * fits the screen and is drawn again. Anything else gets a line, with tabs, for each proxy, fault
 * and connection.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "proxy/ctl/commands.h"
#include "proxy/ctl/table.h"

#define CONNECTIONS_MAX 500  /* in lines; a list of more would be a load of its own */
#define CONNECTIONS_SHOWN 20 /* on a terminal */
#define PERIOD_S 1
#define PICTURE_BYTES (64 * 1024) /* a picture is drawn with one write(2), so it does not flicker */
#define LINES_AROUND 4 /* of a section: blank, title, heads, and how many more there are */

/* The answers of the server at one time; owned. */
struct sample {
    json_t *proxies, *report, *connections; /* connections: the first ones; NULL: none is open */
    double at_s;
    long long open;
};

/* --- Asking --- */

static void free_sample(struct sample *sample)
{
    json_decref(sample->proxies);
    json_decref(sample->report);
    json_decref(sample->connections);
}

static enum ctl_status ask(struct ctl *ctl, const char *route, json_t **answer)
{
    struct path path;
    path_begin(&path, route);
    return ctl_ask(ctl, &path, answer);
}

/* Asks for as many connections as are shown. */
static enum ctl_status ask_connections(struct ctl *ctl, json_t **answer)
{
    struct path path;
    char limit[24];
    snprintf(
        limit, sizeof limit, "%d", isatty(STDOUT_FILENO) ? CONNECTIONS_SHOWN : CONNECTIONS_MAX);
    path_begin(&path, "/v1/connections");
    path_add_query(&path, "limit", limit);
    return ctl_ask(ctl, &path, answer);
}

static enum ctl_status take_sample(struct ctl *ctl, struct sample *sample)
{
    struct timespec now;
    size_t i;
    json_t *proxy;
    *sample = (struct sample){.proxies = NULL};
    enum ctl_status status = ask(ctl, "/v1/proxies", &sample->proxies);
    if (sample->proxies != NULL)
        status = ask(ctl, "/v1/report", &sample->report);
    clock_gettime(CLOCK_MONOTONIC, &now);
    sample->at_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    json_array_foreach(json_object_get(sample->proxies, "proxies"), i, proxy)
    {
        sample->open += ctl_number(json_object_get(proxy, "state"), "open");
    }
    if (status == CTL_FINE && sample->open > 0)
        status = ask_connections(ctl, &sample->connections);
    return status;
}

/* The object of a list that has the same name, and the same proxies where it is a fault. NULL:
 * none. */
static const json_t *find_same(const json_t *list, const json_t *object)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other)
    {
        if (strcmp(ctl_text(other, "name"), ctl_text(object, "name")) == 0 &&
            json_equal(json_object_get(other, "proxy"), json_object_get(object, "proxy")))
            return other;
    }
    return NULL;
}

/* --- Printing --- */

/* "1.5 kB/s"; since the counts were reset: 0. */
static void rate_cell(struct table *table, long long bytes, double seconds)
{
    static const char *const units[] = {"B/s", "kB/s", "MB/s", "GB/s", NULL};
    double rate = bytes > 0 ? (double)bytes / seconds : 0;
    size_t unit = 0;
    for (; rate >= 1000 && units[unit + 1] != NULL; unit++)
        rate /= 1000;
    table_cell(table, "%.*f %s", unit == 0 || rate >= 10 ? 0 : 1, rate, units[unit]);
}

/* A title, on a terminal only; in colour unless NO_COLOR is set (no-color.org). */
static void print_title(const char *title)
{
    const char *no_color = getenv("NO_COLOR");
    bool coloured = no_color == NULL || no_color[0] == '\0';
    if (isatty(STDOUT_FILENO))
        printf("\n%s%s%s\n", coloured ? "\x1b[1;36m" : "", title, coloured ? "\x1b[0m" : "");
}

static void proxy_row(
    struct table *table, const json_t *proxy, const json_t *before, double seconds)
{
    static const char *const bytes[] = {"bytes_upstream", "bytes_downstream"};
    const json_t *state = json_object_get(proxy, "state");
    const json_t *old = json_object_get(before, "state");
    table_cell(table, "proxy");
    table_name(table, ctl_text(proxy, "name"));
    table_cell(table, "%s", ctl_text(proxy, "listen"));
    table_cell(table, "%lld", ctl_number(state, "open"));
    table_cell(table, "%lld", ctl_number(state, "closed"));
    for (size_t d = 0; d < 2; d++)
        rate_cell(table, ctl_number(state, bytes[d]) - ctl_number(old, bytes[d]), seconds);
}

static void fault_row(
    struct table *table, const json_t *fault, const json_t *before, double seconds)
{
    long long fired = ctl_number(fault, "injections");
    long long news = fired - ctl_number(before, "injections");
    (void)seconds;
    table_cell(table, "fault");
    table_name(table, ctl_text(fault, "name"));
    table_cell(table, "%s", ctl_text(fault, "type"));
    table_cell(table, "%lld", ctl_number(fault, "armed"));
    table_cell(table, "%lld", fired);
    table_cell(table, "+%lld", news > 0 ? news : 0);
}

static void connection_row(
    struct table *table, const json_t *connection, const json_t *before, double seconds)
{
    const json_t *client = json_object_get(connection, "client");
    (void)before;
    (void)seconds;
    table_cell(table, "connection");
    table_cell(table, "%s#%lld", ctl_text(connection, "proxy"), ctl_number(connection, "number"));
    table_cell(table, "%s", ctl_text(connection, "state"));
    table_cell(table, "%.1f s", (double)ctl_number(connection, "age_us") / 1e6);
    table_cell(table, "%s", ctl_text(client, "address"));
    table_cell(table, "%lld", ctl_number(json_object_get(connection, "server"), "bytes_out"));
    table_cell(table, "%lld", ctl_number(client, "bytes_out"));
}

#define HEADS_MAX 8

static const struct section {
    const char *title;
    const char *list; /* the member of the answer that holds the rows */
    size_t answer;    /* offset of the answer in struct sample */
    const char *heads[HEADS_MAX];
    /* `before`: the entry of this name one sample before; NULL: there was none */
    void (*row)(struct table *table, const json_t *entry, const json_t *before, double seconds);
} sections[] = {
    {"Proxies", "proxies", offsetof(struct sample, proxies),
        {"", "NAME", "LISTEN", "OPEN", "ENDED", "UPSTREAM", "DOWNSTREAM", NULL}, proxy_row},
    {"Faults", "faults", offsetof(struct sample, report),
        {"", "NAME", "TYPE", "ARMED", "FIRED", "NOW", NULL}, fault_row},
    {"Connections", "connections", offsetof(struct sample, connections),
        {"", "CONNECTION", "STATE", "AGE", "CLIENT", "UPSTREAM", "DOWNSTREAM", NULL},
        connection_row},
};

static const json_t *rows_of(const struct sample *sample, const struct section *section)
{
    const json_t *answer = *(json_t *const *)((const char *)sample + section->answer);
    return json_object_get(answer, section->list);
}

#define SECTIONS (sizeof sections / sizeof sections[0])

/* Returns how many there are, also of those that the answer does not have. */
static size_t total_of(const struct sample *sample, const struct section *section)
{
    return section->row == connection_row ? (size_t)sample->open
                                          : json_array_size(rows_of(sample, section));
}

/* Shares the lines of the screen: each section gets one row after the other, as long as it has
 * more. Without a screen, and with --once, everything is shown. */
static void share_rows(const struct sample *sample, bool once, size_t shown[SECTIONS])
{
    struct winsize screen;
    size_t rows = 0;
    for (size_t i = 0; i < SECTIONS; i++)
        shown[i] = SIZE_MAX;
    if (once || ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) != 0 || screen.ws_row == 0)
        return;
    /* The cursor is on a line of its own. */
    if (screen.ws_row > SECTIONS * LINES_AROUND + 1)
        rows = screen.ws_row - SECTIONS * LINES_AROUND - 1;
    memset(shown, 0, SECTIONS * sizeof shown[0]);
    for (bool more = true; more && rows > 0;) {
        more = false;
        for (size_t i = 0; i < SECTIONS && rows > 0; i++) {
            if (shown[i] < json_array_size(rows_of(sample, &sections[i]))) {
                shown[i]++;
                rows--;
                more = true;
            }
        }
    }
}

static enum ctl_status print_section(const struct section *section, const struct sample *before,
    const struct sample *now, size_t shown)
{
    const json_t *old = rows_of(before, section);
    size_t total = total_of(now, section);
    struct table table;
    size_t i;
    json_t *entry;
    print_title(section->title);
    table_init(&table, section->heads);
    json_array_foreach(rows_of(now, section), i, entry)
    {
        if (i == shown)
            break;
        section->row(&table, entry, find_same(old, entry), now->at_s - before->at_s);
    }
    enum ctl_status status = table_finish(&table);
    if (isatty(STDOUT_FILENO) && i < total)
        printf("... %zu more\n", total - i);
    return status;
}

static enum ctl_status print_sample(
    const struct sample *before, const struct sample *now, bool once)
{
    bool screen = isatty(STDOUT_FILENO);
    enum ctl_status status = CTL_FINE;
    size_t shown[SECTIONS];
    share_rows(now, once, shown);
    if (screen)
        fputs("\x1b[H\x1b[J", stdout); /* home, and clear to the end */
    if (screen && !once)
        fputs("\x1b[?7l", stdout); /* cut long lines */
    for (size_t i = 0; i < SECTIONS && status == CTL_FINE; i++)
        status = print_section(&sections[i], before, now, shown[i]);
    if (screen && !once)
        fputs("\x1b[?7h", stdout); /* no longer */
    if (fflush(stdout) != 0)
        status = CTL_FAILED;
    return status;
}

/* Rates need two samples, so the first picture takes a second. */
enum ctl_status ctl_top(struct ctl *ctl)
{
    struct sample before, now;
    bool once = ctl_option(ctl, "once") != NULL;
    setvbuf(stdout, NULL, _IOFBF, PICTURE_BYTES);
    enum ctl_status status = take_sample(ctl, &before);
    while (status == CTL_FINE) {
        sleep(PERIOD_S);
        status = take_sample(ctl, &now);
        if (status == CTL_FINE && now.proxies != NULL)
            status = print_sample(&before, &now, once);
        free_sample(&before);
        before = now;
        if (once || now.proxies == NULL)
            break;
    }
    free_sample(&before);
    return status;
}
