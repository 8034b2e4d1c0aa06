/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/observation.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/log_lines.h"
#include "proxy/relay/event.h"

struct reader {
    struct observation *seen;
    const struct config *config;
    const json_t *event;
    struct log_lines lines;
    struct err *err;
};

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int out_of_memory(struct reader *reader)
{
    return err_set(reader->err, "out of memory");
}

/* --- connections --- */

static bool observation_find_proxy(const struct reader *reader, size_t *proxy)
{
    const char *name = text_of(reader->event, "proxy");
    for (*proxy = 0; *proxy < reader->config->proxy_count; ++*proxy) {
        if (strcmp(reader->config->proxies[*proxy].name, name) == 0)
            return true;
    }
    return false;
}

static struct seen_connection *find_connection(
    const struct observation *seen, size_t proxy, uint64_t number)
{
    for (size_t i = seen->count; i-- > 0;) {
        if (seen->connections[i].proxy == proxy && seen->connections[i].number == number)
            return &seen->connections[i];
    }
    return NULL;
}

static struct seen_connection *observation_add(struct reader *reader, size_t proxy, uint64_t number)
{
    struct observation *seen = reader->seen;
    struct seen_connection *grown = realloc(seen->connections, (seen->count + 1) * sizeof grown[0]);
    if (grown == NULL) {
        out_of_memory(reader);
        return NULL;
    }
    seen->connections = grown;
    grown[seen->count] = (struct seen_connection){.proxy = proxy, .number = number};
    return &grown[seen->count++];
}

/* --- events --- */

static int take_message(struct reader *reader, struct seen_connection *connection)
{
    const char *name = text_of(reader->event, "direction");
    int d = strcmp(name, direction_name(DIRECTION_DOWNSTREAM)) == 0;
    size_t count = connection->message_count[d];
    if ((count & (count - 1)) == 0) { /* full at each power of two */
        size_t room = count == 0 ? 1 : 2 * count;
        struct seen_message *grown = realloc(connection->messages[d], room * sizeof grown[0]);
        if (grown == NULL)
            return out_of_memory(reader);
        connection->messages[d] = grown;
    }
    connection->messages[d][count] = (struct seen_message){
        .offset = number_of(reader->event, "offset"), .size = number_of(reader->event, "size")};
    connection->message_count[d] = count + 1;
    return 0;
}

static bool has_mark(const json_t *marks, const char *name)
{
    size_t i;
    json_t *mark;
    json_array_foreach(marks, i, mark)
    {
        if (strcmp(json_string_value(mark), name) == 0)
            return true;
    }
    return false;
}

/* In the order of the enum: which FIN was first is a race that two equal runs may decide
 * differently. */
static void join_marks(const json_t *marks, char *buf, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < END_COUNT && used < size; i++) {
        const char *name = end_mark_name((enum end_mark)i);
        if (!has_mark(marks, name))
            continue;
        int n = snprintf(buf + used, size - used, "%s%s", used > 0 ? "," : "", name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int take_closed(struct reader *reader, struct seen_connection *connection)
{
    free(reader->seen->record);
    reader->seen->record = strndup(reader->lines.text, strcspn(reader->lines.text, "\n"));
    if (reader->seen->record == NULL)
        return out_of_memory(reader);
    connection->sent_upstream =
        number_of(json_object_get(reader->event, side_name(SIDE_SERVER)), "bytes_out");
    for (int i = 0; i < 2; i++) {
        const json_t *side = json_object_get(reader->event, side_name((enum side)i));
        connection->bytes[i] = number_of(side, "bytes_in");
        join_marks(
            json_object_get(side, "ended"), connection->ended[i], sizeof connection->ended[i]);
        connection->fin[i] = strstr(connection->ended[i], "fin_received") != NULL;
    }
    return 0;
}

static int take_nothing(struct reader *reader, struct seen_connection *connection)
{
    (void)reader;
    (void)connection;
    return 0;
}

static int take_connect_failed(struct reader *reader, struct seen_connection *connection)
{
    struct err why;
    connection->connect_failed = true;
    if (reader->seen->unreachable != NULL)
        return 0;
    err_set(&why, "%s: %s", text_of(reader->event, "address"), text_of(reader->event, "reason"));
    reader->seen->unreachable = strdup(why.text);
    return reader->seen->unreachable != NULL ? 0 : out_of_memory(reader);
}

static int take_fault(struct reader *reader, struct seen_connection *connection)
{
    (void)connection;
    reader->seen->fired = true;
    return 0;
}

static const struct {
    const char *event;
    int (*take)(struct reader *reader, struct seen_connection *connection);
} rows[] = {
    {"open", take_nothing},
    {"connect_failed", take_connect_failed},
    {"message", take_message},
    {"fault", take_fault},
    {"closed", take_closed},
};

static int take_event(void *user, json_t *event, struct err *err)
{
    struct reader *reader = user;
    size_t proxy;
    (void)err; /* reader->err */
    reader->event = event;
    int result = 0;
    uint64_t number = number_of(event, "connection");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && result == 0; i++) {
        if (strcmp(text_of(event, "event"), rows[i].event) != 0 ||
            !observation_find_proxy(reader, &proxy))
            continue;
        struct seen_connection *connection = find_connection(reader->seen, proxy, number);
        if (connection == NULL && number > 0)
            connection = observation_add(reader, proxy, number);
        if (connection != NULL || rows[i].take == take_fault) /* of a listening socket */
            result = rows[i].take(reader, connection);
        else
            result = number > 0 ? -1 : 0;
    }
    return result;
}

static int by_number(const void *a, const void *b)
{
    const struct seen_connection *x = a, *y = b;
    if (x->proxy != y->proxy)
        return x->proxy < y->proxy ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

int observation_read(
    struct observation *observation, const struct config *config, const char *path, struct err *err)
{
    struct reader reader = {.seen = observation, .config = config, .err = err};
    *observation = (struct observation){.connections = NULL};
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return errno == ENOENT ? 0 : err_set(err, "cannot read %s: %s", path, strerror(errno));
    int result = log_lines_read_from(&reader.lines, in, take_event, &reader, err);
    fclose(in);
    if (observation->count > 1)
        qsort(observation->connections, observation->count, sizeof observation->connections[0],
            by_number);
    return result;
}

void observation_free(struct observation *observation)
{
    for (size_t i = 0; i < observation->count; i++) {
        free(observation->connections[i].messages[0]);
        free(observation->connections[i].messages[1]);
    }
    free(observation->connections);
    free(observation->record);
    free(observation->unreachable);
    *observation = (struct observation){.connections = NULL};
}

const struct seen_connection *observation_find(
    const struct observation *observation, size_t proxy, uint64_t number)
{
    return find_connection(observation, proxy, number);
}

bool observation_reached_nothing(const struct observation *observation)
{
    for (size_t i = 0; i < observation->count; i++) {
        if (!observation->connections[i].connect_failed)
            return false;
    }
    return observation->count > 0;
}
