/* SPDX-License-Identifier: MIT */
/* The packets of a run in a file that does not take them: what is there can be read, and what is
 * not is said. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "proxy/app/view/pcap_file.h"
#include "proxy/record/line_queue.h"

#define WAIT_MS 20000
#define SECTION 0x0a0d0d0au

static char folder[] = "/tmp/rudeproxy.pcap.XXXXXX";
static char path[64], rotated[64];

static void pause_ms(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static size_t size_of(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 ? (size_t)status.st_size : 0;
}

static void wait_for_size(const char *file, size_t size)
{
    int left_ms = WAIT_MS;
    while (size_of(file) < size && left_ms-- > 0)
        pause_ms();
    if (size_of(file) < size)
        fail_msg("%s has %zu bytes, %zu are expected", file, size_of(file), size);
}

/* Returns the bytes, NUL-terminated; the caller frees them. */
static char *read_file(const char *file, size_t *size)
{
    *size = size_of(file);
    char *bytes = malloc(*size + 1);
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    assert_int_equal(fread(bytes, 1, *size, in), *size);
    bytes[*size] = '\0';
    fclose(in);
    return bytes;
}

/* Fails unless the file begins with a section and is made of whole blocks, of which one holds
 * `text`. */
static void expect_blocks(const char *file, const char *text)
{
    size_t size;
    uint32_t type, length;
    char *bytes = read_file(file, &size);
    assert_true(size > 8);
    memcpy(&type, bytes, 4);
    assert_int_equal(type, SECTION);
    for (size_t at = 0; at < size; at += length) {
        assert_true(at + 8 <= size);
        memcpy(&length, bytes + at + 4, 4);
        assert_true(length >= 12 && at + length <= size);
        assert_memory_equal(bytes + at + 4, bytes + at + length - 4, 4);
    }
    assert_non_null(memmem(bytes, size, text, strlen(text)));
    free(bytes);
}

/* Keeps what is written to stderr meanwhile. A pipe: the limit of files does not concern it. */
struct caught {
    int before, pipe;
};

static void catch_stderr(struct caught *caught)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(stderr);
    *caught = (struct caught){.before = dup(STDERR_FILENO), .pipe = ends[0]};
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

static void release_stderr(const struct caught *caught, char bytes[4096])
{
    fflush(stderr);
    dup2(caught->before, STDERR_FILENO); /* the only writer */
    close(caught->before);
    ssize_t n = read(caught->pipe, bytes, 4096 - 1);
    bytes[n > 0 ? n : 0] = '\0';
    close(caught->pipe);
}

static void expect_said(const struct caught *caught, const char *text)
{
    char bytes[4096];
    release_stderr(caught, bytes);
    if (strstr(bytes, text) == NULL)
        fail_msg("stderr does not say '%s' but: %s", text, bytes);
}

#define MESSAGE_SIZE 60000

/* A connection with so many messages, all of whose bytes are kept. Its packets have the byte 0x0a,
 * which ends a line, in an address. */
static void note_connection(struct pcap_file *file, uint64_t number, unsigned messages)
{
    static unsigned char bytes[MESSAGE_SIZE];
    const uint64_t size = (uint64_t)messages * MESSAGE_SIZE;
    const struct side_record sides[2] = {{.address = "10.0.0.1:40000", .bytes_in = size},
        {.address = "127.0.0.1:80", .bytes_out = size}};
    struct event event = {
        .kind = EVENT_OPEN,
        .proxy = "web",
        .connection = number,
        .serial = number,
        .u.open = {.client = "10.0.0.1:40000", .server = "127.0.0.1:80"},
    };
    pcap_file_note(file, &event);
    event.kind = EVENT_MESSAGE;
    for (unsigned i = 0; i < messages; i++) {
        event.u.message.direction = DIRECTION_UPSTREAM;
        event.u.message.offset = (uint64_t)i * MESSAGE_SIZE;
        event.u.message.number = i + 1;
        event.u.message.size = event.u.message.captured_size = MESSAGE_SIZE;
        event.u.message.kind = event.u.message.line = "";
        event.u.message.captured = bytes;
        pcap_file_note(file, &event);
    }
    event.kind = EVENT_CLOSED;
    memset(&event.u, 0, sizeof event.u);
    event.u.closed.sides = sides;
    event.u.closed.cause = CAUSE_STOPPED;
    pcap_file_note(file, &event);
}

