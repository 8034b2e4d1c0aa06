/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a direction become a row when something else has its place behind them. The `closed`
 * event says how each socket ended, in order (its marks); a mark becomes an arrow where the event
 * is that made it, and at the latest at the end.
 */
#include "proxy/app/view/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/log_lines.h"
#include "proxy/app/view/log.h"
#include "proxy/app/view/rows.h"

static const enum lane lane_of[2] = {LANE_CLIENT, LANE_SERVER}; /* by side */

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, word) == 0)
            return true;
    }
    return false;
}

/* --- Bytes ------------------------------------------------------------------------------------ */

static const json_t *side_of(const struct story *story, enum side side)
{
    return json_object_get(story->end, side_name(side));
}

static enum direction direction_of(const json_t *event)
{
    const char *name = view_text_of(event, "direction");
    return strcmp(name, direction_name(DIRECTION_DOWNSTREAM)) == 0 ? DIRECTION_DOWNSTREAM
                                                                   : DIRECTION_UPSTREAM;
}

/* Bytes that reached the far socket; all as long as the connection's end is not known. */
static uint64_t forwarded(const struct story *story, enum direction direction)
{
    if (story->end == NULL)
        return UINT64_MAX;
    return view_number_of(side_of(story, (enum side) !direction), "bytes_out");
}

/* Shows bytes of a direction up to `offset`, as this message unless it is NULL. */
static void show_bytes(
    struct story *story, enum direction direction, uint64_t offset, const json_t *message)
{
    const enum lane from = lane_of[direction], to = lane_of[!direction];
    uint64_t begin = story->drawn[direction], most = forwarded(story, direction), through;
    char size[48], kept[48];
    if (offset <= begin)
        return;
    most = most < offset ? most : offset;
    through = most > begin ? most - begin : 0;
    story->drawn[direction] = offset;
    story->sent[direction] += through;
    struct row *row = story_add_row(story, message != NULL);
    row->message = message;
    story_bytes_text(offset - begin, size);
    story_add_arrow(row, from, LANE_PROXY, ROW_BYTES, offset - begin);
    story_add_arrow(row, LANE_PROXY, to, through > 0 ? ROW_BYTES : ROW_LOST, through);
    const char *what = view_text_of(message, "line");
    if (message == NULL)
        snprintf(row->text, sizeof row->text, "%s", size);
    else if (what[0] != '\0' || (what = view_text_of(message, "kind"))[0] != '\0')
        snprintf(row->text, sizeof row->text, "%.250s, %s", what, size);
    else
        snprintf(row->text, sizeof row->text, "message %llu, %s",
            (unsigned long long)view_number_of(message, "number"), size);
    if (through == offset - begin)
        return;
    if (through > 0)
        snprintf(row->second, sizeof row->second, "%s only", story_bytes_text(through, kept));
    story_add_note(story, false, LANE_PROXY, ROW_LOST, "%s from the %s not forwarded",
        story_bytes_text(offset - begin - through, kept), side_name((enum side)direction));
}

/* Shows what the far socket got in all, with the bytes that the source did not send. */
static void show_sent(struct story *story, enum direction direction)
{
    char size[48];
    if (story->end == NULL)
        return;
    uint64_t read = view_number_of(side_of(story, (enum side)direction), "bytes_in");
    uint64_t sent = forwarded(story, direction);
    show_bytes(story, direction, read < sent ? read : sent, NULL);
    if (sent <= story->sent[direction])
        return;
    struct row *row = story_add_row(story, false);
    uint64_t inserted = sent - story->sent[direction];
    story->sent[direction] = sent;
    story_add_arrow(row, LANE_PROXY, lane_of[!direction], ROW_INSERTED, inserted);
    snprintf(row->text, sizeof row->text, "%s inserted", story_bytes_text(inserted, size));
}

/* The same, and what a direction read beyond that. */
static void show_rest(struct story *story, enum direction direction)
{
    if (story->end == NULL)
        return;
    show_bytes(
        story, direction, view_number_of(side_of(story, (enum side)direction), "bytes_in"), NULL);
    show_sent(story, direction);
}

