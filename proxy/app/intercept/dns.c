/* SPDX-License-Identifier: MIT */
/*
 * Happy path: a question arrives at our socket in the command's network, with the address that was
 * asked (IP_PKTINFO in ip(7)). Each socket that asks gets a flow: a socket of ours outside the
 * network, connected to a name server. Answers go back unchanged, with the number of their question
 * (RFC 1035 4.1.1), so many questions may be under way.
 *
 * - The server refuses (ICMP): the questions are answered with SERVFAIL, and a resolver asks its
 *   next server at once.
 * - No answer comes: the flow ends after FLOW_LIFE_MS. Nothing is repeated: the resolver does that.
 */
#include "proxy/app/intercept/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/app/intercept/dns_message.h"
#include "proxy/base/address.h"
#include "proxy/net/handle.h"

#define QUESTION_MAX 512 /* kept to be answered; a longer one is not a question of a resolver */
#define QUESTIONS_MAX 4  /* kept for each flow, the last ones: a resolver asks for A and for AAAA */
#define ID_SIZE 2        /* of a message, at its start (RFC 1035 4.1.1) */
#define FLOW_LIFE_MS 15000
#define SWEEP_MS 1000
#define BATCH 32 /* messages of one wake-up */

struct question {
    unsigned char bytes[QUESTION_MAX];
    size_t size;
};

struct flow {
    struct list link;
    struct dns *dns;
    uv_poll_t poll; /* of fd */
    int fd;         /* outside, connected to a name server */
    struct sockaddr_storage client, asked;
    uint64_t used_at_ms;
    struct question questions[QUESTIONS_MAX]; /* unanswered, the oldest first */
    size_t count;                             /* of them */
};

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void on_flow_closed(uv_handle_t *handle)
{
    free(container_of(handle, struct flow, poll));
}

static void flow_end(struct flow *flow)
{
    list_remove(&flow->link);
    flow->dns->count--;
    uv_poll_stop(&flow->poll);
    close(flow->fd);
    uv_close((uv_handle_t *)&flow->poll, on_flow_closed);
}

/* --- answers --- */

