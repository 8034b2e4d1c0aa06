/* SPDX-License-Identifier: MIT */
/*
 * Says that all proxies listen, and where: --ready-fd and --ready-file.
 *
 * Text: one line `NAME ADDRESS` for each proxy, and one for the API under the name `@admin`, which
 * no proxy of a file can have. JSON: one object,
 * {"admin": {...}, "proxies": {"web": {"host": "127.0.0.1", "port": 8080, "address":
 * "127.0.0.1:8080"}}}; `admin` is null without an API, and a UNIX socket has only its address.
 */
#ifndef RUDEPROXY_APP_READY_H
#define RUDEPROXY_APP_READY_H

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/net/worker.h"

enum ready_format { READY_TEXT, READY_JSON };

struct ready_options {
    int fd;           /* to be written to and closed; -1: none */
    const char *path; /* of a file that appears when it is complete; NULL: none */
    int format;       /* enum ready_format */
};

/* Says on stderr: the version, the seed, where the API listens ("": there is none). */
void ready_say(const struct settings *settings, const char *admin);

/* `admin`: where the API listens, "" if there is none. 0, or -1 with err filled. */
MUST_CHECK int ready_tell(const struct worker *worker, const char *admin,
    const struct ready_options *options, struct err *err);

#endif
