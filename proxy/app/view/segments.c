/* SPDX-License-Identifier: MIT */
/*
 * Rows become packets, packets become blocks. A note becomes a comment of the next packet, which
 * shows what the fault did. The notes behind the last packet, and the `closed` event, become
 * comments of the last packet.
 */
#include "proxy/app/view/segments.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/app/view/beginning.h"
#include "proxy/app/view/ip_packet.h"
#include "proxy/app/view/log.h"
#include "proxy/app/view/pcapng.h"
#include "proxy/app/view/rows.h"
#include "proxy/base/memory_file.h"

/* Bytes of a segment: an IP packet holds 65,535. */
#define SEGMENT_MAX 60000u
/* Of one connection: 150 MB that pass through rudeproxy. Of an arrow behind them, only the first
 * segment is made, and the rest is left out. */
#define PACKETS_MAX 10000
#define COMMENTS_MAX 32 /* of one packet; further notes are left out */
/* Of what the log holds of a message. */
#define PAYLOAD_MAX 65536u

struct packet {
    struct ip_packet ip;
    int64_t at_us;
    size_t notes_end;  /* rows before this one are comments of this packet or of one before */
    uint64_t left_out; /* bytes that it acknowledges and no packet has */
};

/* One of the two TCP connections. */
struct stream {
    struct ip_end ends[2]; /* the peer, rudeproxy */
    uint32_t next[2];      /* the next sequence number of each end */
    bool dead;             /* a RST was sent: nothing comes behind it */
};

struct maker {
    struct segments *segments;
    const struct story *story;
    struct stream streams[2]; /* by side */
    struct packet *packets;   /* owned */
    size_t count, capacity;
    const struct row *row;
    bool failed;
};

void segments_init(struct segments *segments)
{
    *segments = (struct segments){.count = 0};
}

/* --- Packets --- */

static void add_packet(struct maker *maker, enum side side, int from, unsigned flags, uint32_t size)
{
    struct stream *stream = &maker->streams[side];
    if (maker->failed || stream->dead)
        return;
    if (maker->count == maker->capacity) {
        size_t capacity = maker->capacity == 0 ? 32 : 2 * maker->capacity;
        struct packet *packets = realloc(maker->packets, capacity * sizeof packets[0]);
        if (packets == NULL) {
            maker->failed = true;
            return;
        }
        maker->packets = packets;
        maker->capacity = capacity;
    }
    maker->packets[maker->count++] = (struct packet){
        .ip = {.from = stream->ends[from],
            .to = stream->ends[!from],
            .sequence = stream->next[from],
            .acknowledged = (flags & IP_ACK) != 0 ? stream->next[!from] : 0,
            .flags = flags,
            .payload_size = size},
        .at_us = maker->story->start_us + maker->row->at_us,
        .notes_end = (size_t)(maker->row - maker->story->rows),
    };
    stream->next[from] += size + ((flags & (IP_SYN | IP_FIN)) != 0);
    stream->dead = (flags & IP_RST) != 0;
}

/* Passes over the rest of an arrow. Its acknowledgement is there, and says how many bytes. */
static void leave_out(struct maker *maker, enum side side, int from, uint64_t size)
{
    size_t before = maker->count;
    maker->streams[side].next[from] += (uint32_t)size;
    add_packet(maker, side, !from, IP_ACK, 0);
    if (maker->count > before)
        maker->packets[before].left_out = size;
}

/* Bytes in pieces, each acknowledged at once. The first one has what the log holds of the message.
 */
static void add_bytes(struct maker *maker, enum side side, int from, uint64_t size)
{
    const json_t *message = maker->row->message;
    bool whole = message != NULL && view_number_of(message, "size") == maker->row->arrows[0].size;
    for (uint64_t done = 0; done < size && !maker->failed && !maker->streams[side].dead;) {
        uint64_t rest = size - done;
        if (done > 0 && maker->count >= PACKETS_MAX) {
            leave_out(maker, side, from, rest);
            return;
        }
        uint32_t piece = rest < SEGMENT_MAX ? (uint32_t)rest : SEGMENT_MAX;
        size_t before = maker->count;
        add_packet(maker, side, from, IP_ACK | IP_PSH, piece);
        if (whole && done == 0 && maker->count > before)
            maker->packets[before].ip.payload_hex = view_text_of(message, "bytes");
        add_packet(maker, side, !from, IP_ACK, 0);
        done += piece;
    }
}

