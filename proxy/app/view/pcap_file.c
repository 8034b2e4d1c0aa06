/* SPDX-License-Identifier: MIT */
/* Each event becomes the line that the log would have, and the line is read back. So events become
 * packets in one way only. */
#include "proxy/app/view/pcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/app/view/log.h"
#include "proxy/app/view/pcapng.h"
#include "proxy/app/view/segments.h"
#include "proxy/base/memory_file.h"
#include "proxy/base/quote.h"
#include "proxy/record/event_line.h"
#include "proxy/record/line_queue.h"

#define WHAT "the pcap file"   /* in errors */
#define FINISH_MS 1000         /* how long the end of a run waits for a file that takes nothing */
#define PIECE_SIZE (64 * 1024) /* bytes of packets that are queued at once, and one packet more */

struct pcap_file {
    char *path; /* owned */
    struct line_queue *queue;
    bool has_section;       /* its head is queued */
    int64_t wall_offset_us; /* wall clock minus monotonic clock */
    /* Owned: a list for each, by its serial. It begins with whether events are missing: setting
     * that takes no memory. Its events follow. */
    json_t *connections;
    uint64_t starved;  /* the last serial for which there was no memory for a list */
    json_t *listening; /* owned: the address of each proxy, by its name */
    size_t written;    /* connections */
    size_t cut;        /* of these, those that lack packets */
    bool failed;       /* the last one lacked packets, and stderr has a message */
};

/* Queues what is in the memory as a whole, and closes it. Returns whether there was room. */
static bool queue_memory(struct pcap_file *file, struct memory_file *memory)
{
    size_t size;
    char *bytes = memory_file_close(memory, &size);
    bool queued = bytes != NULL && line_queue_put(file->queue, bytes, size);
    free(bytes);
    return queued;
}

/* Begins a section unless there is one. Returns whether packets can follow: if not, the next
 * connection tries again. */
static bool begin_section(struct pcap_file *file)
{
    struct memory_file memory;
    if (file->has_section || memory_file_open(&memory) != 0)
        return file->has_section;
    pcapng_write_head(memory.out);
    file->has_section = queue_memory(file, &memory);
    return file->has_section;
}

/* Returns the offset behind the last whole block of the queue's bytes. */
static uint64_t find_whole_blocks(const char *ring, uint64_t from, uint64_t to)
{
    uint32_t size;
    char bytes[sizeof size];
    while (to - from >= PCAPNG_BLOCK_MIN) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = ring[(from + PCAPNG_SIZE_OFFSET + i) % LINE_QUEUE_SIZE];
        memcpy(&size, bytes, sizeof size);
        if (size < PCAPNG_BLOCK_MIN || size > to - from)
            break;
        from += size;
    }
    return from;
}

/* Whether what is appended to the file can be read: it is new, or ends with a whole block. A run
 * that was killed may have left a part of one. */
static bool can_be_appended_to(const char *path)
{
    struct stat status;
    uint32_t size = 0, first = 0;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true; /* nobody may read it, but perhaps write */
    bool whole = pread(fd, &size, sizeof size, status.st_size - (off_t)sizeof size) > 0 &&
                 size >= PCAPNG_BLOCK_MIN && size <= status.st_size &&
                 pread(fd, &first, sizeof first, status.st_size - size + PCAPNG_SIZE_OFFSET) > 0;
    close(fd);
    return whole && first == size;
}

struct pcap_file *pcap_file_open(const char *path, struct err *err)
{
    struct pcap_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    file->path = strdup(path);
    if (file->path == NULL)
        err_set(err, "out of memory");
    else if (!can_be_appended_to(path))
        err_set(err,
            "%s does not end with a whole packet: move it away, or write another pcap file", path);
    else
        file->queue = line_queue_open(path, WHAT, err);
    if (file->queue == NULL) {
        free(file->path);
        free(file);
        return NULL;
    }
    line_queue_set_pieces(file->queue, find_whole_blocks);
    file->wall_offset_us = event_line_wall_offset_us();
    file->connections = json_object();
    file->listening = json_object();
    begin_section(file);
    return file;
}

int pcap_file_reopen(struct pcap_file *file, struct err *err)
{
    if (file == NULL)
        return 0;
    if (line_queue_reopen(file->queue, WHAT, LINE_QUEUE_DROP_REST, err) != 0)
        return -1;
    file->has_section = false;
    begin_section(file);
    return 0;
}

