/* SPDX-License-Identifier: MIT */
/*
 * The configuration as plain values: the INI file and the command line, checked as a whole. It uses
 * no socket and no loop.
 *
 * Life: config_source_init, add sources (a file, sections from the command line), config_build,
 * use, config_free. A configuration is never edited in place: a reload builds a new one.
 */
#ifndef RUDEPROXY_CONFIG_CONFIG_H
#define RUDEPROXY_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "proxy/base/address.h"
#include "proxy/base/must_check.h"
#include "proxy/base/option.h"
#include "proxy/fault/destination.h"
#include "proxy/fault/fault.h"
#include "proxy/framing/protocol.h"

enum log_format { LOG_TEXT, LOG_JSON };

/* The ending that a client sees if the upstream cannot be reached. */
enum unreachable { UNREACHABLE_RESET, UNREACHABLE_CLOSE, UNREACHABLE_HANG, UNREACHABLE_REFUSE };

#define OPTION_TOKEN_MAX 129 /* 128 bytes: a SHA-512 in hexadecimal digits */

#define OPTION_USER_MAX 33   /* useradd(8): 32 characters */
#define OPTION_HOSTS_MAX 256 /* longer than a line of the file */

/* Whether the running program gives up system calls that it does not need. */
enum sandbox { SANDBOX_AUTO, SANDBOX_OFF };

/* [rudeproxy] */
struct settings {
    bool has_seed; /* false: drawn at the start */
    uint64_t seed;
    char log[OPTION_PATH_MAX];          /* "stderr", "stdout", "none" or a path */
    int log_format;                     /* enum log_format */
    char pcap[OPTION_PATH_MAX];         /* the pcapng file; "": none */
    struct address admin;               /* of the HTTP API; an empty host: no API */
    char admin_token[OPTION_TOKEN_MAX]; /* required from API clients; "": none */
    bool admin_open;                    /* without a token, any address and any Host are accepted */
    char admin_hosts[OPTION_HOSTS_MAX]; /* accepted Host names, "a,b"; "": none */
    char user[OPTION_USER_MAX];         /* the user to become after binding; "": no change */
    int sandbox;                        /* enum sandbox */
    uint64_t memory;                    /* limit of all buffers together, in bytes */
    uint64_t grace_us;                  /* how long a stop waits for open connections */
};

/* How bulk data moves. */
enum splice { SPLICE_AUTO, SPLICE_OFF };

/* Selects the congestion control: reno on loopback if needed (net/congestion.h), or always the
 * kernel's. */
enum congestion { CONGESTION_AUTO, CONGESTION_SYSTEM };

/* `buffer = auto`: PROXY_BUFFER bytes, and as many more as a fault delays, up to PROXY_DELAYED_MAX.
 * Bytes that only wait for the receiver never count as delayed. The help of the key in schema.c
 * says these figures too. */
#define BUFFER_AUTO 0
#define PROXY_BUFFER (256u << 10)
#define PROXY_DELAYED_MAX (64u << 20)

#define PROXY_NAME_MAX 128 /* NUL included; the file's names are shorter, see CONFIG_NAME_MAX */

#define CAPTURE_MAX 4096 /* of `capture`: as hexadecimal digits they fit into a line of the log */

/* `listen` as a client of Toxiproxy's API wrote it (":80", ""). */
struct listen_text {
    bool given;
    char text[ADDRESS_TEXT_MAX];
};

/* [proxy NAME] */
struct proxy_config {
    char name[PROXY_NAME_MAX];
    struct address listen;             /* ADDRESS_DIALLED without a host: it intercepts */
    struct listen_text listen_text;    /* of Toxiproxy's API, shown until `listen` is bound */
    struct address upstream;           /* ADDRESS_DIALLED: the address that the client dialled */
    struct destination_list intercept; /* destinations it accepts without listening; empty: none */
    bool enabled;
    uint64_t connect_timeout_us; /* for each address tried */
    uint64_t buffer;             /* buffer of one direction in bytes; BUFFER_AUTO */
    uint64_t rcvbuf, sndbuf;     /* socket buffers in bytes; 0: the kernel's own */
    bool nodelay;                /* TCP_NODELAY on both sockets */
    int splice;                  /* enum splice */
    int congestion;              /* enum congestion */
    uint64_t backlog;            /* of listen(2) */
    int unreachable;             /* enum unreachable */
    struct protocol protocol;    /* how the stream is cut into messages */
    bool log_messages;           /* an event for each message */
    uint64_t capture; /* bytes of each message in its event; 0: none, at most CAPTURE_MAX */
    bool silent;      /* internal: not shown, and not recorded */
};

/* Whether the proxy takes connections of a command, and does not listen. */
static inline bool proxy_config_intercepts(const struct proxy_config *proxy)
{
    return proxy->intercept.count > 0;
}

/* Writes which connections the proxy takes: its `intercept`, or its `listen`. */
void proxy_config_format_listen(const struct proxy_config *proxy, char *buf, size_t size);

/* [sweep]: defaults for the options of `rudeproxy sweep`. Texts are parsed by
 * proxy/app/sweep/options.h; "" is unset. */
struct sweep_config {
    uint64_t jobs;       /* 0: unset */
    uint64_t timeout_us; /* 0: unset */
    int expect;          /* index: failed, same */
    char budget[OPTION_PATH_MAX], setup[OPTION_PATH_MAX], check[OPTION_PATH_MAX];
    char compare[OPTION_PATH_MAX], allow[OPTION_PATH_MAX], sweep_fault[OPTION_PATH_MAX];
};