/* Rudeproxy accepts before it connects, so a failed connect is a SYN without an answer. */
static void add_handshake(struct maker *maker, enum side side, int from, bool answered)
{
    add_packet(maker, side, from, IP_SYN, 0);
    if (!answered)
        return;
    add_packet(maker, side, !from, IP_SYN | IP_ACK, 0);
    add_packet(maker, side, from, IP_ACK, 0);
}

static void add_arrow(struct maker *maker, const struct arrow *arrow)
{
    enum lane peer = arrow->from == LANE_PROXY ? arrow->to : arrow->from;
    enum side side = peer == LANE_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
    int from = arrow->from == LANE_PROXY;
    switch (arrow->kind) {
    case ROW_CONNECT:
        add_handshake(maker, side, from, true);
        break;
    case ROW_NOT_CONNECTED:
        add_handshake(maker, side, from, false);
        break;
    case ROW_LOST:
    case ROW_BYTES:
    case ROW_INSERTED:
        add_bytes(maker, side, from, arrow->size);
        break;
    case ROW_FIN:
        add_packet(maker, side, from, IP_FIN | IP_ACK, 0);
        add_packet(maker, side, !from, IP_ACK, 0);
        break;
    case ROW_RST:
        add_packet(maker, side, from, IP_RST | IP_ACK, 0);
        break;
    case ROW_VANISHED:
    case ROW_FAULT:
    case ROW_NOTE:
        break; /* notes */
    }
}

/* --- Ends --- */

static void set_streams(struct maker *maker, const char *listening)
{
    /* Ports that the log does not have: another one for each connection, as far as there are
     * enough. */
    uint16_t port = (uint16_t)(10000 + maker->segments->connections % 50000);
    for (int side = 0; side < 2; side++) {
        const char *address =
            view_address_of(maker->story->events, maker->story->end, (enum side)side);
        struct stream *stream = &maker->streams[side];
        ip_end_parse(&stream->ends[0], address, side == SIDE_CLIENT ? port : 1);
        ip_end_parse(
            &stream->ends[1], side == SIDE_CLIENT ? listening : "", side == SIDE_CLIENT ? 1 : port);
        if (stream->ends[1].is_made_up || stream->ends[0].is_ipv6 != stream->ends[1].is_ipv6)
            ip_end_make_up(&stream->ends[1], stream->ends[0].is_ipv6, stream->ends[1].port);
    }
}

/* --- Blocks --- */

/* Returns the block of a packet, which the caller frees. NULL: out of memory. */
static char *block_bytes(const struct pcapng_packet *packet, size_t *size)
{
    struct memory_file memory;
    if (memory_file_open(&memory) != 0)
        return NULL;
    pcapng_write_packet(memory.out, packet);
    char *bytes = memory_file_close(&memory, size);
    char *exact = bytes != NULL ? realloc(bytes, *size) : NULL; /* a log has very many packets */
    if (exact == NULL)
        free(bytes);
    return exact;
}

static int add_block(struct segments *segments, const struct pcapng_packet *packet)
{
    if (segments->count == segments->capacity) {
        size_t capacity = segments->capacity == 0 ? 64 : 2 * segments->capacity;
        struct segment_block *blocks = realloc(segments->blocks, capacity * sizeof blocks[0]);
        if (blocks == NULL)
            return -1;
        segments->blocks = blocks;
        segments->capacity = capacity;
    }
    struct segment_block block = {.at_us = packet->at_us, .order = segments->count};
    block.bytes = block_bytes(packet, &block.size);
    if (block.bytes == NULL)
        return -1;
    segments->blocks[segments->count++] = block;
    return 0;
}

