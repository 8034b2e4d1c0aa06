/* SPDX-License-Identifier: MIT */
/*
 * The children are asked one by one: wait() for any child would also take the end of a program that
 * the test has started.
 */
#include "tests/lib/side_by_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/wire.h"

/* Waits until one of the children has ended and removes it. Returns whether it was good. */
static bool is_next_good(pid_t *children, size_t *count)
{
    for (;; wire_tick()) {
        for (size_t i = 0; i < *count; i++) {
            int status = 0;
            pid_t pid = waitpid(children[i], &status, WNOHANG);
            if (pid == 0)
                continue;
            children[i] = children[--*count];
            return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
    }
}

size_t side_by_side_run(
    size_t n, size_t at_once, bool (*job)(const void *user, size_t i), const void *user)
{
    pid_t children[SIDE_BY_SIDE_MAX];
    size_t passed = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (count == at_once)
            passed += is_next_good(children, &count);
        fflush(stdout); /* or the child would print it again */
        pid_t pid = fork();
        if (pid == 0)
            exit(job(user, i) ? 0 : 1);
        if (pid < 0)
            perror("fork");
        else
            children[count++] = pid;
    }
    while (count > 0)
        passed += is_next_good(children, &count);
    return passed;
}
