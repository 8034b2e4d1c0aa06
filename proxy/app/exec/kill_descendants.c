/* SPDX-License-Identifier: MIT */
/*
 * The processes get SIGKILL, as in a container whose first process ends: they had their time to end
 * by themselves. Children are found in /proc, because /proc/PID/task/TID/children is not in every
 * kernel.
 */
#include "proxy/app/exec/kill_descendants.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process of another user (sudo) cannot be killed by us, one that waits for a disk dies late. */
#define PATIENCE_S 5

#define STAT_MAX 512 /* pid, name, state and parent are within the first 100 bytes */

/* The parent of a process, 0 when it is gone: the field behind the state, which follows the name's
 * last bracket (proc(5)). */
static long parent_of(const char *pid)
{
    char path[64], text[STAT_MAX];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *bracket = strrchr(text, ')');
    return bracket != NULL && strlen(bracket) > 4 ? strtol(bracket + 4, NULL, 10) : 0;
}

/* SIGKILL for each child. */
static void kill_children(void)
{
    long self = getpid();
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == self)
            kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    }
    closedir(proc);
}

/* Until a child ends, but not long. */
static void await_child(void)
{
    const struct timespec soon = {.tv_nsec = 20 * 1000 * 1000};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigtimedwait(&child, NULL, &soon);
}

void exec_kill_descendants(void)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (pid < 0 || now.tv_sec - start.tv_sec > PATIENCE_S)
            return;
        kill_children();
        await_child();
    }
}
