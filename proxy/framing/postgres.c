/* SPDX-License-Identifier: MIT */
/*
 * `postgres`: protocol 3, PostgreSQL's documentation, chapters "Message Flow" and "Message
 * Formats".
 *
 * A message is a type byte, a length that counts itself, and a body. The client's first message has
 * no type byte. Neither has its next message if that follows a refused SSLRequest or GSSENCRequest;
 * the answer to those two is a single byte. If the server agrees to encrypt, the stream is lost:
 * TLS or GSSAPI follows.
 */
#include "proxy/framing/length.h"

#define CODE_CANCEL 80877102u
#define CODE_SSL 80877103u
#define CODE_GSSENC 80877104u
#define STARTUP_MAX 10000     /* MAX_STARTUP_PACKET_LENGTH of the server */
#define MESSAGE_MAX (1 << 30) /* the server's PQ_LARGE_MESSAGE_LIMIT */

/* Indices behind the type bytes. */
enum { TYPE_END = 128, UNTYPED = TYPE_END, AUTHENTICATION = TYPE_END };
enum { STARTUP_MESSAGE = UNTYPED, SSL_REQUEST, GSSENC_REQUEST, CANCEL_REQUEST };
enum { SASL_INITIAL_RESPONSE = UNTYPED + 4, SASL_RESPONSE, GSS_RESPONSE };
enum { SSL_RESPONSE = AUTHENTICATION + 16, GSSENC_RESPONSE };

static const char *const upstream_names[] = {
    ['B'] = "Bind",
    ['C'] = "Close",
    ['d'] = "CopyData",
    ['c'] = "CopyDone",
    ['f'] = "CopyFail",
    ['D'] = "Describe",
    ['E'] = "Execute",
    ['H'] = "Flush",
    ['F'] = "FunctionCall",
    ['P'] = "Parse",
    ['p'] = "PasswordMessage",
    ['Q'] = "Query",
    ['S'] = "Sync",
    ['X'] = "Terminate",
    [STARTUP_MESSAGE] = "StartupMessage",
    [SSL_REQUEST] = "SSLRequest",
    [GSSENC_REQUEST] = "GSSENCRequest",
    [CANCEL_REQUEST] = "CancelRequest",
    [SASL_INITIAL_RESPONSE] = "SASLInitialResponse",
    [SASL_RESPONSE] = "SASLResponse",
    [GSS_RESPONSE] = "GSSResponse",
};

static const char *const downstream_names[] = {
    ['K'] = "BackendKeyData",
    ['2'] = "BindComplete",
    ['3'] = "CloseComplete",
    ['C'] = "CommandComplete",
    ['d'] = "CopyData",
    ['c'] = "CopyDone",
    ['G'] = "CopyInResponse",
    ['H'] = "CopyOutResponse",
    ['W'] = "CopyBothResponse",
    ['D'] = "DataRow",
    ['I'] = "EmptyQueryResponse",
    ['E'] = "ErrorResponse",
    ['V'] = "FunctionCallResponse",
    ['v'] = "NegotiateProtocolVersion",
    ['n'] = "NoData",
    ['N'] = "NoticeResponse",
    ['A'] = "NotificationResponse",
    ['t'] = "ParameterDescription",
    ['S'] = "ParameterStatus",
    ['1'] = "ParseComplete",
    ['s'] = "PortalSuspended",
    ['Z'] = "ReadyForQuery",
    ['T'] = "RowDescription",
    [AUTHENTICATION + 0] = "AuthenticationOk",
    [AUTHENTICATION + 2] = "AuthenticationKerberosV5",
    [AUTHENTICATION + 3] = "AuthenticationCleartextPassword",
    [AUTHENTICATION + 5] = "AuthenticationMD5Password",
    [AUTHENTICATION + 7] = "AuthenticationGSS",
    [AUTHENTICATION + 8] = "AuthenticationGSSContinue",
    [AUTHENTICATION + 9] = "AuthenticationSSPI",
    [AUTHENTICATION + 10] = "AuthenticationSASL",
    [AUTHENTICATION + 11] = "AuthenticationSASLContinue",
    [AUTHENTICATION + 12] = "AuthenticationSASLFinal",
    [SSL_RESPONSE] = "SSLResponse",
    [GSSENC_RESPONSE] = "GSSENCResponse",
};

