/* SPDX-License-Identifier: MIT */
/*
 * Each ending, compared with a peer that really behaves so.
 *
 * A case has two scripts for the same victim. In the native one the far end does the misdeed
 * itself, on a direct connection. In the other both ends behave, and a fault in the proxy does it.
 * The victim must have seen the same, line by line. Every case runs twice, with the client and
 * with the server as the victim: in the keys of a fault, %V stands for the victim's side, %F for
 * the other one, %D for the direction towards the victim and %U for the one from it.
 *
 * And the log has to tell the truth: how each socket ended (the marks, in order), what the victim
 * was handed and what was left unread, and that the fault was the first cause, unless it was one
 * after which the connection lived on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/peers/script.h"
#include "tests/lib/records.h"
#include "tests/lib/side_by_side.h"
#include "tests/lib/wire.h"

enum role { VICTIM, FAR };

#define STEPS_MAX 14

struct steps {
    size_t n;
    struct peer_step step[STEPS_MAX]; /* the actor is a role */
};

struct ending_case {
    const char *name;
    const char *fault;
    struct steps native;
    struct steps proxied;
    const char *victim; /* marks, as in the log */
    const char *far;    /* NULL: either way is right */
    const char *cause;  /* NULL: the fault */
    size_t out;         /* bytes handed to the victim */
    size_t unread;      /* bytes left unread in the victim's socket; 1: some */
};

#define V(op, arg)                                                                                 \
    {                                                                                              \
        (enum peer_actor) VICTIM, PEER_##op, arg, 0, false                                         \
    }
#define F(op, arg)                                                                                 \
    {                                                                                              \
        (enum peer_actor) FAR, PEER_##op, arg, 0, false                                            \
    }
