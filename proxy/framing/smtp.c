/* SPDX-License-Identifier: MIT */
/*
 * `smtp`: RFC 5321. Upstream a message is a command line, or the mail between DATA and the line
 * with one dot; downstream a reply, of one line or several.
 *
 * Behind the server's 354 to DATA the client sends the mail, behind a 334 an answer of AUTH (RFC
 * 4954). BDAT (RFC 3030) has the number of bytes that follow its line. Exchange's XEXCH50 has the
 * number of bytes that follow the 354 to it. Behind any other 354 the client's direction is lost.
 * Behind a 220 to STARTTLS both directions are TLS, and lost. A mail is lost, too, if some readers
 * would see its end at another byte than others.
 */
#include <string.h>
#include <strings.h>

#include "proxy/framing/framer.h"

#define WORD_MAX 16 /* longest verb: X-ANONYMOUSTLS has 14 */

static const char *const upstream_names[] = {"HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT",
    "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT", "AUTH", "STARTTLS", "ATRN", "ETRN", "TURN",
    "SEND", "XCLIENT", "XFORWARD", "BURL", "mail_data", "auth_response"};

static const char *const downstream_names[] = {"2xx", "3xx", "4xx", "5xx"};

enum smtp_mode {
    SMTP_BETWEEN, /* the next byte begins a message */
    SMTP_WORD,    /* the first word of a line: a verb or a code */
    SMTP_LINE,    /* the rest of a line */
    SMTP_CHUNK,   /* the bytes behind BDAT, or of XEXCH50, passed over */
    SMTP_MAIL,    /* behind DATA */
};

/* The commands that matter for their reply, or for what follows it. */
enum smtp_command { SMTP_OTHER, SMTP_DATA, SMTP_BDAT, SMTP_STARTTLS, SMTP_XEXCH50 };

struct smtp_stream {
    enum smtp_mode mode;
    uint64_t start;
    unsigned have; /* bytes of the word so far */
    char word[WORD_MAX + 1];
};

struct smtp_state {
    struct smtp_stream streams[2];
    /* Upstream. */
    enum smtp_command last; /* command */
    bool mail_next;         /* the server said 354 to DATA */
    bool chunk_next;        /* and to XEXCH50 */
    bool auth_next;         /* the server said 334 */
    unsigned dots;          /* bytes of "\r\n.\r\n" that the mail ends in so far */
    bool bare;              /* the \n among them has no \r before it */
    bool counting;          /* the first number of a BDAT or XEXCH50 line is being read */
    bool counted;           /* it has been read */
    uint64_t chunk_size;    /* this number */
    /* Downstream. */
    bool more;     /* a line of the reply with a hyphen behind the code: another one follows */
    bool was_line; /* the reply's first line is through */
    char code[4];  /* of the reply */
    /* By direction: what follows is TLS, or answers a 354 that we do not know. */
    bool lost[2];
};

static const char end_of_mail[] = "\r\n.\r\n";
#define END_OF_MAIL (sizeof end_of_mail - 1)
#define LINE_END 2 /* bytes of it before the dot */
#define DOT_LINE 3 /* and with the dot */

static void smtp_begin(struct framing *framing, enum direction direction, const char *kind)
{
    struct smtp_state *state = framing->state;
    framer_begin(framing, direction, state->streams[direction].start, kind);
    framer_sized(framing, direction, FRAMING_UNKNOWN_SIZE);
}

static enum smtp_command find_command(const char *verb)
{
    static const char *const verbs[] = {[SMTP_DATA] = "DATA",
        [SMTP_BDAT] = "BDAT",
        [SMTP_STARTTLS] = "STARTTLS",
        [SMTP_XEXCH50] = "XEXCH50"};
    for (unsigned i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i] != NULL && strcasecmp(verb, verbs[i]) == 0)
            return (enum smtp_command)i;
    return SMTP_OTHER;
}

/* The verb is complete. */
static void begin_command(struct framing *framing, struct smtp_state *state)
{
    struct smtp_stream *stream = &state->streams[DIRECTION_UPSTREAM];
    stream->word[stream->have] = '\0';
    stream->mode = SMTP_LINE;
    state->last = find_command(stream->word);
    state->counting = state->last == SMTP_BDAT || state->last == SMTP_XEXCH50;
    state->counted = false;
    state->chunk_size = 0;
    smtp_begin(framing, DIRECTION_UPSTREAM, framer_kind(framing, DIRECTION_UPSTREAM, stream->word));
}

