/* SPDX-License-Identifier: MIT */
/* Each event becomes the line that the log would have, and is read back: so there is one way from
 * events to packets. */
#include "proxy/app/view/pcap_file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/app/view/log.h"
#include "proxy/app/view/pcapng.h"
#include "proxy/app/view/segments.h"
#include "proxy/base/memory_file.h"
#include "proxy/record/event_line.h"
#include "proxy/record/line_queue.h"

#define FINISH_MS 1000 /* how long the end of a run waits for a file that takes nothing */

struct pcap_file {
    struct line_queue *queue;
    int64_t wall_offset_us; /* wall clock minus monotonic clock */
    json_t *connections;    /* owned: the events of each, by "PROXY#NUMBER" */
    json_t *listening;      /* owned: the address of each proxy, by its name */
    size_t written;         /* connections */
};

static void begin_section(struct pcap_file *file)
{
    pcapng_write_head(line_queue_stream(file->queue));
    fflush(line_queue_stream(file->queue));
}

struct pcap_file *pcap_file_open(const char *path, struct err *err)
{
    struct pcap_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    file->queue = line_queue_open(path, _IOFBF, err);
    if (file->queue == NULL) {
        free(file);
        return NULL;
    }
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
    if (line_queue_reopen(file->queue, err) != 0)
        return -1;
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

/* Packets that find no room in the queue are left out whole: the file stays one that can be read.
 */
static void write_connection(struct pcap_file *file, const json_t *events, const char *proxy)
{
    struct segments segments;
    struct story story;
    struct memory_file memory;
    size_t size;
    segments_init(&segments);
    segments.connections = file->written++;
    int result = view_story_build(&story, events);
    if (result == 0)
        result = segments_add(&segments, &story, view_text_of(file->listening, proxy));
    if (result == 0 && memory_file_open(&memory) == 0) {
        segments_write_packets(&segments, memory.out);
        char *bytes = memory_file_close(&memory, &size);
        if (bytes != NULL && line_queue_has_room(file->queue))
            line_queue_put(file->queue, bytes, size);
        free(bytes);
    }
    segments_free(&segments);
    view_story_free(&story);
}

static void note_connection(struct pcap_file *file, const struct event *event)
{
    char key[PROXY_NAME_MAX + 32];
    snprintf(key, sizeof key, "%s#%llu", event->proxy, (unsigned long long)event->connection);
    json_t *events = json_object_get(file->connections, key);
    if (events == NULL) {
        events = json_array();
        if (json_object_set_new(file->connections, key, events) != 0)
            return;
    }
    if (json_array_size(events) < PCAP_FILE_EVENTS_MAX || event->kind == EVENT_CLOSED)
        json_array_append_new(events, event_json(file, event));
    if (event->kind != EVENT_CLOSED)
        return;
    write_connection(file, events, event->proxy);
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
    line_queue_finish(file->queue, FINISH_MS);
    line_queue_close(file->queue);
    json_decref(file->connections);
    json_decref(file->listening);
    free(file);
}
