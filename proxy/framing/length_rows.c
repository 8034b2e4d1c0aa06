/* SPDX-License-Identifier: MIT */
/*
 * The protocols that need no more than a header with a length: one row each, and the names of their
 * messages. A new one is a row here and a test; see docs/ADDING-A-PROTOCOL.md.
 */
#include <string.h>

#include "proxy/framing/length.h"

/* A framer whose rows are picked by `pick_NAME`. */
#define LENGTH_FRAMER(NAME)                                                                        \
    static size_t step_##NAME(                                                                     \
        struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)   \
    {                                                                                              \
        return length_step(framing, direction, bytes, n, pick_##NAME);                             \
    }                                                                                              \
    const struct framer framer_##NAME

/* TLS: RFC 8446 5.1 and 5.2. A record has at most 2^14 + 2048 bytes of payload (RFC 5246 6.2.3). */
static const char *const tls_names[] = {
    [20] = "change_cipher_spec",
    [21] = "alert",
    [22] = "handshake",
    [23] = "application_data",
    [24] = "heartbeat",
};

static bool name_tls(void *state, enum direction direction, struct length_header *header)
{
    (void)state;
    (void)direction;
    header->kind = LENGTH_NAME(tls_names, header->bytes[0]);
    return header->kind != NULL && header->bytes[1] == 3;
}

static const struct length_row tls_row = {
    .header = 5, .at = 3, .width = 2, .add = 5, .max = 5 + (1u << 14) + 2048, .name = name_tls};

/* A first byte of another value tells at once that this is not TLS. */
static const struct length_row *pick_tls(void *state, enum direction direction, unsigned char first)
{
    (void)state;
    (void)direction;
    return LENGTH_NAME(tls_names, first) == NULL ? NULL : &tls_row;
}

LENGTH_FRAMER(tls) = {.name = "tls",
    .state_size = sizeof(struct length_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(tls_names)}, {LENGTH_NAMES(tls_names)}},
    .step = step_tls};

/* HTTP/2: RFC 9113 3.4, 4.1 and 6; ALTSVC: RFC 7838, ORIGIN: RFC 8336, PRIORITY_UPDATE: RFC 9218.
 */
static const char *const http2_names[] = {
    [0x0] = "DATA",
    [0x1] = "HEADERS",
    [0x2] = "PRIORITY",
    [0x3] = "RST_STREAM",
    [0x4] = "SETTINGS",
    [0x5] = "PUSH_PROMISE",
    [0x6] = "PING",
    [0x7] = "GOAWAY",
    [0x8] = "WINDOW_UPDATE",
    [0x9] = "CONTINUATION",
    [0xa] = "ALTSVC",
    [0xc] = "ORIGIN",
    [0x10] = "PRIORITY_UPDATE",
};

struct http2_state {
    struct length_state length;
    bool begun[2]; /* by direction: the preface is through, or the first frame */
};

/* Frames of unknown types are right (RFC 9113 5.5). The first frame of each side is SETTINGS. */
static bool name_http2(void *state, enum direction direction, struct length_header *header)
{
    struct http2_state *http2 = state;
    unsigned type = header->bytes[3];
    bool first = !http2->begun[direction];
    header->kind = LENGTH_NAME(http2_names, type);
    http2->begun[direction] = true;
    return direction == DIRECTION_UPSTREAM || !first || type == 0x4;
}

static const unsigned char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define HTTP2_PREFACE_SIZE (sizeof http2_preface - 1)

static bool name_http2_preface(void *state, enum direction direction, struct length_header *header)
{
    struct http2_state *http2 = state;
    http2->begun[direction] = true;
    return memcmp(header->bytes, http2_preface, HTTP2_PREFACE_SIZE) == 0;
}

static const struct length_row http2_row = {
    .header = 4, .at = 0, .width = 3, .add = 9, .name = name_http2};
static const struct length_row http2_preface_row = {.header = HTTP2_PREFACE_SIZE,
    .add = HTTP2_PREFACE_SIZE,
    .silent = true,
    .name = name_http2_preface};

static const struct length_row *pick_http2(
    void *state, enum direction direction, unsigned char first)
{
    struct http2_state *http2 = state;
    if (direction == DIRECTION_DOWNSTREAM || http2->begun[direction])
        return &http2_row;
    return first == http2_preface[0] ? &http2_preface_row : NULL;
}

