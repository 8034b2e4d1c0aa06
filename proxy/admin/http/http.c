/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the listener accepts, libmicrohttpd gets the socket and puts it into its epoll
 * instance. When that is ready, or the daemon's own deadline has passed, MHD_run does everything
 * possible without waiting.
 *
 * Too many connections: the listener stops accepting, the others wait in its backlog. Without
 * descriptors it pauses (listener.h); libmicrohttpd's own accept would spin.
 *
 * Slow clients: libmicrohttpd limits only the time between two bytes, so a byte a minute would hold
 * a connection forever. Therefore every connection has a deadline. After it, a client that was
 * sending a request gets a 408, and shutdown() makes the daemon see the end. It begins with the
 * first byte of a request, which libmicrohttpd does not tell of. So each socket is watched beside
 * the daemon, and the daemon runs behind all events of a turn: a byte that is there then is new.
 *
 * Half a request: a client that shuts its write side after the first line, and still reads, gets a
 * 400.
 */
#include "proxy/admin/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "proxy/admin/http/peer.h"

#define SWEEP_US (500 * US_PER_MS)

#define CUT_OFF(status, length, error)                                                             \
    "HTTP/1.1 " status                                                                             \
    "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " length           \
    "\r\n\r\n" error "\n"

static const char too_slow[] =
    CUT_OFF("408 Request Timeout", "47", "{\"error\":\"request took too long\",\"status\":408}");
static const char incomplete[] =
    CUT_OFF("400 Bad Request", "49", "{\"error\":\"request is not complete\",\"status\":400}");

static void admit(struct http *http)
{
    listener_set_paused(&http->listener, http->peer_count + http->fresh_count >= http->peer_max);
}

/* Runs the daemon, and notes when it needs to run again. */
static void run_daemon(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG ms;
    time_us now = timers_now();
    http->turn_ends = time_add(now, HTTP_TURN_US);
    MHD_run(http->daemon);
    http->fresh_count = 0;
    admit(http);
    bool wants = MHD_get_timeout(http->daemon, &ms) == MHD_YES;
    timer_set(http->timers, &http->timer, wants ? time_add(now, ms * US_PER_MS) : TIME_NEVER);
}

static void on_ready(struct poller_item *item, unsigned events)
{
    struct http *http = container_of(item, struct http, ready);
    (void)events;
    poller_soon(http->poller, &http->run);
}

static void on_run(struct poller_task *task)
{
    run_daemon(container_of(task, struct http, run));
}

static void on_timer(struct timer *timer)
{
    run_daemon(container_of(timer, struct http, timer));
}

/* Runs the daemon too: resuming a connection does not make its epoll instance ready. */
static void resume(struct http *http, struct http_request *request)
{
    MHD_resume_connection(request->connection);
    timer_set(http->timers, &http->timer, timers_now());
}

/* Resumes requests that are queued for a turn. Each is answered when it is resumed. */
static void on_turn(struct poller_task *task)
{
    struct http *http = container_of(task, struct http, turn);
    time_us end = time_add(timers_now(), HTTP_TURN_US);
    while (!list_empty(&http->queue) && timers_now() < end) {
        struct http_request *request =
            container_of(list_pop(&http->queue), struct http_request, queue_link);
        http->calls->on_request(http->user, request);
        if (!http_is_answered(request)) {
            list_append(&http->postponed, &request->queue_link);
            continue;
        }
        request->waiting = false;
        resume(http, request);
    }
    if (!list_empty(&http->queue))
        poller_soon(http->poller, task);
}

void http_resume_postponed(struct http *http)
{
    for (struct list *link; (link = list_pop(&http->postponed)) != NULL;)
        list_append(&http->queue, link);
    if (!list_empty(&http->queue))
        poller_soon(http->poller, &http->turn);
}

void http_wake_streams(struct http *http)
{
    list_for_each(link, &http->streams)
    {
        struct http_request *request = container_of(link, struct http_request, stream_link);
        if (!request->asleep)
            continue;
        request->asleep = false;
        resume(http, request);
    }
}

/* --- Connections --- */

static void on_accept(
    struct listener *listener, int fd, const struct sockaddr_storage *address, socklen_t length)
{
    struct http *http = container_of(listener, struct http, listener);
    http->fresh_count++;
    admit(http);
    MHD_add_connection(http->daemon, fd, (const struct sockaddr *)address, length);
}

static void on_accept_failed(struct listener *listener, int errnum)
{
    (void)listener; /* a proxy's listener reports the same */
    (void)errnum;
}

static void on_accept_recovered(struct listener *listener)
{
    (void)listener;
}

