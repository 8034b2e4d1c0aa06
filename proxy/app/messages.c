/* SPDX-License-Identifier: MIT */
/* stderr is a variable that a program may set (the glibc manual, "Standard Streams"). */
#include "proxy/app/messages.h"

#include <unistd.h>

#define FINISH_MS 1000

int messages_open(struct messages *messages, bool gathered, struct err *err)
{
    *messages = (struct messages){.before = stderr};
    messages->writer = line_writer_open_fd(STDERR_FILENO, gathered ? _IOFBF : _IOLBF, err);
    if (messages->writer == NULL)
        return -1;
    stderr = line_writer_stream(messages->writer);
    return 0;
}

void messages_close(struct messages *messages)
{
    if (messages->writer == NULL)
        return;
    line_writer_finish(messages->writer, FINISH_MS);
    stderr = messages->before;
    line_writer_close(messages->writer);
    messages->writer = NULL;
}
