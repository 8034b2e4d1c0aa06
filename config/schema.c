/* SPDX-License-Identifier: MIT */
/*
 * The tables of the language: [rudeproxy], [proxy NAME] and [sweep]. The common keys of
 * [fault NAME] are in fault_keys.c, the keys of a type of fault in its row of the catalogue.
 *
 * The reason for a limit, if there is one, follows the number.
 */

#include "config/config.h"
#include "config/hosts.h"
#include "config/kind.h"
#include "config/source.h"
#include "config/sweep.h"
#include "config/sweep_fault.h"

#define SIZE_4K (4u << 10)
#define SIZE_2K (2u << 10)
#define SIZE_1G (1u << 30)

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const unreachables[] = {"reset", "close", "hang", "refuse", NULL};
static const char *const sandboxes[] = {"auto", "off", NULL};
static const char *const splices[] = {"auto", "off", NULL};
static const char *const congestions[] = {"auto", "system", NULL};
static const char *const sweep_expects[] = {"failed", "same", NULL};

const char *const builtin_services[] = {"echo", "discard", "chargen", "http", NULL};

const struct option settings_options[] = {
    {.name = "seed",
        .kind = &option_seed,
        .offset = 0, /* the kind fills has_seed and seed */
        .unset_text = "drawn at start",
        .help = "all random values are computed from it: the same seed repeats a run"},
    {.name = "log",
        .kind = &option_log,
        .offset = offsetof(struct settings, log),
        .default_text = "stderr",
        .help = "where the log is written; none: nowhere"},
    {.name = "log_format",
        .kind = &option_choice,
        .offset = offsetof(struct settings, log_format),
        .default_text = "text",
        .choices = log_formats,
        .help = "text: lines for people; json: one JSON object on each line"},
    {.name = "pcap",
        .kind = &option_path,
        .offset = offsetof(struct settings, pcap),
        .unset_text = "no packets",
        .help = "append each connection to this pcapng file, as packets made from its events"},
    {.name = "admin",
        .kind = &option_listen,
        .offset = offsetof(struct settings, admin),
        .unset_text = "no HTTP API",
        .help = "the address of the HTTP API; an address that other machines can reach needs "
                "admin_token or admin_open"},
    {.name = "admin_token",
        .kind = &option_token,
        .offset = offsetof(struct settings, admin_token),
        .unset_text = "no token is required",
        .help =
            "the token that callers of the HTTP API have to send, as Authorization: Bearer TOKEN"},
    {.name = "admin_open",
        .kind = &option_yes_no,
        .offset = offsetof(struct settings, admin_open),
        .default_text = "no",
        .help = "yes: the HTTP API needs no admin_token on any address and accepts any Host"},
    {.name = "admin_hosts",
        .kind = &option_hosts,
        .offset = offsetof(struct settings, admin_hosts),
        .unset_text = "no further name",
        .help = "more host names that the HTTP API accepts; localhost and the name in admin are "
                "always accepted"},
    {.name = "user",
        .kind = &option_user,
        .offset = offsetof(struct settings, user),
        .unset_text = "no change of user",
        .help = "root changes to this user when all addresses are bound; CAP_NET_ADMIN stays only "
                "if a fault of the file needs it"},
    {.name = "sandbox",
        .kind = &option_choice,
        .offset = offsetof(struct settings, sandbox),
        .default_text = "auto",
        .choices = sandboxes,
        .help = "auto: after the start, a seccomp filter forbids calls such as execve and ptrace, "
                "if the kernel has seccomp"},
    {.name = "memory",
        .kind = &option_size,
        .offset = offsetof(struct settings, memory),
        .default_text = "1G",
        .reloads = true,
        .min = UINT64_C(1) << 20, /* a few connections */
        .help = "the limit of all buffers together, in bytes; at the limit, senders have to wait"},
    {.name = "grace",
        .kind = &option_duration,
        .offset = offsetof(struct settings, grace_us),
        .default_text = "5s",
        .reloads = true,
        .help = "how long a stop waits for open connections before it resets them"},
    {.name = NULL},
};

