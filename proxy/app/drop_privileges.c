/* SPDX-License-Identifier: MIT */
/* Giving up root: see drop_privileges.h. */
#include "proxy/app/drop_privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/replace_file.h"
#include "proxy/net/socket_options.h"

static bool needs_net_admin(const struct config *config)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        if (config->faults[i].enabled && config->faults[i].type->needs_net_admin)
            return true;
    }
    return false;
}

/* glibc has no capset(2). The permitted set was kept by PR_SET_KEEPCAPS; the effective one was
 * cleared. */
static int keep_net_admin(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = 1u << CAP_NET_ADMIN, .permitted = 1u << CAP_NET_ADMIN}};
    return (int)syscall(SYS_capset, &header, data);
}

/* Writes what will close the listener of the proxy and open it again. Returns false if it is known
 * of nothing. */
static bool closes_listener(
    const struct config *config, const struct proxy_config *proxy, char *why, size_t size)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        const struct fault *fault = &config->faults[i];
        if (fault->enabled && fault->type->listener == LISTENER_CLOSED &&
            fault_names_proxy(fault, proxy->name)) {
            snprintf(why, size, "fault %s", fault->name);
            return true;
        }
    }
    snprintf(why, size, "unreachable = refuse");
    return proxy->unreachable == UNREACHABLE_REFUSE;
}

/* A UNIX socket cannot be kept while nobody may connect to it, as a port is: its file is made anew.
 * So the user needs the right to do that. */
static int check_unix_listeners(const struct config *config, struct err *err)
{
    char why[FAULT_NAME_MAX + 16];
    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];
        if (!proxy->enabled || proxy->listen.kind != ADDRESS_UNIX ||
            !closes_listener(config, proxy, why, sizeof why))
            continue;
        int result = replace_file_check(proxy->listen.host);
        if (result != 0)
            return err_set(err, "user = %s: may not open unix:%s again when %s has closed it: %s",
                config->settings.user, proxy->listen.host, why, strerror(-result));
    }
    return 0;
}

/* More than net.core.rmem_max or wmem_max takes CAP_NET_ADMIN (SO_RCVBUFFORCE, socket(7)). */
static int check_buffers(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        if (socket_check_buffers(&config->proxies[i], err) != 0)
            return -1;
    }
    return 0;
}

bool drop_privileges_is_wanted(const struct config *config)
{
    const char *user = config->settings.user;
    const struct passwd *entry = user[0] == '\0' ? NULL : getpwnam(user);
    return entry != NULL && entry->pw_uid != geteuid();
}

int drop_privileges(const struct config *config, struct err *err)
{
    const char *user = config->settings.user;
    if (user[0] == '\0')
        return 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL)
        return err_set(err, "user = %s: there is no such user", user);
    if (entry->pw_uid == geteuid())
        return 0;
    if (geteuid() != 0)
        return err_set(err, "user = %s: only root can become another user, leave it out", user);
    uid_t uid = entry->pw_uid;
    gid_t gid = entry->pw_gid;
    bool keeps = needs_net_admin(config);
    int death_signal = 0; /* a change of credentials clears it (prctl(2)) */
    prctl(PR_GET_PDEATHSIG, &death_signal);
    if (initgroups(user, gid) != 0 || (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) ||
        setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
        (keeps && keep_net_admin() != 0))
        return err_set(err, "cannot become the user %s: %s", user, strerror(errno));
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (check_buffers(config, err) != 0)
        return -1;
    return check_unix_listeners(config, err);
}