/* Sends from the address that was asked. The socket is of the family of both addresses. */
static void send_to_client(const struct flow *flow, const void *bytes, size_t size)
{
    union control control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)&flow->client,
        .msg_namelen = resolv_address_size(&flow->client),
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
    };
    struct in6_pktinfo info6 = {0};
    struct in_pktinfo info = {0};
    bool is_ipv6 = flow->asked.ss_family == AF_INET6;
    size_t info_size = is_ipv6 ? sizeof info6 : sizeof info;
    message.msg_controllen = (socklen_t)CMSG_SPACE(info_size); /* musl's type */
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    header->cmsg_type = is_ipv6 ? IPV6_PKTINFO : IP_PKTINFO;
    header->cmsg_len = (socklen_t)CMSG_LEN(info_size);
    info6.ipi6_addr = ((const struct sockaddr_in6 *)(const void *)&flow->asked)->sin6_addr;
    info.ipi_spec_dst = ((const struct sockaddr_in *)(const void *)&flow->asked)->sin_addr;
    memcpy(CMSG_DATA(header), is_ipv6 ? (void *)&info6 : (void *)&info, info_size);
    sendmsg(flow->dns->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Answers all questions with SERVFAIL. */
static void answer_failure(struct flow *flow)
{
    for (size_t i = 0; i < flow->count; i++) {
        struct question *question = &flow->questions[i];
        size_t size = dns_make_failure(question->bytes, question->size);
        if (size > 0)
            send_to_client(flow, question->bytes, size);
    }
    flow->count = 0;
}

static void forget_question(struct flow *flow, size_t index)
{
    flow->count--;
    memmove(&flow->questions[index], &flow->questions[index + 1],
        (flow->count - index) * sizeof flow->questions[0]);
}

static void keep_question(struct flow *flow, const unsigned char *bytes, size_t size)
{
    if (size > QUESTION_MAX)
        return;
    if (flow->count == QUESTIONS_MAX)
        forget_question(flow, 0);
    struct question *question = &flow->questions[flow->count++];
    memcpy(question->bytes, bytes, size);
    question->size = size;
}

/* The question with the number of this answer is answered. */
static void note_answered(struct flow *flow, const unsigned char *answer, size_t size)
{
    for (size_t i = 0; size >= ID_SIZE && i < flow->count; i++) {
        if (memcmp(flow->questions[i].bytes, answer, ID_SIZE) != 0)
            continue;
        forget_question(flow, i);
        return;
    }
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
    struct flow *flow = container_of(poll, struct flow, poll);
    unsigned char *bytes = flow->dns->message;
    (void)events;
    if (status != 0) /* libuv stops at an error (uv__poll_io in src/unix/poll.c) */
        uv_poll_start(poll, UV_READABLE, on_answer);
    for (int i = 0; i < BATCH; i++) {
        ssize_t n = recv(flow->fd, bytes, DNS_MESSAGE_MAX, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            answer_failure(flow);
        if (n < 0)
            return;
        dns_note_addresses(bytes, (size_t)n, flow->dns->names);
        if (flow->dns->on_names != NULL)
            flow->dns->on_names(flow->dns);
        note_answered(flow, bytes, (size_t)n);
        send_to_client(flow, bytes, (size_t)n);
    }
}

/* --- questions --- */

/* An error may be that of an earlier question: then this one was not sent (ip(7), IP_RECVERR). */
static void dns_ask(struct flow *flow, const unsigned char *bytes, size_t size)
{
    bool is_sent = send(flow->fd, bytes, size, MSG_NOSIGNAL) >= 0;
    if (!is_sent) {
        answer_failure(flow);
        is_sent = send(flow->fd, bytes, size, MSG_NOSIGNAL) >= 0;
    }
    keep_question(flow, bytes, size);
    if (!is_sent)
        answer_failure(flow);
}

static int connect_flow(struct flow *flow)
{
    struct sockaddr_storage asked = flow->asked;
    sockaddr_unmap(&asked);
    const struct sockaddr_storage *server = resolv_choose(&flow->dns->resolv, &asked);
    flow->fd = socket(server->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (flow->fd < 0)
        return -errno;
    if (connect(flow->fd, (const struct sockaddr *)server, resolv_address_size(server)) == 0)
        return 0;
    int result = -errno;
    close(flow->fd);
    return result;
}

/* A flow for a socket that asks for the first time, without its question. NULL: none can be made,
 * and the socket was told that the server failed. */
static struct flow *flow_new(struct dns *dns, const struct flow *model)
{
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL)
        return NULL;
    *flow = *model;
    int result = connect_flow(flow);
    if (result == 0 && uv_poll_init(dns->loop, &flow->poll, flow->fd) != 0) {
        close(flow->fd);
        result = -EMFILE;
    }
    if (result != 0) {
        answer_failure(flow);
        free(flow);
        return NULL;
    }
    if (dns->count == DNS_FLOWS_MAX)
        flow_end(container_of(dns->flows.next, struct flow, link));
    flow->count = 0;
    list_append(&dns->flows, &flow->link);
    dns->count++;
    uv_poll_start(&flow->poll, UV_READABLE, on_answer);
    return flow;
}

static struct flow *find_flow(struct dns *dns, const struct flow *wanted)
{
    list_for_each(link, &dns->flows)
    {
        struct flow *flow = container_of(link, struct flow, link);
        if (memcmp(&flow->client, &wanted->client, sizeof flow->client) == 0 &&
            memcmp(&flow->asked, &wanted->asked, sizeof flow->asked) == 0)
            return flow;
    }
    return NULL;
}

/* CMSG_NXTHDR, whose macro in musl converts a signed number. */
static struct cmsghdr *next_header(struct msghdr *message, struct cmsghdr *header)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
    return CMSG_NXTHDR(message, header);
#pragma GCC diagnostic pop
}

/* The address to which a question was sent. */
static void read_asked(struct msghdr *message, struct sockaddr_storage *asked)
{
    memset(asked, 0, sizeof *asked);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = next_header(message, header)) {
        struct in6_pktinfo info6;
        struct in_pktinfo info;
        if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            memcpy(&info6, CMSG_DATA(header), sizeof info6);
            ((struct sockaddr_in6 *)asked)->sin6_family = AF_INET6;
            ((struct sockaddr_in6 *)asked)->sin6_addr = info6.ipi6_addr;
        } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO &&
                   asked->ss_family == AF_UNSPEC) {
            memcpy(&info, CMSG_DATA(header), sizeof info);
            ((struct sockaddr_in *)asked)->sin_family = AF_INET;
            ((struct sockaddr_in *)asked)->sin_addr = info.ipi_addr;
        }
    }
}