/* Adds what packet `i` has to say: what was left out, and the notes since the packet before it.
 * `left_out` has room for a comment. */
static size_t find_comments(
    const struct maker *maker, size_t i, char left_out[96], const char *comments[COMMENTS_MAX])
{
    char size[48];
    const struct story *story = maker->story;
    size_t count = 0;
    size_t begin = i > 0 ? maker->packets[i - 1].notes_end : 0;
    size_t end = i + 1 < maker->count ? maker->packets[i].notes_end : story->row_count;
    if (maker->packets[i].left_out > 0) {
        story_bytes_text(maker->packets[i].left_out, size);
        snprintf(left_out, 96, "%s more, which are not in packets", size);
        comments[count++] = left_out;
    }
    for (; begin < end && count < COMMENTS_MAX - 1; begin++) {
        if (story->rows[begin].arrow_count == 0)
            comments[count++] = story->rows[begin].text;
    }
    return count;
}

/* Returns the record as JSON, which the caller frees. NULL: there is none, or no memory. Not with
 * json_dumps(): when memory runs out, jansson 2.14 leaves a key out and says nothing. */
static char *record_text(const json_t *record)
{
    const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII;
    size_t size = record == NULL ? 0 : json_dumpb(record, NULL, 0, flags);
    char *text = size == 0 ? NULL : malloc(size + 1);
    if (text == NULL)
        return NULL;
    text[size] = '\0';
    if (json_dumpb(record, text, size, flags) == size)
        return text;
    free(text);
    return NULL;
}

static int add_blocks(struct maker *maker)
{
    uint8_t *bytes = malloc(IP_HEADERS_MAX + PAYLOAD_MAX);
    char *record = record_text(maker->story->end);
    int result = bytes != NULL && (record != NULL || maker->story->end == NULL) ? 0 : -1;
    for (size_t i = 0; i < maker->count && result == 0; i++) {
        const char *comments[COMMENTS_MAX];
        char left_out[96];
        size_t count = find_comments(maker, i, left_out, comments);
        if (i + 1 == maker->count && record != NULL)
            comments[count++] = record;
        struct pcapng_packet packet = {.at_us = maker->packets[i].at_us,
            .bytes = bytes,
            .original = ip_packet_size(&maker->packets[i].ip),
            .comments = comments,
            .comment_count = count};
        packet.captured = ip_packet_build(&maker->packets[i].ip, bytes, PAYLOAD_MAX);
        result = add_block(maker->segments, &packet);
    }
    free(record);
    free(bytes);
    return result;
}

int segments_add(struct segments *segments, const struct story *story, const char *listening)
{
    struct maker maker = {.segments = segments, .story = story};
    set_streams(&maker, listening);
    for (size_t i = 0; i < story->row_count; i++) {
        maker.row = &story->rows[i];
        for (unsigned a = 0; a < maker.row->arrow_count; a++)
            add_arrow(&maker, &maker.row->arrows[a]);
    }
    int result = maker.failed ? -1 : add_blocks(&maker);
    free(maker.packets);
    segments->connections++;
    return result;
}

static int by_time(const void *a, const void *b)
{
    const struct segment_block *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void segments_sort(struct segments *segments)
{
    if (segments->count > 1)
        qsort(segments->blocks, segments->count, sizeof segments->blocks[0], by_time);
}

size_t segments_write_packets(const struct segments *segments, size_t from, size_t most, FILE *out)
{
    size_t size = 0;
    for (; from < segments->count && size < most; from++) {
        fwrite(segments->blocks[from].bytes, 1, segments->blocks[from].size, out);
        size += segments->blocks[from].size;
    }
    return from;
}

void segments_write(struct segments *segments, FILE *out)
{
    pcapng_write_head(out);
    segments_sort(segments);
    segments_write_packets(segments, 0, SIZE_MAX, out);
}

void segments_free(struct segments *segments)
{
    for (size_t i = 0; i < segments->count; i++)
        free(segments->blocks[i].bytes);
    free(segments->blocks);
}
