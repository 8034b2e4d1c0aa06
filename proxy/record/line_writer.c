/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the stream's buffer is flushed into the queue, the thread is woken and writes the
 * pending bytes.
 *
 * A failed write is retried every LINE_WRITER_RETRY_MS, whatever the reason: a disk may get room, a
 * FIFO a reader. Until then lines are queued, and dropped when the queue is full. A write that
 * stopped inside a line is undone if the file can be truncated, so a file ends with a whole line
 * whenever the process ends. Otherwise the rest follows. Bytes queued at once may lack a newline.
 *
 * The queue is a ring. head, written and tail are offsets in the stream of all bytes ever queued:
 *
 *     freed | head .. current line .. written .. pending .. tail | free
 */
#include "proxy/record/line_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/base/clock.h"

/* Limit of one write, so that a slow reader's progress is visible: the size of a pipe (pipe(7)). */
#define WRITE_MOST (64 * 1024)

#define NO_READER (-1)   /* for a descriptor: a FIFO without a reader; opened again later */
#define SAME_FILE (-2)   /* for the next descriptor: no other file was requested */
#define STOP_WAIT_MS 100 /* enough for a thread that is not stuck */

struct line_writer {
    FILE *stream;
    uint64_t lost;
    bool is_file;
    pthread_t thread;
    int wake_fd; /* eventfd that wakes the thread */
    char *path;  /* owned; NULL: a descriptor of the caller's */
    pthread_mutex_t lock;
    pthread_cond_t moved; /* signalled when written, errnum or stopped changes */
    /* Protected by the lock: */
    uint64_t head, written, tail;
    int errnum;
    bool stop, stopped, full; /* full: a line was dropped, and the queue is not yet half empty */
    int next_fd;              /* of a file opened again; SAME_FILE: none */
    uint64_t switch_at;       /* bytes queued from this offset are for next_fd */
    /* Used by the thread alone: */
    int fd;
    char buffer[LINE_WRITER_BUFFER];
    char bytes[LINE_WRITER_QUEUE];
};

/* --- the queue --- */

static size_t used(const struct line_writer *writer)
{
    return (size_t)(writer->tail - writer->head);
}

/* Sets `piece` to the one or two pieces of the ring from `from` to `to`. */
static void pieces(struct line_writer *writer, uint64_t from, uint64_t to, struct iovec piece[2])
{
    size_t at = (size_t)(from % LINE_WRITER_QUEUE), size = (size_t)(to - from);
    size_t first = size < LINE_WRITER_QUEUE - at ? size : LINE_WRITER_QUEUE - at;
    piece[0] = (struct iovec){writer->bytes + at, first};
    piece[1] = (struct iovec){writer->bytes, size - first};
}

static void put(struct line_writer *writer, const char *bytes, size_t size)
{
    struct iovec piece[2];
    pieces(writer, writer->tail, writer->tail + size, piece);
    memcpy(piece[0].iov_base, bytes, piece[0].iov_len);
    memcpy(piece[1].iov_base, bytes + piece[0].iov_len, piece[1].iov_len);
    writer->tail += size;
}

static void wake(struct line_writer *writer)
{
    eventfd_write(writer->wake_fd, 1);
}

static bool has_room(struct line_writer *writer)
{
    if (writer->full && used(writer) <= LINE_WRITER_QUEUE / 2)
        writer->full = false;
    return !writer->full;
}

/* The stream's write function. Queues whole lines while there is room. Never fails. */
static ssize_t on_flush(void *cookie, const char *bytes, size_t size)
{
    struct line_writer *writer = cookie;
    pthread_mutex_lock(&writer->lock);
    /* restart the ring, to use the same few pages */
    if (used(writer) == 0 && writer->next_fd == SAME_FILE)
        writer->head = writer->written = writer->tail = 0;
    for (size_t at = 0, length; at < size; at += length) {
        const char *end = memchr(bytes + at, '\n', size - at);
        length = end != NULL ? (size_t)(end + 1 - (bytes + at)) : size - at;
        if (!has_room(writer) || length > LINE_WRITER_QUEUE - used(writer)) {
            writer->full = true;
            writer->lost++;
        } else {
            put(writer, bytes + at, length);
        }
    }
    pthread_mutex_unlock(&writer->lock);
    wake(writer);
    return (ssize_t)size;
}

/* --- the thread --- */

/* Opens without waiting. *fd may become NO_READER. Returns 0 or a positive errno. */
static int open_append(const char *path, int *fd)
{
    struct stat status;
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    int errnum = *fd >= 0 ? 0 : errno;
    bool is_fifo = errnum == ENXIO && stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
    return is_fifo ? 0 : errnum;
}

