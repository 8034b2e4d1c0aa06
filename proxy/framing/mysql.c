/* SPDX-License-Identifier: MIT */
/*
 * `mysql`: MySQL's and MariaDB's client/server protocol, "Protocol Basics: MySQL Packets".
 *
 * A packet is a length of 3 bytes (little endian), a sequence number and a payload. A packet of
 * 0xffffff bytes goes on in the next one: both are one message. A command has sequence number 0 and
 * the first packet of its answer the next one behind the command's last packet: 1 for a command
 * below 16 MB. The number is one byte, so packets of a long answer, or of a file that LOCAL INFILE
 * sends, have these numbers again. Where both sides agree to TLS or to compression, the stream is
 * lost there.
 *
 * A client may send commands ahead. All are counted, and those that matter for their answer are
 * kept until it begins.
 */
#include <string.h>

#include "proxy/framing/length.h"

/* Capability flags of the client's first packet. */
#define CLIENT_COMPRESS (1u << 5)
#define CLIENT_SSL (1u << 11)
#define CLIENT_ZSTD (1u << 26)
#define SSL_REQUEST_SIZE (4 + 32)
#define COM_QUIT 0x01
#define COM_CHANGE_USER 0x11
#define COM_BINLOG_DUMP 0x12
#define COM_STMT_PREPARE 0x16
#define COM_STMT_SEND_LONG_DATA 0x18
#define COM_STMT_CLOSE 0x19
#define COM_STMT_FETCH 0x1c
#define COM_BINLOG_DUMP_GTID 0x1e
#define SEMI_SYNC_ACK 0xef         /* of a replica, among the events that it receives */
#define COM_STMT_BULK_EXECUTE 0xfa /* MariaDB */

enum { HANDSHAKE_RESPONSE = 64, SSL_REQUEST, AUTH_RESPONSE, BULK_EXECUTE };

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
    [COM_BINLOG_DUMP] = "COM_BINLOG_DUMP",
    [0x13] = "COM_TABLE_DUMP",
    [0x15] = "COM_REGISTER_SLAVE",
    [COM_STMT_PREPARE] = "COM_STMT_PREPARE",
    [0x17] = "COM_STMT_EXECUTE",
    [COM_STMT_SEND_LONG_DATA] = "COM_STMT_SEND_LONG_DATA",
    [COM_STMT_CLOSE] = "COM_STMT_CLOSE",
    [0x1a] = "COM_STMT_RESET",
    [0x1b] = "COM_SET_OPTION",
    [COM_STMT_FETCH] = "COM_STMT_FETCH",
    [COM_BINLOG_DUMP_GTID] = "COM_BINLOG_DUMP_GTID",
    [0x1f] = "COM_RESET_CONNECTION",
    [HANDSHAKE_RESPONSE] = "HandshakeResponse",
    [SSL_REQUEST] = "SSLRequest",
    [AUTH_RESPONSE] = "AuthResponse",
    [BULK_EXECUTE] = "COM_STMT_BULK_EXECUTE",
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

/* A command that matters for its answer. */
struct mysql_command {
    uint64_t number; /* 1, 2, 3... of all commands with an answer */
    unsigned char command;
    unsigned char sequence; /* of its last packet */
};

#define SPECIALS_MAX 64 /* that are not answered; more than any client sends ahead */

struct mysql_state {
    struct length_state length;
    /* Upstream. */
    bool answered;         /* the client's first packet has come */
    bool compresses;       /* the client wants compression once it is in */
    unsigned char command; /* the last one */
    bool in_command;       /* the last message is a command that is answered */
    uint64_t asked;        /* commands with an answer */
    /* Downstream. */
    bool greeted;            /* the server's first packet has come */
    bool ready;              /* the server has let the client in: commands follow */
    bool sends_file;         /* the server asked for a file: packets until an empty one */
    uint64_t answers;        /* that have begun */
    unsigned char answering; /* the command of the last answer, if it is special */
    bool opens;              /* of the last answer only progress reports have come */
    bool may_be_over;        /* the last packet can be the last one of an answer */
    unsigned char sequence;  /* of the last packet */
    bool encrypted;          /* TLS or compression follows */
    unsigned special_count;
    struct mysql_command specials[SPECIALS_MAX]; /* not answered; the oldest first */
};

static unsigned char sequence_of(const struct length_header *header)
{
    return header->bytes[3];
}

