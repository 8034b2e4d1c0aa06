/* SPDX-License-Identifier: MIT */
/* Readiness, told: see ready.h. */
#include "proxy/app/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "proxy/net/proxy.h"
#include "proxy/record/output_file.h"

static void write_addresses(const struct worker *worker, const char *admin, FILE *out)
{
    if (admin[0] != '\0')
        fprintf(out, "@admin %s\n", admin);
    list_for_each(link, &worker->proxies)
    {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        char text[ADDRESS_TEXT_MAX];
        if (!proxy->plan->config.enabled)
            continue;
        address_format_sockaddr(
            &proxy->listener.address, proxy->listener.address_len, text, sizeof text);
        fprintf(out, "%s %s\n", proxy_name(proxy), text);
    }
}

/* The descriptor is closed, so that its reader sees the end; but not 0, 1 and 2: the next socket would
 * take the number, and what is printed would go to a client. */
static int write_fd(const struct worker *worker, const char *admin, int fd, struct err *err)
{
    int own = fd <= STDERR_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : fd;
    FILE *out = own < 0 ? NULL : fdopen(own, "w");
    if (out == NULL)
        return err_set(err, "cannot write to --ready-fd %d: %s", fd, strerror(errno));
    write_addresses(worker, admin, out);
    return fclose(out) == 0 ? 0 : err_set(err, "--ready-fd: %s", strerror(errno));
}

static int write_file(
    const struct worker *worker, const char *admin, const char *path, struct err *err)
{
    struct output_file file;
    if (output_file_open(&file, "--ready-file", path, err) != 0)
        return -1;
    write_addresses(worker, admin, file.out);
    return output_file_commit(&file, err);
}

int ready_tell(
    const struct worker *worker, const char *admin, int fd, const char *path, struct err *err)
{
    if (fd >= 0 && write_fd(worker, admin, fd, err) != 0)
        return -1;
    return path != NULL ? write_file(worker, admin, path, err) : 0;
}
