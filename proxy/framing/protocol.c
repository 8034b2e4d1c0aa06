/* SPDX-License-Identifier: MIT */
/*
 * The list of protocols, and how the user writes them and the kinds of their messages.
 */
#include "proxy/framing/protocol.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/suggest.h"
#include "proxy/base/units.h"
#include "proxy/framing/framer.h"

#define RAW "raw"
#define SHOWN_MAX 48       /* characters of a wrong word that an error text quotes */
#define TERM_MAX 32        /* of one `key=value` of length: */
#define ADD_MAX (1u << 20) /* no known header is so long */

#define FORM                                                                                       \
    "raw, turns, line, length:at=0,size=4,order=big,add=4, http, tls, http2, redis, postgres, "    \
    "mysql, kafka, amqp, mqtt, smtp or mongodb"

static const struct framer *const framers[] = {
    &framer_turns,
    &framer_line,
    &framer_length,
    &framer_http,
    &framer_tls,
    &framer_http2,
    &framer_redis,
    &framer_postgres,
    &framer_mysql,
    &framer_kafka,
    &framer_amqp,
    &framer_mqtt,
    &framer_smtp,
    &framer_mongodb,
};

const struct protocol protocol_http = {.framer = &framer_http};

#define FRAMER_COUNT (sizeof framers / sizeof framers[0])

static const struct framer *find_framer(const char *name, size_t length)
{
    for (size_t i = 0; i < FRAMER_COUNT; i++)
        if (strlen(framers[i]->name) == length && strncmp(framers[i]->name, name, length) == 0)
            return framers[i];
    return NULL;
}