struct postgres_state {
    struct length_state length;
    bool started;      /* the StartupMessage has come: the client's messages have types */
    bool encrypted;    /* the server agreed to encrypt */
    unsigned asked;    /* SSL_REQUEST or GSSENC_REQUEST that is not answered; 0: none */
    uint64_t password; /* the code of the last Authentication message: names the client's 'p' */
};

static unsigned untyped_index(uint64_t code)
{
    switch (code) {
    case CODE_SSL:
        return SSL_REQUEST;
    case CODE_GSSENC:
        return GSSENC_REQUEST;
    case CODE_CANCEL:
        return CANCEL_REQUEST;
    default:
        return code >> 16 == 3 ? STARTUP_MESSAGE : 0;
    }
}

static bool name_untyped(void *state, enum direction direction, struct length_header *header)
{
    struct postgres_state *postgres = state;
    unsigned index = untyped_index(length_number(header->bytes + 4, 4, false));
    (void)direction;
    header->kind = upstream_names[index];
    postgres->started = index == STARTUP_MESSAGE;
    postgres->asked = index == SSL_REQUEST || index == GSSENC_REQUEST ? index : 0;
    return index != 0;
}

/* The answer to SSLRequest or GSSENCRequest: S or G agrees, N refuses. */
static bool name_answer(void *state, enum direction direction, struct length_header *header)
{
    struct postgres_state *postgres = state;
    bool ssl = postgres->asked == SSL_REQUEST;
    (void)direction;
    header->kind = downstream_names[ssl ? SSL_RESPONSE : GSSENC_RESPONSE];
    postgres->encrypted = header->bytes[0] == (ssl ? 'S' : 'G');
    postgres->asked = 0;
    return postgres->encrypted || header->bytes[0] == 'N';
}

/* The client's 'p' answers the server's last Authentication message. */
static const char *password_name(const struct postgres_state *postgres)
{
    switch (postgres->password) {
    case 10:
        return upstream_names[SASL_INITIAL_RESPONSE];
    case 11:
        return upstream_names[SASL_RESPONSE];
    case 7:
    case 8:
    case 9:
        return upstream_names[GSS_RESPONSE];
    default:
        return upstream_names['p'];
    }
}

/* The name of the messages with this type byte. NULL: no message has it. */
static const char *type_name(const char *const *names, unsigned char type)
{
    return type < TYPE_END ? names[type] : NULL;
}

static bool name_upstream(void *state, enum direction direction, struct length_header *header)
{
    (void)direction;
    header->kind = header->bytes[0] == 'p' ? password_name(state)
                                           : type_name(upstream_names, header->bytes[0]);
    return header->kind != NULL;
}

static bool name_downstream(void *state, enum direction direction, struct length_header *header)
{
    struct postgres_state *postgres = state;
    (void)direction;
    if (header->bytes[0] != 'R') {
        header->kind = type_name(downstream_names, header->bytes[0]);
        return header->kind != NULL;
    }
    if (header->seen < 9)
        return false;
    postgres->password = length_number(header->bytes + 5, 4, false);
    if (postgres->password <= 12)
        header->kind = downstream_names[AUTHENTICATION + postgres->password];
    return true;
}

static const struct length_row untyped_row = {
    .header = 4, .width = 4, .min = 8, .max = STARTUP_MAX, .look = 8, .name = name_untyped};
static const struct length_row answer_row = {.header = 1, .add = 1, .name = name_answer};
static const struct length_row upstream_row = {
    .header = 5, .at = 1, .width = 4, .add = 1, .max = MESSAGE_MAX, .name = name_upstream};
static const struct length_row downstream_row = {.header = 5,
    .at = 1,
    .width = 4,
    .add = 1,
    .max = MESSAGE_MAX,
    .look = 9,
    .name = name_downstream};

static const struct length_row *pick(void *state, enum direction direction, unsigned char first)
{
    struct postgres_state *postgres = state;
    if (postgres->encrypted)
        return NULL;
    if (direction == DIRECTION_UPSTREAM)
        return postgres->started ? &upstream_row : &untyped_row;
    /* A server that knows no SSLRequest answers with an ErrorResponse. */
    if (postgres->asked != 0 && first != 'E')
        return &answer_row;
    return first == 'R' || type_name(downstream_names, first) != NULL ? &downstream_row : NULL;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    return length_step(framing, direction, bytes, n, pick);
}

const struct framer framer_postgres = {
    .name = "postgres",
    .state_size = sizeof(struct postgres_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(upstream_names)}, {LENGTH_NAMES(downstream_names)}},
    .step = step,
};
