/* SPDX-License-Identifier: MIT */
/*
 * As `unshare --user --map-root-user --net` does it: whoever makes a user namespace has every
 * capability in it, also after exec() once its user is mapped to root there. A new network
 * namespace has a loopback interface that is down (user_namespaces(7), network_namespaces(7)).
 *
 * It is tried in a child first: a process that has moved cannot go back.
 */
#include "tests/lib/private_network.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool have_net_admin(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return (data[0].effective >> CAP_NET_ADMIN & 1u) != 0;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return done;
}

static bool raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool move(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)getuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getgid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
           write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", users) &&
           write_file("/proc/self/gid_map", groups) && raise_loopback();
}

bool private_network_try(void)
{
    int status = 0;
    if (have_net_admin())
        return true;
    pid_t child = fork();
    if (child == 0)
        _exit(move() ? 0 : 1);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return false;
    return move();
}
