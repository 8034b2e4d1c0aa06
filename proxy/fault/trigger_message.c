/* SPDX-License-Identifier: MIT */
/*
 * `message:N`, `message:every:N`, and behind either `/KIND` or `/PART`, `+K` or `-K`: the N-th
 * message of a direction, according to the proxy's `protocol`. Whether the protocol has such a kind
 * or part is checked where the proxies are known (config/check_messages.c).
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/units.h"
#include "proxy/fault/trigger_row.h"

#define EVERY "every:"
#define CHUNK "chunk:"
#define NUMBER_MAX 24 /* 20 digits, or a size with its unit, and a NUL */
#define FORMS "write one such as message:2, message:2/ReadyForQuery, message:1/body or message:2+10"

/* Copies the first `length` bytes of *text into `out`, and moves *text behind them. */
static int cut(const char **text, size_t length, char *out, size_t size, struct err *err)
{
    if (length == 0)
        return **text == '\0' ? err_set(err, "something is missing at the end, " FORMS)
                              : err_set(err, "something is missing before '%.16s', " FORMS, *text);
    if (length >= size)
        return err_set(err, "'%.32s...' is too long, " FORMS, *text);
    memcpy(out, *text, length);
    out[length] = '\0';
    *text += length;
    return 0;
}

/* Parses a number from 1 at *text, up to a character of `ends`. */
static int trigger_message_cut_number(
    const char **text, const char *ends, uint64_t *number, const char *what, struct err *err)
{
    char digits[NUMBER_MAX];
    if (cut(text, strcspn(*text, ends), digits, sizeof digits, err) != 0 ||
        units_parse_number(digits, number, err) != 0)
        return -1;
    if (*number == 0)
        return err_set(err, "%s are counted from 1, " FORMS, what);
    return 0;
}

/* The name of a part, in lower case; NULL: the word, in any case, is none. Static storage. */
static const char *find_part(const char *word)
{
    static const char *const parts[] = {"body", "chunk", "trailer"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcasecmp(word, parts[i]) == 0)
            return parts[i];
    }
    return NULL;
}

/* The length of a kind: up to +K or -K. A hyphen before a letter is part of it (M-SEARCH). */
static size_t word_length(const char *text)
{
    size_t length = strcspn(text, "+-");
    while (text[length] == '-' && isalpha((unsigned char)text[length + 1]))
        length += 1 + strcspn(text + length + 1, "+-");
    return length;
}

/* Parses the text behind the slash: a word, or chunk:K. */
static int parse_word(const char **rest, struct trigger *trigger, struct err *err)
{
    (*rest)++;
    if (strncasecmp(*rest, CHUNK, strlen(CHUNK)) == 0) {
        *rest += strlen(CHUNK);
        snprintf(trigger->word, sizeof trigger->word, "chunk");
        return trigger_message_cut_number(rest, "+-", &trigger->chunk, "chunks", err);
    }
    if (cut(rest, word_length(*rest), trigger->word, sizeof trigger->word, err) != 0)
        return -1;
    const char *part = find_part(trigger->word);
    if (part != NULL)
        snprintf(trigger->word, sizeof trigger->word, "%s", part);
    return 0;
}

/* Parses +K or -K, up to the end of the text. */
static int trigger_message_parse_bytes(const char **rest, uint64_t *bytes, struct err *err)
{
    char number[NUMBER_MAX];
    char sign = *(*rest)++;
    if (**rest == '\0')
        return err_set(err, "a number of bytes is missing after '%c', " FORMS, sign);
    if (cut(rest, strlen(*rest), number, sizeof number, err) != 0 ||
        units_parse_size(number, bytes, err) != 0)
        return -1;
    if (*bytes == 0)
        return err_set(err, "%c0 is %s of the message: leave it out%s", sign,
            sign == '+' ? "the first byte" : "the end",
            sign == '+' ? " and write edge = before" : "");
    return 0;
}

