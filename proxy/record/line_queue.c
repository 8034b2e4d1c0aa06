/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the stream's buffer is flushed into the queue, the thread is woken and writes the
 * pending bytes.
 *
 * A failed write is retried every LINE_QUEUE_RETRY_MS, whatever the reason: a disk may get room, a
 * FIFO a reader. Until then lines are queued, and dropped when the queue is full. A write that
 * stopped inside a line is undone if the file can be truncated, so a file ends with a whole line
 * whenever the process ends. If it cannot be truncated, the rest of the line follows. Bytes queued
 * at once may lack a newline. line_queue_set_pieces() is for bytes that are not lines.
 *
 * The queue is a ring. head, written and tail are offsets in the stream of all bytes ever queued:
 *
 *     freed | head .. current line .. written .. pending .. tail | free
 */
#include "proxy/record/line_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/base/min.h"
#include "proxy/base/thread.h"
#include "proxy/record/append_file.h"
#include "proxy/record/timed_wait.h"

/* Limit of one write, so that a slow reader's progress is visible: the size of a pipe (pipe(7)). */
#define WRITE_MOST (64 * 1024)
#define SAME_FILE (-2)   /* for the next descriptor: no other file was requested */
#define STOP_WAIT_MS 100 /* enough for a thread that is not stuck */

struct line_queue {
    FILE *stream;
    uint64_t lost;
    bool is_file;
    bool settled; /* the owner has seen that all is written, and has queued nothing since */
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
    enum line_queue_rest rest;
    uint64_t dropped;             /* bytes, with LINE_QUEUE_DROP_REST */
    line_queue_whole *find_whole; /* NULL: lines */
    /* Used by the thread alone: */
    int fd;
    char buffer[LINE_QUEUE_BUFFER];
    char bytes[LINE_QUEUE_SIZE];
};

/* --- the queue --- */

static size_t used(const struct line_queue *queue)
{
    return (size_t)(queue->tail - queue->head);
}

/* Sets `piece` to the one or two pieces of the ring from `from` to `to`. */
static void pieces(struct line_queue *queue, uint64_t from, uint64_t to, struct iovec piece[2])
{
    size_t at = (size_t)(from % LINE_QUEUE_SIZE), size = (size_t)(to - from);
    size_t first = size < LINE_QUEUE_SIZE - at ? size : LINE_QUEUE_SIZE - at;
    piece[0] = (struct iovec){queue->bytes + at, first};
    piece[1] = (struct iovec){queue->bytes, size - first};
}

static void append_bytes(struct line_queue *queue, const char *bytes, size_t size)
{
    struct iovec piece[2];
    pieces(queue, queue->tail, queue->tail + size, piece);
    memcpy(piece[0].iov_base, bytes, piece[0].iov_len);
    memcpy(piece[1].iov_base, bytes + piece[0].iov_len, piece[1].iov_len);
    queue->tail += size;
}

static bool has_room(struct line_queue *queue)
{
    queue->full &= used(queue) > LINE_QUEUE_SIZE / 2;
    return !queue->full;
}

/* Queues whole lines while there is room, or all bytes `together`. Returns whether all had room. */
static bool enqueue(struct line_queue *queue, const char *bytes, size_t size, bool together)
{
    uint64_t lost_before = queue->lost;
    queue->settled = false;
    pthread_mutex_lock(&queue->lock);
    /* restart the ring, to use the same few pages */
    if (used(queue) == 0 && queue->next_fd == SAME_FILE)
        queue->head = queue->written = queue->tail = 0;
    for (size_t at = 0, length; at < size; at += length) {
        const char *end = together ? NULL : memchr(bytes + at, '\n', size - at);
        length = end != NULL ? (size_t)(end + 1 - (bytes + at)) : size - at;
        bool fits = has_room(queue) && length <= LINE_QUEUE_SIZE - used(queue);
        if (fits)
            append_bytes(queue, bytes + at, length);
        queue->full |= !fits;
        queue->lost += fits ? 0 : 1;
    }
    pthread_mutex_unlock(&queue->lock);
    eventfd_write(queue->wake_fd, 1);
    return queue->lost == lost_before;
}

/* The stream's write function. Never fails. */
static ssize_t on_flush(void *cookie, const char *bytes, size_t size)
{
    enqueue(cookie, bytes, size, false);
    return (ssize_t)size;
}

/* --- the thread --- */

/* Returns the end of the last whole line or piece up to `to`; `from` or less if there is none. */
static uint64_t behind_last_whole(struct line_queue *queue, uint64_t from, uint64_t to)
{
    if (queue->find_whole != NULL)
        return queue->find_whole(queue->bytes, queue->head, to);
    while (to > from && queue->bytes[(to - 1) % LINE_QUEUE_SIZE] != '\n')
        to--;
    return to;
}

/* Returns how far the next write goes. A long write ends with a whole line or piece, because the
 * program may end behind it. */
static uint64_t end_of_write(struct line_queue *queue)
{
    uint64_t from = queue->written, most = from + WRITE_MOST;
    uint64_t to =
        queue->next_fd == SAME_FILE ? queue->tail : min_u64(queue->switch_at, queue->tail);
    if (to <= most)
        return to;
    uint64_t whole = behind_last_whole(queue, from, most);
    return whole > from ? whole : most;
}