LENGTH_FRAMER(http2) = {.name = "http2",
    .state_size = sizeof(struct http2_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(http2_names)}, {LENGTH_NAMES(http2_names)}},
    .step = step_http2};

/* MongoDB: the wire protocol's MsgHeader; a server takes messages of up to 48,000,000 bytes. */
#define MONGODB_MAX 48000000
#define MONGODB_FIRST 2000
static const char *const mongodb_names[] = {
    [0] = "OP_REPLY", /* its code is 1 */
    [2001 - MONGODB_FIRST] = "OP_UPDATE",
    [2002 - MONGODB_FIRST] = "OP_INSERT",
    [2004 - MONGODB_FIRST] = "OP_QUERY",
    [2005 - MONGODB_FIRST] = "OP_GET_MORE",
    [2006 - MONGODB_FIRST] = "OP_DELETE",
    [2007 - MONGODB_FIRST] = "OP_KILL_CURSORS",
    [2010 - MONGODB_FIRST] = "OP_COMMAND",
    [2011 - MONGODB_FIRST] = "OP_COMMANDREPLY",
    [2012 - MONGODB_FIRST] = "OP_COMPRESSED",
    [2013 - MONGODB_FIRST] = "OP_MSG",
};

static bool name_mongodb(void *state, enum direction direction, struct length_header *header)
{
    uint64_t code = length_number(header->bytes + 12, 4, true);
    (void)state;
    (void)direction;
    if (code == 1)
        header->kind = mongodb_names[0];
    else if (code > MONGODB_FIRST)
        header->kind = LENGTH_NAME(mongodb_names, code - MONGODB_FIRST);
    return header->kind != NULL;
}

static const struct length_row mongodb_row = {.header = 4,
    .at = 0,
    .width = 4,
    .little = true,
    .min = 16,
    .max = MONGODB_MAX,
    .look = 16,
    .name = name_mongodb};

static const struct length_row *pick_mongodb(
    void *state, enum direction direction, unsigned char first)
{
    (void)state;
    (void)direction;
    (void)first;
    return &mongodb_row;
}

LENGTH_FRAMER(mongodb) = {.name = "mongodb",
    .state_size = sizeof(struct length_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(mongodb_names)}, {LENGTH_NAMES(mongodb_names)}},
    .step = step_mongodb};

/* AMQP 0-9-1: section 2.3.5 of its specification. Heartbeat is type 8; the text of the
 * specification says 4 in one place, no program does. AMQP 1.0 has another header and is not
 * understood. */
static const char *const amqp_names[] = {
    [0] = "protocol_header",
    [1] = "method",
    [2] = "header",
    [3] = "body",
    [8] = "heartbeat",
};

static bool name_amqp(void *state, enum direction direction, struct length_header *header)
{
    (void)state;
    (void)direction;
    header->kind = LENGTH_NAME(amqp_names, header->bytes[0]);
    return true;
}

/* A server that wants another version answers with a header of its own, and closes. */
static bool name_amqp_start(void *state, enum direction direction, struct length_header *header)
{
    (void)state;
    (void)direction;
    header->kind = amqp_names[0];
    return memcmp(header->bytes, "AMQP\0\0\x09\x01", 8) == 0;
}

static const struct length_row amqp_row = {
    .header = 7, .at = 3, .width = 4, .add = 8, .name = name_amqp};
static const struct length_row amqp_start_row = {.header = 8, .add = 8, .name = name_amqp_start};

struct amqp_state {
    struct length_state length;
    bool begun[2];
};

static const struct length_row *pick_amqp(
    void *state, enum direction direction, unsigned char first)
{
    struct amqp_state *amqp = state;
    bool begun = amqp->begun[direction];
    amqp->begun[direction] = true;
    if (!begun && first == 'A')
        return &amqp_start_row;
    if (!begun && direction == DIRECTION_UPSTREAM)
        return NULL;
    return first != 0 && LENGTH_NAME(amqp_names, first) != NULL ? &amqp_row : NULL;
}

LENGTH_FRAMER(amqp) = {.name = "amqp",
    .state_size = sizeof(struct amqp_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(amqp_names)}, {LENGTH_NAMES(amqp_names)}},
    .step = step_amqp};