static const struct listener_calls listener_calls = {
    .on_accept = on_accept,
    .on_accept_failed = on_accept_failed,
    .on_accept_recovered = on_accept_recovered,
};

static int fd_of(const struct http_peer *peer)
{
    return MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static ssize_t peek(const struct http_peer *peer)
{
    char byte;
    return recv(fd_of(peer), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* The first byte of a further request. */
static void on_bytes(struct poller_item *item, unsigned events)
{
    struct http_peer *peer = container_of(item, struct http_peer, bytes);
    (void)events;
    if (peer->phase == HTTP_IDLE && peek(peer) > 0)
        http_peer_enter(peer, HTTP_READING, HTTP_READ_US);
}

static void on_gone(struct poller_task *task)
{
    free(container_of(task, struct http_peer, gone));
}

static void peer_begin(struct http *http, struct MHD_Connection *connection, void **context)
{
    struct http_peer *peer = calloc(1, sizeof *peer);
    *context = peer;
    if (peer == NULL)
        return; /* its first request is refused */
    peer->connection = connection;
    peer->bytes.on_event = on_bytes;
    peer->gone.run = on_gone;
    list_init(&peer->gone.link);
    /* Out of memory: the time of a further request begins with its first line. */
    MAY_FAIL(poller_add(http->poller, fd_of(peer), &peer->bytes));
    http_peer_enter(peer, HTTP_READING, HTTP_READ_US);
    list_append(&http->peers, &peer->link);
    http->peer_count++;
    if (http->sweep.at == TIME_NEVER)
        timer_set(http->timers, &http->sweep, time_add(timers_now(), SWEEP_US));
}

static void on_peer(void *user, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    struct http *http = user;
    struct http_peer *peer = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        peer_begin(http, connection, context);
    } else if (peer != NULL) {
        list_remove(&peer->link);
        http->peer_count--;
        peer->phase = HTTP_ANSWERING; /* its events of this turn say nothing any more */
        poller_soon(http->poller, &peer->gone);
        *context = NULL;
    }
}

/* Answers a client that is still sending its request, then shuts the connection. */
static void cut_off(struct http_peer *peer, const char *answer)
{
    if (peer->phase == HTTP_READING)
        send(fd_of(peer), answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
    http_peer_enter(peer, HTTP_ANSWERING, TIME_NEVER);
}

/* Works around libmicrohttpd (0.9.75, with epoll), which misses a FIN that arrives together with
 * the bytes before it: one edge reports both, and its read returns less than requested. */
static bool has_hung_up(const struct http_peer *peer)
{
    return (peer->phase == HTTP_READING || peer->phase == HTTP_IDLE) && peek(peer) == 0;
}

/* Checks the deadline. shutdown() wakes the daemon, which sees the end and closes the
 * connection. */
static void look_at(struct http_peer *peer, time_us now)
{
    if (peer->deadline <= now) {
        cut_off(peer, too_slow);
        shutdown(fd_of(peer), SHUT_RDWR);
    } else if (has_hung_up(peer)) {
        shutdown(fd_of(peer), SHUT_RD);
    }
}

static void on_sweep(struct timer *timer)
{
    struct http *http = container_of(timer, struct http, sweep);
    time_us now = timers_now();
    list_for_each(link, &http->peers)
    {
        look_at(container_of(link, struct http_peer, link), now);
    }
    if (!list_empty(&http->peers))
        timer_set(http->timers, timer, time_add(now, SWEEP_US));
}

/* --- libmicrohttpd's calls --- */

/* The first line of a request was read. The result becomes *context below. */
static void *on_first_line(void *user, const char *target, struct MHD_Connection *connection)
{
    struct http_peer *peer = http_peer_of(connection);
    if (peer != NULL &&
        peer->phase != HTTP_READING) /* otherwise the time runs since the connection began */
        http_peer_enter(peer, HTTP_READING, HTTP_READ_US);
    return peer != NULL ? http_request_new(user, target) : NULL;
}

static enum MHD_Result on_access(void *user, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **context)
{
    (void)user;
    (void)url;
    if (*context == NULL)
        return MHD_NO; /* no memory */
    return http_request_access(*context, connection, method, version, data, size) == 0 ? MHD_YES
                                                                                       : MHD_NO;
}

/* The request was answered, or ended without an answer. The daemon has not shut the socket yet. */
static void on_completed(void *user, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
    (void)user;
    struct http_peer *peer = http_peer_of(connection);
    if (peer != NULL && code == MHD_REQUEST_TERMINATED_CLIENT_ABORT)
        cut_off(peer, incomplete);
    if (*context != NULL)
        http_request_free(*context);
    *context = NULL;
    if (peer != NULL)
        http_peer_enter(peer, HTTP_IDLE, HTTP_IDLE_US);
}

/* Leaves paths encoded: a decoded path no longer shows which slash was a %2F. */
static size_t on_unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

/* --- Life --- */

/* Returns the limit: a quarter of the descriptors, the rest is for the proxies. */
static size_t connection_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 4 > HTTP_CONNECTIONS_MAX)
        return HTTP_CONNECTIONS_MAX;
    return limit.rlim_cur < 8 ? 2 : (size_t)limit.rlim_cur / 4;
}

static int start_daemon(struct http *http, struct err *err)
{
    /* One above our limit, so that libmicrohttpd's, which would close the socket, is never
     * reached. */
    unsigned hard_limit = (unsigned)http->peer_max + 1;
    http->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
            NULL, NULL, on_access, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
            MHD_OPTION_NOTIFY_CONNECTION, on_peer, http, MHD_OPTION_URI_LOG_CALLBACK, on_first_line,
            http, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, http, MHD_OPTION_CONNECTION_LIMIT,
            hard_limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HTTP_IDLE_US / US_PER_S),
            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    return http->daemon != NULL ? 0 : err_set(err, "cannot start libmicrohttpd");
}

