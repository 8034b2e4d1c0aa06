/* SPDX-License-Identifier: MIT */
/* In glibc, stderr is a variable that a program may set (its manual, "Standard Streams"). In musl
 * it is a constant. */
#include "proxy/app/stderr_stream.h"

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

static void clear_status(struct stderr_stream *stream)
{
    if (stream->shown)
        fputs(CLEAR_LINE, line_queue_stream(stream->queue));
    stream->shown = false;
}

static ssize_t on_write(void *user, const char *bytes, size_t size)
{
    struct stderr_stream *stream = user;
    FILE *out = line_queue_stream(stream->queue);
    clear_status(stream);
    fwrite(bytes, 1, size, out);
    fflush(out);
    return (ssize_t)size;
}

/* Makes the stream that clears the status line before it prints. -1: out of memory. */
static int open_above(struct stderr_stream *stream, int mode)
{
    const cookie_io_functions_t calls = {.write = on_write};
    stream->above = fopencookie(stream, "w", calls);
    if (stream->above == NULL)
        return -1;
    setvbuf(stream->above, NULL, mode, LINE_QUEUE_BUFFER);
    return 0;
}

int stderr_stream_open(
    struct stderr_stream *stream, const struct stderr_stream_options *options, struct err *err)
{
    int mode = options->gathered ? _IOFBF : _IOLBF;
    *stream = (struct stderr_stream){.before = stderr};
    if (!can_replace)
        return 0;
    stream->queue = line_queue_open_fd(STDERR_FILENO, mode, err);
    if (stream->queue == NULL)
        return -1;
    if (options->has_status && open_above(stream, mode) != 0) {
        line_queue_close(stream->queue);
        stream->queue = NULL;
        return err_set(err, "out of memory");
    }
    replace_stderr(stream->above != NULL ? stream->above : line_queue_stream(stream->queue));
    return 0;
}

void stderr_stream_show_status(struct stderr_stream *stream, const char *text)
{
    if (stream->above == NULL)
        return;
    fflush(stream->above);
    if (!line_queue_is_idle(stream->queue))
        return;
    FILE *out = line_queue_stream(stream->queue);
    clear_status(stream);
    fputs(text, out);
    fflush(out);
    stream->shown = true;
}

void stderr_stream_leave_status(struct stderr_stream *stream)
{
    stream->shown = false;
}

void stderr_stream_close(struct stderr_stream *stream)
{
    if (stream->queue == NULL)
        return;
    replace_stderr(stream->before);
    if (stream->above != NULL)
        fclose(stream->above);
    stream->above = NULL;
    clear_status(stream);
    line_queue_finish(stream->queue, FINISH_MS);
    line_queue_close(stream->queue);
    stream->queue = NULL;
}

void stderr_stream_say_waiting(size_t connections, uint64_t left_ms)
{
    fprintf(stderr,
        "rudeproxy: waiting up to %" PRIu64
        " ms more for %zu open connection%s; a signal ends %s\n",
        left_ms, connections, connections == 1 ? "" : "s", connections == 1 ? "it" : "them");
    fflush(stderr);
}
