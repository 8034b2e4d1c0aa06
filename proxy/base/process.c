/* SPDX-License-Identifier: MIT */
#include "proxy/base/process.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t process_fork(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &all, mask);
    pid_t pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, mask, NULL);
    return pid;
}

void process_wait(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}
