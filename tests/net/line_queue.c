/* SPDX-License-Identifier: MIT */
/* A stream that never blocks: readers that do not read, FIFOs without one, files that cannot grow.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/record/line_queue.h"
#include "tests/lib/wire.h"

#define LINE_SIZE 100 /* with its newline */
#define WAIT_MS 20000 /* for what has to come: long, for a busy machine */

static char folder[] = "/tmp/rudeproxy.lines.XXXXXX";
static char path[64];

/* Line i: its number, filled up to LINE_SIZE. */
static void put_line(struct line_queue *queue, unsigned i)
{
    fprintf(line_queue_stream(queue), "%-*u\n", LINE_SIZE - 1, i);
}

static void put_lines(struct line_queue *queue, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        put_line(queue, i);
        if (i % 256 == 255)
            fflush(line_queue_stream(queue));
    }
    fflush(line_queue_stream(queue));
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* A moment, in a loop that waits for a condition until `end`. */
static void pause_until(int64_t end, const char *waited_for)
{
    if (wire_now_ms() > end)
        fail_msg("waited in vain for: %s", waited_for);
    pause_ms(1);
}

#define WAIT_UNTIL(condition)                                                                      \
    for (int64_t end_ = wire_now_ms() + WAIT_MS; !(condition);)                                    \
    pause_until(end_, #condition)

/* Whole lines with growing numbers, up to the first that is not. Returns how many, *last is the
 * last number. */
static unsigned count_lines(FILE *in, unsigned *last)
{
    char line[2 * LINE_SIZE];
    unsigned count = 0, number, before = 0;
    for (; fgets(line, sizeof line, in) != NULL; count++, before = number) {
        number = (unsigned)strtoul(line, NULL, 10);
        if (strlen(line) != LINE_SIZE || line[LINE_SIZE - 1] != '\n' ||
            (count > 0 && number <= before)) {
            printf("behind line %u, %u: '%s'\n", count, before, line);
            break;
        }
        *last = number;
    }
    return count;
}

static void lines_for_a_reader_that_does_not_read_are_lost_whole_and_counted(void **state)
{
    (void)state;
    const unsigned count = 3 * LINE_QUEUE_SIZE / LINE_SIZE;
    int fds[2];
    struct err err;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct line_queue *queue = line_queue_open_fd(fds[1], _IOFBF, &err);
    assert_non_null(queue);
    put_lines(queue, 0, count);
    assert_false(line_queue_has_room(queue));
    uint64_t lost = line_queue_lost(queue);
    assert_true(lost > 0 && lost < count);

    pid_t reader = fork();
    if (reader == 0) {
        close(fds[1]);
        unsigned last;
        FILE *in = fdopen(fds[0], "r");
        _exit(count_lines(in, &last) == count + 1 - lost && last == count ? 0 : 1);
    }
    close(fds[0]);
    assert_true(line_queue_drain(queue, WAIT_MS));
    assert_true(line_queue_has_room(queue)); /* it writes again */
    put_line(queue, count);
    assert_true(line_queue_finish(queue, WAIT_MS));
    assert_int_equal(line_queue_lost(queue), lost);
    line_queue_close(queue);
    close(fds[1]);
    int status = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

#define BLOCK_LINES 1000

static void bytes_that_belong_together_are_lost_together(void **state)
{
    (void)state;
    int fds[2];
    struct err err;
    unsigned put = 0, last = 0;
    size_t size;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct line_queue *queue = line_queue_open_fd(fds[1], _IOFBF, &err);
    assert_non_null(queue);
    for (; line_queue_lost(queue) == 0; put++) {
        char *block = NULL;
        FILE *out = open_memstream(&block, &size);
        for (unsigned i = 0; i < BLOCK_LINES; i++)
            fprintf(out, "%-*u\n", LINE_SIZE - 1, put * BLOCK_LINES + i);
        fclose(out);
        line_queue_put(queue, block, size);
        free(block);
    }
    assert_int_equal(line_queue_lost(queue), 1);

    pid_t reader = fork();
    if (reader == 0) {
        close(fds[1]);
        FILE *in = fdopen(fds[0], "r");
        _exit(count_lines(in, &last) == (put - 1) * BLOCK_LINES ? 0 : 1);
    }
    close(fds[0]);
    assert_true(line_queue_finish(queue, WAIT_MS));
    line_queue_close(queue);
    close(fds[1]);
    int status = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

/* A socket of packets gives each write as it was. More lines than a write takes wait for it. */
static void each_write_ends_with_a_whole_line(void **state)
{
    enum { PUTS = 20000, ODD_SIZE = 99 };
    char line[ODD_SIZE + 1];
    static char bytes[1 << 18];
    int fds[2];
    struct err err;
    size_t total = 0, longest = 0;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    struct line_queue *queue = line_queue_open_fd(fds[1], _IOFBF, &err);
    assert_non_null(queue);
    snprintf(line, sizeof line, "%-*s\n", ODD_SIZE - 1, "a line");
    for (unsigned i = 0; i < PUTS; i++)
        line_queue_put(queue, line, ODD_SIZE);
    while (total < (size_t)PUTS * ODD_SIZE) {
        ssize_t n = recv(fds[0], bytes, sizeof bytes, 0);
        assert_true(n > 0);
        assert_int_equal(bytes[n - 1], '\n');
        total += (size_t)n;
        longest = (size_t)n > longest ? (size_t)n : longest;
    }
    assert_true(longest > 32768);
    assert_true(line_queue_finish(queue, WAIT_MS));
    line_queue_close(queue);
    close(fds[0]);
    close(fds[1]);
}

static void the_end_does_not_wait_for_a_reader_that_does_not_read(void **state)
{
    (void)state;
    int fds[2];
    struct err err;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct line_queue *queue = line_queue_open_fd(fds[1], _IOFBF, &err);
    put_lines(queue, 0, 2000);
    assert_false(line_queue_finish(queue, 10));
    assert_true(line_queue_lost(queue) > 0);
    line_queue_close(queue);
    close(fds[0]); /* the thread's write ends with EPIPE, and then the thread */
    pause_ms(1);
}

static void a_fifo_without_a_reader_holds_up_nothing_and_gets_its_lines_later(void **state)
{
    (void)state;
    struct err err;
    unsigned last = 0;
    assert_int_equal(mkfifo(path, 0600), 0);
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    assert_non_null(queue);
    put_lines(queue, 0, 10);
    assert_int_equal(line_queue_reopen(queue, "the log", LINE_QUEUE_MOVE_REST, &err), 0);
    put_lines(queue, 10, 20);
    WAIT_UNTIL(line_queue_errnum(queue) == ENXIO);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    WAIT_UNTIL(line_queue_drain(queue, WAIT_MS));
    line_queue_close(queue);
    FILE *in = fdopen(fd, "r");
    assert_int_equal(count_lines(in, &last), 20);
    assert_int_equal(last, 19);
    fclose(in);
    unlink(path);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static unsigned lines_of_file(unsigned *last)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    unsigned count = count_lines(in, last);
    fclose(in);
    return count;
}

/* RLIMIT_FSIZE cuts a write short, as a full disk does. */
static void a_file_that_cannot_grow_ends_with_a_whole_line_and_goes_on_when_it_can(void **state)
{
    (void)state;
    struct err err;
    unsigned last = 0;
    signal(SIGXFSZ, SIG_IGN);
    limit_files(5 * LINE_SIZE + 50);
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    assert_non_null(queue);
    put_lines(queue, 0, 20);
    WAIT_UNTIL(line_queue_errnum(queue) != 0);
    assert_int_equal(line_queue_errnum(queue), EFBIG);
    assert_int_equal(lines_of_file(&last), 5);
    limit_files(RLIM_INFINITY);
    WAIT_UNTIL(line_queue_drain(queue, WAIT_MS));
    assert_int_equal(line_queue_errnum(queue), 0);
    assert_int_equal(lines_of_file(&last), 20);
    assert_int_equal(line_queue_lost(queue), 0);
    line_queue_close(queue);
    unlink(path);
}

static void spin_us(int64_t us)
{
    struct timespec now, from;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

/* The end may come at any moment of the write that is cut short, and of the next one, which
 * fails. */
static void a_file_that_cannot_grow_has_whole_lines_whenever_the_end_comes(void **state)
{
    struct err err;
    struct stat status;
    (void)state;
    for (int64_t us = 0; us < 300; us++) {
        limit_files(5 * LINE_SIZE + 50);
        struct line_queue *queue = line_queue_open(path, "the log", &err);
        assert_non_null(queue);
        put_lines(queue, 0, 20);
        spin_us(us);
        line_queue_close(queue);
        limit_files(RLIM_INFINITY);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_size % LINE_SIZE, 0);
        unlink(path);
    }
}

static void a_file_opened_anew_gets_what_is_written_after_it(void **state)
{
    (void)state;
    struct err err;
    unsigned last = 0;
    char old[80];
    snprintf(old, sizeof old, "%s.1", path);
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    put_lines(queue, 0, 3000);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(line_queue_reopen(queue, "the log", LINE_QUEUE_MOVE_REST, &err), 0);
    put_lines(queue, 3000, 3010);
    assert_true(line_queue_finish(queue, WAIT_MS));
    line_queue_close(queue);
    assert_int_equal(lines_of_file(&last), 10);
    assert_int_equal(last, 3009);
    rename(old, path);
    assert_int_equal(lines_of_file(&last), 3000);
    unlink(path);
}

/* Blocks of bytes with newlines anywhere: the new file begins with the first block that is for it,
 * also where the old one has taken half of a block, or all of them late. */
static void a_file_whose_rest_is_dropped_leaves_nothing_for_the_next_one(void **state)
{
    (void)state;
    struct err err;
    unsigned last = 0;
    char old[80], block[150];
    snprintf(old, sizeof old, "%s.1", path);
    memset(block, 'x', sizeof block);
    block[0] = '\n';
    limit_files(400);
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    assert_non_null(queue);
    for (unsigned i = 0; i < 4; i++)
        assert_true(line_queue_put(queue, block, sizeof block));
    WAIT_UNTIL(line_queue_errnum(queue) != 0);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(line_queue_reopen(queue, "the log", LINE_QUEUE_DROP_REST, &err), 0);
    put_lines(queue, 0, 3);
    WAIT_UNTIL(line_queue_drain(queue, WAIT_MS));
    assert_int_equal(lines_of_file(&last), 3);
    struct stat status;
    assert_int_equal(stat(old, &status), 0);
    assert_int_equal(line_queue_dropped(queue), 4 * sizeof block - (size_t)status.st_size);
    limit_files(RLIM_INFINITY);

    for (unsigned i = 0; i < 4; i++)
        assert_true(line_queue_put(queue, block, sizeof block));
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(line_queue_reopen(queue, "the log", LINE_QUEUE_DROP_REST, &err), 0);
    put_lines(queue, 0, 5);
    assert_true(line_queue_finish(queue, WAIT_MS));
    line_queue_close(queue);
    assert_int_equal(lines_of_file(&last), 5);
    unlink(path);
    unlink(old);
}

/* The thread waits for room in the old FIFO when it is replaced by one without a reader. */
static void a_full_fifo_that_is_replaced_gets_its_lines_later(void **state)
{
    (void)state;
    struct err err;
    char old[80];
    snprintf(old, sizeof old, "%s.1", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int stuck = open(path, O_RDWR | O_CLOEXEC);
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    put_lines(queue, 0, 2000);
    WAIT_UNTIL(!line_queue_drain(queue, 10));
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(line_queue_reopen(queue, "the log", LINE_QUEUE_MOVE_REST, &err), 0);
    WAIT_UNTIL(line_queue_errnum(queue) == ENXIO);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char bytes[4096];
    for (int64_t end = wire_now_ms() + WAIT_MS; !line_queue_is_idle(queue);)
        if (read(fd, bytes, sizeof bytes) <= 0)
            pause_until(end, "all lines are written");
    line_queue_close(queue);
    close(fd);
    close(stuck);
    unlink(path);
    unlink(old);
}

static void a_line_longer_than_the_streams_buffer_stays_whole(void **state)
{
    (void)state;
    struct err err;
    size_t size = 3 * LINE_QUEUE_BUFFER;
    char *line = malloc(size);
    memset(line, 'x', size);
    line[size - 1] = '\n';
    struct line_queue *queue = line_queue_open(path, "the log", &err);
    line_queue_put(queue, line, size);
    assert_true(line_queue_finish(queue, WAIT_MS));
    line_queue_close(queue);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, size);
    unlink(path);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_for_a_reader_that_does_not_read_are_lost_whole_and_counted),
        cmocka_unit_test(bytes_that_belong_together_are_lost_together),
        cmocka_unit_test(each_write_ends_with_a_whole_line),
        cmocka_unit_test(the_end_does_not_wait_for_a_reader_that_does_not_read),
        cmocka_unit_test(a_fifo_without_a_reader_holds_up_nothing_and_gets_its_lines_later),
        cmocka_unit_test(a_file_that_cannot_grow_ends_with_a_whole_line_and_goes_on_when_it_can),
        cmocka_unit_test(a_file_that_cannot_grow_has_whole_lines_whenever_the_end_comes),
        cmocka_unit_test(a_file_opened_anew_gets_what_is_written_after_it),
        cmocka_unit_test(a_file_whose_rest_is_dropped_leaves_nothing_for_the_next_one),
        cmocka_unit_test(a_full_fifo_that_is_replaced_gets_its_lines_later),
        cmocka_unit_test(a_line_longer_than_the_streams_buffer_stays_whole),
    };
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/log", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
