/* SPDX-License-Identifier: MIT */
/* In the sandbox the program cannot become another one; what a proxy needs still works. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/app/seccomp.h"

enum { NO_FILTER = 10, EXECUTED, TRACED, NO_SOCKET };

/* Runs in a child: the filter stays for the rest of a process's life. Returns its exit status. */
static int try_calls(void)
{
    const struct settings settings = {.sandbox = SANDBOX_AUTO};
    char *const argv[] = {"true", NULL};
    if (!seccomp_enter(&settings))
        return NO_FILTER;
    if (execv("/bin/true", argv) != -1 || errno != EPERM)
        return EXECUTED;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != -1 || errno != EPERM)
        return TRACED;
    if (socket(AF_INET, SOCK_STREAM, 0) < 0)
        return NO_SOCKET;
    return 0;
}

static void it_refuses_other_programs_and_keeps_sockets(void **state)
{
    int status = 0;
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_calls());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_FILTER) {
        puts("skipped: no seccomp filter here (another architecture, a sanitizer or the kernel)");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void off_is_off(void **state)
{
    const struct settings settings = {.sandbox = SANDBOX_OFF};
    (void)state;
    assert_false(seccomp_enter(&settings));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_refuses_other_programs_and_keeps_sockets),
        cmocka_unit_test(off_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
