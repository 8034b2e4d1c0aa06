/* SPDX-License-Identifier: MIT */
/* The end of a connection in words: its cause, and what each peer saw. */
#include <stdio.h>
#include <string.h>

#include "proxy/app/view/log.h"
#include "proxy/app/view/rows.h"

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

const char *view_cause_text(const json_t *closed, char text[160])
{
    const char *cause = view_text_of(closed, "cause");
    if (strcmp(cause, "fault") == 0) {
        snprintf(text, 160, "ended by the fault %.128s", view_text_of(closed, "cause_fault"));
        return text;
    }
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (strcmp(causes[i].cause, cause) == 0)
            cause = causes[i].text;
    }
    snprintf(text, 160, "%.128s", cause);
    return text;
}

size_t view_story_saw(const struct story *story, enum side side, char lines[SAW_LINES_MAX][80])
{
    static const struct {
        const char *mark, *text;
        bool even_gone; /* also after the peer has reset the connection */
    } sights[] = {
        {"fin_received", "sent its FIN", true},
        {"rst_received", "sent a RST", true},
        {"fin_sent", "saw the end of the stream", false},
        {"rst_sent", "saw \"connection reset\"", false},
        {"vanished", "saw nothing: silence", false},
    };
    const json_t *record = json_object_get(story->end, side_name(side));
    const json_t *mark;
    char size[48];
    size_t count = 0, i;
    bool gone = false;
    if (record == NULL)
        return 0;
    snprintf(lines[count++], 80, "received %s",
        story_bytes_text(view_number_of(record, "bytes_out"), size));
    json_array_foreach(json_object_get(record, "ended"), i, mark)
    {
        const char *name = json_is_string(mark) ? json_string_value(mark) : "";
        for (size_t s = 0; s < sizeof sights / sizeof sights[0] && count < SAW_LINES_MAX - 1; s++) {
            if (strcmp(sights[s].mark, name) == 0 && (!gone || sights[s].even_gone))
                snprintf(lines[count++], 80, "%s", sights[s].text);
        }
        gone = gone || strcmp(name, "rst_received") == 0;
    }
    if (view_number_of(record, "unacked") > 0)
        snprintf(lines[count++], 80, "%s not acknowledged",
            story_bytes_text(view_number_of(record, "unacked"), size));
    return count;
}
