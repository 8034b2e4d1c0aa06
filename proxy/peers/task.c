/* SPDX-License-Identifier: MIT */
/* Helpers of all operations: to wait, and to write their line. */
#include "proxy/peers/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/base/err.h"

enum progress task_say(struct task *task, const char *format, ...)
{
    char *text = task->line.text;
    size_t size = sizeof(task->line.text);
    va_list arguments;

    snprintf(text, size, "%s: ", task->row->name);
    size_t used = strlen(text);
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
    return TASK_DONE;
}

enum progress task_say_result(struct task *task, int result)
{
    return task_say(task, "%s", result == 0 ? "ok" : err_name(-result));
}

enum progress task_wait(struct task *task, short events)
{
    task->events = events;
    task->tick = false;
    return TASK_WAITING;
}

enum progress task_tick(struct task *task)
{
    task->tick = true;
    return TASK_WAITING;
}

int64_t peers_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
