/* SPDX-License-Identifier: MIT */
/* The builtin upstreams as their clients see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/bench.h"

static void ask(int fd, const char *path)
{
    char request[128];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    bench_send(fd, request, (size_t)n);
}

/* Reads up to the blank line, byte by byte: what follows is left. */
static void read_head(int fd, char *head, size_t size)
{
    for (size_t used = 0; used + 1 < size; used++) {
        bench_read(fd, head + used, 1);
        head[used + 1] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            return;
    }
    fail_msg("no end of the head: %s", head);
}

static void the_largest_length_and_a_second_request_behind_it(void **state)
{
    static unsigned char body[1u << 20];
    char head[512];
    struct bench bench;
    (void)state;
    bench_start(&bench, "builtin:http", "", "");
    for (int round = 0; round < 3; round++) {
        int fd = bench_connect(&bench, NULL);
        ask(fd, "/bytes/18446744073709551615");
        read_head(fd, head, sizeof head);
        assert_non_null(strstr(head, "Content-Length: 18446744073709551615\r\n"));
        ask(fd, "/");
        bench_read(fd, body, sizeof body);
        assert_memory_equal(body, " !\"#$%&", 7);
        close(fd);
    }
    int fd = bench_connect(&bench, NULL);
    for (int round = 0; round < 3; round++) {
        ask(fd, "/bytes/1000");
        read_head(fd, head, sizeof head);
        assert_non_null(strstr(head, "Content-Length: 1000\r\n"));
        bench_read(fd, body, 1000);
    }
    close(fd);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_length_and_a_second_request_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