/* Shows what was left unread in the sockets when they were closed. */
static void show_unread(struct story *story)
{
    char size[48];
    if (story->end == NULL || story->unread_shown)
        return;
    story->unread_shown = true;
    for (int side = 0; side < 2; side++) {
        uint64_t unread = view_number_of(side_of(story, (enum side)side), "unread");
        if (unread == 0)
            continue;
        struct row *row = story_add_row(story, false);
        story_add_arrow(row, lane_of[side], LANE_PROXY, ROW_LOST, unread);
        snprintf(row->text, sizeof row->text, "%s left unread", story_bytes_text(unread, size));
    }
}

/* --- How sockets ended ------------------------------------------------------------------------ */

/* The first mark of a side that no row shows, "" after the last. */
static const char *next_mark(const struct story *story, int side)
{
    const json_t *marks = json_object_get(side_of(story, (enum side)side), "ended");
    const char *mark = json_string_value(json_array_get(marks, story->mark_next[side]));
    return mark != NULL ? mark : "";
}

static bool is_ours(const char *mark)
{
    return mark[0] != '\0' && strstr(mark, "_received") == NULL;
}

static void add_end_arrow(struct row *row, int side, const char *mark)
{
    bool fin = strncmp(mark, "fin", 3) == 0, sent = strstr(mark, "_sent") != NULL;
    story_add_arrow(row, sent ? LANE_PROXY : lane_of[side], sent ? lane_of[side] : LANE_PROXY,
        fin ? ROW_FIN : ROW_RST, 0);
    snprintf(row->text, sizeof row->text, fin ? "FIN" : "RST");
}

/* Nothing is sent to a socket behind our FIN or a RST of either end. */
static void show_sent_before(struct story *story, int side, const char *mark)
{
    if (strcmp(mark, "fin_received") != 0)
        show_sent(story, (enum direction) !side);
}

static void show_mark(struct story *story, int side, bool has_time)
{
    const char *mark = next_mark(story, side);
    story->mark_next[side]++;
    show_sent_before(story, side, mark);
    if (strcmp(mark, "vanished") == 0)
        story_add_note(
            story, has_time, lane_of[side], ROW_VANISHED, "the socket vanishes: no FIN, no RST");
    else
        add_end_arrow(story_add_row(story, has_time), side, mark);
}

static void show_our_marks(struct story *story, int side, bool has_time)
{
    while (is_ours(next_mark(story, side)))
        show_mark(story, side, has_time);
}

/* What rudeproxy sent to both sockets at once stands in one row. */
static void show_our_marks_of_both(struct story *story, bool has_time)
{
    const char *client = next_mark(story, SIDE_CLIENT);
    if (strstr(client, "_sent") != NULL && strcmp(client, next_mark(story, SIDE_SERVER)) == 0) {
        for (int side = 0; side < 2; side++)
            show_sent_before(story, side, client);
        struct row *row = story_add_row(story, has_time);
        for (int side = 0; side < 2; side++) {
            story->mark_next[side]++;
            add_end_arrow(row, side, client);
        }
    }
    for (int side = 0; side < 2; side++)
        show_our_marks(story, side, has_time);
}

/* --- Faults ----------------------------------------------------------------------------------- */

static const char *const endings[] = {
    "close", "reset", "unread", "vanish", "shut_rd", "timeout", "reset_peer", "limit_data", NULL};
static const char *const fin_holders[] = {"hold_fin", "slow_close", NULL};

static bool is_fin_held(const struct story *story, enum direction direction)
{
    for (size_t i = 0; i < story->lasting_count; i++) {
        if (is_one_of(view_text_of(story->lasting[i], "type"), fin_holders) &&
            direction_of(story->lasting[i]) == direction)
            return true;
    }
    return false;
}

