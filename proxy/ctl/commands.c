/* SPDX-License-Identifier: MIT */
/* Every command of ctl. The first ones are toxiproxy-cli's, with its options and aliases. */
#include "proxy/ctl/commands.h"

static const struct ctl_option create_options[] = {
    {.name = "listen",
        .letter = 'l',
        .argument = "ADDRESS",
        .help = "the listening address; default: a free port on 127.0.0.1"},
    {.name = "upstream", .letter = 'u', .argument = "ADDRESS", .help = "the address of the server"},
    {.name = NULL},
};

#define TOXIC_NAME                                                                                 \
    {                                                                                              \
        .name = "toxicName", .letter = 'n', .argument = "NAME", .help = "the name of the toxic"    \
    }
#define TOXIC_TOXICITY                                                                             \
    {                                                                                              \
        .name = "toxicity", .alias = "tox", .argument = "SHARE",                                   \
        .help = "the probability that a connection gets the toxic, 0 to 1"                         \
    }
#define TOXIC_ATTRIBUTE                                                                            \
    {                                                                                              \
        .name = "attribute", .letter = 'a', .argument = "KEY=VALUE",                               \
        .help = "such as latency=100; may be repeated, or several with commas", .many = true       \
    }

static const struct ctl_option toxic_add_options[] = {
    {.name = "type", .letter = 't', .argument = "TYPE", .help = "latency, timeout, ..."},
    TOXIC_NAME,
    TOXIC_TOXICITY,
    TOXIC_ATTRIBUTE,
    {.name = "upstream", .letter = 'u', .help = "act on bytes from the client to the server"},
    {.name = "downstream",
        .letter = 'd',
        .help = "act on bytes from the server to the client (default)"},
    {.name = NULL},
};

static const struct ctl_option toxic_update_options[] = {
    TOXIC_NAME,
    TOXIC_TOXICITY,
    TOXIC_ATTRIBUTE,
    {.name = NULL},
};

static const struct ctl_option toxic_remove_options[] = {
    TOXIC_NAME,
    {.name = NULL},
};

#define NEW_CONNECTIONS                                                                            \
    {                                                                                              \
        .name = "new", .help = "only for new connections; open connections keep their faults"      \
    }

static const struct ctl_option fault_add_options[] = {
    {.name = "name",
        .letter = 'n',
        .argument = "NAME",
        .help = "the name of the fault; default: its type"},
    NEW_CONNECTIONS,
    {.name = NULL},
};

static const struct ctl_option fault_options[] = {
    NEW_CONNECTIONS,
    {.name = NULL},
};

static const struct ctl_option kill_options[] = {
    {.name = "how",
        .argument = "TYPE",
        .help = "the ending: reset (default), close, vanish, unread..."},
    {.name = NULL},
};

static const struct ctl_option top_options[] = {
    {.name = "once", .help = "print one picture and exit"},
    {.name = NULL},
};

static const struct ctl_option events_options[] = {
    {.name = "follow", .letter = 'f', .help = "print each new event"},
    {.name = "after", .argument = "ID", .help = "begin after this event; 0: with the oldest"},
    {.name = NULL},
};

static const struct ctl_option reload_options[] = {
    {.name = "drop", .help = "also drop what the API has added or changed"},
    {.name = NULL},
};

#define MANY CTL_WORDS_MAX

/* group, its aliases, name, aliases, arguments, help, options, operands, function, toxiproxy-cli's
 * words */
