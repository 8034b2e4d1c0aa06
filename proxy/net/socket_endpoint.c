/* SPDX-License-Identifier: MIT */
/*
 * Kernel sockets as endpoints. Each call is one system call and returns its errno; EINTR is retried
 * here.
 *
 * A socket that was reset first lets its receive queue be read, then returns the error once, then
 * EOF. So errors are taken by reading. SO_ERROR would take the error away from the read, and is
 * used only if the session says that it will not read.
 */
#include "proxy/net/socket_endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/must_check.h"
#include "proxy/net/packet_filter.h"
#include "proxy/net/pipe_pool.h"
#include "proxy/net/raw_io.h"
#include "proxy/net/socket_options.h"
#include "proxy/relay/flow.h"

/* Nagle's algorithm sends a first write of up to one segment at once. RFC 9293 3.7.1: a segment may
 * always have this size. */
#define SMALL_WRITE 536

#define RETRY_EINTR(result, call)                                                                  \
    do {                                                                                           \
        (result) = (call);                                                                         \
    } while ((result) < 0 && errno == EINTR)

static struct socket_endpoint *socket_of(struct endpoint *ep)
{
    return container_of(ep, struct socket_endpoint, ep);
}

/* TCP_NODELAY is set lazily on a dialled socket, before the second or a large write: Nagle's
 * algorithm holds back only bytes behind unacknowledged ones. A short exchange saves the call. */
static void before_write(struct socket_endpoint *endpoint, size_t size)
{
    if (endpoint->nodelay_due && (endpoint->written || size > SMALL_WRITE)) {
        endpoint->nodelay_due = false;
        /* on failure only slower */
        MAY_FAIL(socket_set_int(endpoint->fd, IPPROTO_TCP, TCP_NODELAY, 1));
    }
    endpoint->written = true;
}

static int fd_of(struct endpoint *ep)
{
    return socket_of(ep)->fd;
}

/* Returns the -errno of a failed call. ENOMEM and ENOBUFS say nothing about the peer: they become
 * -EAGAIN, and the next turn tries again. */
static ssize_t failed(struct socket_endpoint *endpoint)
{
    int errnum = errno;
    struct pollfd hangup = {.fd = endpoint->fd};
    bool shortage = errnum == ENOMEM || errnum == ENOBUFS;
    if (shortage && poller_rearm(endpoint->poller, endpoint->fd, &endpoint->item) == 0)
        return -EAGAIN;
    /* the EPOLLHUP of a peer that has closed both ways may still be on its way */
    if (errnum == EPIPE && endpoint->is_unix && poll(&hangup, 1, 0) == 1)
        endpoint->ep.ready |= ENDPOINT_GONE | ENDPOINT_HANGUP | ENDPOINT_READABLE;
    return -errnum;
}

/* Returns the result of a read. A reset that was taken from the socket before is reported instead
 * of the end. */
static ssize_t read_result(struct endpoint *ep, ssize_t n)
{
    struct socket_endpoint *endpoint = socket_of(ep);
    if (n == 0 && endpoint->taken_errnum == ECONNRESET)
        return -ECONNRESET;
    return n < 0 ? failed(endpoint) : n;
}

static ssize_t socket_recv(struct endpoint *ep, void *buf, size_t size)
{
    ssize_t n;
    RETRY_EINTR(n, raw_recv(fd_of(ep), buf, size, 0));
    return read_result(ep, n);
}

static ssize_t socket_peek(struct endpoint *ep, void *buf, size_t size)
{
    ssize_t n;
    RETRY_EINTR(n, raw_recv(fd_of(ep), buf, size, MSG_PEEK));
    return read_result(ep, n);
}

/* On TCP, MSG_TRUNC drops bytes without copying them (tcp(7)). */
static ssize_t tcp_discard(struct endpoint *ep, size_t max)
{
    ssize_t n;
    RETRY_EINTR(n, raw_recv(fd_of(ep), NULL, max, MSG_TRUNC));
    return read_result(ep, n);
}

