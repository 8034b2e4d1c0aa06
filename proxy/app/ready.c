/* SPDX-License-Identifier: MIT */
/* Says that all proxies listen: see ready.h. */
#include "proxy/app/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/version.h"
#include "proxy/net/proxy.h"
#include "proxy/record/json_text.h"
#include "proxy/record/output_file.h"

/* The file that announces readiness, and its form. */
struct ready {
    const struct worker *worker;
    const char *admin;
    const struct ready_options *options;
};

/* Fills the address of a proxy that listens. False: it is disabled or internal. */
static bool listens_on(const struct proxy *proxy, char *text, size_t size)
{
    if (!proxy->plan->config.enabled || proxy->plan->config.silent)
        return false;
    proxy_format_listen(proxy, text, size);
    return true;
}

static void write_text(const struct ready *ready, FILE *out)
{
    if (ready->admin[0] != '\0')
        fprintf(out, "@admin %s\n", ready->admin);
    list_for_each(link, &ready->worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        char text[ADDRESS_TEXT_MAX];
        if (listens_on(proxy, text, sizeof text))
            fprintf(out, "%s %s\n", proxy_name(proxy), text);
    }
}

static json_t *address_object(const char *text)
{
    struct address address;
    struct err err;
    if (address_parse(text, &address, &err) != 0 || address.kind == ADDRESS_UNIX)
        return json_pack("{s:o}", "address", json_text(text));
    return json_pack(
        "{s:s, s:i, s:s}", "host", address.host, "port", (int)address.port, "address", text);
}

static int write_json(const struct ready *ready, FILE *out, struct err *err)
{
    int result = 0;
    json_t *proxies = json_object();
    json_t *admin = ready->admin[0] != '\0' ? address_object(ready->admin) : json_null();
    list_for_each(link, &ready->worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        char text[ADDRESS_TEXT_MAX];
        if (listens_on(proxy, text, sizeof text))
            result |= json_object_set_new(proxies, proxy_name(proxy), address_object(text));
    }
    json_t *all = json_pack("{s:o, s:o}", "admin", admin, "proxies", proxies);
    if (all == NULL || result != 0) {
        json_decref(all);
        return err_set(err, "cannot write the addresses of the proxies: out of memory");
    }
    MAY_FAIL(json_dumpf(all, out, 0)); /* a failed write is seen when `out` is closed */
    fputc('\n', out);
    json_decref(all);
    return 0;
}

static int write_addresses(const struct ready *ready, FILE *out, struct err *err)
{
    if (ready->options->format == READY_JSON)
        return write_json(ready, out, err);
    write_text(ready, out);
    return 0;
}

/* The descriptor is closed, so that its reader sees the end; but not 0, 1 and 2: the next socket
 * would take the number, and what is printed would go to a client. */
static int write_fd(const struct ready *ready, struct err *err)
{
    int fd = ready->options->fd;
    int own = fd <= STDERR_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : fd;
    FILE *out = own < 0 ? NULL : fdopen(own, "w");
    if (out == NULL)
        return err_set(err, "cannot write to --ready-fd %d: %s", fd, strerror(errno));
    int result = write_addresses(ready, out, err);
    if (fclose(out) == 0)
        return result;
    return err_set(err, "--ready-fd: %s", strerror(errno));
}

static int write_file(const struct ready *ready, struct err *err)
{
    struct output_file file;
    if (output_file_open(&file, "--ready-file", ready->options->path, err) != 0)
        return -1;
    if (write_addresses(ready, file.out, err) != 0) {
        output_file_discard(&file);
        return -1;
    }
    return output_file_commit(&file, err);
}

int ready_tell(const struct worker *worker, const char *admin, const struct ready_options *options,
    struct err *err)
{
    const struct ready ready = {.worker = worker, .admin = admin, .options = options};
    if (options->fd >= 0 && write_fd(&ready, err) != 0)
        return -1;
    return options->path != NULL ? write_file(&ready, err) : 0;
}

void ready_say(const struct settings *settings, const char *admin)
{
    fprintf(stderr, "rudeproxy %s: seed %" PRIu64 "\n", RUDEPROXY_VERSION, settings->seed);
    if (admin[0] == '\0')
        return;
    fprintf(stderr, "rudeproxy: the API listens on %s\n", admin);
    if (settings->admin_open)
        fputs("rudeproxy: warning: the API is open: anyone who reaches it can use it\n", stderr);
}