/* " at byte 50 from the client, message 2 (query)" */
static const char *place_text(const json_t *event, char text[160])
{
    char offset[48];
    text[0] = '\0';
    if (json_object_get(event, "direction") == NULL)
        return text;
    story_bytes_text(view_number_of(event, "offset"), offset);
    *strchr(offset, ' ') = '\0';
    int used = snprintf(
        text, 160, " at byte %s from the %s", offset, side_name((enum side)direction_of(event)));
    uint64_t message = view_number_of(event, "message");
    const char *kind = view_text_of(event, "kind");
    if (message > 0)
        snprintf(text + used, 160 - (size_t)used, ", message %llu%s%.60s%s",
            (unsigned long long)message, kind[0] != '\0' ? " (" : "", kind,
            kind[0] != '\0' ? ")" : "");
    return text;
}

static void take_fault(struct story *story, const json_t *event)
{
    const char *name = view_text_of(event, "fault"), *type = view_text_of(event, "type");
    enum direction direction = direction_of(event);
    char place[160];
    bool ends =
        is_one_of(type, endings) && strcmp(view_text_of(story->end, "cause_fault"), name) == 0;
    if (ends) /* the bytes that the fault counted come last */
        show_rest(story, (enum direction) !direction);
    if (json_object_get(event, "direction") != NULL)
        show_bytes(story, direction, view_number_of(event, "offset"), NULL);
    if (ends)
        show_rest(story, direction);
    bool same = strcmp(name, type) == 0;
    story_add_note(story, true, LANE_PROXY, ROW_FAULT, "%.128s%s%.40s%s", name, same ? "" : ": ",
        same ? "" : type, place_text(event, place));
    if (story->lasting_count < STORY_LASTING_MAX)
        story->lasting[story->lasting_count++] = event;
    if (ends) {
        show_unread(story);
        show_our_marks_of_both(story, false);
    } else if (strcmp(type, "half_close") == 0) {
        show_our_marks(story, !direction, false);
    }
}

static void take_fault_over(struct story *story, const json_t *event)
{
    const char *name = view_text_of(event, "fault");
    char place[160];
    size_t kept = 0;
    for (size_t i = 0; i < story->lasting_count; i++) {
        const json_t *begun = story->lasting[i];
        if (strcmp(view_text_of(begun, "fault"), name) != 0 ||
            direction_of(begun) != direction_of(event))
            story->lasting[kept++] = begun;
    }
    story->lasting_count = kept;
    story_add_note(
        story, true, LANE_PROXY, ROW_FAULT, "%.128s is over%s", name, place_text(event, place));
    if (is_one_of(view_text_of(event, "type"), fin_holders))
        show_our_marks(story, !direction_of(event), false);
}

/* --- Events ----------------------------------------------------------------------------------- */

static void take_open(struct story *story, const json_t *event)
{
    (void)event;
    struct row *row = story_add_row(story, true);
    story_add_arrow(row, LANE_CLIENT, LANE_PROXY, ROW_CONNECT, 0);
    story_add_arrow(row, LANE_PROXY, LANE_SERVER, ROW_CONNECT, 0);
    snprintf(row->text, sizeof row->text, "connects");
}

static void take_connect_failed(struct story *story, const json_t *event)
{
    const char *errnum = view_text_of(event, "errno");
    struct row *row = story_add_row(story, true);
    story_add_arrow(row, LANE_CLIENT, LANE_PROXY, ROW_CONNECT, 0);
    story_add_arrow(row, LANE_PROXY, LANE_SERVER, ROW_LOST, 0);
    snprintf(row->text, sizeof row->text, "connects");
    story_add_note(story, false, LANE_PROXY, ROW_NOTE, "no connection to %.100s: %.120s",
        view_text_of(event, "address"), errnum[0] != '\0' ? errnum : view_text_of(event, "reason"));
}

static void take_message(struct story *story, const json_t *event)
{
    enum direction direction = direction_of(event);
    uint64_t offset = view_number_of(event, "offset");
    show_bytes(story, direction, offset, NULL);
    show_bytes(story, direction, offset + view_number_of(event, "size"), event);
}

static void take_framing_lost(struct story *story, const json_t *event)
{
    char place[160];
    story_add_note(
        story, true, LANE_PROXY, ROW_NOTE, "not the protocol%s", place_text(event, place));
}

