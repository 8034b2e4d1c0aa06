/* SPDX-License-Identifier: MIT */
#include "tests/lib/http_answer.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/lib/wire.h"

/* Whether the head has arrived, and as much behind it as it says. */
static bool is_whole(const struct http_answer *answer)
{
    const char *body = strstr(answer->text, "\r\n\r\n");
    const char *length = strcasestr(answer->text, "\r\nContent-Length: ");
    if (body == NULL || length == NULL || length > body)
        return false;
    size_t head = (size_t)(body + 4 - answer->text);
    return answer->size >= head + strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
}

void http_answer_read(int fd, struct http_answer *answer, int deadline_ms)
{
    answer->status = 0;
    answer->ended = false;
    answer->size = 0;
    answer->text[0] = '\0';
    while (!is_whole(answer) && answer->size + 1 < sizeof answer->text &&
           wire_poll(fd, POLLIN, deadline_ms) > 0) {
        ssize_t n =
            recv(fd, answer->text + answer->size, sizeof answer->text - answer->size - 1, 0);
        answer->ended = n <= 0;
        if (answer->ended)
            break;
        answer->size += (size_t)n;
        answer->text[answer->size] = '\0';
    }
    if (strncmp(answer->text, "HTTP/1.1 ", 9) == 0)
        answer->status = (int)strtol(answer->text + 9, NULL, 10);
}