static bool holds(const char *file, const char *text)
{
    size_t size;
    char *bytes = read_file(file, &size);
    bool found = memmem(bytes, size, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

/* Writes a small connection again and again until one has found room. */
static void note_until_there_is_room(struct pcap_file *file, uint64_t number)
{
    char text[32];
    int left_ms = WAIT_MS;
    snprintf(text, sizeof text, "\"connection\":%u,", (unsigned)number);
    while (!holds(path, text) && left_ms-- > 0) {
        note_connection(file, number, 1);
        pause_ms();
    }
}

static void packets_that_find_no_room_are_said_and_the_file_can_be_read(void **state)
{
    struct caught caught;
    struct err err;
    (void)state;
    limit_files(0);
    catch_stderr(&caught);
    struct pcap_file *file = pcap_file_open(path, &err);
    assert_non_null(file);
    note_connection(file, 1, 50);
    limit_files(RLIM_INFINITY);
    note_until_there_is_room(file, 2);
    pcap_file_close(file);
    expect_said(&caught, "lacks packets of web#1: ");
    expect_blocks(path, "\"connection\":2,");
    unlink(path);
}

static void two_connections_with_one_number_are_two(void **state)
{
    struct err err;
    size_t size;
    (void)state;
    struct event first = {
        .kind = EVENT_OPEN,
        .proxy = "web",
        .connection = 2,
        .serial = 1,
        .u.open = {.client = "127.0.0.1:50000", .server = "127.0.0.1:80"},
    };
    struct pcap_file *file = pcap_file_open(path, &err);
    assert_non_null(file);
    pcap_file_note(file, &first);
    note_connection(file, 2, 0);
    pcap_file_close(file);
    char *bytes = read_file(path, &size);
    /* The first one has not ended: in no packet, the port of its client stands behind the address
     * to which the packet goes. */
    const unsigned char port[] = {127, 0, 0, 1, 50000 >> 8, 50000 & 0xff};
    assert_null(memmem(bytes, size, port, sizeof port));
    free(bytes);
    unlink(path);
}

/* The old file has taken half of a block when it is rotated away. */
static void a_file_opened_after_a_failed_write_begins_with_a_section(void **state)
{
    struct caught caught;
    struct err err;
    (void)state;
    limit_files(400);
    catch_stderr(&caught);
    struct pcap_file *file = pcap_file_open(path, &err);
    assert_non_null(file);
    note_connection(file, 1, 3);
    wait_for_size(path, 1);
    assert_int_equal(rename(path, rotated), 0);
    assert_int_equal(pcap_file_reopen(file, &err), 0);
    wait_for_size(path, 1);
    limit_files(RLIM_INFINITY);
    note_connection(file, 2, 1);
    pcap_file_close(file);
    expect_said(&caught, "lacks packets that could not be written before it was opened again");
    expect_blocks(path, "\"connection\":2,");
    unlink(path);
    unlink(rotated);
}

/* The disk is full inside a block, at any of its bytes. */
static void a_full_disk_leaves_whole_blocks_for_the_next_run(void **state)
{
    struct err err;
    (void)state;
    for (rlim_t most = 300; most < 2000; most += 97) {
        struct caught caught;
        limit_files(most);
        catch_stderr(&caught);
        struct pcap_file *file = pcap_file_open(path, &err);
        assert_non_null(file);
        note_connection(file, 10, 1);
        pcap_file_close(file);
        expect_said(&caught, "lacks packets that could not be written");
        limit_files(RLIM_INFINITY);
        expect_blocks(path, "rudeproxy");
        file = pcap_file_open(path, &err);
        assert_non_null(file);
        note_connection(file, 2, 1);
        pcap_file_close(file);
        expect_blocks(path, "\"connection\":2,");
        unlink(path);
    }
}

/* As a run that was killed may leave it, or another program. */
static void a_file_with_a_part_of_a_block_is_refused(void **state)
{
    struct err err;
    (void)state;
    struct pcap_file *file = pcap_file_open(path, &err);
    assert_non_null(file);
    note_connection(file, 1, 0);
    pcap_file_close(file);
    for (int cut = 0; cut < 20; cut++) {
        assert_int_equal(truncate(path, (off_t)size_of(path) - 1), 0);
        assert_null(pcap_file_open(path, &err));
        assert_non_null(strstr(err.text, "does not end with a whole packet"));
    }
    unlink(path);
}

static long allocations, failing = -1; /* of jansson; the number of the one that fails, or -1 */

static void *allocate(size_t size)
{
    return allocations++ == failing ? NULL : malloc(size);
}

/* A file of two connections, the first of which lacks an allocation. Returns its size. */
static size_t write_file(long n, char said[4096])
{
    struct caught caught;
    struct err err;
    catch_stderr(&caught);
    struct pcap_file *file = pcap_file_open(path, &err);
    assert_non_null(file);
    allocations = 0;
    failing = n;
    note_connection(file, 1, 1);
    failing = -1;
    long counted = allocations;
    note_connection(file, 2, 0);
    pcap_file_close(file);
    release_stderr(&caught, said);
    allocations = counted;
    size_t size = size_of(path);
    expect_blocks(path, "\"connection\":2,");
    unlink(path);
    return size;
}

static void packets_for_which_there_is_no_memory_are_said(void **state)
{
    char said[4096];
    (void)state;
    json_set_alloc_funcs(allocate, free);
    size_t whole = write_file(-1, said);
    assert_string_equal(said, "");
    for (long n = 0, count = allocations; n < count; n++) {
        size_t size = write_file(n, said);
        if (size < whole && strstr(said, "lacks packets of web#1: Cannot allocate") == NULL)
            fail_msg("allocation %ld: %zu bytes of %zu, and stderr says: %s", n, size, whole, said);
        assert_null(strstr(said, "web#2"));
    }
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_that_find_no_room_are_said_and_the_file_can_be_read),
        cmocka_unit_test(two_connections_with_one_number_are_two),
        cmocka_unit_test(packets_for_which_there_is_no_memory_are_said),
        cmocka_unit_test(a_full_disk_leaves_whole_blocks_for_the_next_run),
        cmocka_unit_test(a_file_with_a_part_of_a_block_is_refused),
        cmocka_unit_test(a_file_opened_after_a_failed_write_begins_with_a_section),
    };
    signal(SIGXFSZ, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/pcapng", folder);
    snprintf(rotated, sizeof rotated, "%s/pcapng.1", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