static json_t *event_json(const struct pcap_file *file, const struct event *event)
{
    struct memory_file memory;
    size_t size;
    if (memory_file_open(&memory) != 0)
        return NULL;
    event_line_write(memory.out, LOG_JSON, (int64_t)event->at + file->wall_offset_us, event);
    char *line = memory_file_close(&memory, &size);
    json_t *json = line != NULL ? json_loadb(line, size, 0, NULL) : NULL;
    free(line);
    return json;
}

/* Queues packets in pieces, each of whole blocks: the file stays one that can be read. Stops at the
 * first piece that finds no room. Returns whether all found room. */
static bool queue_packets(struct pcap_file *file, struct segments *segments)
{
    bool queued = begin_section(file);
    segments_sort(segments);
    for (size_t next = 0; queued && next < segments->count;) {
        struct memory_file memory;
        if (memory_file_open(&memory) != 0)
            return false;
        next = segments_write_packets(segments, next, PIECE_SIZE, memory.out);
        queued = queue_memory(file, &memory);
    }
    return queued;
}

/* Counts a connection that lacks packets. The first one in a row is reported on stderr. */
static void note_cut(struct pcap_file *file, const struct event *event, bool starved)
{
    char name[QUOTE_NAME_MAX];
    int errnum = starved ? ENOMEM : line_queue_errnum(file->queue);
    file->cut++;
    if (!file->failed)
        fprintf(stderr, "rudeproxy: %s lacks packets of %s#%llu: %s\n", file->path,
            quote_name(event->proxy, name), (unsigned long long)event->connection,
            errnum != 0 ? strerror(errnum) : "the disk is too slow");
    file->failed = true;
}

static void write_connection(struct pcap_file *file, json_t *events, const struct event *closed)
{
    bool starved = json_is_true(json_array_get(events, 0));
    struct segments segments;
    struct story story;
    const char *listening = view_text_of(file->listening, closed->proxy);
    segments_init(&segments);
    segments.connections = file->written++;
    json_array_remove(events, 0);
    bool made =
        view_story_build(&story, events) == 0 && segments_add(&segments, &story, listening) == 0;
    bool queued = made && queue_packets(file, &segments);
    if (starved || !queued)
        note_cut(file, closed, starved || !made);
    else
        file->failed = false;
    segments_free(&segments);
    view_story_free(&story);
}

/* Adds a list for a connection. NULL: out of memory. */
static json_t *add_list(struct pcap_file *file, const char *serial_text, uint64_t serial)
{
    json_t *events = json_array();
    bool starved = serial <= file->starved; /* its first events, or those of one beside it */
    if (json_array_append_new(events, json_boolean(starved)) != 0) {
        json_decref(events);
        return NULL;
    }
    return json_object_set_new(file->connections, serial_text, events) == 0 ? events : NULL;
}

static void note_connection(struct pcap_file *file, const struct event *event)
{
    char key[32];
    snprintf(key, sizeof key, "%llu", (unsigned long long)event->serial);
    json_t *events = json_object_get(file->connections, key);
    if (events == NULL)
        events = add_list(file, key, event->serial);
    if (events == NULL && event->kind == EVENT_CLOSED)
        note_cut(file, event, true);
    else if (events == NULL && file->starved < event->serial)
        file->starved = event->serial;
    if (events == NULL)
        return;
    if ((json_array_size(events) <= PCAP_FILE_EVENTS_MAX || event->kind == EVENT_CLOSED) &&
        json_array_append_new(events, event_json(file, event)) != 0)
        json_array_set_new(events, 0, json_true());
    if (event->kind != EVENT_CLOSED)
        return;
    write_connection(file, events, event);
    json_object_del(file->connections, key);
}

void pcap_file_note(struct pcap_file *file, const struct event *event)
{
    if (file == NULL)
        return;
    if (event->kind == EVENT_LISTENING)
        json_object_set_new(file->listening, event->proxy, json_string(event->u.listening.address));
    else if (event->connection > 0)
        note_connection(file, event);
}

void pcap_file_close(struct pcap_file *file)
{
    if (file == NULL)
        return;
    bool finished = line_queue_finish(file->queue, FINISH_MS);
    uint64_t dropped = line_queue_dropped(file->queue);
    if (!finished || dropped > 0)
        fprintf(stderr, "rudeproxy: %s lacks packets that could not be written%s\n", file->path,
            finished ? " before it was opened again" : "");
    if (file->cut > 1)
        fprintf(stderr, "rudeproxy: %s lacks packets of %zu connections\n", file->path, file->cut);
    line_queue_close(file->queue);
    json_decref(file->connections);
    json_decref(file->listening);
    free(file->path);
    free(file);
}