static int listen_at(struct http *http, const struct address *address, struct err *err)
{
    struct proxy_config options = {.listen = *address};
    option_set_defaults(proxy_options, &options);
    if (listener_open(&http->listener, &options, err) != 0)
        return -1;
    listener_keep_reserve(&http->listener);
    return 0;
}

static int watch_daemon(struct http *http, struct err *err)
{
    http->epoll_fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    http->ready.on_event = on_ready;
    int result = poller_add_level(http->poller, http->epoll_fd, &http->ready);
    return result == 0 ? 0 : err_set(err, "cannot watch libmicrohttpd: %s", strerror(-result));
}

static void init(struct http *http, struct poller *poller, struct timers *timers,
    const struct http_calls *calls, void *user)
{
    memset(http, 0, sizeof *http);
    http->calls = calls;
    http->user = user;
    http->poller = poller;
    http->timers = timers;
    http->peer_max = connection_limit();
    http->turn.run = on_turn;
    list_init(&http->turn.link);
    http->run.run = on_run;
    list_init(&http->run.link);
    list_init(&http->peers);
    list_init(&http->queue);
    list_init(&http->postponed);
    list_init(&http->streams);
}

int http_open(struct http *http, struct poller *poller, struct timers *timers,
    struct resolver *resolver, const struct address *address, const struct http_calls *calls,
    void *user, struct err *err)
{
    init(http, poller, timers, calls, user);
    if (timer_init(timers, &http->timer, on_timer) != 0)
        return err_set(err, "out of memory");
    if (timer_init(timers, &http->sweep, on_sweep) != 0)
        goto err_after_timer;
    if (listener_init(&http->listener, poller, timers, NULL, &listener_calls) != 0)
        goto err_after_sweep;
    http->listener.resolver = resolver;
    if (listen_at(http, address, err) != 0)
        goto err_after_listener;
    if (start_daemon(http, err) != 0)
        goto err_after_listener;
    if (watch_daemon(http, err) == 0)
        return 0;

    MHD_stop_daemon(http->daemon);
err_after_listener:
    listener_deinit(&http->listener);
    timer_deinit(timers, &http->sweep);
    timer_deinit(timers, &http->timer);
    return -1;
err_after_sweep:
    timer_deinit(timers, &http->sweep);
err_after_timer:
    timer_deinit(timers, &http->timer);
    return err_set(err, "out of memory");
}

/* The daemon cannot stop while connections are suspended. */
static void resume_all(struct http *http)
{
    for (struct list *link; (link = list_pop(&http->queue)) != NULL;)
        MHD_resume_connection(container_of(link, struct http_request, queue_link)->connection);
    for (struct list *link; (link = list_pop(&http->postponed)) != NULL;)
        MHD_resume_connection(container_of(link, struct http_request, queue_link)->connection);
    http_wake_streams(http);
}

void http_close(struct http *http)
{
    http->closing = true;
    list_remove(&http->turn.link);
    list_remove(&http->run.link);
    listener_deinit(&http->listener);
    poller_remove(http->poller, http->epoll_fd);
    resume_all(http);
    MHD_stop_daemon(http->daemon);
    timer_deinit(http->timers, &http->sweep);
    timer_deinit(http->timers, &http->timer);
}
