/* SPDX-License-Identifier: MIT */
/* The command prints its process number, and /proc has its namespaces. */
#include "tests/lib/command_network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char command_network_script[] =
    "trap 'exit 0' TERM; echo \"command $$ here\"; while :; do sleep 1 & wait; done";

/* 0: it has not said so yet. */
static long read_pid(const struct proxy_process *process)
{
    char line[256];
    long pid = 0;
    FILE *file = fopen(process->output, "re");
    while (file != NULL && pid == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "command ", 8) == 0 && strstr(line, " here") != NULL)
            pid = strtol(line + 8, NULL, 10);
    if (file != NULL)
        fclose(file);
    return pid;
}

int command_network_open(const struct proxy_process *process)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    char path[64];
    long pid = 0;
    for (int i = 0; i < 4000 && (pid = read_pid(process)) == 0; i++)
        nanosleep(&pause, NULL);
    snprintf(path, sizeof path, "/proc/%ld/ns/net", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
