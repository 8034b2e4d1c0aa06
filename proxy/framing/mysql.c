/* SPDX-License-Identifier: MIT */
/*
 * `mysql`: MySQL's and MariaDB's client/server protocol, "Protocol Basics: MySQL Packets".
 *
 * A packet is a length of 3 bytes (little endian), a sequence number and a payload. A packet of
 * 0xffffff bytes goes on in the next one: both are one message. A command has sequence number 0 and
 * the first packet of its answer 1. The number is one byte, so packets of a long answer, or of a
 * file that LOCAL INFILE sends, have these numbers again. Where both sides agree to TLS or to
 * compression, the stream is lost there.
 */
#include <limits.h>

#include "proxy/framing/length.h"

/* Capability flags of the client's first packet. */
#define CLIENT_COMPRESS (1u << 5)
#define CLIENT_SSL (1u << 11)
#define CLIENT_ZSTD (1u << 26)
#define SSL_REQUEST_SIZE (4 + 32)
#define COM_QUIT 0x01
#define COM_CHANGE_USER 0x11
#define COM_STMT_PREPARE 0x16
#define COM_STMT_SEND_LONG_DATA 0x18
#define COM_STMT_CLOSE 0x19

enum { HANDSHAKE_RESPONSE = 64, SSL_REQUEST, AUTH_RESPONSE };

static const char *const upstream_names[] = {
    [0x00] = "COM_SLEEP",
    [COM_QUIT] = "COM_QUIT",
    [0x02] = "COM_INIT_DB",
    [0x03] = "COM_QUERY",
    [0x04] = "COM_FIELD_LIST",
    [0x05] = "COM_CREATE_DB",
    [0x06] = "COM_DROP_DB",
    [0x07] = "COM_REFRESH",
    [0x08] = "COM_SHUTDOWN",
    [0x09] = "COM_STATISTICS",
    [0x0a] = "COM_PROCESS_INFO",
    [0x0c] = "COM_PROCESS_KILL",
    [0x0d] = "COM_DEBUG",
    [0x0e] = "COM_PING",
    [COM_CHANGE_USER] = "COM_CHANGE_USER",
    [0x12] = "COM_BINLOG_DUMP",
    [0x13] = "COM_TABLE_DUMP",
    [0x15] = "COM_REGISTER_SLAVE",
    [COM_STMT_PREPARE] = "COM_STMT_PREPARE",
    [0x17] = "COM_STMT_EXECUTE",
    [COM_STMT_SEND_LONG_DATA] = "COM_STMT_SEND_LONG_DATA",
    [COM_STMT_CLOSE] = "COM_STMT_CLOSE",
    [0x1a] = "COM_STMT_RESET",
    [0x1b] = "COM_SET_OPTION",
    [0x1c] = "COM_STMT_FETCH",
    [0x1e] = "COM_BINLOG_DUMP_GTID",
    [0x1f] = "COM_RESET_CONNECTION",
    [HANDSHAKE_RESPONSE] = "HandshakeResponse",
    [SSL_REQUEST] = "SSLRequest",
    [AUTH_RESPONSE] = "AuthResponse",
};

enum { NAME_HANDSHAKE, NAME_OK, NAME_ERR, NAME_EOF, NAME_SWITCH, NAME_MORE, NAME_PREPARED };

static const char *const downstream_names[] = {
    [NAME_HANDSHAKE] = "Handshake",
    [NAME_OK] = "OK",
    [NAME_ERR] = "ERR",
    [NAME_EOF] = "EOF",
    [NAME_SWITCH] = "AuthSwitchRequest",
    [NAME_MORE] = "AuthMoreData",
    [NAME_PREPARED] = "COM_STMT_PREPARE_OK",
};

struct mysql_state {
    struct length_state length;
    bool greeted;          /* the server's first packet has come */
    bool answered;         /* the client's first packet has come */
    bool ready;            /* the server has let the client in: commands follow */
    bool compresses;       /* the client wants compression once it is in */
    bool encrypted;        /* TLS or compression follows */
    unsigned char command; /* the last one */
    unsigned unanswered;   /* commands whose answer has not begun: clients may send ahead */
    bool sends_file;       /* the server asked for a file: packets until an empty one */
};

static unsigned sequence_of(const struct length_header *header)
{
    return header->bytes[3];
}

