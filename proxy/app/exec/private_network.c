/* SPDX-License-Identifier: MIT */
/*
 * Root makes a network namespace only. Anybody else, and a root without CAP_SYS_ADMIN, makes a user
 * namespace around it, whose first process has every capability (user_namespaces(7)); in it we stay
 * who we are, because user and group are mapped to themselves. A command that is executed loses the
 * capabilities unless it is root: only we keep them.
 */
#include "proxy/app/exec/private_network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t length = strlen(text);
    int result = write(fd, text, length) == (ssize_t)length ? 0 : -errno;
    close(fd);
    return result;
}

/* Groups can only be mapped by who gave up setgroups(2), which an older kernel does not ask for. */
static int map_ids(unsigned uid, unsigned gid)
{
    char map[64];
    int result = write_text("/proc/self/setgroups", "deny");
    if (result != 0 && result != -ENOENT)
        return result;
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    result = write_text("/proc/self/uid_map", map);
    if (result != 0)
        return result;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return write_text("/proc/self/gid_map", map);
}

static int leave_network(void)
{
    unsigned uid = geteuid(), gid = getegid();
    if (uid == 0 && unshare(CLONE_NEWNET) == 0)
        return 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return -errno;
    return map_ids(uid, gid);
}

static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

int private_network_enter(struct err *err)
{
    int result = leave_network();
    if (result != 0)
        return err_set(err,
            "--private-network: the kernel refuses a namespace: %s; run as root, or allow user "
            "namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
            "kernel.apparmor_restrict_unprivileged_userns)",
            strerror(-result));
    result = raise_loopback();
    if (result != 0)
        return err_set(err,
            "--private-network: cannot bring the loopback device up: %s; the kernel gives no "
            "rights "
            "in a user namespace (sysctl kernel.apparmor_restrict_unprivileged_userns), run as "
            "root",
            strerror(-result));
    return 0;
}