static void take_match_let_go(struct story *story, const json_t *event)
{
    story_add_note(story, true, LANE_PROXY, ROW_NOTE, "%.128s: the beginning of a match is let go",
        view_text_of(event, "fault"));
}

/* A FIN or RST of a peer, and ours to the other side where that comes next there. */
static void take_peer_end(struct story *story, const json_t *event)
{
    bool fin = view_is(event, "eof");
    int side = strcmp(view_text_of(event, "side"), side_name(SIDE_SERVER)) == 0;
    enum direction direction = (enum direction)side;
    bool held = is_fin_held(story, direction);
    show_bytes(story, direction, view_number_of(event, "offset"), NULL);
    show_our_marks(story, side, true);
    if (story->end != NULL)
        story->mark_next[side]++;
    const char *theirs = fin ? "fin_received" : "rst_received",
               *ours = fin ? "fin_sent" : "rst_sent";
    bool passes = !held && (story->end == NULL ? fin : strcmp(next_mark(story, !side), ours) == 0);
    show_sent_before(story, side, theirs);
    if (passes)
        show_sent_before(story, !side, ours);
    struct row *row = story_add_row(story, true);
    add_end_arrow(row, side, theirs);
    if (held)
        story_add_note(story, false, LANE_PROXY, ROW_LOST, "%s held back", fin ? "FIN" : "RST");
    if (!passes)
        return;
    story->mark_next[!side]++;
    add_end_arrow(row, !side, ours);
}

static const struct {
    const char *cause, *text;
} causes[] = {
    {"client_fin", "the client's FIN came first"},
    {"client_rst", "the client's RST came first"},
    {"server_fin", "the server's FIN came first"},
    {"server_rst", "the server's RST came first"},
    {"connect_failed", "the server could not be reached"},
    {"stopped", "rudeproxy ended it on request"},
    {"out_of_memory", "rudeproxy had no memory for it"},
};

static void take_closed(struct story *story, const json_t *event)
{
    const char *cause = view_text_of(event, "cause");
    for (int d = 0; d < 2; d++)
        show_rest(story, (enum direction)d);
    show_unread(story);
    show_our_marks_of_both(story, true);
    for (int side = 0; side < 2; side++) {
        while (next_mark(story, side)[0] != '\0')
            show_mark(story, side, true);
    }
    if (strcmp(cause, "fault") == 0) {
        story_add_note(story, true, LANE_PROXY, ROW_NOTE, "ended by the fault %.128s",
            view_text_of(event, "cause_fault"));
        return;
    }
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (strcmp(causes[i].cause, cause) == 0)
            cause = causes[i].text;
    }
    story_add_note(story, true, LANE_PROXY, ROW_NOTE, "%.128s", cause);
}

static const struct {
    const char *event;
    void (*take)(struct story *story, const json_t *event);
} event_rows[] = {
    {"open", take_open},
    {"connect_failed", take_connect_failed},
    {"message", take_message},
    {"framing_lost", take_framing_lost},
    {"match_let_go", take_match_let_go},
    {"fault", take_fault},
    {"fault_over", take_fault_over},
    {"eof", take_peer_end},
    {"reset_seen", take_peer_end},
    {"closed", take_closed},
};

int view_story_build(struct story *story, const json_t *events)
{
    size_t i, row;
    const json_t *event;
    *story = (struct story){.events = events};
    const json_t *last = json_array_get(events, json_array_size(events) - 1);
    story->end = view_is(last, "closed") ? last : NULL;
    json_array_foreach(events, i, event)
    {
        int64_t at_us;
        if (log_lines_parse_time(view_text_of(event, "time"), &at_us) == 0) {
            story->start_us = story->start_us == 0 ? at_us : story->start_us;
            story->now_us = at_us;
        }
        for (row = 0; row < sizeof event_rows / sizeof event_rows[0]; row++) {
            if (view_is(event, event_rows[row].event))
                event_rows[row].take(story, event);
        }
    }
    if (story->end == NULL)
        story_add_note(story, false, LANE_PROXY, ROW_NOTE, "the log does not say how it ended");
    return story->failed ? -1 : 0;
}

void view_story_free(struct story *story)
{
    free(story->rows);
}
