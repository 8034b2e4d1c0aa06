/* SPDX-License-Identifier: MIT */
/*
 * First without, then with a user namespace. In that one the own user and group have to be mapped,
 * or no file could be created any more (EOVERFLOW); a group only after setgroups() was given up
 * (user_namespaces(7)).
 */
#include "tests/lib/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
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

static int enter_with_user(int flags)
{
    char users[64];
    char groups[64];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (unshare(CLONE_NEWUSER | flags) != 0)
        return -errno;
    int result = write_text("/proc/self/setgroups", "deny");
    if (result == 0)
        result = write_text("/proc/self/uid_map", users);
    return result == 0 ? write_text("/proc/self/gid_map", groups) : result;
}

int namespace_enter(int flags)
{
    int result = unshare(flags) == 0 ? 0 : enter_with_user(flags);
    if (result == 0 && (flags & CLONE_NEWNS) != 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        result = -errno;
    return result;
}

int namespace_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = ioctl(fd, SIOCGIFFLAGS, &request);
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    if (result == 0)
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    result = result == 0 ? 0 : -errno;
    close(fd);
    return result;
}