static ssize_t unix_discard(struct endpoint *ep, size_t max)
{
    char scratch[16 * 1024];
    size_t total = 0;
    while (total < max) {
        size_t left = max - total;
        ssize_t n = socket_recv(ep, scratch, left < sizeof scratch ? left : sizeof scratch);
        if (n <= 0 && total == 0)
            return n;
        if (n <= 0) {
            /* The socket reports its reset only once: keep it for the next read. */
            if (n == -ECONNRESET)
                socket_of(ep)->taken_errnum = ECONNRESET;
            return (ssize_t)total;
        }
        total += (size_t)n;
    }
    return (ssize_t)total;
}

static ssize_t socket_send(struct endpoint *ep, const struct iovec *pieces, int count, bool whole)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    int flags = MSG_NOSIGNAL | (whole ? MSG_EOR : 0);
    ssize_t n;
    before_write(socket_of(ep), count == 1 ? pieces[0].iov_len : SIZE_MAX);
    if (count == 1)
        RETRY_EINTR(n, raw_send(fd_of(ep), pieces[0].iov_base, pieces[0].iov_len, flags));
    else
        RETRY_EINTR(n, sendmsg(fd_of(ep), &message, flags));
    return n < 0 ? failed(socket_of(ep)) : n;
}

/* Whether this kernel or a sandbox has no splice(2) for the descriptor (splice(2), seccomp(2)). */
static bool is_refused(int errnum)
{
    return errnum == EINVAL || errnum == ENOSYS || errnum == EPERM || errnum == EACCES;
}

/* Replaces splice(2) into an empty pipe by a copy. Even the smallest pipe has room for it. */
static ssize_t copy_in(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    char bytes[SPLICE_PIPE_HELD_MAX];
    splice_pipe->refused = true;
    ssize_t n = socket_recv(ep, bytes, max < sizeof bytes ? max : sizeof bytes);
    if (n > 0)
        splice_pipe_hold(splice_pipe, bytes, (size_t)n);
    return n;
}

/* splice(2) stops at an urgent mark. If the FIN follows that mark, it returns 0 before the last
 * byte was read (tcp_splice_read in net/ipv4/tcp.c). The event for the mark is still to come. */