/* Switches to the newly opened file when the old one has all its lines, or fails. Returns whether
 * it did. */
static bool switch_file(struct line_queue *queue, bool failed)
{
    if (queue->next_fd == SAME_FILE || (!failed && queue->written < queue->switch_at))
        return false;
    if (queue->fd >= 0)
        close(queue->fd);
    queue->fd = queue->next_fd;
    queue->next_fd = SAME_FILE;
    if (queue->rest == LINE_QUEUE_DROP_REST) {
        queue->dropped += queue->switch_at - queue->written;
        queue->head = queue->switch_at;
    }
    queue->written = queue->head; /* a line that was cut starts again */
    return true;
}

/* Writes once, with the lock released meanwhile. Returns 0 or a positive errno. */
static int write_some(struct line_queue *queue)
{
    struct iovec piece[2];
    uint64_t from = queue->written, to = end_of_write(queue);
    pieces(queue, from, to, piece);
    pthread_mutex_unlock(&queue->lock);
    if (queue->fd < 0 && queue->path != NULL)
        append_file_open(queue->path, &queue->fd);
    ssize_t n = queue->fd < 0 ? -1 : writev(queue->fd, piece, 2);
    int errnum = n >= 0 ? 0 : queue->fd < 0 ? ENXIO : errno;
    uint64_t written = from + (n > 0 ? (size_t)n : 0);
    uint64_t whole = behind_last_whole(queue, from, written);
    whole = whole > from ? whole : queue->head;
    if (written > whole && errnum != 0 && append_file_undo(queue->fd, written - whole))
        written = whole;
    pthread_mutex_lock(&queue->lock);
    queue->written = written;
    queue->head = errnum == 0 && written == queue->tail ? written : whole;
    return errnum == EINTR ? 0 : errnum;
}

/* Sleeps until the descriptor accepts bytes, a retry is due, or the owner wakes the thread. */
static void pause_thread(struct line_queue *queue, int errnum)
{
    eventfd_t count;
    struct pollfd wait[2] = {{.fd = queue->wake_fd, .events = POLLIN},
        {.fd = errnum == EAGAIN ? queue->fd : -1, .events = POLLOUT}};
    bool failed = errnum != 0 && errnum != EAGAIN;
    pthread_mutex_unlock(&queue->lock);
    poll(wait, 2, failed ? LINE_QUEUE_RETRY_MS : -1);
    if (wait[0].revents != 0)
        eventfd_read(queue->wake_fd, &count);
    pthread_mutex_lock(&queue->lock);
}

static void *run_thread(void *user)
{
    struct line_queue *queue = user;
    pthread_mutex_lock(&queue->lock);
    while (!queue->stop) {
        int errnum = 0;
        switch_file(queue, false);
        if (queue->written < queue->tail)
            errnum = write_some(queue);
        queue->errnum = errnum == EAGAIN ? 0 : errnum;
        bool switched = switch_file(queue, errnum != 0);
        pthread_cond_broadcast(&queue->moved);
        if (!switched && (errnum != 0 || queue->written == queue->tail))
            pause_thread(queue, errnum);
    }
    if (queue->written > queue->head) /* part of a line, of which the rest will not come */
        append_file_undo(queue->fd, queue->written - queue->head);
    queue->stopped = true;
    pthread_cond_broadcast(&queue->moved);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

/* --- the owner --- */

static void free_queue(struct line_queue *queue)
{
    if (queue->stream != NULL)
        fclose(queue->stream);
    if (queue->wake_fd >= 0)
        close(queue->wake_fd);
    if (queue->path != NULL && queue->fd >= 0)
        close(queue->fd);
    if (queue->next_fd >= 0)
        close(queue->next_fd);
    pthread_cond_destroy(&queue->moved);
    pthread_mutex_destroy(&queue->lock);
    free(queue->path);
    free(queue);
}

/* Takes the path, and with it the descriptor. NULL with err filled: both are released. */
static struct line_queue *queue_new(int fd, char *path, int mode, struct err *err)
{
    const cookie_io_functions_t calls = {.write = on_flush};
    struct stat status;
    struct line_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        if (path != NULL && fd >= 0)
            close(fd);
        free(path);
        err_set(err, "out of memory");
        return NULL;
    }
    queue->fd = fd;
    queue->path = path;
    queue->next_fd = SAME_FILE;
    queue->is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    pthread_mutex_init(&queue->lock, NULL);
    timed_wait_init(&queue->moved);
    queue->wake_fd = eventfd(0, EFD_CLOEXEC);
    int errnum = queue->wake_fd < 0 ? errno : 0;
    queue->stream = errnum == 0 ? fopencookie(queue, "w", calls) : NULL;
    if (errnum == 0 && queue->stream == NULL)
        errnum = ENOMEM;
    if (errnum == 0) {
        setvbuf(queue->stream, queue->buffer, mode, sizeof queue->buffer);
        errnum = thread_start(&queue->thread, NULL, run_thread, queue);
    }
    if (errnum == 0)
        return queue;
    err_set(err, "cannot start a queue of lines: %s", strerror(errnum));
    free_queue(queue);
    return NULL;
}