#define STEPS(...)                                                                                 \
    {                                                                                              \
        sizeof((struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step),                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* Long enough to see that nothing comes. */
#define QUIET_MS 40

/* A linger of 100 ms is over by then, on a machine that is late too. */
#define LINGERED_MS 3000

/* Of a step, on a machine that is late too. */
#define DEADLINE_MS 30000

#define AT "when = bytes:1000\ndirection = %D\n"

#define FIN_BOTH "[\"fin_sent\",\"fin_received\"]"
#define FIN_SENT "[\"fin_sent\"]"
#define RST_SENT "[\"rst_sent\"]"

/* The steps of a victim of a RST in all of these cases. */
#define MEETS_RESET V(READ, 1000), V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)

static const struct ending_case cases[] = {
    {"close-graceful", "type = close\nside = %V\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(SHUT_WR, 0), V(READ_END, 0), V(SEND, 70000),
            F(READ, 70000), V(SEND, 5000), V(WAIT_ACKED, 0), V(LOOK, QUIET_MS), V(SHUT_WR, 0),
            F(READ_END, 0), V(WAIT_HUP, 0), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(READ_END, 0), V(SEND, 70000), V(SEND, 5000),
            V(WAIT_ACKED, 0), V(LOOK, QUIET_MS), V(SHUT_WR, 0), V(WAIT_HUP, 0), V(CLOSE, 0),
            F(READ_END, 0), F(CLOSE, 0)),
        FIN_BOTH, FIN_BOTH, NULL, 1000, 0},
    {"close-both-sides", "type = close\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(SHUT_WR, 0), V(READ_END, 0), V(CLOSE, 0)),
        STEPS(
            F(SEND, 1500), V(READ, 1000), V(READ_END, 0), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        FIN_BOTH, FIN_BOTH, NULL, 1000, 0},
    {"close-plain", "type = close\nmode = plain\nside = %V\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(CLOSE, 0), V(READ_END, 0), V(SEND, 1), V(WAIT_HUP, 0),
            V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(READ_END, 0), V(SEND, 1), V(WAIT_HUP, 0), V(SEND, 1),
            V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        FIN_SENT, FIN_BOTH, NULL, 1000, 0},
    {"close-plain-unread", "type = close\nmode = plain\nside = %V\nother = reset\n" AT,
        STEPS(V(FILL, 0), F(SEND, 1000), F(CLOSE, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0)),
        STEPS(V(FILL, 0), F(SEND, 1000), V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0),
            F(READ_REST, 0), F(CLOSE, 0)),
        RST_SENT, RST_SENT, NULL, 1000, 1},
    {"close-at-open", "type = close\nside = %V\n",
        STEPS(
            F(SHUT_WR, 0), V(READ_END, 0), V(SEND, 10), V(SHUT_WR, 0), V(WAIT_HUP, 0), V(CLOSE, 0)),
        STEPS(V(READ_END, 0), V(SEND, 10), V(SHUT_WR, 0), V(WAIT_HUP, 0), V(CLOSE, 0),
            F(READ_END, 0), F(CLOSE, 0)),
        FIN_BOTH, FIN_BOTH, NULL, 0, 0},
    {"close-lingers-then-leaves", "type = close\nlinger = 100ms\nside = %V\nother = reset\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(SHUT_WR, 0), V(READ_END, 0), V(LOOK, LINGERED_MS),
            F(CLOSE, 0), V(SEND, 10), V(WAIT_HUP, 0), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(READ_END, 0), V(LOOK, LINGERED_MS), F(READ_END, 0),
            F(CLOSE, 0), V(SEND, 10), V(WAIT_HUP, 0), V(CLOSE, 0)),
        FIN_SENT, RST_SENT, NULL, 1000, 0},
    /* The victim's window has room for less than it is sent, and it does not read. */
    {"close-lingers-then-cuts-off",
        "type = close\nlinger = 100ms\nside = %V\nwhen = bytes:300000\ndirection = %D\n",
        STEPS(F(SEND, 300000), F(SHUT_WR, 0), F(LOOK, 100), F(RESET, 0), V(WAIT_HUP, 0),
            V(READ_REST, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 400000), V(WAIT_HUP, 0), V(READ_REST, 0), V(SEND, 1), V(CLOSE, 0),
            F(READ_END, 0), F(CLOSE, 0)),
        "[\"fin_sent\",\"rst_sent\"]", FIN_BOTH, NULL, 300000, 0},

    {"reset-abrupt", "type = reset\nmode = abrupt\nside = %V\n" AT,
        STEPS(F(SEND, 1000), F(RESET, 0), MEETS_RESET),
        STEPS(F(SEND, 1500), MEETS_RESET, F(READ_END, 0), F(CLOSE, 0)), RST_SENT, FIN_BOTH, NULL,
        1000, 0},
    {"reset-drain", "type = reset\nside = %V\n" AT,
        STEPS(F(SEND, 1000), F(WAIT_ACKED, 0), F(RESET, 0), MEETS_RESET),
        STEPS(F(SEND, 1500), MEETS_RESET, F(READ_END, 0), F(CLOSE, 0)), RST_SENT, FIN_BOTH, NULL,
        1000, 0},
    {"reset-after-fin", "type = reset\nmode = after_fin\nside = %V\n" AT,
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), F(WAIT_ACKED, 0), F(RESET, 0), V(READ, 1000),
            V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0),
            F(READ_END, 0), F(CLOSE, 0)),
        "[\"fin_sent\",\"rst_sent\"]", FIN_BOTH, NULL, 1000, 0},
    {"reset-at-open", "type = reset\nside = %V\nother = reset\n",
        STEPS(F(RESET, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        RST_SENT, RST_SENT, NULL, 0, 0},
    {"reset-at-eof", "type = reset\nside = %V\nother = reset\nwhen = eof\ndirection = %D\n",
        STEPS(F(SEND, 1000), F(RESET, 0), MEETS_RESET),
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), MEETS_RESET, F(WAIT_HUP, 0), F(CLOSE, 0)), RST_SENT,
        "[\"fin_received\",\"rst_sent\"]", "far_fin", 1000, 0},
    {"reset-at-time", "type = reset\nside = %V\nother = hold\nwhen = time:3s\n",
        STEPS(F(SEND, 1000), F(RESET, 0), MEETS_RESET),
        STEPS(F(SEND, 1000), MEETS_RESET, F(LOOK, QUIET_MS), F(CLOSE, 0)), RST_SENT,
        "[\"fin_received\",\"fin_sent\"]", NULL, 1000, 0},

    {"other-close", "type = reset\nside = %F\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(SHUT_WR, 0), V(READ_END, 0), V(SEND, 5000),
            V(SHUT_WR, 0), F(READ_END, 0), V(WAIT_HUP, 0), V(CLOSE, 0)),
        STEPS(F(SEND, 1000), V(READ, 1000), V(READ_END, 0), V(SEND, 5000), V(SHUT_WR, 0),
            V(WAIT_HUP, 0), V(CLOSE, 0), F(WAIT_HUP, 0), F(READ_END, 0), F(CLOSE, 0)),
        FIN_BOTH, RST_SENT, NULL, 1000, 0},
    {"other-reset", "type = close\nside = %F\nother = reset\n" AT,
        STEPS(F(SEND, 1000), F(RESET, 0), MEETS_RESET),
        STEPS(F(SEND, 1000), MEETS_RESET, F(READ_END, 0), F(CLOSE, 0)), RST_SENT, FIN_BOTH, NULL,
        1000, 0},
    {"other-hold", "type = reset\nside = %F\nother = hold\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 5000), V(WAIT_ACKED, 0),
            V(LOOK, QUIET_MS), V(RESET, 0)),
        STEPS(F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 5000), V(WAIT_ACKED, 0),
            V(LOOK, QUIET_MS), V(RESET, 0), F(READ_END, 0), F(CLOSE, 0)),
        "[\"rst_received\"]", RST_SENT, NULL, 1000, 0},

    {"unread-one-byte", "type = unread\nside = %V\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 1), F(WAIT_QUEUED, 1),
            F(CLOSE, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 1), V(WAIT_HUP, 0),
            V(READ_END, 0), V(SEND, 1), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        RST_SENT, FIN_BOTH, NULL, 1000, 1},
    {"unread-1000", "type = unread\nbytes = 1000\nside = %V\nother = reset\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), V(SEND, 999), V(LOOK, QUIET_MS), V(SEND, 1),
            F(WAIT_QUEUED, 1000), F(CLOSE, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(SEND, 999), V(LOOK, QUIET_MS), V(SEND, 1),
            V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        RST_SENT, RST_SENT, NULL, 1000, 1000},
    {"unread-from-open", "type = unread\nbytes = 1000\nhold = open\nside = %V\n" AT,
        STEPS(V(SEND, 400), F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 600),
            F(WAIT_QUEUED, 1000), F(CLOSE, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0)),
        STEPS(V(SEND, 400), F(SEND, 1500), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 600),
            V(WAIT_HUP, 0), V(READ_END, 0), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        RST_SENT, FIN_BOTH, NULL, 1000, 1000},

    {"half-close", "type = half_close\nside = %V\n" AT,
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), V(READ, 1000), V(READ_END, 0), V(SEND, 70000),
            F(READ, 70000), V(WAIT_ACKED, 0), V(SHUT_WR, 0), F(READ_END, 0), V(WAIT_HUP, 0),
            V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(READ_END, 0), V(SEND, 70000), F(READ, 70000),
            V(WAIT_ACKED, 0), V(SHUT_WR, 0), F(READ_END, 0), V(WAIT_HUP, 0), V(CLOSE, 0),
            F(CLOSE, 0)),
        FIN_BOTH, NULL, NULL, 1000, 0},
    {"half-close-then-reset", "type = half_close\nside = %V\n" AT,
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), V(READ, 1000), V(READ_END, 0), F(RESET, 0),
            V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(READ_END, 0), F(RESET, 0), V(WAIT_HUP, 0),
            V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        "[\"fin_sent\",\"rst_sent\"]", "[\"rst_received\"]", NULL, 1000, 0},

    {"hold-fin", "type = hold_fin\ndirection = %D\n",
        STEPS(F(SEND, 1000), F(LEND, 0), F(CLOSE, 0), V(READ, 1000), V(LOOK, QUIET_MS),
            V(SEND, 5000), V(WAIT_ACKED, 0), V(LOOK, QUIET_MS), V(RESET, 0)),
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), F(WAIT_FIN_WAIT2, 0), V(READ, 1000), V(LOOK, QUIET_MS),
            V(SEND, 5000), V(WAIT_ACKED, 0), V(LOOK, QUIET_MS), F(READ, 5000), V(RESET, 0),
            F(WAIT_HUP, 0), F(CLOSE, 0)),
        "[\"rst_received\"]", "[\"fin_received\",\"rst_sent\"]", "far_fin", 1000, 0},
    {"hold-fin-for", "type = hold_fin\ndirection = %D\nfor = 3s\n",
        STEPS(F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), F(SHUT_WR, 0), V(WAIT_EOF, 0),
            V(READ_END, 0), V(SEND, 10), F(READ, 10), V(SHUT_WR, 0), V(WAIT_HUP, 0), V(CLOSE, 0)),
        STEPS(F(SEND, 1000), F(SHUT_WR, 0), V(READ, 1000), V(LOOK, QUIET_MS), V(WAIT_EOF, 0),
            V(READ_END, 0), V(SEND, 10), F(READ, 10), V(SHUT_WR, 0), V(WAIT_HUP, 0), V(CLOSE, 0),
            F(READ_END, 0), F(CLOSE, 0)),
        FIN_BOTH, "[\"fin_received\",\"fin_sent\"]", "far_fin", 1000, 0},

    {"shut-rd-discard", "type = shut_rd\nside = %V\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), F(SHUT_RD, 0), V(SEND, 70000), V(WAIT_ACKED, 0),
            V(LOOK, QUIET_MS), F(SEND, 500), V(READ, 500), F(SHUT_WR, 0), V(READ_END, 0),
            V(CLOSE, 0)),
        STEPS(F(SEND, 1000), V(READ, 1000), V(SEND, 70000), V(WAIT_ACKED, 0), V(LOOK, QUIET_MS),
            F(SEND, 500), V(READ, 500), F(SHUT_WR, 0), V(READ_END, 0), V(CLOSE, 0), F(READ_END, 0),
            F(CLOSE, 0)),
        FIN_BOTH, "[\"fin_received\",\"fin_sent\"]", "far_fin", 1500, 0},
    {"shut-rd-reset", "type = shut_rd\nmode = reset\nside = %V\n" AT,
        STEPS(F(SEND, 1000), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 1), F(WAIT_QUEUED, 1),
            F(RESET, 0), V(WAIT_HUP, 0), V(READ_END, 0), V(SEND, 1), V(CLOSE, 0)),
        STEPS(F(SEND, 1500), V(READ, 1000), V(LOOK, QUIET_MS), V(SEND, 1), V(WAIT_HUP, 0),
            V(READ_END, 0), V(SEND, 1), V(CLOSE, 0), F(READ_END, 0), F(CLOSE, 0)),
        RST_SENT, FIN_BOTH, NULL, 1000, 1},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