static int protocol_report_unknown(const char *text, size_t length, struct err *err)
{
    char word[SHOWN_MAX], meant[SUGGEST_TEXT_MAX];
    struct suggest suggest;
    snprintf(word, sizeof word, "%.*s", (int)length, text);
    suggest_init(&suggest, word);
    suggest_offer(&suggest, RAW);
    for (size_t i = 0; i < FRAMER_COUNT; i++)
        suggest_offer(&suggest, framers[i]->name);
    return err_set(err, "'%s' is not a protocol%s write " FORM, word,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
}

/* The numbers of `length:`. */
static const struct {
    const char *key;
    size_t offset;
    uint64_t min, max;
} length_keys[] = {
    {"at", offsetof(struct protocol_length, at), 0, PROTOCOL_LENGTH_AT_MAX},
    {"size", offsetof(struct protocol_length, size), 1, 8},
    {"add", offsetof(struct protocol_length, add), 0, ADD_MAX},
};

#define LENGTH_KEYS (sizeof length_keys / sizeof length_keys[0])

static uint64_t *length_value(struct protocol_length *length, size_t key)
{
    return (uint64_t *)(void *)((char *)length + length_keys[key].offset);
}

static int parse_order(const char *value, struct protocol_length *length, struct err *err)
{
    length->little = strcmp(value, "little") == 0;
    if (!length->little && strcmp(value, "big") != 0)
        return err_set(
            err, "'%s' is not an order of bytes, write order=big or order=little", value);
    return 0;
}

/* One `key=value`; `term` is a copy, free to be cut. `*given` has a bit for each key. */
static int parse_term(char *term, struct protocol_length *length, unsigned *given, struct err *err)
{
    static const char *const keys[] = {"at", "size", "add", "order", NULL};
    char *equals = strchr(term, '=');
    if (equals == NULL)
        return err_set(err, "'%s' has no value, write %s", term, framer_length.form);
    *equals = '\0';
    unsigned key = 0;
    while (keys[key] != NULL && strcmp(keys[key], term) != 0)
        key++;
    if (keys[key] == NULL)
        return err_set(err, "length has no '%s', write %s", term, framer_length.form);
    if ((*given & 1u << key) != 0)
        return err_set(err, "'%s' is given twice", term);
    *given |= 1u << key;
    if (key == LENGTH_KEYS)
        return parse_order(equals + 1, length, err);
    uint64_t number;
    if (units_parse_number(equals + 1, &number, err) != 0)
        return -1;
    if (number < length_keys[key].min || number > length_keys[key].max)
        return err_set(err, "%s=%s is out of range, write %" PRIu64 " to %" PRIu64, term,
            equals + 1, length_keys[key].min, length_keys[key].max);
    *length_value(length, key) = number;
    return 0;
}

enum { GIVEN_AT = 1, GIVEN_SIZE = 2, GIVEN_ADD = 4 };

/* at=0 and order=big may be left out, and add if the length counts the bytes behind the header. */
static int parse_length(const char *text, struct protocol_length *length, struct err *err)
{
    unsigned given = 0;
    char term[TERM_MAX];
    int more;
    *length = (struct protocol_length){0};
    while ((more = units_next_element(&text, term, sizeof term)) != 0) {
        if (more < 0)
            return err_set(err, "'%s...' is too long, write %s", term, framer_length.form);
        if (parse_term(term, length, &given, err) != 0)
            return -1;
    }
    if ((given & GIVEN_SIZE) == 0)
        return err_set(err, "size is missing, write %s", framer_length.form);
    if ((given & GIVEN_ADD) == 0)
        length->add = length->at + length->size;
    return 0;
}

static int parse(const struct option *option, const char *text, void *value, struct err *err)
{
    size_t n = strcspn(text, ":");
    struct protocol protocol = {.framer = find_framer(text, n)};
    bool raw = n == strlen(RAW) && strncmp(text, RAW, n) == 0;
    (void)option;
    if (protocol.framer == NULL && !raw)
        return protocol_report_unknown(text, n, err);
    if (protocol.framer == &framer_length) {
        if (text[n] == '\0' || text[n + 1] == '\0')
            return err_set(err, "length needs a header, write one such as %s", framer_length.form);
        if (parse_length(text + n + 1, &protocol.length, err) != 0)
            return -1;
    } else if (text[n] == ':')
        return err_set(err, "'%.*s' takes no value, write %.*s alone", (int)n, text, (int)n, text);
    *(struct protocol *)value = protocol;
    return 0;
}

void protocol_format(const struct protocol *protocol, char *buf, size_t size)
{
    const struct protocol_length *length = &protocol->length;
    if (protocol->framer == &framer_length)
        snprintf(buf, size, "length:at=%" PRIu64 ",size=%" PRIu64 ",order=%s,add=%" PRIu64,
            length->at, length->size, length->little ? "little" : "big", length->add);
    else
        snprintf(buf, size, "%s", protocol->framer == NULL ? RAW : protocol->framer->name);
}

static void format(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    protocol_format(value, buf, size);
}

const struct option_kind option_protocol = {
    .name = "protocol",
    .form = FORM,
    .size = sizeof(struct protocol),
    .parse = parse,
    .format = format,
};

bool protocol_knows_sizes(const struct protocol *protocol)
{
    return protocol->framer != NULL && protocol->framer->knows_sizes;
}

bool protocol_has_parts(const struct protocol *protocol)
{
    return protocol->framer != NULL && protocol->framer->has_parts;
}

static bool is_code(const char *kind, const struct framer_kinds *kinds)
{
    uint64_t code;
    struct err err;
    return kinds->code_max != 0 && strlen(kind) == 3 &&
           units_parse_number(kind, &code, &err) == 0 && code >= kinds->code_min &&
           code <= kinds->code_max;
}

static bool has_kind(const struct framer_kinds *kinds, const char *kind)
{
    for (unsigned i = 0; i < kinds->count; i++)
        if (kinds->names[i] != NULL && strcasecmp(kinds->names[i], kind) == 0)
            return true;
    return is_code(kind, kinds);
}

/* Whether peers may use a kind that has no name here. Names of parts stand for nothing else. */
static bool may_be_kind(const struct framer_kinds *kinds, const char *kind)
{
    size_t length = strlen(kind);
    if (strcasecmp(kind, "body") == 0 || strcasecmp(kind, "trailer") == 0)
        return false;
    return kinds->open && isalpha((unsigned char)kind[0]) && length <= FRAMER_KIND_MAX &&
           strspn(kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
               length;
}

int protocol_check_kind(
    const struct protocol *protocol, enum direction direction, const char *kind, struct err *err)
{
    const char *name = protocol->framer == NULL ? RAW : protocol->framer->name;
    enum direction other =
        direction == DIRECTION_UPSTREAM ? DIRECTION_DOWNSTREAM : DIRECTION_UPSTREAM;
    if (protocol->framer == NULL || protocol->framer->kinds[direction].count == 0)
        return err_set(err, "messages of %s have no kinds %s, leave '/%.*s' out", name,
            direction_name(direction), SHOWN_MAX, kind);
    const struct framer_kinds *kinds = &protocol->framer->kinds[direction];
    if (has_kind(kinds, kind))
        return 0;
    if (has_kind(&protocol->framer->kinds[other], kind))
        return err_set(err, "%s messages of the kind '%.*s' are %s only, not %s", name, SHOWN_MAX,
            kind, direction_name(other), direction_name(direction));
    char meant[SUGGEST_TEXT_MAX];
    struct suggest suggest;
    suggest_init(&suggest, kind);
    for (unsigned i = 0; i < kinds->count; i++)
        if (kinds->names[i] != NULL)
            suggest_offer(&suggest, kinds->names[i]);
    bool is_slip = suggest.best != NULL && suggest.distance == 1;
    if (!is_slip && may_be_kind(kinds, kind))
        return 0;
    return err_set(err, "%s has no %s messages of the kind '%.*s'%s", name,
        direction_name(direction), SHOWN_MAX, kind, suggest_text(&suggest, meant, sizeof meant));
}

bool protocol_kind_matches(const char *wanted, const char *kind)
{
    bool is_class = strlen(wanted) == 3 && strcasecmp(wanted + 1, "xx") == 0;
    if (is_class)
        return strlen(kind) == 3 && kind[0] == wanted[0] && kind[1] >= '0' && kind[1] <= '9';
    return strcasecmp(wanted, kind) == 0;
}