static ssize_t socket_splice_in(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    ssize_t n;
    RETRY_EINTR(
        n, raw_splice(fd_of(ep), splice_pipe->fd[1], max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
    if (n < 0 && is_refused(errno))
        return copy_in(ep, splice_pipe, max);
    if (n >= 0 && (size_t)n < FLOW_SPLICE_MIN && sockatmark(fd_of(ep)) == 1) {
        ep->ready |= ENDPOINT_URGENT;
        return n == 0 ? -EAGAIN : n;
    }
    return read_result(ep, n);
}

/* Replaces splice(2) out of a pipe by a copy. Bytes that do not fit into the socket are held beside
 * the pipe. */
static ssize_t copy_out(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    splice_pipe->refused = true;
    if (splice_pipe->held == 0) {
        ssize_t got = read(splice_pipe->fd[0], splice_pipe->held_bytes, SPLICE_PIPE_HELD_MAX);
        if (got <= 0)
            return got < 0 ? -errno : -EAGAIN;
        splice_pipe->held = (size_t)got;
    }
    size_t size = splice_pipe->held < max ? splice_pipe->held : max;
    const struct iovec piece = {splice_pipe->held_bytes, size};
    ssize_t n = socket_send(ep, &piece, 1, false);
    if (n > 0)
        splice_pipe_unhold(splice_pipe, NULL, (size_t)n);
    return n;
}

static ssize_t socket_splice_out(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    ssize_t n;
    if (splice_pipe->held > 0)
        return copy_out(ep, splice_pipe, max);
    before_write(socket_of(ep), max);
    RETRY_EINTR(
        n, raw_splice(splice_pipe->fd[0], fd_of(ep), max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
    if (n < 0 && is_refused(errno))
        return copy_out(ep, splice_pipe, max);
    return n < 0 ? failed(socket_of(ep)) : n;
}

/* Sends the byte in line on a UNIX socket without urgent data. */
static ssize_t socket_send_urgent(struct endpoint *ep, unsigned char byte)
{
    ssize_t n;
    before_write(socket_of(ep), 1);
    RETRY_EINTR(n, raw_send(fd_of(ep), &byte, 1, MSG_OOB | MSG_NOSIGNAL));
    if (n < 0 && errno == EOPNOTSUPP)
        RETRY_EINTR(n, raw_send(fd_of(ep), &byte, 1, MSG_NOSIGNAL));
    return n < 0 ? failed(socket_of(ep)) : n;
}

static bool socket_at_urgent_mark(struct endpoint *ep)
{
    return sockatmark(fd_of(ep)) == 1;
}

static int socket_shutdown_write(struct endpoint *ep)
{
    return shutdown(fd_of(ep), SHUT_WR) == 0 ? 0 : -errno;
}

static void unix_shutdown_read(struct endpoint *ep)
{
    MAY_FAIL(shutdown(fd_of(ep), SHUT_RD)); /* if the peer has closed */
}

static size_t socket_unread(struct endpoint *ep)
{
    int count = 0;
    return ioctl(fd_of(ep), FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

/* The kernel closes the window if less than one segment, or less than a sixteenth of the buffer, is
 * free (__tcp_select_window in net/ipv4/tcp_output.c). About half of the buffer's memory holds
 * payload. */
static bool tcp_is_full(struct endpoint *ep)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    struct tcp_info info;
    socklen_t size = sizeof memory, info_size = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd_of(ep), SOL_SOCKET, SO_MEMINFO, memory, &size) != 0 ||
        getsockopt(fd_of(ep), IPPROTO_TCP, TCP_INFO, &info, &info_size) != 0)
        return false;
    uint32_t used = memory[SK_MEMINFO_RMEM_ALLOC], limit = memory[SK_MEMINFO_RCVBUF];
    uint32_t free_bytes = used < limit ? (limit - used) / 2 : 0;
    return free_bytes < limit / 16 || free_bytes < info.tcpi_rcv_mss;
}

/* The sender's buffer bounds the receive queue of a UNIX socket. */
static bool unix_is_full(struct endpoint *ep)
{
    (void)ep;
    return false;
}

static size_t tcp_unacked(struct endpoint *ep)
{
    int count = 0;
    if ((ep->ready & ENDPOINT_ERROR) != 0)
        return 0;
    return ioctl(fd_of(ep), SIOCOUTQ, &count) == 0 && count > 0 ? (size_t)count : 0;
}

/* A write to a UNIX socket puts the bytes into the peer's queue at once. */
static size_t unix_unacked(struct endpoint *ep)
{
    (void)ep;
    return 0;
}

static int socket_take_error(struct endpoint *ep)
{
    int errnum = socket_of(ep)->taken_errnum;
    socklen_t size = sizeof errnum;
    if (errnum != 0)
        return errnum;
    return getsockopt(fd_of(ep), SOL_SOCKET, SO_ERROR, &errnum, &size) == 0 ? errnum : errno;
}

static void tcp_probe(struct endpoint *ep, unsigned after_s)
{
    socket_keep_alive(fd_of(ep), after_s);
}

/* When the peer is gone, EPOLLHUP says so. */
static void unix_probe(struct endpoint *ep, unsigned after_s)
{
    (void)ep;
    (void)after_s;
}

static void tcp_close(struct endpoint *ep, enum endpoint_close how)
{
    struct socket_endpoint *endpoint = socket_of(ep);
    if (how == ENDPOINT_CLOSE_RESET)
        socket_linger_zero(endpoint->fd);
    else if (how == ENDPOINT_CLOSE_FIN_RESET)
        socket_fin_then_reset(endpoint->fd);
    else if (how == ENDPOINT_CLOSE_VANISH)
        socket_vanish(endpoint->fd);
    socket_endpoint_drop(endpoint);
}

static void unix_close(struct endpoint *ep, enum endpoint_close how)
{
    (void)how;
    socket_endpoint_drop(socket_of(ep));
}

static int socket_set_filters(
    struct endpoint *ep, const struct packet_filter *filters, unsigned count)
{
    return packet_filter_attach(fd_of(ep), filters, count);
}

static const struct endpoint_ops tcp_ops = {
    .recv = socket_recv,
    .peek = socket_peek,
    .discard = tcp_discard,
    .send = socket_send,
    .splice_in = socket_splice_in,
    .splice_out = socket_splice_out,
    .send_urgent = socket_send_urgent,
    .at_urgent_mark = socket_at_urgent_mark,
    .shutdown_write = socket_shutdown_write,
    .unread = socket_unread,
    .is_full = tcp_is_full,
    .unacked = tcp_unacked,
    .take_error = socket_take_error,
    .set_filters = socket_set_filters,
    .probe = tcp_probe,
    .close = tcp_close,
};

static const struct endpoint_ops unix_ops = {
    .recv = socket_recv,
    .peek = socket_peek,
    .discard = unix_discard,
    .send = socket_send,
    .splice_in = socket_splice_in,
    .splice_out = socket_splice_out,
    .send_urgent = socket_send_urgent,
    .at_urgent_mark = socket_at_urgent_mark,
    .shutdown_write = socket_shutdown_write,
    .shutdown_read = unix_shutdown_read,
    .unread = socket_unread,
    .is_full = unix_is_full,
    .unacked = unix_unacked,
    .take_error = socket_take_error,
    .set_filters = socket_set_filters,
    .probe = unix_probe,
    .close = unix_close,
};

/* Converts EPOLL* bits to hints. A column of the table is true for a row's hint. */
static unsigned hints_of(unsigned events)
{
    static const struct {
        unsigned event;
        unsigned hints;
    } rows[] = {
        {EPOLLIN, ENDPOINT_READABLE},
        {EPOLLOUT, ENDPOINT_WRITABLE},
        {EPOLLPRI, ENDPOINT_URGENT | ENDPOINT_READABLE},
        {EPOLLRDHUP, ENDPOINT_HANGUP | ENDPOINT_READABLE},
        {EPOLLHUP, ENDPOINT_HANGUP | ENDPOINT_READABLE | ENDPOINT_WRITABLE},
        {EPOLLERR, ENDPOINT_ERROR | ENDPOINT_READABLE | ENDPOINT_WRITABLE},
    };
    unsigned hints = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        hints |= (events & rows[i].event) != 0 ? rows[i].hints : 0;
    return hints;
}

static void on_event(struct poller_item *item, unsigned events)
{
    struct socket_endpoint *endpoint = container_of(item, struct socket_endpoint, item);
    if (endpoint->fd < 0)
        return; /* closed earlier in this batch */
    endpoint->ep.ready |= hints_of(events);
    if (endpoint->is_unix && (events & EPOLLHUP) != 0)
        endpoint->ep.ready |= ENDPOINT_GONE;
    endpoint->on_ready(endpoint);
}

void socket_endpoint_init(
    struct socket_endpoint *endpoint, void (*on_ready)(struct socket_endpoint *endpoint))
{
    *endpoint = (struct socket_endpoint){
        .item.on_event = on_event,
        .fd = -1,
        .on_ready = on_ready,
    };
}

static int endpoint_watch(
    struct socket_endpoint *endpoint, struct poller *poller, int fd, int family)
{
    endpoint->fd = fd;
    endpoint->poller = poller;
    endpoint->is_unix = family == AF_UNIX;
    endpoint->ep.ops = endpoint->is_unix ? &unix_ops : &tcp_ops;
    endpoint->ep.can_reset = !endpoint->is_unix;
    endpoint->ep.ready = 0;
    int result = poller_add(poller, fd, &endpoint->item);
    if (result != 0)
        endpoint->fd = -1;
    return result;
}

int socket_endpoint_adopt(struct socket_endpoint *endpoint, struct poller *poller, int fd,
    int family, const struct proxy_config *proxy)
{
    int result = family == AF_UNIX ? socket_set_options(fd, family, proxy) : 0;
    return result != 0 ? result : endpoint_watch(endpoint, poller, fd, family);
}

int socket_endpoint_create(struct socket_endpoint *endpoint, struct poller *poller, int family,
    const struct proxy_config *proxy)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = socket_set_early_options(fd, proxy);
    endpoint->nodelay_due = family != AF_UNIX && proxy->nodelay;
    endpoint->written = false;
    if (result != 0) {
        close(fd);
        return result;
    }
    result = endpoint_watch(endpoint, poller, fd, family);
    if (result != 0)
        close(fd);
    return result;
}

void socket_endpoint_drop(struct socket_endpoint *endpoint)
{
    if (endpoint->fd >= 0)
        close(endpoint->fd);
    endpoint->fd = -1;
}