const struct option proxy_options[] = {
    {.name = "listen",
        .kind = &option_listen,
        .offset = offsetof(struct proxy_config, listen),
        .required = true,
        .unless = "intercept",
        .unset_text = "it intercepts",
        .help = "the address to which clients connect; with port 0 the kernel chooses the port"},
    {.name = "upstream",
        .kind = &option_upstream,
        .offset = offsetof(struct proxy_config, upstream),
        .required = true,
        .unless = "intercept",
        .unset_text = "where the intercepted client wanted to go",
        .help = "the address of the server"},
    {.name = "intercept",
        .kind = &option_intercept,
        .offset = offsetof(struct proxy_config, intercept),
        .unset_text = "it listens",
        .help = "instead of listen, under exec: take the connections of the command to these ports "
                "and hosts"},
    {.name = "enabled",
        .kind = &option_yes_no,
        .offset = offsetof(struct proxy_config, enabled),
        .default_text = "yes",
        .help = "no: the proxy does not listen"},
    {.name = "connect_timeout",
        .kind = &option_duration,
        .offset = offsetof(struct proxy_config, connect_timeout_us),
        .default_text = "10s",
        .min = 1000, /* less would fail on the slightest pause */
        .help = "how long to wait for each address of the server"},
    {.name = "buffer",
        .kind = &option_buffer,
        .offset = offsetof(struct proxy_config, buffer),
        .default_text = "auto",
        .min = SIZE_4K, /* a page: less costs a system call for every few bytes */
        .max = SIZE_1G,
        /* PROXY_BUFFER, PROXY_DELAYED_MAX */
        .help = "how many bytes each direction of a connection can store in memory; auto: 256k, "
                "and up to 64M more while latency delays them"},
    {.name = "rcvbuf",
        .kind = &option_size,
        .offset = offsetof(struct proxy_config, rcvbuf),
        .min = SIZE_2K, /* the kernel doubles it, and silently raises values below 2304 */
        .max = SIZE_1G,
        .unset_text = "the kernel's",
        .help = "SO_RCVBUF of both sockets"},
    {.name = "sndbuf",
        .kind = &option_size,
        .offset = offsetof(struct proxy_config, sndbuf),
        .min = SIZE_4K, /* the kernel silently raises values below 4608 */
        .max = SIZE_1G,
        .unset_text = "the kernel's",
        .help = "SO_SNDBUF of both sockets"},
    {.name = "nodelay",
        .kind = &option_yes_no,
        .offset = offsetof(struct proxy_config, nodelay),
        .default_text = "yes",
        .help = "TCP_NODELAY on both sockets"},
    {.name = "splice",
        .kind = &option_choice,
        .offset = offsetof(struct proxy_config, splice),
        .default_text = "auto",
        .choices = splices,
        .help = "auto: splice(2) moves bulk data; off: data is always copied"},
    {.name = "congestion",
        .kind = &option_choice,
        .offset = offsetof(struct proxy_config, congestion),
        .default_text = "auto",
        .choices = congestions,
        .help = "the congestion control of both sockets; system: that of the system; auto: the "
                "same, but reno instead of bbr on loopback, where bbr halves the throughput"},
    {.name = "backlog",
        .kind = &option_number,
        .offset = offsetof(struct proxy_config, backlog),
        .default_text = "4096", /* SOMAXCONN since Linux 5.4 */
        .max = 65535,           /* net.core.somaxconn is 16 bits wide in older kernels */
        .help = "the backlog of listen(2): how many clients can wait to be accepted"},
    {.name = "unreachable",
        .kind = &option_choice,
        .offset = offsetof(struct proxy_config, unreachable),
        .default_text = "reset",
        .choices = unreachables,
        .help = "what the client gets if the server cannot be reached; reset: a RST; close: a FIN; "
                "hang: nothing; refuse: a RST, and the listening socket stays closed until the "
                "server answers again"},
    {.name = "protocol",
        .kind = &option_protocol,
        .offset = offsetof(struct proxy_config, protocol),
        .default_text = "raw",
        .help = "how the bytes of each direction are split into messages, for when = message:N"},
    {.name = "log_messages",
        .kind = &option_yes_no,
        .offset = offsetof(struct proxy_config, log_messages),
        .default_text = "no",
        .help = "yes: the log gets an event for each message; needs a protocol"},
    {.name = "capture",
        .kind = &option_size,
        .offset = offsetof(struct proxy_config, capture),
        .default_text = "0",
        .max = CAPTURE_MAX,
        .help = "how many of the first bytes of each message its event contains; needs a protocol; "
                "these bytes can contain passwords"},
    {.name = NULL},
};

#define ROW(member, of_kind, help_text)                                                            \
    {                                                                                              \
        .name = #member, .kind = &(of_kind), .offset = offsetof(struct sweep_config, member),      \
        .unset_text = "none", .help = help_text                                                    \
    }

const struct option sweep_config_options[] = {
    {.name = "jobs",
        .kind = &option_number,
        .offset = offsetof(struct sweep_config, jobs),
        .min = 1,
        .max = 64,
        .unset_text = "as many as there are CPUs",
        .help = "how many runs at the same time"},
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct sweep_config, timeout_us),
        .min = 1000, /* libuv's timers count milliseconds */
        .unset_text = "five times the baseline plus 2s",
        .help = "a run that takes longer counts as hung"},
    {.name = "expect",
        .kind = &option_choice,
        .offset = offsetof(struct sweep_config, expect),
        .default_text = "failed",
        .choices = sweep_expects,
        .help = "same: an error that the command reports is bad, too"},
    ROW(budget, option_budget, "how many places to try (300), or for how long (10m)"),
    ROW(setup, option_text, "a shell command before each run"),
    ROW(check, option_text,
        "a shell command after each run, which exits with 0 if the state is right"),
    ROW(compare, option_compare,
        "files whose contents are compared; upstream: what the server received"),
    ROW(allow, option_outcomes, "outcomes that are not bad"),
    ROW(sweep_fault, option_sweep_faults,
        "faults to try, with | between them: close side=client | reset"),
    {.name = NULL},
};

const struct section_kind section_kinds[] = {
    [KIND_SETTINGS] = {.word = "rudeproxy", .named = false, .options = settings_options},
    [KIND_PROXY] = {.word = "proxy", .named = true, .options = proxy_options},
    [KIND_FAULT] = {.word = "fault", .named = true, .options = fault_options},
    [KIND_SWEEP] = {.word = "sweep", .named = false, .options = sweep_config_options},
    {.word = NULL},
};