/* One case with one of the two ends as the victim. */
struct trial {
    const struct ending_case *it;
    enum peer_actor victim;
    char name[64];
    int reserved; /* holds the server's port, bound but not listening */
    struct peer_address server;
};

#define AT_ONCE 4 /* some wait for seconds */

static struct trial trials[2 * CASE_COUNT];
static struct proxy_process process;

static const char *const side_names[2] = {"client", "server"};
static const char *const direction_names[2] = {"downstream", "upstream"}; /* towards the side */

/* Copies the keys with %V, %F, %D and %U filled in. */
static void fill_in(const char *keys, enum peer_actor victim, FILE *out)
{
    for (; *keys != '\0'; keys++) {
        if (*keys != '%') {
            fputc(*keys, out);
            continue;
        }
        keys++;
        if (*keys == 'V' || *keys == 'F')
            fputs(side_names[*keys == 'V' ? victim : !victim], out);
        else
            fputs(direction_names[*keys == 'D' ? victim : !victim], out);
    }
}

static bool prepare_trial(struct trial *trial, size_t i, FILE *sections)
{
    const int on = 1;
    char upstream[PEER_ADDRESS_TEXT];
    trial->it = &cases[i / 2];
    trial->victim = i % 2 == 0 ? PEER_CLIENT : PEER_SERVER;
    snprintf(trial->name, sizeof trial->name, "%s-%s", trial->it->name, side_names[trial->victim]);
    (void)peer_address_parse("127.0.0.1:0", &trial->server);
    trial->reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (trial->reserved < 0 ||
        setsockopt(trial->reserved, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(trial->reserved, (const struct sockaddr *)(const void *)&trial->server.storage,
            trial->server.length) != 0 ||
        peer_address_of_socket(trial->reserved, &trial->server) != 0)
        return false;
    (void)peer_address_format(&trial->server, upstream, sizeof upstream);
    fprintf(sections, "[proxy %s]\nlisten = 127.0.0.1:0\nupstream = %s\n[fault %s]\nproxy = %s\n",
        trial->name, upstream, trial->name, trial->name);
    fill_in(trial->it->fault, trial->victim, sections);
    fputc('\n', sections);
    return true;
}

static bool start(void)
{
    char *sections = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&sections, &size);
    bool good = out != NULL;
    for (size_t i = 0; good && i < 2 * CASE_COUNT; i++)
        good = prepare_trial(&trials[i], i, out);
    if (out != NULL)
        fclose(out);
    good = good && proxy_process_start(&process, "grace = 1s\n", sections);
    free(sections);
    return good;
}

