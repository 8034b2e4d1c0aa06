/* SPDX-License-Identifier: MIT */
/*
 * The tables of the language: [rudeproxy], [proxy NAME] and the common keys of [fault NAME]. The
 * keys of a type of fault are in its row of the catalogue.
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
static const char *const others[] = {"close", "reset", "hold", NULL};
static const char *const sweep_expects[] = {"failed", "same", NULL};
static const char *const edges[] = {"after", "before", NULL};

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

const struct option fault_options[] = {
    {.name = "proxy",
        .kind = &option_names,
        .offset = offsetof(struct fault, proxies),
        .default_text = "*",
        .help = "which proxies it concerns"},
    {.name = "type",
        .kind = &option_type,
        .offset = offsetof(struct fault, type),
        .required = true,
        .help = "what it does"},
    {.name = "direction",
        .kind = &option_directions,
        .offset = offsetof(struct fault, directions),
        .default_text = "downstream",
        .help = "whose bytes are counted, matched or shaped, or whose FIN is meant"},
    {.name = "side",
        .kind = &option_sides,
        .offset = offsetof(struct fault, sides),
        .unset_text = "the type's own",
        .help = "which socket it happens to: the one facing the client or the server"},
    {.name = "other",
        .kind = &option_choice,
        .offset = offsetof(struct fault, other),
        .default_text = "close",
        .choices = others,
        .help = "what the side that is not named sees"},
    {.name = "when",
        .kind = &option_trigger,
        .offset = offsetof(struct fault, when),
        .default_text = "open",
        .help = "when it happens or begins; bytes counts what was forwarded in the direction, "
                "match:\"...\"#N+K waits for K bytes behind the N-th match, message:N for the N-th "
                "message of "
                "the proxy's protocol, idle for silence in "
                "both directions, run counts from the start of the run"},
    {.name = "when_direction",
        .kind = &option_directions,
        .offset = offsetof(struct fault, when_directions),
        .unset_text = "that of direction",
        .help = "whose bytes when counts, matches or waits for, if not those of direction"},
    {.name = "after",
        .kind = &option_after,
        .offset = offsetof(struct fault, after),
        .unset_text = "armed from the start",
        .help =
            "armed once this fault has fired on the same connection, with /any on any one of the "
            "run; counting, matching and waiting begin there"},
    {.name = "trigger_delay",
        .kind = &option_duration,
        .offset = offsetof(struct fault, trigger_delay_us),
        .default_text = "0s",
        .help = "it happens so long after its trigger"},
    {.name = "until",
        .kind = &option_until,
        .offset = offsetof(struct fault, until),
        .default_text = "never",
        .help = "when it ends"},
    {.name = "edge",
        .kind = &option_choice,
        .offset = offsetof(struct fault, edge),
        .default_text = "after",
        .choices = edges,
        .help = "of the match or message in when, or else in until: after lets it through first; "
                "before "
                "withholds its first byte and all that follows"},
    {.name = "match_hold",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct fault, match_hold_us),
        .default_text = "20ms",
        .min = 1,
        .help =
            "with edge = before: how long the beginning of a possible match waits for a further "
            "byte before it is forwarded; a match that is complete only then fires behind its "
            "last byte"},
    {.name = "connections",
        .kind = &option_selection,
        .offset = offsetof(struct fault, connections),
        .default_text = "all",
        .help = "which connections of a proxy, counted from 1"},
    {.name = "concurrent",
        .kind = &option_selection,
        .offset = offsetof(struct fault, concurrent),
        .default_text = "all",
        .help = "which of the connections that are open at once on a proxy, counted from 1 when "
                "they are accepted"},
    {.name = "times",
        .kind = &option_number_or_unlimited,
        .offset = offsetof(struct fault, times),
        .default_text = "unlimited",
        .min = 1,
        .help = "in how many connections at most"},
    {.name = "chance",
        .kind = &option_percentage,
        .offset = offsetof(struct fault, chance_ppb),
        .default_text = "100%",
        .min = 1,
        .max = 1000000000,
        .help = "in how many of these connections, drawn once when one opens"},
    {.name = "clients",
        .kind = &option_cidr_list,
        .offset = offsetof(struct fault, clients),
        .default_text = "any",
        .help = "addresses of the clients whose connections it concerns"},
    {.name = "destinations",
        .kind = &option_destinations,
        .offset = offsetof(struct fault, destinations),
        .default_text = "any",
        .help = "what an intercepted client wanted to connect to"},
    {.name = "sni",
        .kind = &option_server_names,
        .offset = offsetof(struct fault, sni),
        .default_text = "any",
        .help =
            "server names in the TLS ClientHello; the fault is armed when the name is known, and "
            "triggers before that do not fire"},
    {.name = "active",
        .kind = &option_window,
        .offset = offsetof(struct fault, active),
        .default_text = "always",
        .help = "only in this window of time, counted from the start of the run"},
    {.name = "must_fire",
        .kind = &option_yes_no,
        .offset = offsetof(struct fault, must_fire),
        .default_text = "no",
        .help = "yes: the run fails (exit 3) if it never happened"},
    {.name = "enabled",
        .kind = &option_yes_no,
        .offset = offsetof(struct fault, enabled),
        .default_text = "yes",
        .help = "no: it does nothing"},
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