struct config {
    struct settings settings;
    struct sweep_config sweep;
    struct proxy_config *proxies; /* owned; in file order */
    size_t proxy_count;
    struct fault *faults; /* owned; in file order, which also decides ties */
    size_t fault_count;
};

/* The tables define the language: [rudeproxy], [proxy NAME], and the common keys of [fault NAME].
 * The keys of a type are in its catalogue row. */
extern const struct option settings_options[];
extern const struct option proxy_options[];
extern const struct option fault_options[];
extern const struct option sweep_config_options[];

/* The names behind `builtin:`, ends with NULL. */
extern const char *const builtin_services[];

struct config_source; /* sections as read, each key with its place */

/* Returns NULL only if out of memory. */
struct config_source *config_source_new(void);
void config_source_free(struct config_source *source);

#define CONFIG_FILE_MAX (1u << 20) /* no hand-written INI is 1 MiB; makes a wrong path cheap */

/* Reads a file of up to CONFIG_FILE_MAX bytes and splits it into sections. The source keeps the
 * problems, and config_build reports them. Waits for the writer of a FIFO. */
void config_source_add_file(struct config_source *source, const char *path);

/* Reports that a file or folder could not be read, so that sections may be missing. */
void config_source_report_unread(struct config_source *source, const char *place, const char *text);

/* Reads a descriptor up to its end. *text is NULL at first; the caller frees it, also after a
 * failure. Returns the number of bytes, which a NUL follows, or a negative errno; -EFBIG: there are
 * more than CONFIG_FILE_MAX. */
MUST_CHECK ssize_t config_read(int fd, char **text);

/* Reads text in memory; `name` replaces the file's name in messages. */
void config_source_add_text(struct config_source *source, const char *name, const char *text);

/* Adds one section from the command line. `place` names it in messages ("--fault 1"); `keys` is
 * "key=value key=value...", with blanks between pairs; values may be in double quotes. */
void config_source_add_words(
    struct config_source *source, const char *place, const char *section, const char *keys);

/* Adds (or overrides) one key, for --seed, --log-format and the like. The value has the syntax of
 * the file. */
void config_source_set(struct config_source *source, const char *place, const char *section,
    const char *key, const char *value);

/* Whether a file has this section, which the command line is about to add. Reports it, once. */
bool config_source_report_taken(
    struct config_source *source, const char *place, const char *section);

/* Like config_source_set, but the value stands for itself: quotes, blanks and semicolons in it mean
 * nothing. */
void config_source_set_literal(struct config_source *source, const char *place, const char *section,
    const char *key, const char *value);

/* Adds one key unless the section has it already. Call it after all other sources. */
void config_source_set_default(struct config_source *source, const char *place, const char *section,
    const char *key, const char *value);

/* Checks everything and writes all problems to `problems`, one a line: `FILE:LINE: [section] key:
 * what is wrong, what would be right`. Returns the number of problems. If it is 0, `config` is
 * complete and owned by the caller. Call it once for each source. */
size_t config_build(struct config_source *source, struct config *config, FILE *problems);
void config_free(struct config *config);

/* Prints the configuration as a valid file that config_build reads back unchanged. */
void config_print(const struct config *config, FILE *out);

/* Print one section: settings, a proxy, a fault. `has_parts`: see fault_describe_when(). */
void config_print_settings(const struct settings *settings, FILE *out);
void config_print_proxy(const struct proxy_config *proxy, FILE *out);
void config_print_fault(const struct fault *fault, bool has_parts, FILE *out);

/* Print the manual from the tables: every type of fault in one line, or every key of one type with
 * its form, default and meaning. The second returns -1 if there is no such type. */
void catalogue_print(FILE *out);
int catalogue_print_type(const char *name, FILE *out);
/* Prints the whole manual as Markdown: docs/FAULTS.md. */
void catalogue_print_markdown(FILE *out);

/* Whether a key applies to a fault: one that does not is an error in the file, and is not printed.
 * `table` is fault_options or the type's own. */
bool fault_row_applies(
    const struct fault *fault, const struct option *table, const struct option *row);

/* Sets the common keys to their defaults. A type may have other defaults for some of them. */
void fault_set_defaults(struct fault *fault, const struct fault_type *type);

/* Returns the fault of this name, or NULL: there is none. */
static inline const struct fault *config_find_fault(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->fault_count; i++)
        if (strcmp(config->faults[i].name, name) == 0)
            return &config->faults[i];
    return NULL;
}

/* Whether two faults are equal, ignoring their names and proxies. */
bool fault_equal(const struct fault *a, const struct fault *b);

/* Checks the message triggers of a fault against the protocol of a proxy. Returns 0; or -1 with err
 * filled and *key naming the wrong key. */
MUST_CHECK int config_check_messages(
    const struct fault *fault, const struct proxy_config *proxy, const char **key, struct err *err);

/* Checks that a fault can act on the sockets of a proxy. `alone`: no other proxy has the fault, so
 * it has to meet a connection of this one. Returns 0; or -1 with err filled and *key naming the
 * wrong key. */
MUST_CHECK int config_check_reach(const struct fault *fault, const struct proxy_config *proxy,
    bool alone, const char **key, struct err *err);

/* Checks that a fault whose `after` names `first` can wait for it on one connection. Returns 0, or
 * -1 with err filled. */
MUST_CHECK int config_check_after(
    const struct fault *fault, const struct fault *first, struct err *err);

/* Whether a fault's `proxy` key names this proxy (a list, or "*"). */
bool fault_names_proxy(const struct fault *fault, const char *proxy_name);

#endif
