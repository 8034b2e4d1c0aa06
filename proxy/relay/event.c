/* SPDX-License-Identifier: MIT */
#include "proxy/relay/event.h"

static const char *const event_kind_names[EVENT_COUNT] = {
    [EVENT_LISTENING] = "listening",
    [EVENT_NOT_LISTENING] = "not_listening",
    [EVENT_ACCEPT_FAILED] = "accept_failed",
    [EVENT_ACCEPT_RECOVERED] = "accept_recovered",
    [EVENT_CLIENT_DROPPED] = "client_dropped",
    [EVENT_OPEN] = "open",
    [EVENT_CONNECT_FAILED] = "connect_failed",
    [EVENT_FAULT] = "fault",
    [EVENT_FAULT_OVER] = "fault_over",
    [EVENT_FAULT_FAILED] = "fault_failed",
    [EVENT_MATCH_LET_GO] = "match_let_go",
    [EVENT_MESSAGE] = "message",
    [EVENT_FRAMING_LOST] = "framing_lost",
    [EVENT_EOF] = "eof",
    [EVENT_RESET_SEEN] = "reset_seen",
    [EVENT_CLOSED] = "closed",
    [EVENT_COUNTS_RESET] = "counts_reset",
};

static const char *const end_mark_names[END_COUNT] = {
    [END_FIN_RECEIVED] = "fin_received",
    [END_RST_RECEIVED] = "rst_received",
    [END_FIN_SENT] = "fin_sent",
    [END_RST_SENT] = "rst_sent",
    [END_VANISHED] = "vanished",
};

static const char *const cause_names[CAUSE_COUNT] = {
    [CAUSE_NONE] = "none",
    [CAUSE_CLIENT_FIN] = "client_fin",
    [CAUSE_CLIENT_RST] = "client_rst",
    [CAUSE_SERVER_FIN] = "server_fin",
    [CAUSE_SERVER_RST] = "server_rst",
    [CAUSE_CONNECT_FAILED] = "connect_failed",
    [CAUSE_FAULT] = "fault",
    [CAUSE_STOPPED] = "stopped",
    [CAUSE_OUT_OF_MEMORY] = "out_of_memory",
};

const char *event_kind_name(enum event_kind kind)
{
    return event_kind_names[kind];
}

const char *end_mark_name(enum end_mark mark)
{
    return end_mark_names[mark];
}

const char *cause_name(enum cause cause)
{
    return cause_names[cause];
}