static int trigger_message_parse(const char *text, struct trigger *trigger, struct err *err)
{
    const char *rest = text;
    if (strncmp(rest, EVERY, strlen(EVERY)) == 0) {
        trigger->every = true;
        rest += strlen(EVERY);
    }
    if (trigger_message_cut_number(&rest, "/+-", &trigger->nth, "messages", err) != 0)
        return -1;
    if (*rest == '/' && parse_word(&rest, trigger, err) != 0)
        return -1;
    if (*rest == '+' && trigger_message_parse_bytes(&rest, &trigger->plus, err) != 0)
        return -1;
    if (*rest == '-' && trigger_message_parse_bytes(&rest, &trigger->minus, err) != 0)
        return -1;
    if (trigger->chunk > 0 && trigger->plus + trigger->minus > 0)
        return err_set(
            err, "a part is a point of its own: leave out %cK", trigger->plus > 0 ? '+' : '-');
    return 0;
}

static void trigger_message_format(const struct trigger *trigger, char *buf, size_t size)
{
    char bytes[NUMBER_MAX], chunk[NUMBER_MAX + 1] = "";
    uint64_t distance = trigger->plus > 0 ? trigger->plus : trigger->minus;
    units_format_size(distance, bytes, sizeof bytes);
    if (trigger->chunk > 0)
        snprintf(chunk, sizeof chunk, ":%" PRIu64, trigger->chunk);
    snprintf(buf, size, "%s%" PRIu64 "%s%s%s%s%s", trigger->every ? EVERY : "", trigger->nth,
        trigger->word[0] == '\0' ? "" : "/", trigger->word, chunk,
        distance == 0       ? ""
        : trigger->plus > 0 ? "+"
                            : "-",
        distance == 0 ? "" : bytes);
}

bool trigger_is_part(const char *word)
{
    return find_part(word) != NULL;
}

/* Refuses EDGE_BEFORE with a point inside the message. */
static int trigger_message_check(const struct trigger *trigger, struct err *err)
{
    if (trigger->edge != EDGE_BEFORE)
        return 0;
    if (trigger->plus > 0 || trigger->minus > 0)
        return err_set(err,
            "%cK is a point in the message and edge = before withholds the message: leave one of "
            "them out",
            trigger->plus > 0 ? '+' : '-');
    if (trigger->chunk > 0)
        return err_set(err, "a part is a point in the message and edge = before withholds the "
                            "message: leave one of them out");
    return 0;
}

/* Writes "after the 2nd ReadyForQuery from the server". */
static void trigger_message_describe(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char ordinal[24], bytes[NUMBER_MAX], number[NUMBER_MAX + 16], part[64] = "";
    uint64_t distance = trigger->plus > 0 ? trigger->plus : trigger->minus;
    bool is_part = stream->has_parts && trigger_is_part(trigger->word);
    units_format_size(distance, bytes, sizeof bytes);
    if (trigger->chunk > 0)
        snprintf(part, sizeof part, "chunk %" PRIu64 " of ", trigger->chunk);
    else if (is_part)
        snprintf(part, sizeof part, "the %s of ", trigger->word);
    snprintf(number, sizeof number, "%s %s", trigger->every ? "every" : "the",
        trigger_ordinal(trigger->nth, ordinal));
    if (distance > 0)
        snprintf(buf, size, "%s bytes %s of %s %s from %s", bytes,
            trigger->plus > 0 ? "after the beginning" : "before the end", number,
            trigger->word[0] == '\0' ? "message" : trigger->word, stream->from);
    else
        snprintf(buf, size, "%s %s%s %s from %s",
            is_part || trigger->edge == EDGE_BEFORE ? "before" : "after", part, number,
            is_part || trigger->word[0] == '\0' ? "message" : trigger->word, stream->from);
}

const struct trigger_row trigger_message = {
    .word = "message",
    .form = "message:2",
    .keys = OF_BOTH,
    .watches_direction = true,
    .has_edge = true,
    .parse = trigger_message_parse,
    .format = trigger_message_format,
    .check = trigger_message_check,
    .describe = trigger_message_describe,
};