/* One question; false: there is none. */
static bool take_question(struct dns *dns)
{
    unsigned char *bytes = dns->message;
    struct flow model = {.dns = dns, .used_at_ms = uv_now(dns->loop)};
    union control control;
    struct iovec iov = {.iov_base = bytes, .iov_len = DNS_MESSAGE_MAX};
    struct msghdr message = {
        .msg_name = &model.client,
        .msg_namelen = sizeof model.client,
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t n = recvmsg(dns->fd, &message, MSG_DONTWAIT);
    if (n < 0)
        return errno == EINTR;
    read_asked(&message, &model.asked);
    keep_question(&model, bytes, (size_t)n);
    struct flow *flow = find_flow(dns, &model);
    if (flow == NULL)
        flow = flow_new(dns, &model);
    if (flow == NULL)
        return true;
    flow->used_at_ms = model.used_at_ms;
    dns_ask(flow, bytes, (size_t)n);
    return true;
}

static void on_question(uv_poll_t *poll, int status, int events)
{
    struct dns *dns = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < BATCH && take_question(dns); i++)
        ;
}

static void on_sweep(uv_timer_t *timer)
{
    struct dns *dns = timer->data;
    uint64_t now = uv_now(dns->loop);
    list_for_each_safe(link, &dns->flows)
    {
        struct flow *flow = container_of(link, struct flow, link);
        if (now - flow->used_at_ms > FLOW_LIFE_MS)
            flow_end(flow);
    }
}

/* --- the socket in the command's network --- */

static int bind_socket(struct netns *netns)
{
    const int on = 1, off = 0;
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(RESOLV_PORT)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(RESOLV_PORT)};
    int fd = netns_socket(netns, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    bool is_ipv6 = fd != -EAFNOSUPPORT;
    if (!is_ipv6)
        fd = netns_socket(netns, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    /* A name server of the command's own may bind the port at an address of its own. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    if ((is_ipv6 ? bind(fd, (struct sockaddr *)&any6, sizeof any6)
                 : bind(fd, (struct sockaddr *)&any, sizeof any)) == 0)
        return fd;
    int result = -errno;
    close(fd);
    return result;
}

static int start_handles(struct dns *dns)
{
    dns->poll = calloc(1, sizeof *dns->poll);
    dns->sweep = calloc(1, sizeof *dns->sweep);
    if (dns->poll == NULL || dns->sweep == NULL ||
        uv_poll_init(dns->loop, dns->poll, dns->fd) != 0) {
        free(dns->poll);
        free(dns->sweep);
        dns->poll = NULL;
        dns->sweep = NULL;
        return -ENOMEM;
    }
    uv_timer_init(dns->loop, dns->sweep);
    dns->poll->data = dns->sweep->data = dns;
    uv_poll_start(dns->poll, UV_READABLE, on_question);
    uv_timer_start(dns->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return 0;
}

int dns_start(struct dns *dns, uv_loop_t *loop, struct netns *netns, struct name_cache *names,
    struct err *err)
{
    *dns = (struct dns){.names = names, .loop = loop, .fd = -1};
    list_init(&dns->flows);
    resolv_read(&dns->resolv, "/etc/resolv.conf");
    int fd = bind_socket(netns);
    int result = fd < 0 ? fd : 0;
    dns->fd = fd;
    if (result == 0)
        result = start_handles(dns);
    if (result == 0)
        return 0;
    if (fd >= 0)
        close(fd);
    return err_set(err, "--intercept: cannot forward DNS: %s", strerror(-result));
}

void dns_stop(struct dns *dns)
{
    if (dns->poll == NULL)
        return;
    list_for_each_safe(link, &dns->flows) flow_end(container_of(link, struct flow, link));
    uv_poll_stop(dns->poll);
    handle_free((uv_handle_t *)dns->poll);
    handle_free((uv_handle_t *)dns->sweep);
    close(dns->fd);
    dns->poll = NULL;
    dns->sweep = NULL;
}
