/* SPDX-License-Identifier: MIT */
/*
 * Happy path: the child enters a network of its own, answers once with its namespaces, then with
 * one socket for each request.
 *
 * - It cannot: it answers with the sentence that says why, and ends.
 * - We are gone: its end of the pair reads EOF and it ends. PR_SET_PDEATHSIG ends it if another
 *   process still has a copy of our end.
 *
 * Each message has at most two descriptors. The namespaces live as long as a process or descriptor
 * of them, so nothing is left to clean up.
 */
#include "proxy/app/intercept/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/app/exec/private_network.h"
#include "proxy/app/intercept/sysctls.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/process.h"

struct request {
    int family, type, protocol;
};

struct answer {
    int errnum;      /* 0: the descriptors are attached */
    struct err text; /* of the first answer, when errnum is not 0 */
};

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(NETNS_NAMESPACES * sizeof(int))];
};

/* --- the holder --- */

static void send_answer(int socket, struct answer *answer, const int *fds, size_t count)
{
    union control control;
    struct iovec iov = {.iov_base = answer, .iov_len = sizeof *answer};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int)); /* musl's type */
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    sendmsg(socket, &message, MSG_NOSIGNAL);
}

static void answer_request(int pair, const struct request *request)
{
    struct answer answer = {0};
    int fd = socket(request->family, request->type | SOCK_CLOEXEC, request->protocol);
    answer.errnum = fd < 0 ? errno : 0;
    send_answer(pair, &answer, &fd, fd >= 0 ? 1 : 0);
    if (fd >= 0)
        close(fd);
}

/* Root stays in its user namespace: then there is only the network to enter. */
static bool same_user_namespace(int before, int now)
{
    struct stat a, b;
    return fstat(before, &a) == 0 && fstat(now, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

static int open_namespace(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Enters the network and passes the namespaces out; does not return when it cannot. */
static void present(int pair)
{
    struct answer answer = {0};
    struct sysctls sysctls;
    int before = open_namespace("/proc/self/ns/user");
    sysctls_read(&sysctls);
    if (private_network_enter("--intercept", &answer.text) != 0) {
        answer.errnum = EPERM;
        send_answer(pair, &answer, NULL, 0);
        _exit(EXIT_FAILURE);
    }
    sysctls_write(&sysctls);
    int fds[2] = {open_namespace("/proc/self/ns/net"), open_namespace("/proc/self/ns/user")};
    if (before < 0 || fds[0] < 0 || fds[1] < 0) {
        answer.errnum = errno;
        err_set(&answer.text, "--intercept: cannot open /proc/self/ns: %s", strerror(errno));
        send_answer(pair, &answer, NULL, 0);
        _exit(EXIT_FAILURE);
    }
    send_answer(pair, &answer, fds, same_user_namespace(before, fds[1]) ? 1 : 2);
    close(before);
    close(fds[0]);
    close(fds[1]);
}

static _Noreturn void hold(int pair, pid_t parent)
{
    struct request request;
    prctl(PR_SET_NAME, "rudeproxy-net");
    /* The reader of --ready-fd waits for the end of that pipe: the holder must not keep it open. */
    descriptors_close_from(STDERR_FILENO + 1, pair);
    present(pair);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* not before: a change of credentials clears it (prctl(2)) */
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    for (;;) {
        ssize_t n = recv(pair, &request, sizeof request, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != sizeof request)
            _exit(EXIT_SUCCESS);
        answer_request(pair, &request);
    }
}

/* --- our side --- */

/* Descriptors that came are put into `fds`, the others are -1. 0 or -errno. */
static int receive_answer(int pair, struct answer *answer, int fds[NETNS_NAMESPACES])
{
    union control control;
    struct iovec iov = {.iov_base = answer, .iov_len = sizeof *answer};
    struct msghdr message = {.msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control};
    ssize_t n;
    fds[0] = fds[1] = -1;
    do
        n = recvmsg(pair, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != sizeof *answer)
        return n < 0 ? -errno : -ECONNRESET;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS)
        memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    if ((message.msg_flags & MSG_CTRUNC) == 0)
        return -answer->errnum;
    /* We may have no more descriptors (scm_detach_fds in net/core/scm.c). */
    for (size_t i = 0; i < NETNS_NAMESPACES; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return -EMFILE;
}

int netns_start(struct netns *netns, struct err *err)
{
    int pair[2], fds[NETNS_NAMESPACES];
    struct answer answer = {0};
    sigset_t mask;
    pid_t parent = getpid();
    *netns = (struct netns){.fd = -1, .namespaces = {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, "--intercept: %s", strerror(errno));
    netns->pid = process_fork(&mask); /* the terminal's signals are for the command */
    if (netns->pid == 0) {
        close(pair[0]); /* or our end is not seen */
        hold(pair[1], parent);
    }
    int errnum = netns->pid < 0 ? errno : 0;
    close(pair[1]);
    netns->fd = pair[0];
    int result = errnum != 0 ? -errnum : receive_answer(pair[0], &answer, fds);
    if (result == 0) {
        netns->namespaces[NETNS_NETWORK] = fds[0];
        netns->namespaces[NETNS_USER] = fds[1];
        return 0;
    }
    netns_stop(netns);
    if (errnum == 0 && answer.errnum == -result && answer.text.text[0] != '\0')
        return err_set(err, "%s", answer.text.text);
    return err_set(err, "--intercept: no process for the command's network: %s", strerror(-result));
}

int netns_socket(struct netns *netns, int family, int type, int protocol)
{
    const struct request request = {.family = family, .type = type, .protocol = protocol};
    struct answer answer;
    int fds[NETNS_NAMESPACES];
    if (send(netns->fd, &request, sizeof request, MSG_NOSIGNAL) != sizeof request)
        return -errno;
    int result = receive_answer(netns->fd, &answer, fds);
    return result == 0 ? fds[0] : result;
}

int netns_enter(const struct netns *netns)
{
    int user = netns->namespaces[NETNS_USER];
    if (user >= 0 && setns(user, CLONE_NEWUSER) != 0)
        return -errno;
    return setns(netns->namespaces[NETNS_NETWORK], CLONE_NEWNET) == 0 ? 0 : -errno;
}

void netns_stop(struct netns *netns)
{
    for (size_t i = 0; i < NETNS_NAMESPACES; i++)
        if (netns->namespaces[i] >= 0)
            close(netns->namespaces[i]);
    if (netns->fd >= 0)
        close(netns->fd);
    if (netns->pid > 0) {
        kill(netns->pid, SIGKILL);
        process_wait(netns->pid);
    }
    *netns = (struct netns){.fd = -1, .namespaces = {-1, -1}};
}