/* Runs a script with the roles given to client and server, after the usual opening. */
static int run_steps(const struct trial *trial, const struct steps *steps,
    const struct peers_route *route, struct transcript out[PEER_ACTORS])
{
    struct peer_step all[STEPS_MAX + 3] = {
        {PEER_SERVER, PEER_LISTEN, 16, 0, false},
        {PEER_CLIENT, PEER_CONNECT, 0, 0, false},
        {PEER_SERVER, PEER_ACCEPT, 0, 0, false},
    };
    struct peer_script script = {.name = trial->name, .steps = all, .n = steps->n + 3};
    for (size_t i = 0; i < steps->n; i++) {
        all[i + 3] = steps->step[i];
        all[i + 3].actor = (int)steps->step[i].actor == VICTIM
                               ? trial->victim
                               : (enum peer_actor)(trial->victim == PEER_CLIENT);
    }
    return peers_run(&script, route, out);
}

static void print_transcripts(const struct transcript *native, const struct transcript *proxied)
{
    size_t n = native->n > proxied->n ? native->n : proxied->n;
    printf("     %-50s | through the proxy\n", "native");
    for (size_t i = 0; i < n; i++)
        printf("     %-50s | %s\n", i < native->n ? native->lines[i].text : "",
            i < proxied->n ? proxied->lines[i].text : "");
}

