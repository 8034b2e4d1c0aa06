/* SPDX-License-Identifier: MIT */
/* In glibc, stderr is a variable that a program may set (its manual, "Standard Streams"). In musl
 * it is a constant. */
#include "proxy/app/messages.h"

#include <inttypes.h>
#include <unistd.h>

#define FINISH_MS 1000
#define CLEAR_LINE "\r\x1b[K" /* ECMA-48: erase to the end of the line */

#ifdef __GLIBC__
static const bool can_replace = true;

static void replace_stderr(FILE *stream)
{
    stderr = stream;
}
#else
static const bool can_replace = false;

static void replace_stderr(FILE *stream)
{
    (void)stream;
}
#endif

static void clear_status(struct messages *messages)
{
    if (messages->shown)
        fputs(CLEAR_LINE, line_writer_stream(messages->writer));
    messages->shown = false;
}

static ssize_t on_write(void *user, const char *bytes, size_t size)
{
    struct messages *messages = user;
    FILE *stream = line_writer_stream(messages->writer);
    clear_status(messages);
    fwrite(bytes, 1, size, stream);
    fflush(stream);
    return (ssize_t)size;
}

/* Makes the stream that clears the status line before it prints. -1: out of memory. */
static int open_above(struct messages *messages, int mode)
{
    const cookie_io_functions_t calls = {.write = on_write};
    messages->above = fopencookie(messages, "w", calls);
    if (messages->above == NULL)
        return -1;
    setvbuf(messages->above, NULL, mode, LINE_WRITER_BUFFER);
    return 0;
}

int messages_open(
    struct messages *messages, const struct messages_options *options, struct err *err)
{
    int mode = options->gathered ? _IOFBF : _IOLBF;
    *messages = (struct messages){.before = stderr};
    if (!can_replace)
        return 0;
    messages->writer = line_writer_open_fd(STDERR_FILENO, mode, err);
    if (messages->writer == NULL)
        return -1;
    if (options->has_status && open_above(messages, mode) != 0) {
        line_writer_close(messages->writer);
        messages->writer = NULL;
        return err_set(err, "out of memory");
    }
    replace_stderr(
        messages->above != NULL ? messages->above : line_writer_stream(messages->writer));
    return 0;
}

void messages_show_status(struct messages *messages, const char *text)
{
    if (messages->above == NULL)
        return;
    fflush(messages->above);
    if (!line_writer_is_idle(messages->writer))
        return;
    FILE *stream = line_writer_stream(messages->writer);
    clear_status(messages);
    fputs(text, stream);
    fflush(stream);
    messages->shown = true;
}

void messages_close(struct messages *messages)
{
    if (messages->writer == NULL)
        return;
    replace_stderr(messages->before);
    if (messages->above != NULL)
        fclose(messages->above);
    messages->above = NULL;
    clear_status(messages);
    line_writer_finish(messages->writer, FINISH_MS);
    line_writer_close(messages->writer);
    messages->writer = NULL;
}

void messages_say_waiting(size_t connections, uint64_t left_ms)
{
    fprintf(stderr,
        "rudeproxy: waiting up to %" PRIu64
        " ms more for %zu open connection%s; a signal ends %s\n",
        left_ms, connections, connections == 1 ? "" : "s", connections == 1 ? "it" : "them");
    fflush(stderr);
}