static bool is_letter(unsigned char byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* The first byte of a message upstream. False: no command begins with it. */
static bool begin_upstream(
    struct framing *framing, struct smtp_state *state, unsigned char byte, uint64_t at)
{
    struct smtp_stream *stream = &state->streams[DIRECTION_UPSTREAM];
    stream->start = at;
    stream->have = 0;
    if (state->mail_next) {
        state->mail_next = false;
        state->dots = LINE_END; /* as behind one: a mail may be empty */
        state->bare = false;
        stream->mode = SMTP_MAIL;
        smtp_begin(framing, DIRECTION_UPSTREAM, "mail_data");
        return true;
    }
    if (state->chunk_next) {
        state->chunk_next = false;
        stream->mode = SMTP_CHUNK;
        framing->streams[DIRECTION_UPSTREAM].skip = state->chunk_size;
        smtp_begin(framing, DIRECTION_UPSTREAM, NULL);
        return true;
    }
    if (state->auth_next) {
        state->auth_next = false;
        stream->mode = SMTP_LINE;
        smtp_begin(framing, DIRECTION_UPSTREAM, "auth_response");
        return true;
    }
    stream->mode = SMTP_WORD;
    framing->streams[DIRECTION_UPSTREAM].opening = at;
    return is_letter(byte);
}

/* A byte of the verb. False: no verb has it, or is so long. */
static bool take_verb_byte(struct framing *framing, struct smtp_state *state, unsigned char byte)
{
    struct smtp_stream *stream = &state->streams[DIRECTION_UPSTREAM];
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
        begin_command(framing, state);
        return true;
    }
    bool inner = byte == '-' || (byte >= '0' && byte <= '9'); /* X-EXPS, XEXCH50 */
    if (stream->have == WORD_MAX || !(is_letter(byte) || (inner && stream->have > 0)))
        return false;
    stream->word[stream->have++] = (char)byte;
    return true;
}

/* Counts the bytes that follow a line. False: too many. */
static bool count_chunk(struct smtp_state *state, unsigned char byte)
{
    if (byte >= '0' && byte <= '9') {
        state->counted = true;
        state->chunk_size = state->chunk_size * 10 + byte - '0';
    } else if (state->counted)
        state->counting = false;
    return state->chunk_size <= FRAMER_SIZE_MAX;
}

static void end_message(struct framing *framing, enum direction direction, uint64_t at)
{
    struct smtp_state *state = framing->state;
    state->streams[direction].mode = SMTP_BETWEEN;
    framer_end(framing, direction, at);
}

/* A byte of a command line. False: it is not understood. */
static bool take_line_byte(
    struct framing *framing, struct smtp_state *state, unsigned char byte, uint64_t at)
{
    if (state->counting && !count_chunk(state, byte))
        return false;
    if (byte != '\n')
        return true;
    if (state->last == SMTP_BDAT && state->chunk_size > 0) {
        state->streams[DIRECTION_UPSTREAM].mode = SMTP_CHUNK;
        framing->streams[DIRECTION_UPSTREAM].skip = state->chunk_size;
        state->chunk_size = 0;
        return true;
    }
    end_message(framing, DIRECTION_UPSTREAM, at + 1);
    return true;
}

/* A byte of a mail. The mail ends at a line with one dot, with \r\n before and behind it (RFC 5321
 * 4.1.1.4). False: such a line, but with \n alone. Some readers take it for the end, so that a mail
 * can be smuggled inside another. */
static bool take_mail_byte(
    struct framing *framing, struct smtp_state *state, unsigned char byte, uint64_t at)
{
    unsigned dots = state->dots;
    if (byte == '\n' && (dots == DOT_LINE || (dots == DOT_LINE + 1 && state->bare))) {
        state->streams[DIRECTION_UPSTREAM].start = at - (dots - LINE_END);
        return false;
    }
    if (byte == (unsigned char)end_of_mail[dots])
        state->dots++;
    else
        state->dots = byte == '\n' ? LINE_END : byte == '\r' ? 1 : 0;
    if (byte == '\n')
        state->bare = dots != 1;
    if (state->dots == END_OF_MAIL)
        end_message(framing, DIRECTION_UPSTREAM, at + 1);
    return true;
}

/* Takes a byte of the client's. 1: it was taken. 0: a message begins with it, look again.
 * -1: it is not understood. */
