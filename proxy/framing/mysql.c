/* SPDX-License-Identifier: MIT */
/*
 * `mysql`: MySQL's and MariaDB's client/server protocol, "Protocol Basics: MySQL Packets".
 *
 * A packet is a length of 3 bytes (little endian), a sequence number and a payload. A packet of
 * 0xffffff bytes goes on in the next one: both are one message. A command has sequence number 0.
 * The first packet of its answer has the number that follows that of the command's last packet: 1
 * if the command is below 16 MB. The number is one byte, so packets of a long answer, or of a file
 * that LOCAL INFILE sends, have these numbers again. If both sides agree to TLS or to compression,
 * the stream is lost from there on.
 *
 * A client may send commands ahead. All are counted, and those whose answer has a special form are
 * kept until that answer begins. The packets of an answer tell where it ends ("Text Resultset",
 * "COM_STMT_PREPARE Response"). It is one result after another, as long as the status in OK or EOF
 * says that more follow. A result is one of these: an OK; an ERR; a file that the server asks for,
 * then an OK; a set of rows. An EOF of 5 bytes comes before the rows and another one behind them.
 * If the client has CLIENT_DEPRECATE_EOF, the first is left out, and the second is an OK of 7 bytes
 * or more that begins with the byte of EOF.
 */
#include <string.h>

#include "proxy/framing/length.h"
#include "proxy/framing/mysql_commands.h"

/* Capability flags of the client's first packet. */
#define CLIENT_COMPRESS (1u << 5)
#define CLIENT_SSL (1u << 11)
#define CLIENT_ZSTD (1u << 26)
#define SSL_REQUEST_SIZE (4 + 32)
#define STATUS_MORE_RESULTS 0x0008
#define STATUS_CURSOR 0x0040 /* no rows here: the client fetches them */
#define EOF_MAX 5            /* bytes of an EOF packet's payload */

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

/* The server's next packet. */
enum answer_phase {
    ANSWER_OVER,        /* the first one of the next answer */
    ANSWER_RESULT,      /* of a result: the first one, or the one behind a file */
    ANSWER_COLUMNS,     /* of a set of rows: a definition, or a row where no EOF comes between */
    ANSWER_ROWS,        /* a row, an event or a definition: up to an EOF */
    ANSWER_PREPARED,    /* COM_STMT_PREPARE_OK */
    ANSWER_DEFINITIONS, /* behind that one, or an EOF behind the last definition of a kind */
    ANSWER_TEXT,        /* the only one, a text */
    ANSWER_LOGIN,       /* of a change of user */
};

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
    enum answer_phase phase; /* of the last answer */
    unsigned definitions;    /* still to come, in ANSWER_DEFINITIONS */
    unsigned char sequence;  /* of the last packet */
    bool encrypted;          /* TLS or compression follows */
    unsigned special_count;
    struct mysql_command specials[SPECIALS_MAX]; /* not answered; the oldest first */
};

static unsigned char sequence_of(const struct length_header *header)
{
    return header->bytes[3];
}

/* Returns the phase that the answer to a command begins in. */
static enum answer_phase first_phase(unsigned char command)
{
    switch (command) {
    case COM_STMT_FETCH:
    case COM_BINLOG_DUMP:
    case COM_BINLOG_DUMP_GTID:
    case COM_FIELD_LIST:
        return ANSWER_ROWS;
    case COM_STMT_PREPARE:
        return ANSWER_PREPARED;
    case COM_STATISTICS:
        return ANSWER_TEXT;
    case COM_CHANGE_USER:
        return ANSWER_LOGIN;
    default:
        return ANSWER_RESULT;
    }
}