static bool expect_value(const char *record, const char *side, const char *key, const char *wanted)
{
    char value[160] = "nothing";
    if (!records_value(record, side, key, value, sizeof value) || strcmp(value, wanted) != 0) {
        printf("     %s %s: %s, not %s\n", side != NULL ? side : "", key, value, wanted);
        return false;
    }
    return true;
}

/* "victim_fin" and the like, with the side's own name; the fault, with its name. */
static bool check_cause(const struct trial *trial, const char *record)
{
    char wanted[80];
    const char *cause = trial->it->cause;
    if (cause == NULL) {
        snprintf(wanted, sizeof wanted, "\"%s\"", trial->name);
        return expect_value(record, NULL, "cause", "\"fault\"") &&
               expect_value(record, NULL, "cause_fault", wanted);
    }
    bool victim = strncmp(cause, "victim", 6) == 0;
    snprintf(wanted, sizeof wanted, "\"%s%s\"", side_names[victim ? trial->victim : !trial->victim],
        strchr(cause, '_'));
    return expect_value(record, NULL, "cause", wanted);
}

/* All that the log has on this proxy. */
static void print_records(const char *proxy)
{
    char name[80];
    char *log = proxy_process_read_log(&process);
    snprintf(name, sizeof name, "\"proxy\":\"%s\"", proxy);
    for (char *line = log; line != NULL && *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        bool last = *end == '\0';
        *end = '\0';
        if (strstr(line, name) != NULL)
            printf("     %s\n", line);
        line = last ? end : end + 1;
    }
    free(log);
}

