/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a direction become a row when another row has to follow them. The FINs and RSTs that
 * rudeproxy sent have the place that ends.h gives them, those of peers the place of their event.
 */
#include "proxy/app/view/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/app/log_lines.h"
#include "proxy/app/view/beginning.h"
#include "proxy/app/view/log.h"
#include "proxy/app/view/rows.h"

static const enum lane lane_of[2] = {LANE_CLIENT, LANE_SERVER}; /* by side */

/* --- Bytes --- */

static const json_t *side_of(const struct story *story, enum side side)
{
    return json_object_get(story->end, side_name(side));
}

/* Bytes that the far socket got and the source did not send. Logs of versions without `inserted`
 * show only those that it got beyond what was read. */
static uint64_t inserted(const struct story *story, enum direction direction)
{
    const json_t *record = side_of(story, (enum side) !direction);
    uint64_t read = view_number_of(side_of(story, (enum side)direction), "bytes_in");
    uint64_t sent = view_number_of(record, "bytes_out");
    uint64_t added = view_number_of(record, "inserted");
    if (json_object_get(record, "inserted") == NULL)
        return sent > read ? sent - read : 0;
    return added < sent ? added : sent;
}

/* Bytes of the source that reached the far socket; all as long as the connection's end is not
 * known. */
static uint64_t forwarded(const struct story *story, enum direction direction)
{
    if (story->end == NULL)
        return UINT64_MAX;
    return view_number_of(side_of(story, (enum side) !direction), "bytes_out") -
           inserted(story, direction);
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

/* Shows what the direction opposite to an event's had forwarded by then. It comes first: a reply
 * stands behind its request. */
static void show_other_bytes(struct story *story, enum direction direction, const json_t *event)
{
    show_bytes(story, (enum direction) !direction, view_number_of(event, "other_offset"), NULL);
}

/* Shows the bytes that the source did not send. */
static void show_inserted(struct story *story, enum direction direction)
{
    char size[48];
    uint64_t count = inserted(story, direction);
    if (count == 0 || story->inserted_shown[direction])
        return;
    story->inserted_shown[direction] = true;
    struct row *row = story_add_row(story, false);
    story_add_arrow(row, LANE_PROXY, lane_of[!direction], ROW_INSERTED, count);
    snprintf(row->text, sizeof row->text, "%s inserted", story_bytes_text(count, size));
}

/* Shows what the far socket got in all, with the bytes that the source did not send. */
static void show_sent(struct story *story, enum direction direction)
{
    if (story->end == NULL)
        return;
    uint64_t read = view_number_of(side_of(story, (enum side)direction), "bytes_in");
    uint64_t sent = forwarded(story, direction);
    show_bytes(story, direction, read < sent ? read : sent, NULL);
    show_inserted(story, direction);
}

/* Shows all that a direction read, forwarded or not, and what was inserted. */
static void show_rest(struct story *story, enum direction direction)
{
    if (story->end == NULL)
        return;
    show_bytes(
        story, direction, view_number_of(side_of(story, (enum side)direction), "bytes_in"), NULL);
    show_sent(story, direction);
}

/* Shows what was left unread in the socket of a side when it was closed. */
static void show_unread(struct story *story, enum side side)
{
    char size[48];
    uint64_t unread = view_number_of(side_of(story, side), "unread");
    if (unread == 0 || story->unread_shown[side])
        return;
    story->unread_shown[side] = true;
    struct row *row = story_add_row(story, false);
    story_add_arrow(row, lane_of[side], LANE_PROXY, ROW_LOST, unread);
    snprintf(row->text, sizeof row->text, "%s left unread", story_bytes_text(unread, size));
}

/* --- How sockets ended --- */

static const struct view_end *next_end(const struct story *story)
{
    return story->end_next < story->ends.count ? &story->ends.list[story->end_next] : NULL;
}

static bool is_last_of_its_side(const struct story *story, const struct view_end *end)
{
    for (const struct view_end *later = end + 1; later < story->ends.list + story->ends.count;
         later++) {
        if (later->side == end->side)
            return false;
    }
    return true;
}

/* Moves the time to that of the mark, if the log has it. */
static bool move_time_to(struct story *story, const struct view_end *end)
{
    int64_t at_us = story->accepted_us + end->at_us;
    if (end->at_us < 0)
        return false;
    story->now_us = at_us > story->now_us ? at_us : story->now_us;
    return true;
}

/* Nothing is sent to a socket behind our FIN or RST, and nothing is read behind its last mark. */
static void show_bytes_before(struct story *story, const struct view_end *end)
{
    show_sent(story, (enum direction) !end->side);
    if (!is_last_of_its_side(story, end))
        return;
    show_rest(story, (enum direction)end->side);
    show_unread(story, end->side);
}

static void add_end_arrow(struct row *row, enum side side, const char *mark)
{
    bool fin = strncmp(mark, "fin", 3) == 0, sent = strstr(mark, "_sent") != NULL;
    story_add_arrow(row, sent ? LANE_PROXY : lane_of[side], sent ? lane_of[side] : LANE_PROXY,
        fin ? ROW_FIN : ROW_RST, 0);
    snprintf(row->text, sizeof row->text, fin ? "FIN" : "RST");
}

/* Whether `next` is what rudeproxy sent to the other socket at the same moment. */
static bool is_joined(const struct view_end *end, const struct view_end *next, const char *mark)
{
    return next != NULL && next->side != end->side && next->at_us == end->at_us &&
           strcmp(next->mark, mark) == 0;
}

/* Shows the next mark. What rudeproxy sent to both sockets at once is one row. */
static void show_next_end(struct story *story)
{
    const struct view_end *end = next_end(story);
    bool has_time = move_time_to(story, end);
    story->end_next++;
    show_bytes_before(story, end);
    if (strcmp(end->mark, "vanished") == 0) {
        story_add_note(story, has_time, lane_of[end->side], ROW_VANISHED,
            "the socket vanishes: no FIN, no RST");
        return;
    }
    const struct view_end *second = next_end(story);
    bool joined = view_end_is_ours(end) && is_joined(end, second, end->mark);
    if (joined)
        show_bytes_before(story, second);
    struct row *row = story_add_row(story, has_time);
    add_end_arrow(row, end->side, end->mark);
    if (!joined)
        return;
    story->end_next++;
    add_end_arrow(row, second->side, second->mark);
}

/* Shows what rudeproxy sent before the event with this index, and marks of peers whose event the
 * log lacks. */
static void show_ends_before(struct story *story, size_t event)
{
    for (const struct view_end *end; (end = next_end(story)) != NULL && end->events <= event;) {
        if (!view_end_is_ours(end) && end->events == event)
            return;
        show_next_end(story);
    }
}

/* Takes the mark of a peer's FIN or RST, behind those before it. NULL: the log does not have it. */
static const struct view_end *take_peer_mark(struct story *story, enum side side, const char *mark)
{
    for (size_t i = story->end_next; i < story->ends.count; i++) {
        const struct view_end *end = &story->ends.list[i];
        if (end->side != side || strcmp(end->mark, mark) != 0)
            continue;
        while (story->end_next < i)
            show_next_end(story);
        story->end_next = i + 1;
        return end;
    }
    return NULL;
}

/* --- Faults --- */

static bool is_fin_held(const struct story *story, enum direction direction)
{
    for (size_t i = 0; i < story->lasting_count; i++) {
        if (view_type_holds_fin(view_text_of(story->lasting[i], "type")) &&
            view_direction_of(story->lasting[i]) == direction)
            return true;
    }
    return false;
}

/* Shows the bytes before a fault. If it ends the connection, all that passed comes before it, and
 * the bytes that it counted come last. */
static void show_bytes_before_fault(struct story *story, const json_t *event)
{
    enum direction direction = view_direction_of(event);
    show_other_bytes(story, direction, event);
    bool ends = view_event_is_ending(event, story->events, story->end);
    if (ends)
        show_sent(story, (enum direction) !direction);
    if (json_object_get(event, "direction") != NULL)
        show_bytes(story, direction, view_number_of(event, "offset"), NULL);
    if (ends)
        show_sent(story, direction);
}

static void take_fault(struct story *story, const json_t *event)
{
    const char *name = view_text_of(event, "fault"), *type = view_text_of(event, "type");
    char place[160];
    bool same = strcmp(name, type) == 0;
    show_bytes_before_fault(story, event);
    story_add_note(story, true, LANE_PROXY, ROW_FAULT, "%.128s%s%.40s%s", name, same ? "" : ": ",
        same ? "" : type,
        story->opened ? story_place_text(event, place) : ", before the server is dialled");
    if (story->lasting_count < STORY_LASTING_MAX)
        story->lasting[story->lasting_count++] = event;
    if (strcmp(type, "inject") == 0)
        show_inserted(story, view_direction_of(event));
}

static void take_fault_over(struct story *story, const json_t *event)
{
    const char *name = view_text_of(event, "fault");
    char place[160];
    size_t kept = 0;
    show_bytes_before_fault(story, event);
    for (size_t i = 0; i < story->lasting_count; i++) {
        const json_t *begun = story->lasting[i];
        if (strcmp(view_text_of(begun, "fault"), name) != 0 ||
            view_direction_of(begun) != view_direction_of(event))
            story->lasting[kept++] = begun;
    }
    story->lasting_count = kept;
    story_add_note(story, true, LANE_PROXY, ROW_FAULT, "%.128s is over%s", name,
        story_place_text(event, place));
}

/* --- Events --- */

static void take_open(struct story *story, const json_t *event)
{
    struct row *row = story_add_row(story, true);
    story->opened = true;
    if (event == json_array_get(story->events, 0))
        story_add_arrow(row, LANE_CLIENT, LANE_PROXY, ROW_CONNECT, 0);
    story_add_arrow(row, LANE_PROXY, LANE_SERVER, ROW_CONNECT, 0);
    snprintf(row->text, sizeof row->text, "connects");
}

/* A client whose server was not connected at once, or not at all; or a beginning that the log does
 * not have. */
static void add_beginning(struct story *story)
{
    if (story->opened) {
        story_add_note(story, false, LANE_PROXY, ROW_NOTE, "the log does not have its beginning");
        return;
    }
    struct row *row = story_add_row(story, false);
    story_add_arrow(row, LANE_CLIENT, LANE_PROXY, ROW_CONNECT, 0);
    snprintf(row->text, sizeof row->text, "connects");
}

static void take_connect_failed(struct story *story, const json_t *event)
{
    const char *errnum = view_text_of(event, "errno");
    struct row *row = story_add_row(story, true);
    story_add_arrow(row, LANE_PROXY, LANE_SERVER, ROW_NOT_CONNECTED, 0);
    snprintf(row->text, sizeof row->text, "connects");
    story_add_note(story, false, LANE_PROXY, ROW_NOTE, "no connection to %.100s: %.120s",
        view_text_of(event, "address"), errnum[0] != '\0' ? errnum : view_text_of(event, "reason"));
}

static void take_message(struct story *story, const json_t *event)
{
    enum direction direction = view_direction_of(event);
    uint64_t offset = view_number_of(event, "offset");
    show_bytes(story, direction, offset, NULL);
    show_bytes(story, direction, offset + view_number_of(event, "size"), event);
}

static void take_framing_lost(struct story *story, const json_t *event)
{
    char place[160];
    story_add_note(
        story, true, LANE_PROXY, ROW_NOTE, "not the protocol%s", story_place_text(event, place));
}

static void take_fault_note(struct story *story, const json_t *event)
{
    bool failed = view_is(event, "fault_failed");
    story_add_note(story, true, LANE_PROXY, ROW_NOTE, "%.128s: %s", view_text_of(event, "fault"),
        failed ? "refused by the kernel" : "the beginning of a match is let go");
}

/* A FIN or RST of a peer, and ours to the other side if it was sent at the same moment. */
static void take_peer_end(struct story *story, const json_t *event)
{
    bool fin = view_is(event, "eof");
    enum side side = strcmp(view_text_of(event, "side"), side_name(SIDE_SERVER)) == 0;
    enum direction direction = (enum direction)side;
    const char *theirs = fin ? "fin_received" : "rst_received",
               *ours = fin ? "fin_sent" : "rst_sent";
    bool held = is_fin_held(story, direction);
    show_other_bytes(story, direction, event);
    show_bytes(story, direction, view_number_of(event, "offset"), NULL);
    const struct view_end *end = take_peer_mark(story, side, theirs), *far = next_end(story);
    bool passes = !held && (story->end == NULL ? fin : end != NULL && is_joined(end, far, ours));
    if (!fin)
        show_sent(story, (enum direction) !direction);
    if (passes && far != NULL)
        show_bytes_before(story, far);
    struct row *row = story_add_row(story, true);
    add_end_arrow(row, side, theirs);
    if (held)
        story_add_note(story, false, LANE_PROXY, ROW_LOST, "%s held back", fin ? "FIN" : "RST");
    if (!passes)
        return;
    story->end_next += far != NULL;
    add_end_arrow(row, !side, ours);
}

static void take_closed(struct story *story, const json_t *event)
{
    char text[160];
    while (next_end(story) != NULL)
        show_next_end(story);
    for (int d = 0; d < 2; d++)
        show_rest(story, (enum direction)d);
    for (int side = 0; side < 2; side++)
        show_unread(story, (enum side)side);
    story_add_note(story, true, LANE_PROXY, ROW_NOTE, "%s", view_cause_text(event, text));
}

static const struct {
    const char *event;
    void (*take)(struct story *story, const json_t *event);
} event_rows[] = {
    {"open", take_open},
    {"connect_failed", take_connect_failed},
    {"message", take_message},
    {"framing_lost", take_framing_lost},
    {"fault_failed", take_fault_note},
    {"match_let_go", take_fault_note},
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
    story->opened = view_lacks_beginning(events, story->end);
    view_ends_read(&story->ends, events, story->end);
    if (log_lines_parse_time(view_text_of(story->end, "time"), &story->accepted_us) == 0)
        story->accepted_us -= (int64_t)view_number_of(story->end, "duration_us");
    json_array_foreach(events, i, event)
    {
        int64_t at_us;
        show_ends_before(story, i);
        if (log_lines_parse_time(view_text_of(event, "time"), &at_us) == 0) {
            story->start_us = story->start_us == 0 ? at_us : story->start_us;
            story->now_us = at_us;
        }
        if (i == 0 && !view_is(event, "open"))
            add_beginning(story);
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