/* The client's first packet: a HandshakeResponse, or a beginning of it that asks for TLS. */
static const char *first_name(struct mysql_state *mysql, const struct length_header *header)
{
    uint64_t flags = length_number(header->bytes + 4, 4, true);
    mysql->answered = true;
    mysql->encrypted = (flags & CLIENT_SSL) != 0 && header->size == SSL_REQUEST_SIZE;
    mysql->compresses = (flags & (CLIENT_COMPRESS | CLIENT_ZSTD)) != 0;
    return mysql_commands[mysql->encrypted ? MYSQL_SSL_REQUEST : MYSQL_HANDSHAKE_RESPONSE];
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

/* If too many special commands are kept, the answer to this one has the common name. */
static void take_command(struct mysql_state *mysql, unsigned char command)
{
    bool silent = command == COM_QUIT || command == COM_STMT_SEND_LONG_DATA ||
                  command == COM_STMT_CLOSE || command == SEMI_SYNC_ACK;
    mysql->command = command;
    mysql->in_command = !silent;
    mysql->asked += !silent;
    if (first_phase(command) != ANSWER_RESULT)
        (void)keep_special(mysql);
}

static const char *command_name(unsigned char command)
{
    if (command == COM_STMT_BULK_EXECUTE)
        return mysql_commands[MYSQL_BULK_EXECUTE];
    return command < MYSQL_HANDSHAKE_RESPONSE ? mysql_commands[command] : NULL;
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
        header->kind = mysql_commands[MYSQL_AUTH_RESPONSE];
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

/* An EOF, or an OK that stands for it. */
static bool is_eof(const struct length_header *header)
{
    return header->bytes[4] == 0xfe && header->length < 0xffffff;
}

/* Whether the answer has all its packets, when this one comes. An EOF belongs to the definitions
 * before it. */
static bool is_over(const struct mysql_state *mysql, const struct length_header *header)
{
    if (mysql->phase == ANSWER_DEFINITIONS && mysql->definitions == 0)
        return !is_eof(header) || header->length > EOF_MAX;
    return mysql->phase == ANSWER_OVER;
}

/* If a packet is the first one of an answer, takes the command of that. Within an answer the
 * numbers follow one another, except behind a file: one that does not follow ends an answer whose
 * form is not known. */
static void begin_answer(struct mysql_state *mysql, const struct length_header *header)
{
    const struct mysql_command *special =
        mysql->special_count > 0 && mysql->specials[0].number == mysql->answers + 1
            ? &mysql->specials[0]
            : NULL;
    unsigned char first = (unsigned char)(special == NULL ? 1 : special->sequence + 1);
    bool follows = sequence_of(header) == (unsigned char)(mysql->sequence + 1);
    bool goes_on = !is_over(mysql, header) && (follows || mysql->phase == ANSWER_RESULT);
    if (mysql->answers == mysql->asked || sequence_of(header) != first || goes_on)
        return;
    mysql->answers++;
    mysql->phase = first_phase(special == NULL ? 0 : special->command);
    if (special != NULL) {
        mysql->special_count--;
        memmove(&mysql->specials[0], &mysql->specials[1],
            mysql->special_count * sizeof mysql->specials[0]);
    }
}

/* Bytes of the length-encoded integer whose first byte this is. */
static unsigned integer_size(unsigned char first)
{
    return first < 0xfb ? 1 : first == 0xfc ? 3 : first == 0xfd ? 4 : 9;
}

/* The status in an EOF, or behind the two integers of an OK. 0: it has none. */
static unsigned status_of(const struct length_header *header)
{
    unsigned at = 5;
    if (is_eof(header) && header->length <= EOF_MAX)
        at += 2;
    else
        for (int i = 0; i < 2 && at < header->seen; i++)
            at += integer_size(header->bytes[at]);
    return at + 2 <= header->seen ? (unsigned)length_number(header->bytes + at, 2, true) : 0;
}

/* A result ends with this OK or EOF. */
static void end_result(struct mysql_state *mysql, const struct length_header *header)
{
    bool more = (status_of(header) & STATUS_MORE_RESULTS) != 0;
    mysql->phase = more ? ANSWER_RESULT : ANSWER_OVER;
}

static void take_eof(struct mysql_state *mysql, const struct length_header *header)
{
    if (mysql->phase == ANSWER_COLUMNS && header->length <= EOF_MAX &&
        (status_of(header) & STATUS_CURSOR) == 0)
        mysql->phase = ANSWER_ROWS;
    else if (mysql->phase != ANSWER_DEFINITIONS)
        end_result(mysql, header);
    else if (mysql->definitions == 0)
        mysql->phase = ANSWER_OVER;
}

/* The first packet of a result, or the one behind a file. */
static const char *result_name(struct mysql_state *mysql, const struct length_header *header)
{
    unsigned char first = header->bytes[4];
    if (first == 0x00) {
        end_result(mysql, header);
        return downstream_names[NAME_OK];
    }
    mysql->sends_file = mysql->sends_file || first == 0xfb;
    mysql->phase = first == 0xfb ? ANSWER_RESULT : ANSWER_COLUMNS;
    return NULL;
}

/* COM_STMT_PREPARE_OK: how many columns and parameters are defined in the packets behind it. */
static void count_definitions(struct mysql_state *mysql, const struct length_header *header)
{
    mysql->phase = ANSWER_DEFINITIONS;
    mysql->definitions = 0;
    if (header->seen >= 13)
        mysql->definitions = (unsigned)(length_number(header->bytes + 9, 2, true) +
                                        length_number(header->bytes + 11, 2, true));
}

/* MariaDB's progress report: an ERR whose code no error has. It may stand before an answer. */
static bool is_progress(const struct length_header *header)
{
    return header->seen >= 7 && memcmp(header->bytes + 4, "\xff\xff\xff", 3) == 0;
}

/* A row may begin with 0x00, but never with 0xff, nor with 0xfe in a packet of less than 16 MB. */
static const char *answer_name(struct mysql_state *mysql, const struct length_header *header)
{
    unsigned char first = header->bytes[4];
    begin_answer(mysql, header);
    if (is_progress(header))
        return NULL;
    if (first == 0xff) {
        mysql->phase = ANSWER_OVER;
        return downstream_names[NAME_ERR];
    }
    if (mysql->phase == ANSWER_LOGIN) {
        mysql->phase = first == 0x00 ? ANSWER_OVER : ANSWER_LOGIN;
        return login_name(mysql, first);
    }
    if (is_eof(header)) {
        take_eof(mysql, header);
        return downstream_names[NAME_EOF];
    }
    if (mysql->phase == ANSWER_RESULT)
        return result_name(mysql, header);
    if (mysql->phase == ANSWER_PREPARED) {
        count_definitions(mysql, header);
        return downstream_names[NAME_PREPARED];
    }
    if (mysql->phase == ANSWER_DEFINITIONS && mysql->definitions > 0)
        mysql->definitions--;
    if (mysql->phase == ANSWER_TEXT)
        mysql->phase = ANSWER_OVER;
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
static const struct length_row login_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 5,
    .continued = 0xffffff,
    .name = name_downstream,
    .further = continue_downstream};
static const struct length_row downstream_row = {.header = 4,
    .width = 3,
    .little = true,
    .add = 4,
    .look = 25, /* up to the status of the longest OK */
    .continued = 0xffffff,
    .name = name_downstream,
    .further = continue_downstream};

static const struct length_row *pick(void *state, enum direction direction, unsigned char first)
{
    const struct mysql_state *mysql = state;
    (void)first;
    if (mysql->encrypted || (direction == DIRECTION_UPSTREAM && !mysql->greeted))
        return NULL;
    if (direction == DIRECTION_UPSTREAM)
        return &upstream_row;
    return mysql->ready ? &downstream_row : &login_row;
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
    .kinds = {{LENGTH_NAMES(mysql_commands)}, {LENGTH_NAMES(downstream_names)}},
    .step = step,
};
