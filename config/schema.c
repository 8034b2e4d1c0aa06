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
#include "config/name.h"
#include "config/source.h"

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
        .help = "what every draw follows from: the same seed repeats a run"},
    {.name = "log",
        .kind = &option_log,
        .offset = offsetof(struct settings, log),
        .default_text = "stderr",
        .help = "where the log goes; none: nowhere"},
    {.name = "log_format",
        .kind = &option_choice,
        .offset = offsetof(struct settings, log_format),
        .default_text = "text",
        .choices = log_formats,
        .help = "lines for people, or one JSON object a line"},
    {.name = "pcap",
        .kind = &option_path,
        .offset = offsetof(struct settings, pcap),
        .unset_text = "no packets",
        .help = "append what passed to this pcapng file, as packets made from the events"},
    {.name = "admin",
        .kind = &option_listen,
        .offset = offsetof(struct settings, admin),
        .unset_text = "no HTTP API",
        .help = "where the HTTP API listens; only this machine may reach it, unless there is an "
                "admin_token"},
    {.name = "admin_token",
        .kind = &option_token,
        .offset = offsetof(struct settings, admin_token),
        .unset_text = "none is asked for",
        .help = "what callers of the HTTP API have to send: Authorization: Bearer TOKEN"},
    {.name = "admin_open",
        .kind = &option_yes_no,
        .offset = offsetof(struct settings, admin_open),
        .default_text = "no",
        .help = "yes: the HTTP API needs no admin_token at any address and takes any Host"},
    {.name = "admin_hosts",
        .kind = &option_hosts,
        .offset = offsetof(struct settings, admin_hosts),
        .unset_text = "no further name",
        .help = "names, beside localhost and that of admin, by which callers may address the "
                "HTTP API"},
    {.name = "user",
        .kind = &option_user,
        .offset = offsetof(struct settings, user),
        .unset_text = "it stays who it is",
        .help = "whom root becomes once everything is bound; keeps CAP_NET_ADMIN only where a "
                "fault of the file needs it"},
    {.name = "sandbox",
        .kind = &option_choice,
        .offset = offsetof(struct settings, sandbox),
        .default_text = "auto",
        .choices = sandboxes,
        .help = "auto: once started, it gives up calls such as execve and ptrace (seccomp), where "
                "the kernel can do that"},
    {.name = "memory",
        .kind = &option_size,
        .offset = offsetof(struct settings, memory),
        .default_text = "1G",
        .min = UINT64_C(1) << 20, /* a few connections */
        .help = "bytes that all buffers may hold together; beyond it senders have to wait"},
    {.name = "grace",
        .kind = &option_duration,
        .offset = offsetof(struct settings, grace_us),
        .default_text = "5s",
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
        .help = "where clients connect; port 0 lets the kernel choose"},
    {.name = "upstream",
        .kind = &option_upstream,
        .offset = offsetof(struct proxy_config, upstream),
        .required = true,
        .unless = "intercept",
        .unset_text = "where the intercepted client wanted to go",
        .help = "where connections are forwarded to"},
    {.name = "intercept",
        .kind = &option_intercept,
        .offset = offsetof(struct proxy_config, intercept),
        .unset_text = "it listens",
        .help = "instead of listen, under exec: take what the command connects to there"},
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
        .help = "how long to wait for each address of the upstream"},
    {.name = "buffer",
        .kind = &option_buffer,
        .offset = offsetof(struct proxy_config, buffer),
        .default_text = "auto",
        .min = SIZE_4K, /* a page: less costs a system call for every few bytes */
        .max = SIZE_1G,
        .help =
            "bytes that each direction of a connection may hold in memory; auto: 256k, and up to "
            "64M while a fault delays them"},
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
        .help = "auto: bulk data moves by splice(2); off: it is always copied"},
    {.name = "congestion",
        .kind = &option_choice,
        .offset = offsetof(struct proxy_config, congestion),
        .default_text = "auto",
        .choices = congestions,
        .help =
            "congestion control; auto: reno on loopback where the system's is bbr, whose pacing "
            "halves the throughput there; system: always the system's"},
    {.name = "backlog",
        .kind = &option_number,
        .offset = offsetof(struct proxy_config, backlog),
        .default_text = "4096", /* SOMAXCONN since Linux 5.4 */
        .max = 65535,           /* net.core.somaxconn is 16 bits wide in older kernels */
        .help = "of listen(2): clients that may wait to be accepted"},
    {.name = "unreachable",
        .kind = &option_choice,
        .offset = offsetof(struct proxy_config, unreachable),
        .default_text = "reset",
        .choices = unreachables,
        .help = "what a client gets whose upstream cannot be reached; refuse: a reset now, and "
                "nobody listens until the upstream answers again"},
    {.name = "protocol",
        .kind = &option_protocol,
        .offset = offsetof(struct proxy_config, protocol),
        .default_text = "raw",
        .help = "how the bytes of each direction are cut into messages, for when = message:N"},
    {.name = "log_messages",
        .kind = &option_yes_no,
        .offset = offsetof(struct proxy_config, log_messages),
        .default_text = "no",
        .help = "yes: an event for each message; needs a protocol"},
    {.name = "capture",
        .kind = &option_size,
        .offset = offsetof(struct proxy_config, capture),
        .default_text = "0",
        .max = CAPTURE_MAX,
        .help =
            "the first bytes of each message, in an event for it; needs a protocol; the log then "
            "holds what peers sent"},
    {.name = NULL},
};

#define TEXT_ROW(member, help_text)                                                                \
    {                                                                                              \
        .name = #member, .kind = &option_text, .offset = offsetof(struct sweep_config, member),    \
        .unset_text = "none", .help = help_text                                                    \
    }

const struct option sweep_config_options[] = {
    {.name = "jobs",
        .kind = &option_number,
        .offset = offsetof(struct sweep_config, jobs),
        .min = 1,
        .max = 64,
        .unset_text = "as many as there are CPUs",
        .help = "runs side by side"},
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct sweep_config, timeout_us),
        .min = 1,
        .unset_text = "five times the baseline plus 2s",
        .help = "how long a run may take before it counts as hung"},
    {.name = "expect",
        .kind = &option_choice,
        .offset = offsetof(struct sweep_config, expect),
        .default_text = "failed",
        .choices = sweep_expects,
        .help = "same: an error that the command reports is bad, too"},
    TEXT_ROW(budget, "how many places to try (300), or for how long (10m)"),
    TEXT_ROW(setup, "a shell command before each run"),
    TEXT_ROW(check, "a shell command after each run, which exits with 0 if all is as it should be"),
    TEXT_ROW(compare, "files whose contents are compared; upstream: what the server received"),
    TEXT_ROW(allow, "outcomes that are not bad"),
    TEXT_ROW(sweep_fault, "faults to try, with | between them: close side=client | reset"),
    {.name = NULL},
};

const struct section_kind section_kinds[] = {
    [KIND_SETTINGS] = {.word = "rudeproxy", .named = false, .options = settings_options},
    [KIND_PROXY] = {.word = "proxy", .named = true, .options = proxy_options},
    [KIND_FAULT] = {.word = "fault", .named = true, .options = fault_options},
    [KIND_SWEEP] = {.word = "sweep", .named = false, .options = sweep_config_options},
    {.word = NULL},
};