static int take_upstream(
    struct framing *framing, struct smtp_state *state, unsigned char byte, uint64_t at)
{
    switch (state->streams[DIRECTION_UPSTREAM].mode) {
    case SMTP_BETWEEN:
        return begin_upstream(framing, state, byte, at) ? 0 : -1;
    case SMTP_WORD:
        if (!take_verb_byte(framing, state, byte))
            return -1;
        return framing->event.what == 0 ? 1 : 0;
    case SMTP_MAIL:
        return take_mail_byte(framing, state, byte, at) ? 1 : -1;
    case SMTP_LINE:
    case SMTP_CHUNK:
        break;
    }
    return take_line_byte(framing, state, byte, at) ? 1 : -1;
}

/* The reply is through: what it means for the client's next bytes. */
static void heed_reply(struct smtp_state *state)
{
    if (strcmp(state->code, "354") == 0) {
        state->mail_next = state->last == SMTP_DATA;
        state->chunk_next = state->last == SMTP_XEXCH50 && state->chunk_size > 0;
        state->lost[DIRECTION_UPSTREAM] = state->last != SMTP_DATA && state->last != SMTP_XEXCH50;
    } else if (strcmp(state->code, "334") == 0)
        state->auth_next = true;
    else if (strcmp(state->code, "220") == 0 && state->last == SMTP_STARTTLS)
        state->lost[DIRECTION_UPSTREAM] = state->lost[DIRECTION_DOWNSTREAM] = true;
}

/* Byte number `have` of a reply's line: three digits, and then a hyphen where more lines follow. */
static bool take_code_byte(struct framing *framing, struct smtp_state *state, unsigned char byte)
{
    struct smtp_stream *stream = &state->streams[DIRECTION_DOWNSTREAM];
    if (stream->have < 3) {
        if (byte < (stream->have == 0 ? '2' : '0') || byte > (stream->have == 0 ? '5' : '9'))
            return false;
        state->code[stream->have++] = (char)byte;
        return true;
    }
    if (byte != '-' && byte != ' ' && byte != '\r' && byte != '\n')
        return false;
    stream->mode = SMTP_LINE;
    state->more = byte == '-';
    if (!state->was_line)
        smtp_begin(
            framing, DIRECTION_DOWNSTREAM, framer_kind(framing, DIRECTION_DOWNSTREAM, state->code));
    return true;
}

/* As take_upstream. */
static int take_downstream(
    struct framing *framing, struct smtp_state *state, unsigned char byte, uint64_t at)
{
    struct smtp_stream *stream = &state->streams[DIRECTION_DOWNSTREAM];
    if (stream->mode == SMTP_BETWEEN) {
        stream->start = at;
        stream->have = 0;
        state->was_line = false;
        stream->mode = SMTP_WORD;
        framing->streams[DIRECTION_DOWNSTREAM].opening = at;
        return 0;
    }
    if (stream->mode == SMTP_WORD) {
        if (!take_code_byte(framing, state, byte))
            return -1;
        return stream->mode == SMTP_WORD ? 1 : 0;
    }
    if (byte != '\n')
        return 1;
    if (state->more) {
        stream->mode = SMTP_WORD;
        stream->have = 0;
        state->was_line = true;
        return 1;
    }
    heed_reply(state);
    end_message(framing, DIRECTION_DOWNSTREAM, at + 1);
    return 1;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    struct smtp_state *state = framing->state;
    struct framer_stream *common = &framing->streams[direction];
    if (state->streams[direction].mode == SMTP_CHUNK) {
        end_message(framing, direction, common->offset);
        return 0;
    }
    for (size_t i = 0; i < n;) {
        uint64_t at = common->offset + i;
        bool lost = state->lost[direction];
        int taken = 0;
        if (!lost)
            taken = direction == DIRECTION_UPSTREAM ? take_upstream(framing, state, bytes[i], at)
                                                    : take_downstream(framing, state, bytes[i], at);
        if (lost || taken < 0) {
            framer_lose(framing, direction, lost ? at : state->streams[direction].start);
            return i;
        }
        i += (size_t)taken;
        if (framing->event.what != 0 || common->skip > 0)
            return i;
    }
    return n;
}

const struct framer framer_smtp = {
    .name = "smtp",
    .state_size = sizeof(struct smtp_state),
    .kinds = {{.names = upstream_names,
                  .count = sizeof upstream_names / sizeof upstream_names[0],
                  .open = true},
        {.names = downstream_names,
            .count = sizeof downstream_names / sizeof downstream_names[0],
            .code_min = 200,
            .code_max = 599}},
    .step = step,
};