static bool check_record(const struct trial *trial)
{
    char *record = records_wait(&process, "closed", trial->name, 1);
    const struct ending_case *it = trial->it;
    const char *victim = side_names[trial->victim];
    const char *far = side_names[!trial->victim];
    if (record == NULL) {
        printf("     the connection was never closed\n");
        return false;
    }
    uint64_t out = records_number(record, victim, "bytes_out");
    uint64_t unread = records_number(record, victim, "unread");
    bool good = expect_value(record, victim, "ended", it->victim);
    good = (it->far == NULL || expect_value(record, far, "ended", it->far)) && good;
    good = check_cause(trial, record) && good;
    good = expect_value(record, NULL, "fault_count", "1") && good;
    if (out != it->out || (it->unread == 1 ? unread < 1 : unread != it->unread)) {
        printf("     handed out %zu, not %zu; unread %zu, not %zu\n", (size_t)out, it->out,
            (size_t)unread, it->unread);
        good = false;
    }
    if (!good)
        print_records(trial->name);
    free(record);
    return good;
}

static bool run_trial(const void *user, size_t i)
{
    const struct trial *trial = (const struct trial *)user + i;
    static struct transcript native[PEER_ACTORS];
    static struct transcript proxied[PEER_ACTORS];
    struct peers_route route = {.listen = trial->server, .deadline_ms = DEADLINE_MS};
    char text[PEER_ADDRESS_TEXT];
    bool good = run_steps(trial, &trial->it->native, &route, native) == 0;
    good = proxy_process_address(&process, trial->name, text, sizeof text) &&
           peer_address_parse(text, &route.dial) == 0 && good;
    good = run_steps(trial, &trial->it->proxied, &route, proxied) == 0 && good;
    good = transcript_equal(&native[trial->victim], &proxied[trial->victim]) && good;
    bool told = check_record(trial);
    printf("%s %s\n", good && told ? "ok" : "FAIL", trial->name);
    if (!good)
        print_transcripts(&native[trial->victim], &proxied[trial->victim]);
    if (!good && native[!trial->victim].n > 0) {
        printf("     the far end:\n");
        print_transcripts(&native[!trial->victim], &proxied[!trial->victim]);
    }
    return good && told;
}

int main(void)
{
    if (!start()) {
        printf("FAIL cannot start\n");
        return 1;
    }
    size_t passed = side_by_side_run(2 * CASE_COUNT, AT_ONCE, run_trial, trials);
    bool stopped = proxy_process_stop(&process);
    for (size_t i = 0; i < 2 * CASE_COUNT; i++)
        close(trials[i].reserved);
    printf("%zu passed, %zu failed\n", passed, 2 * CASE_COUNT - passed + !stopped);
    return passed == 2 * CASE_COUNT && stopped ? 0 : 1;
}