/* The client's first packet: a HandshakeResponse, or a beginning of it that asks for TLS. */
static const char *first_name(struct mysql_state *mysql, const struct length_header *header)
{
    uint64_t flags = length_number(header->bytes + 4, 4, true);
    mysql->answered = true;
    mysql->encrypted = (flags & CLIENT_SSL) != 0 && header->size == SSL_REQUEST_SIZE;
    mysql->compresses = (flags & (CLIENT_COMPRESS | CLIENT_ZSTD)) != 0;
    return upstream_names[mysql->encrypted ? SSL_REQUEST : HANDSHAKE_RESPONSE];
}

static void take_command(struct mysql_state *mysql, unsigned char command)
{
    bool silent =
        command == COM_QUIT || command == COM_STMT_SEND_LONG_DATA || command == COM_STMT_CLOSE;
    mysql->command = command;
    if (!silent && mysql->unanswered < UINT_MAX)
        mysql->unanswered++;
}

static bool name_upstream(void *state, enum direction direction, struct length_header *header)
{
    struct mysql_state *mysql = state;
    (void)direction;
    if (!mysql->answered) {
        if (header->seen < 8)
            return false;
        header->kind = first_name(mysql, header);
        return true;
    }
    if (mysql->sends_file)
        mysql->sends_file = header->length > 0;
    else if (!mysql->ready || (mysql->command == COM_CHANGE_USER && sequence_of(header) != 0))
        header->kind = upstream_names[AUTH_RESPONSE];
    else if (sequence_of(header) == 0 && header->seen > 4) {
        take_command(mysql, header->bytes[4]);
        header->kind = mysql->command < HANDSHAKE_RESPONSE
                           ? LENGTH_NAME(upstream_names, mysql->command)
                           : NULL;
    }
    return true;
}

/* The server's packets before it lets the client in. */
static const char *login_name(struct mysql_state *mysql, unsigned char first)
{
    if (!mysql->greeted)
        return downstream_names[first == 0xff ? NAME_ERR : NAME_HANDSHAKE];
    switch (first) {
    case 0x00:
        mysql->ready = true;
        mysql->encrypted = mysql->compresses;
        return downstream_names[NAME_OK];
    case 0x01:
        return downstream_names[NAME_MORE];
    case 0xfe:
        return downstream_names[NAME_SWITCH];
    case 0xff:
        return downstream_names[NAME_ERR];
    default:
        return NULL;
    }
}

/* A row may begin with 0x00, but never with 0xff, nor with 0xfe in a packet of less than 16 MB. So
 * OK is sure only in the first packet of an answer, and so is the question for a file. */
static const char *answer_name(struct mysql_state *mysql, const struct length_header *header)
{
    unsigned char first = header->bytes[4];
    bool begins = mysql->unanswered > 0 && sequence_of(header) == 1;
    mysql->unanswered -= begins;
    mysql->sends_file = begins && first == 0xfb;
    if (mysql->command == COM_CHANGE_USER)
        return login_name(mysql, first);
    if (first == 0xff)
        return downstream_names[NAME_ERR];
    if (first == 0xfe && header->length < 0xffffff)
        return downstream_names[NAME_EOF];
    if (first == 0x00 && begins)
        return downstream_names[mysql->command == COM_STMT_PREPARE ? NAME_PREPARED : NAME_OK];
    return NULL;
}

static bool name_downstream(void *state, enum direction direction, struct length_header *header)
{
    struct mysql_state *mysql = state;
    (void)direction;
    bool greeting = !mysql->greeted;
    if (greeting && (header->seen < 5 || sequence_of(header) != 0 ||
                        (header->bytes[4] != 10 && header->bytes[4] != 0xff)))
        return false;
    if (header->seen > 4)
        header->kind =
            mysql->ready ? answer_name(mysql, header) : login_name(mysql, header->bytes[4]);
    mysql->greeted = true;
    return true;
}

static const struct length_row upstream_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 8,
    .continued = 0xffffff,
    .name = name_upstream};
static const struct length_row downstream_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 5,
    .continued = 0xffffff,
    .name = name_downstream};

static const struct length_row *pick(void *state, enum direction direction, unsigned char first)
{
    const struct mysql_state *mysql = state;
    (void)first;
    if (mysql->encrypted || (direction == DIRECTION_UPSTREAM && !mysql->greeted))
        return NULL;
    return direction == DIRECTION_UPSTREAM ? &upstream_row : &downstream_row;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    return length_step(framing, direction, bytes, n, pick);
}

const struct framer framer_mysql = {
    .name = "mysql",
    .state_size = sizeof(struct mysql_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(upstream_names)}, {LENGTH_NAMES(downstream_names)}},
    .step = step,
};
