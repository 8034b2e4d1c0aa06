/* SPDX-License-Identifier: MIT */
/* The holder of a command's network: where descriptors run out, and where /proc/self is root's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/app/intercept/netns.h"

static struct netns netns;

static void without_a_descriptor_the_errno_says_so(void **state)
{
    struct rlimit before;
    (void)state;
    int first = netns_socket(&netns, AF_INET, SOCK_STREAM, 0);
    assert_true(first >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int result = netns_socket(&netns, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(result, -EMFILE);
    int second = netns_socket(&netns, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(second, first + 1);
    close(first);
    close(second);
}

#define NOBODY 65534

/* Whether an ordinary user whose program is dumpable or not, as prctl(2) has it, gets a network. */
static bool nobody_gets_one(int dumpable)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct netns own;
        struct err err;
        if (geteuid() == 0 &&
            (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
            _exit(1);
        prctl(PR_SET_DUMPABLE, dumpable);
        if (netns_start(&own, &err) != 0) {
            fprintf(stderr, "dumpable %d: %s\n", dumpable, err.text);
            _exit(1);
        }
        bool is_unchanged = prctl(PR_GET_DUMPABLE) == dumpable;
        netns_stop(&own);
        _exit(is_unchanged ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A program with file capabilities, or one that its user may not read, is not dumpable. */
static void a_program_that_is_not_dumpable_gets_a_network(void **state)
{
    (void)state;
    if (!nobody_gets_one(1))
        skip(); /* the kernel forbids it */
    assert_true(nobody_gets_one(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_descriptor_the_errno_says_so),
        cmocka_unit_test(a_program_that_is_not_dumpable_gets_a_network),
    };
    struct err err;
    if (netns_start(&netns, &err) != 0) {
        printf("skipped: %s\n", err.text);
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    netns_stop(&netns);
    return failed;
}
