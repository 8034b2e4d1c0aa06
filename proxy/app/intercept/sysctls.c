/* SPDX-License-Identifier: MIT */
#include "proxy/app/intercept/sysctls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[SYSCTL_COUNT] = {
    "core/somaxconn",
    "ipv4/ip_default_ttl",
    "ipv4/ip_local_port_range",
    "ipv4/ip_local_reserved_ports",
    "ipv4/ip_nonlocal_bind",
    "ipv4/ip_unprivileged_port_start",
    "ipv4/tcp_abort_on_overflow",
    "ipv4/tcp_congestion_control",
    "ipv4/tcp_ecn",
    "ipv4/tcp_fastopen",
    "ipv4/tcp_fin_timeout",
    "ipv4/tcp_keepalive_intvl",
    "ipv4/tcp_keepalive_probes",
    "ipv4/tcp_keepalive_time",
    "ipv4/tcp_max_syn_backlog",
    "ipv4/tcp_moderate_rcvbuf",
    "ipv4/tcp_mtu_probing",
    "ipv4/tcp_notsent_lowat",
    "ipv4/tcp_orphan_retries",
    "ipv4/tcp_retries1",
    "ipv4/tcp_retries2",
    "ipv4/tcp_rmem",
    "ipv4/tcp_sack",
    "ipv4/tcp_slow_start_after_idle",
    "ipv4/tcp_syn_retries",
    "ipv4/tcp_synack_retries",
    "ipv4/tcp_syncookies",
    "ipv4/tcp_timestamps",
    "ipv4/tcp_tw_reuse",
    "ipv4/tcp_window_scaling",
    "ipv4/tcp_wmem",
    "ipv6/bindv6only",
    "ipv6/conf/lo/disable_ipv6",
    "ipv6/ip_nonlocal_bind",
};

static int open_sysctl(const char *name, int flags)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/sys/net/%s", name);
    return open(path, flags | O_CLOEXEC);
}

static void read_value(const char *name, char value[SYSCTL_SIZE])
{
    int fd = open_sysctl(name, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, value, SYSCTL_SIZE);
    value[n > 0 && n < SYSCTL_SIZE ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static void write_value(const char *name, const char *value)
{
    size_t length = strlen(value);
    int fd = open_sysctl(name, O_WRONLY);
    if (fd < 0)
        return;
    if (write(fd, value, length) != (ssize_t)length) {
        /* The kernel's value stands: see sysctls_write(). */
    }
    close(fd);
}

void sysctls_read(struct sysctls *sysctls)
{
    for (size_t i = 0; i < SYSCTL_COUNT; i++)
        read_value(names[i], sysctls->values[i]);
}

void sysctls_write(const struct sysctls *sysctls)
{
    char now[SYSCTL_SIZE];
    for (size_t i = 0; i < SYSCTL_COUNT; i++) {
        read_value(names[i], now);
        if (sysctls->values[i][0] != '\0' && strcmp(sysctls->values[i], now) != 0)
            write_value(names[i], sysctls->values[i]);
    }
}
