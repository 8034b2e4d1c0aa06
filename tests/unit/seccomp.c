/* SPDX-License-Identifier: MIT */
/* In the sandbox the program cannot become another one; what a proxy needs still works. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/app/seccomp.h"

enum { NO_FILTER = 10, EXECUTED, TRACED, NO_SOCKET, NO_THREAD, ALLOWED };

/* Without a filter, and with all rights, each fails with another errno: a bad argument, no such
 * call. */
static const long refused[] = {
    SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsmount, SYS_fspick, SYS_open_by_handle_at,
    SYS_pidfd_getfd,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef __x86_64__
    0x40000000L | SYS_getpid, /* of x32 */
#endif
};

static bool is_refused(long number, long first)
{
    return syscall(number, first, -1L, -1L, -1L, -1L) == -1 && errno == EPERM;
}

static bool refuses_all(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (!is_refused(refused[i], -1)) {
            printf("the call %ld: %s\n", refused[i], strerror(errno));
            return false;
        }
    }
    return true;
}

static void *do_nothing(void *unused)
{
    return unused;
}

static bool makes_threads(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, do_nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool makes_user_namespaces(void)
{
    const long flags = CLONE_NEWUSER | SIGCHLD;
#ifdef __s390x__
    long pid = syscall(SYS_clone, NULL, flags, NULL, NULL, 0L);
#else
    long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
#endif
    if (pid == 0)
        _exit(0);
    return pid > 0 || errno != EPERM;
}

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
    if (!makes_threads())
        return NO_THREAD;
    return refuses_all() && !makes_user_namespaces() ? 0 : ALLOWED;
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