static uint64_t behind_last_line(struct line_writer *writer, uint64_t from, uint64_t to)
{
    while (to > from && writer->bytes[(to - 1) % LINE_WRITER_QUEUE] != '\n')
        to--;
    return to;
}

/* Removes the beginning of a line from a regular file, if no other process has appended to it
 * since. */
static bool undo_torn_line(int fd, uint64_t torn)
{
    struct stat status;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < (off_t)torn || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size != at || ftruncate(fd, at - (off_t)torn) != 0)
        return false;
    lseek(fd, at - (off_t)torn, SEEK_SET);
    return true;
}

/* Switches to the newly opened file when the old one has all its lines, or fails. */
static void switch_file(struct line_writer *writer, bool failed)
{
    if (writer->next_fd == SAME_FILE || (!failed && writer->written < writer->switch_at))
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    writer->fd = writer->next_fd;
    writer->next_fd = SAME_FILE;
    writer->written = writer->head; /* a line that was cut starts again */
}

/* Writes once, with the lock released meanwhile. Returns 0 or a positive errno. */
static int write_some(struct line_writer *writer)
{
    struct iovec piece[2];
    uint64_t from = writer->written, to = writer->tail;
    if (writer->next_fd != SAME_FILE && writer->switch_at < to)
        to = writer->switch_at;
    if (to - from > WRITE_MOST)
        to = from + WRITE_MOST;
    pieces(writer, from, to, piece);
    pthread_mutex_unlock(&writer->lock);
    if (writer->fd < 0 && writer->path != NULL)
        open_append(writer->path, &writer->fd);
    ssize_t n = writer->fd < 0 ? -1 : writev(writer->fd, piece, 2);
    int errnum = n >= 0 ? 0 : writer->fd < 0 ? ENXIO : errno;
    uint64_t written = from + (n > 0 ? (size_t)n : 0);
    uint64_t whole = behind_last_line(writer, from, written);
    whole = whole > from ? whole : writer->head;
    if (written > whole && errnum != 0 && undo_torn_line(writer->fd, written - whole))
        written = whole;
    pthread_mutex_lock(&writer->lock);
    writer->written = written;
    writer->head = errnum == 0 && written == writer->tail ? written : whole;
    return errnum == EINTR ? 0 : errnum;
}

/* Sleeps until the descriptor accepts bytes, a retry is due, or the owner wakes the thread. */
static void pause_thread(struct line_writer *writer, int errnum)
{
    eventfd_t count;
    struct pollfd wait[2] = {{.fd = writer->wake_fd, .events = POLLIN},
        {.fd = errnum == EAGAIN ? writer->fd : -1, .events = POLLOUT}};
    bool failed = errnum != 0 && errnum != EAGAIN;
    pthread_mutex_unlock(&writer->lock);
    poll(wait, 2, failed ? LINE_WRITER_RETRY_MS : -1);
    if (wait[0].revents != 0)
        eventfd_read(writer->wake_fd, &count);
    pthread_mutex_lock(&writer->lock);
}

static void *run_thread(void *user)
{
    struct line_writer *writer = user;
    pthread_mutex_lock(&writer->lock);
    while (!writer->stop) {
        int errnum = 0;
        switch_file(writer, false);
        if (writer->written < writer->tail)
            errnum = write_some(writer);
        writer->errnum = errnum == EAGAIN ? 0 : errnum;
        switch_file(writer, errnum != 0);
        pthread_cond_broadcast(&writer->moved);
        if (errnum != 0 || writer->written == writer->tail)
            pause_thread(writer, errnum);
    }
    writer->stopped = true;
    pthread_cond_broadcast(&writer->moved);
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* Starts the thread with all signals blocked: libuv handles signals, on the loop's thread. */
static int start_thread(struct line_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&writer->thread, NULL, run_thread, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum;
}

/* --- the owner --- */

static void init_lock(struct line_writer *writer)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->moved, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void free_writer(struct line_writer *writer)
{
    if (writer->stream != NULL)
        fclose(writer->stream);
    if (writer->wake_fd >= 0)
        close(writer->wake_fd);
    if (writer->path != NULL && writer->fd >= 0)
        close(writer->fd);
    if (writer->next_fd >= 0)
        close(writer->next_fd);
    pthread_cond_destroy(&writer->moved);
    pthread_mutex_destroy(&writer->lock);
    free(writer->path);
    free(writer);
}

/* Takes the path, and with it the descriptor. NULL with err filled: both are released. */
static struct line_writer *writer_new(int fd, char *path, int mode, struct err *err)
{
    const cookie_io_functions_t calls = {.write = on_flush};
    struct stat status;
    struct line_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        if (path != NULL && fd >= 0)
            close(fd);
        free(path);
        err_set(err, "out of memory");
        return NULL;
    }
    writer->fd = fd;
    writer->path = path;
    writer->next_fd = SAME_FILE;
    writer->is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    init_lock(writer);
    writer->wake_fd = eventfd(0, EFD_CLOEXEC);
    int errnum = writer->wake_fd < 0 ? errno : 0;
    writer->stream = errnum == 0 ? fopencookie(writer, "w", calls) : NULL;
    if (errnum == 0 && writer->stream == NULL)
        errnum = ENOMEM;
    if (errnum == 0) {
        setvbuf(writer->stream, writer->buffer, mode, sizeof writer->buffer);
        errnum = start_thread(writer);
    }
    if (errnum == 0)
        return writer;
    err_set(err, "cannot start a writer of lines: %s", strerror(errnum));
    free_writer(writer);
    return NULL;
}

