/* SPDX-License-Identifier: MIT */
/*
 * Root makes a network namespace only. Any other user, and a root without CAP_SYS_ADMIN, makes a
 * user namespace around it, whose first process has every capability (user_namespaces(7)). Our user
 * and group do not change in it, because they are mapped to themselves. exec takes the capabilities
 * from a command unless it is root: only we keep them.
 */
#include "proxy/app/exec/private_network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
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

/* /proc/self/uid_map is root's where a program is not dumpable (proc(5)): it has file capabilities,
 * or its user may not read it. */
static int map_ids_dumpable(unsigned uid, unsigned gid)
{
    bool was_dumpable = prctl(PR_GET_DUMPABLE) == 1;
    prctl(PR_SET_DUMPABLE, 1);
    int result = map_ids(uid, gid);
    if (!was_dumpable)
        prctl(PR_SET_DUMPABLE, 0);
    return result;
}

static int leave_network(void)
{
    unsigned uid = geteuid(), gid = getegid();
    if (uid == 0 && unshare(CLONE_NEWNET) == 0)
        return 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return -errno;
    return map_ids_dumpable(uid, gid);
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

/* The number in a file of /proc; -1: there is no such file. */
static long read_number(const char *path)
{
    long number = -1;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

/* The kernel says only EPERM or ENOSPC: a setting of the machine that explains it, in the order in
 * which the kernel asks. */
static const struct obstacle {
    const char *path;
    long forbids; /* the value that forbids it */
    const char *what;
} obstacles[] = {
    {"/proc/sys/user/max_user_namespaces", 0,
        "user namespaces are turned off: sysctl user.max_user_namespaces=10000, or run as root"},
    {"/proc/sys/user/max_net_namespaces", 0,
        "network namespaces are turned off: sysctl user.max_net_namespaces=10000"},
    {"/proc/sys/kernel/unprivileged_userns_clone", 0,
        "only root may make user namespaces: sysctl kernel.unprivileged_userns_clone=1, or run as "
        "root"},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
        "AppArmor gives no rights in a user namespace: sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0, an AppArmor profile for rudeproxy that "
        "allows userns, or run as root"},
};

/* Whether a seccomp filter is on us (Seccomp in proc(5)), as in a container. */
static bool is_filtered(void)
{
    char line[128];
    bool filtered = false;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        filtered = filtered || strncmp(line, "Seccomp:\t2", 10) == 0;
    if (file != NULL)
        fclose(file);
    return filtered;
}

static const char *find_obstacle(int errnum)
{
    if (errnum == ENOSYS || errnum == EINVAL)
        return "this kernel has no user namespaces (CONFIG_USER_NS): run as root";
    for (size_t i = 0; i < sizeof obstacles / sizeof obstacles[0]; i++)
        if (read_number(obstacles[i].path) == obstacles[i].forbids)
            return obstacles[i].what;
    if (errnum == ENOSPC)
        return "too many namespaces: sysctl user.max_user_namespaces, user.max_net_namespaces";
    if (is_filtered())
        return "a seccomp filter forbids it, as in a container: start the container with "
               "--cap-add=SYS_ADMIN (docker, podman), or with --security-opt seccomp=unconfined";
    return "run as root, or allow user namespaces; in a chroot the kernel allows none";
}

static int private_network_refuse(const char *option, const char *step, int errnum, struct err *err)
{
    return err_set(err, "%s: %s: %s; %s", option, step, strerror(errnum), find_obstacle(errnum));
}

int private_network_enter(const char *option, struct err *err)
{
    int result = leave_network();
    if (result != 0)
        return private_network_refuse(option, "the kernel refuses a namespace", -result, err);
    result = raise_loopback();
    if (result != 0)
        return private_network_refuse(option, "cannot bring the loopback device up", -result, err);
    return 0;
}