static int open_file(const char *path, const char *what, int *fd, struct err *err)
{
    int errnum = append_file_open(path, fd);
    return errnum == 0 ? 0 : err_set(err, "cannot open %s %s: %s", what, path, strerror(errnum));
}

struct line_queue *line_queue_open(const char *path, const char *what, struct err *err)
{
    int fd;
    char *copy = strdup(path);
    if (copy == NULL)
        err_set(err, "out of memory");
    else if (open_file(path, what, &fd, err) == 0)
        return queue_new(fd, copy, _IOFBF, err);
    free(copy);
    return NULL;
}

struct line_queue *line_queue_open_fd(int fd, int mode, struct err *err)
{
    return queue_new(fd, NULL, mode, err);
}

int line_queue_reopen(
    struct line_queue *queue, const char *what, enum line_queue_rest rest, struct err *err)
{
    int fd;
    if (queue->path == NULL)
        return 0;
    if (open_file(queue->path, what, &fd, err) != 0)
        return -1;
    fflush(queue->stream);
    pthread_mutex_lock(&queue->lock);
    if (queue->next_fd >= 0)
        close(queue->next_fd);
    queue->next_fd = fd;
    queue->switch_at = queue->tail;
    queue->rest = rest;
    pthread_mutex_unlock(&queue->lock);
    eventfd_write(queue->wake_fd, 1);
    return 0;
}

void line_queue_set_pieces(struct line_queue *queue, line_queue_whole *find_whole)
{
    pthread_mutex_lock(&queue->lock);
    queue->find_whole = find_whole;
    pthread_mutex_unlock(&queue->lock);
}

FILE *line_queue_stream(struct line_queue *queue)
{
    return queue->stream;
}

bool line_queue_put(struct line_queue *queue, const char *bytes, size_t size)
{
    fflush(queue->stream);
    return enqueue(queue, bytes, size, true);
}

uint64_t line_queue_dropped(struct line_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    uint64_t dropped = queue->dropped;
    pthread_mutex_unlock(&queue->lock);
    return dropped;
}

bool line_queue_is_file(const struct line_queue *queue)
{
    return queue->is_file;
}

bool line_queue_has_room(struct line_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool room = has_room(queue);
    pthread_mutex_unlock(&queue->lock);
    return room;
}

void line_queue_lose(struct line_queue *queue)
{
    queue->lost++;
}

uint64_t line_queue_lost(const struct line_queue *queue)
{
    return queue->lost;
}

bool line_queue_is_idle(struct line_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool idle = queue->written == queue->tail;
    pthread_mutex_unlock(&queue->lock);
    return idle;
}

bool line_queue_is_settled(struct line_queue *queue)
{
    if (!queue->settled) {
        pthread_mutex_lock(&queue->lock);
        queue->settled = queue->written == queue->tail && queue->errnum == 0 && has_room(queue);
        pthread_mutex_unlock(&queue->lock);
    }
    return queue->settled;
}

int line_queue_errnum(struct line_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    int errnum = queue->errnum;
    pthread_mutex_unlock(&queue->lock);
    return errnum;
}

bool line_queue_drain(struct line_queue *queue, int most_ms)
{
    fflush(queue->stream);
    struct timespec until = timed_wait_in_ms(most_ms);
    pthread_mutex_lock(&queue->lock);
    uint64_t seen = queue->written;
    int waited = 0;
    while (queue->written < queue->tail && queue->errnum == 0 && waited == 0) {
        waited = pthread_cond_timedwait(&queue->moved, &queue->lock, &until);
        if (queue->written > seen) {
            seen = queue->written;
            until = timed_wait_in_ms(most_ms);
        }
    }
    pthread_mutex_unlock(&queue->lock);
    return line_queue_is_idle(queue);
}

bool line_queue_finish(struct line_queue *queue, int most_ms)
{
    if (line_queue_drain(queue, most_ms))
        return true;
    pthread_mutex_lock(&queue->lock);
    for (uint64_t at = queue->head; at < queue->tail; at++)
        queue->lost += queue->bytes[at % LINE_QUEUE_SIZE] == '\n';
    /* The thread may be in the middle of a write: keep the bytes. */
    queue->full = true;
    pthread_mutex_unlock(&queue->lock);
    return false;
}

void line_queue_close(struct line_queue *queue)
{
    if (queue == NULL)
        return;
    struct timespec until = timed_wait_in_ms(STOP_WAIT_MS);
    fflush(queue->stream);
    pthread_mutex_lock(&queue->lock);
    queue->stop = true;
    eventfd_write(queue->wake_fd, 1);
    while (!queue->stopped && pthread_cond_timedwait(&queue->moved, &queue->lock, &until) == 0)
        ;
    bool stopped = queue->stopped;
    pthread_mutex_unlock(&queue->lock);
    if (stopped) {
        pthread_join(queue->thread, NULL);
        free_queue(queue);
    } else {
        pthread_detach(queue->thread);
    }
}