const struct ctl_command ctl_commands[] = {
    {NULL, NULL, "list", "l li ls", "", "list all proxies", NULL, 0, 0, ctl_list,
        "Failed to retrieve proxies"},
    {NULL, NULL, "inspect", "i ins", "PROXY", "list the toxics of a proxy", NULL, 1, 1, ctl_inspect,
        "Failed to retrieve proxy "},
    {NULL, NULL, "create", "c new", "-l ADDRESS -u ADDRESS PROXY", "add a proxy", create_options, 1,
        1, ctl_create, "Failed to create proxy"},
    {NULL, NULL, "toggle", "tog", "PROXY", "disable a proxy, or enable it", NULL, 1, 1, ctl_toggle,
        "Failed to retrieve proxy "},
    {NULL, NULL, "delete", "d", "PROXY", "remove a proxy and end its connections", NULL, 1, 1,
        ctl_delete, "Failed to retrieve proxy "},
    {"toxic", "t", "list", "l ls", "PROXY", "list the toxics of a proxy", NULL, 1, 1,
        ctl_toxic_list, "Failed to retrieve proxy "},
    {"toxic", "t", "add", "a", "-t TYPE -a KEY=VALUE... PROXY", "add a toxic", toxic_add_options, 1,
        1, ctl_toxic_add, "Failed to add toxic"},
    {"toxic", "t", "update", "u", "-n NAME -a KEY=VALUE... PROXY", "change a toxic",
        toxic_update_options, 1, 1, ctl_toxic_update, "Failed to update toxic"},
    {"toxic", "t", "remove", "r rm delete d", "-n NAME PROXY", "remove a toxic",
        toxic_remove_options, 1, 1, ctl_toxic_remove, "Failed to remove toxic"},

    {"fault", "faults", "list", "l ls", "[PROXY]", "list the faults with all keys", NULL, 0, 1,
        ctl_fault_list, NULL},
    {"fault", "faults", "add", "a", "PROXY 'KEY=VALUE...'",
        "add a fault: 'type=reset when=bytes:1k'", fault_add_options, 2, MANY, ctl_fault_add, NULL},
    {"fault", "faults", "change", "c", "PROXY FAULT 'KEY=VALUE...'",
        "change keys of a fault; KEY= restores a default", fault_options, 3, MANY, ctl_fault_change,
        NULL},
    {"fault", "faults", "remove", "r rm delete d", "PROXY FAULT", "remove a fault", fault_options,
        2, 2, ctl_fault_remove, NULL},
    {"fault", "faults", "enable", NULL, "PROXY FAULT", "enable a fault", fault_options, 2, 2,
        ctl_fault_enable, NULL},
    {"fault", "faults", "disable", NULL, "PROXY FAULT", "disable a fault", fault_options, 2, 2,
        ctl_fault_disable, NULL},
    {NULL, NULL, "connections", "conns", "[PROXY]", "list the open connections", NULL, 0, 1,
        ctl_connections, NULL},
    {NULL, NULL, "kill", NULL, "[--how TYPE] PROXY NUMBER ['KEY=VALUE...']", "end a connection",
        kill_options, 2, MANY, ctl_kill, NULL},
    {NULL, NULL, "inject", NULL, "PROXY NUMBER 'KEY=VALUE...'", "add a fault to one connection",
        NULL, 3, MANY, ctl_inject, NULL},
    {NULL, NULL, "top", NULL, "[--once]", "show rates, faults and connections, each second",
        top_options, 0, 0, ctl_top, NULL},
    {NULL, NULL, "events", NULL, "[--follow]", "print the events, one JSON object on each line",
        events_options, 0, 0, ctl_events, NULL},
    {NULL, NULL, "report", NULL, "", "print the report of the run so far, as JSON", NULL, 0, 0,
        ctl_report, NULL},
    {NULL, NULL, "config", NULL, "", "print the present configuration as a file", NULL, 0, 0,
        ctl_config, NULL},
    {NULL, NULL, "reload", NULL, "[--drop]", "read the file again", reload_options, 0, 0,
        ctl_reload, NULL},
    {NULL, NULL, "reset", NULL, "", "enable all proxies, remove all faults", NULL, 0, 0, ctl_reset,
        NULL},
    {NULL, NULL, "reset-counts", NULL, "",
        "number connections from 1 again, restart the count for the key times", NULL, 0, 0,
        ctl_reset_counts, NULL},
    {NULL, NULL, "version", NULL, "", "print the server's version and seed", NULL, 0, 0,
        ctl_version, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