static int open_file(const char *path, int *fd, struct err *err)
{
    int errnum = open_append(path, fd);
    return errnum == 0 ? 0 : err_set(err, "cannot open the log %s: %s", path, strerror(errnum));
}

struct line_writer *line_writer_open(const char *path, int mode, struct err *err)
{
    int fd;
    char *copy = strdup(path);
    if (copy == NULL)
        err_set(err, "out of memory");
    else if (open_file(path, &fd, err) == 0)
        return writer_new(fd, copy, mode, err);
    free(copy);
    return NULL;
}

struct line_writer *line_writer_open_fd(int fd, int mode, struct err *err)
{
    return writer_new(fd, NULL, mode, err);
}

int line_writer_reopen(struct line_writer *writer, struct err *err)
{
    int fd;
    if (writer->path == NULL)
        return 0;
    if (open_file(writer->path, &fd, err) != 0)
        return -1;
    fflush(writer->stream);
    pthread_mutex_lock(&writer->lock);
    if (writer->next_fd >= 0)
        close(writer->next_fd);
    writer->next_fd = fd;
    writer->switch_at = writer->tail;
    pthread_mutex_unlock(&writer->lock);
    wake(writer);
    return 0;
}

FILE *line_writer_stream(struct line_writer *writer)
{
    return writer->stream;
}

void line_writer_put(struct line_writer *writer, const char *line, size_t size)
{
    fflush(writer->stream);
    on_flush(writer, line, size);
}

bool line_writer_is_file(const struct line_writer *writer)
{
    return writer->is_file;
}

bool line_writer_has_room(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool room = has_room(writer);
    pthread_mutex_unlock(&writer->lock);
    return room;
}

void line_writer_lose(struct line_writer *writer)
{
    writer->lost++;
}

uint64_t line_writer_lost(const struct line_writer *writer)
{
    return writer->lost;
}

bool line_writer_is_idle(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool idle = writer->written == writer->tail;
    pthread_mutex_unlock(&writer->lock);
    return idle;
}

int line_writer_errnum(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    int errnum = writer->errnum;
    pthread_mutex_unlock(&writer->lock);
    return errnum;
}

static struct timespec in_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

bool line_writer_drain(struct line_writer *writer, int most_ms)
{
    fflush(writer->stream);
    struct timespec until = in_ms(most_ms);
    pthread_mutex_lock(&writer->lock);
    uint64_t seen = writer->written;
    int waited = 0;
    while (writer->written < writer->tail && writer->errnum == 0 && waited == 0) {
        waited = pthread_cond_timedwait(&writer->moved, &writer->lock, &until);
        if (writer->written > seen) {
            seen = writer->written;
            until = in_ms(most_ms);
        }
    }
    bool all = writer->written == writer->tail;
    pthread_mutex_unlock(&writer->lock);
    return all;
}

bool line_writer_finish(struct line_writer *writer, int most_ms)
{
    if (line_writer_drain(writer, most_ms))
        return true;
    pthread_mutex_lock(&writer->lock);
    for (uint64_t at = writer->head; at < writer->tail; at++)
        writer->lost += writer->bytes[at % LINE_WRITER_QUEUE] == '\n';
    /* The thread may be in the middle of a write: keep the bytes. */
    writer->full = true;
    pthread_mutex_unlock(&writer->lock);
    return false;
}

void line_writer_close(struct line_writer *writer)
{
    if (writer == NULL)
        return;
    struct timespec until = in_ms(STOP_WAIT_MS);
    fflush(writer->stream);
    pthread_mutex_lock(&writer->lock);
    writer->stop = true;
    wake(writer);
    while (!writer->stopped && pthread_cond_timedwait(&writer->moved, &writer->lock, &until) == 0)
        ;
    bool stopped = writer->stopped;
    pthread_mutex_unlock(&writer->lock);
    if (stopped) {
        pthread_join(writer->thread, NULL);
        free_writer(writer);
    } else {
        pthread_detach(writer->thread);
    }
}
