/* SPDX-License-Identifier: MIT */
/* An answer of a server to `ctl`: any bytes, then the end of the connection. */
#include "tests/fuzz/target.h"

#include <sys/socket.h>
#include <unistd.h>

#include "proxy/ctl/http.h"
#include "proxy/ctl/socket.h"

static bool take(struct http_answer *answer, const char *bytes, size_t size, struct err *err)
{
    (void)bytes;
    (void)err;
    return answer->status != 418 && size > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct http_request request = {.method = "GET", .target = "/", .host = "localhost"};
    struct http_answer answer = {.take = take};
    struct err err;
    int fds[2];
    if (size > 65536)
        return 0; /* more than the socket's buffer takes at once */
    fuzz_require(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0, "no sockets");
    fuzz_require(send(fds[1], data, size, MSG_NOSIGNAL) == (ssize_t)size, "cannot send");
    shutdown(fds[1], SHUT_WR);
    MAY_FAIL(http_exchange(fds[0], &request, socket_deadline(10), &answer, &err));
    close(fds[0]);
    close(fds[1]);
    return 0;
}
