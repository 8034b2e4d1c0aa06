/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/place_name.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIN "fin"
#define MESSAGE "message"

static const char *const edge_names[SWEEP_EDGE_COUNT] = {
    [SWEEP_EDGE_START] = "start",
    [SWEEP_EDGE_WITHHELD] = "withheld",
    [SWEEP_EDGE_AFTER] = "after",
    [SWEEP_EDGE_BEFORE] = "before",
    [SWEEP_EDGE_INTO] = "into",
    [SWEEP_EDGE_MIDDLE] = "middle",
    [SWEEP_EDGE_LAST] = "last",
    [SWEEP_EDGE_FIN] = "fin",
    [SWEEP_EDGE_BETWEEN] = "between",
};

const char *sweep_edge_name(enum sweep_edge edge)
{
    return edge_names[edge];
}

bool sweep_place_equal(const struct sweep_place *a, const struct sweep_place *b)
{
    return a->proxy == b->proxy && a->connection == b->connection && a->direction == b->direction &&
           a->at_fin == b->at_fin && a->withheld == b->withheld &&
           (a->at_fin || (a->withheld ? a->message == b->message : a->offset == b->offset));
}

const char *sweep_place_format(
    const struct sweep_place *place, const struct config *config, char *buf, size_t size)
{
    int used = snprintf(buf, size, "%s#%" PRIu64 ":%s:", config->proxies[place->proxy].name,
        place->connection, direction_name(place->direction));
    if (used > 0 && (size_t)used < size) {
        if (place->at_fin)
            snprintf(buf + used, size - (size_t)used, FIN);
        else if (place->withheld)
            snprintf(buf + used, size - (size_t)used, MESSAGE "%" PRIu64, place->message);
        else
            snprintf(buf + used, size - (size_t)used, "%" PRIu64, place->offset);
    }
    return buf;
}

/* `#1:downstream:` at `text`, whose end goes to *rest. A name may hold a `#` too. */
static bool parse_middle(struct sweep_place *place, const char *text, const char **rest)
{
    char *end;
    if (text[0] != '#' || !isdigit((unsigned char)text[1]))
        return false;
    place->connection = strtoull(text + 1, &end, 10);
    for (int d = 0; d < 2 && *end == ':'; d++) {
        const char *name = direction_name((enum direction)d);
        size_t length = strlen(name);
        if (strncmp(end + 1, name, length) != 0 || end[1 + length] != ':')
            continue;
        place->direction = (enum direction)d;
        *rest = end + length + 2;
        return place->connection > 0;
    }
    return false;
}

static bool parse_number(const char *text, uint64_t *number, const char **rest)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    *number = strtoull(text, &end, 10);
    *rest = end;
    return true;
}

static bool parse_offset(struct sweep_place *place, const char *text, const char **rest)
{
    if (strncmp(text, FIN, strlen(FIN)) == 0) {
        place->at_fin = true;
        place->edge = SWEEP_EDGE_FIN;
        *rest = text + strlen(FIN);
        return true;
    }
    if (strncmp(text, MESSAGE, strlen(MESSAGE)) == 0) {
        place->withheld = true;
        place->edge = SWEEP_EDGE_WITHHELD;
        return parse_number(text + strlen(MESSAGE), &place->message, rest) && place->message > 0;
    }
    return parse_number(text, &place->offset, rest);
}

static int place_find_proxy(struct sweep_place *place, const struct config *config,
    const char *name, size_t length, struct err *err)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        if (strlen(config->proxies[i].name) == length &&
            memcmp(config->proxies[i].name, name, length) == 0) {
            place->proxy = i;
            return 0;
        }
    }
    return err_set(err, "there is no proxy '%.*s'", (int)length, name);
}

int sweep_place_parse(struct sweep_place *place, const struct config *config, const char *text,
    const char **rest, struct err *err)
{
    const char *offset;
    *place = (struct sweep_place){.edge = SWEEP_EDGE_BETWEEN};
    for (const char *p = strchr(text, '#'); p != NULL; p = strchr(p + 1, '#')) {
        if (!parse_middle(place, p, &offset) || !parse_offset(place, offset, rest) ||
            (**rest != '\0' && **rest != ':'))
            continue;
        *rest += **rest == ':';
        return place_find_proxy(place, config, text, (size_t)(p - text), err);
    }
    return err_set(err, "'%.80s' is not a place, write one such as web#1:downstream:58", text);
}