/* Whether the answer to a command begins with a row or an event, whose first byte is 0x00. */
static bool sends_rows(unsigned char command)
{
    return command == COM_STMT_FETCH || command == COM_BINLOG_DUMP ||
           command == COM_BINLOG_DUMP_GTID;
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

/* Keeps the last command for its answer. Returns NULL if too many are kept. */
static struct mysql_command *keep_special(struct mysql_state *mysql)
{
    unsigned count = mysql->special_count;
    if (count > 0 && mysql->specials[count - 1].number == mysql->asked)
        return &mysql->specials[count - 1];
    if (count == SPECIALS_MAX)
        return NULL;
    mysql->special_count++;
    mysql->specials[count] =
        (struct mysql_command){.number = mysql->asked, .command = mysql->command};
    return &mysql->specials[count];
}

/* Whether the first byte of the answer means something else than in other answers. */
static bool is_special(unsigned char command)
{
    return command == COM_CHANGE_USER || command == COM_STMT_PREPARE || sends_rows(command);
}

/* If too many special commands are kept, the answer to this one has the common name. */
static void take_command(struct mysql_state *mysql, unsigned char command)
{
    bool silent = command == COM_QUIT || command == COM_STMT_SEND_LONG_DATA ||
                  command == COM_STMT_CLOSE || command == SEMI_SYNC_ACK;
    mysql->command = command;
    mysql->in_command = !silent;
    mysql->asked += !silent;
    if (is_special(command))
        (void)keep_special(mysql);
}

static const char *command_name(unsigned char command)
{
    if (command == COM_STMT_BULK_EXECUTE)
        return upstream_names[BULK_EXECUTE];
    return command < HANDSHAKE_RESPONSE ? upstream_names[command] : NULL;
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
    mysql->in_command = false;
    if (mysql->sends_file)
        mysql->sends_file = header->length > 0;
    else if (!mysql->ready || (mysql->command == COM_CHANGE_USER && sequence_of(header) != 0))
        header->kind = upstream_names[AUTH_RESPONSE];
    else if (sequence_of(header) == 0 && header->seen > 4) {
        header->kind = command_name(header->bytes[4]);
        take_command(mysql, header->bytes[4]);
    }
    return true;
}

/* A further packet of 16 MB: the answer's number follows that of the last one. False: it cannot be
 * kept, so the answer would not be found. */
static bool continue_upstream(
    void *state, enum direction direction, const struct length_header *header)
{
    struct mysql_state *mysql = state;
    (void)direction;
    if (!mysql->in_command)
        return true;
    struct mysql_command *command = keep_special(mysql);
    if (command != NULL)
        command->sequence = sequence_of(header);
    return command != NULL;
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

/* Whether a packet is the first one of an answer, whose command is taken then. A number that
 * follows that of the last packet belongs to the same answer, unless that one can be over. */
static bool begin_answer(struct mysql_state *mysql, unsigned char sequence)
{
    const struct mysql_command *special =
        mysql->special_count > 0 && mysql->specials[0].number == mysql->answers + 1
            ? &mysql->specials[0]
            : NULL;
    unsigned char first = (unsigned char)(special == NULL ? 1 : special->sequence + 1);
    bool follows = sequence == (unsigned char)(mysql->sequence + 1) && !mysql->may_be_over;
    if (mysql->answers == mysql->asked || sequence != first || follows)
        return false;
    mysql->answers++;
    mysql->answering = special == NULL ? 0 : special->command;
    if (special != NULL) {
        mysql->special_count--;
        memmove(&mysql->specials[0], &mysql->specials[1],
            mysql->special_count * sizeof mysql->specials[0]);
    }
    return true;
}

/* MariaDB's progress report: an ERR whose code no error has. It may stand before an answer. */
static bool is_progress(const struct length_header *header)
{
    return header->seen >= 7 && memcmp(header->bytes + 4, "\xff\xff\xff", 3) == 0;
}

/* A row may begin with 0x00, but never with 0xff, nor with 0xfe in a packet of less than 16 MB. So
 * OK is sure only in the first packet of an answer, and so is the question for a file. */
static const char *answer_name(struct mysql_state *mysql, const struct length_header *header)
{
    unsigned char first = header->bytes[4];
    bool begins = begin_answer(mysql, sequence_of(header)) || mysql->opens;
    mysql->opens = begins && is_progress(header);
    mysql->sends_file = begins && first == 0xfb;
    if (is_progress(header))
        return NULL;
    if (mysql->answering == COM_CHANGE_USER)
        return login_name(mysql, first);
    if (first == 0xff)
        return downstream_names[NAME_ERR];
    if (first == 0xfe && header->length < 0xffffff)
        return downstream_names[NAME_EOF];
    if (first == 0x00 && begins && !sends_rows(mysql->answering))
        return downstream_names[mysql->answering == COM_STMT_PREPARE ? NAME_PREPARED : NAME_OK];
    return NULL;
}

/* The server's first packet: a Handshake, or an ERR. MariaDB's ERR has sequence number 1. */
static bool is_greeting(const struct length_header *header)
{
    if (header->seen < 5)
        return false;
    return header->bytes[4] == 0xff ? sequence_of(header) <= 1
                                    : header->bytes[4] == 10 && sequence_of(header) == 0;
}

static bool name_downstream(void *state, enum direction direction, struct length_header *header)
{
    struct mysql_state *mysql = state;
    (void)direction;
    if (!mysql->greeted && !is_greeting(header))
        return false;
    if (header->seen > 4)
        header->kind =
            mysql->ready ? answer_name(mysql, header) : login_name(mysql, header->bytes[4]);
    mysql->greeted = true;
    mysql->sequence = sequence_of(header);
    mysql->may_be_over = header->kind != NULL;
    return true;
}

static bool continue_downstream(
    void *state, enum direction direction, const struct length_header *header)
{
    struct mysql_state *mysql = state;
    (void)direction;
    mysql->sequence = sequence_of(header);
    return true;
}

static const struct length_row upstream_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 8,
    .continued = 0xffffff,
    .name = name_upstream,
    .further = continue_upstream};
static const struct length_row downstream_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 7,
    .continued = 0xffffff,
    .name = name_downstream,
    .further = continue_downstream};

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
