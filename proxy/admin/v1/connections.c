/* SPDX-License-Identifier: MIT */
/*
 * The state of an open connection: /v1/proxies/P/connections/N, and the elements of the lists. The
 * kernel's values (TCP_INFO, the queues) are read during the call.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "proxy/admin/counters.h"
#include "proxy/admin/v1/v1.h"
#include "proxy/base/units.h"
#include "proxy/net/connection.h"

static const char *const tcp_states[] = {
    [TCP_ESTABLISHED] = "established",
    [TCP_SYN_SENT] = "syn_sent",
    [TCP_SYN_RECV] = "syn_received",
    [TCP_FIN_WAIT1] = "fin_wait_1",
    [TCP_FIN_WAIT2] = "fin_wait_2",
    [TCP_TIME_WAIT] = "time_wait",
    [TCP_CLOSE] = "closed",
    [TCP_CLOSE_WAIT] = "close_wait",
    [TCP_LAST_ACK] = "last_ack",
    [TCP_LISTEN] = "listening",
    [TCP_CLOSING] = "closing",
};

/* The state of a socket in words, by enum teardown_state. */
static const char *const side_states[] = {
    [TEARDOWN_NONE] = "open",
    [TEARDOWN_DELIVER] = "delivering",
    [TEARDOWN_DRAIN] = "draining",
    [TEARDOWN_ACK] = "awaiting_acknowledgement",
    [TEARDOWN_UNREAD] = "awaiting_unread_bytes",
    [TEARDOWN_DATA] = "awaiting_data",
    [TEARDOWN_HOLD] = "held",
    [TEARDOWN_CLOSED] = "closed",
};

static const char *const phases[] = {
    [ARMED_UNNAMED] = "unnamed",
    [ARMED_CHAINED] = "chained",
    [ARMED_WAITING] = "waiting",
    [ARMED_DELAYED] = "delayed",
    [ARMED_PENDING] = "pending",
    [ARMED_ACTIVE] = "active",
    [ARMED_DONE] = "done",
};

static const char *const flow_ends[] = {
    [FLOW_OPEN] = "open",
    [FLOW_END_FIN] = "fin",
    [FLOW_END_RESET] = "reset",
};

static void write_tcp(struct text *text, int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return; /* UNIX sockets have no TCP_INFO */
    bool known = info.tcpi_state < sizeof tcp_states / sizeof tcp_states[0] &&
                 tcp_states[info.tcpi_state] != NULL;
    text_json_key(text, "tcp");
    text_puts(text, "{");
    text_json_member(text, "state", known ? tcp_states[info.tcpi_state] : "unknown");
    text_json_number(text, "rtt_us", info.tcpi_rtt);
    text_json_number(text, "rtt_variance_us", info.tcpi_rttvar);
    text_json_number(text, "rto_us", info.tcpi_rto);
    text_json_number(text, "mss", info.tcpi_snd_mss);
    text_json_number(text, "congestion_window", info.tcpi_snd_cwnd);
    text_json_number(text, "segments_unacked", info.tcpi_unacked);
    text_json_number(text, "segments_lost", info.tcpi_lost);
    text_json_number(text, "retransmits", info.tcpi_total_retrans);
    text_json_number(text, "last_data_received_ms", info.tcpi_last_data_recv);
    text_json_number(text, "last_data_sent_ms", info.tcpi_last_data_sent);
    text_puts(text, "}");
}

static void write_marks(struct text *text, const struct side_record *record)
{
    text_json_key(text, "ended");
    text_puts(text, "[");
    for (unsigned i = 0; i < record->mark_count; i++) {
        text_json_comma(text);
        text_json_string(text, end_mark_name(record->marks[i]));
    }
    text_puts(text, "]");
}

static void write_side(struct text *text, const struct connection *connection, enum side side)
{
    const struct session_side *socket = &connection->session.side[side];
    struct endpoint *ep = socket->ep;
    text_json_key(text, side_name(side));
    text_puts(text, "{");
    text_json_member(text, "address", socket->record.address != NULL ? socket->record.address : "");
    text_json_member(text, "state",
        ep == NULL && socket->teardown.state == TEARDOWN_NONE
            ? "dialling"
            : side_states[socket->teardown.state]);
    text_json_number(text, "bytes_in", counters_bytes_in(&connection->session, side));
    text_json_number(text, "bytes_out", counters_bytes_out(&connection->session, side));
    text_json_number(text, "unread", ep != NULL ? ep->ops->unread(ep) : socket->record.unread);
    text_json_number(text, "unacked", ep != NULL ? ep->ops->unacked(ep) : socket->record.unacked);
    write_marks(text, &socket->record);
    write_tcp(text, ep != NULL ? connection->endpoint[side].fd : -1);
    text_puts(text, "}");
}

static void write_ends(struct text *text, const struct session *session)
{
    text_json_key(text, "ends");
    text_puts(text, "[");
    for (unsigned i = 0; i < session->end_count; i++) {
        const struct end_entry *entry = &session->ends[i];
        text_json_comma(text);
        text_puts(text, "{");
        text_json_member(text, "side", side_name(entry->side));
        text_json_member(text, "end", end_mark_name(entry->mark));
        text_json_number(text, "at_us", entry->at - session->accepted_at);
        text_json_number(text, "events", entry->events);
        text_puts(text, "}");
    }
    text_puts(text, "]");
}

static void write_flow(struct text *text, const struct flow *flow, enum direction direction)
{
    text_json_key(text, direction_name(direction));
    text_puts(text, "{");
    text_json_number(text, "read", flow_read_count(flow));
    text_json_number(text, "forwarded", flow_forwarded(flow));
    text_json_number(text, "held", flow_pending(flow));
    text_json_number(text, "inserted", flow->inserted);
    text_json_number(text, "dropped", flow->dropped);
    text_json_member(text, "source", flow_ends[flow->end]);
    text_json_bool(text, "finished", flow->finished);
    text_puts(text, "}");
}

static void write_armed(struct text *text, const struct armed_fault *armed, time_us now)
{
    static const char *const directions[] = {"none", "upstream", "downstream", "both"};
    const struct fault *fault = &armed->rule->fault;
    text_json_comma(text);
    text_puts(text, "{");
    text_json_member(text, "name", fault->name);
    text_json_member(text, "type", fault->type->name);
    unsigned set = fault_works_on_direction(fault) ? armed->directions : armed->watched;
    text_json_member(text, "direction", directions[set & BOTH_BITS]);
    text_json_member(text, "phase", phases[armed->phase]);
    text_json_bool(text, "fired", armed->counted);
    if (armed->phase == ARMED_ACTIVE)
        text_json_number(text, "active_us", now - armed->since);
    text_puts(text, "}");
}

static const char *state_of(const struct session *session)
{
    if (session->over)
        return "ending";
    return session->opened_at == TIME_NEVER ? "dialling" : "open";
}

void v1_write_connection(struct text *text, const struct connection *connection)
{
    const struct session *session = &connection->session;
    time_us now = timers_now();
    text_puts(text, "{");
    text_json_member(text, "proxy", session->plan->config.name);
    text_json_number(text, "number", session->number);
    text_json_number(text, "serial", session->serial);
    text_json_member(text, "state", state_of(session));
    text_json_number(text, "age_us", now - session->accepted_at);
    text_json_number(text, "idle_us", now > session->active_at ? now - session->active_at : 0);
    if (session->cause != CAUSE_NONE)
        text_json_member(text, "cause", cause_name(session->cause));
    write_side(text, connection, SIDE_CLIENT);
    write_side(text, connection, SIDE_SERVER);
    text_json_number(text, "events", session->event_count);
    write_ends(text, session);
    write_flow(text, &session->flow[DIRECTION_UPSTREAM], DIRECTION_UPSTREAM);
    write_flow(text, &session->flow[DIRECTION_DOWNSTREAM], DIRECTION_DOWNSTREAM);
    text_json_key(text, "faults");
    text_puts(text, "[");
    for (size_t i = 0; i < session->armed.count; i++)
        write_armed(text, session->armed.list[i], now);
    text_puts(text, "]}");
}

void v1_show_connection(const struct call *call)
{
    const struct proxy *proxy = v1_find_proxy(call);
    struct text text = {0};
    if (proxy == NULL)
        return;
    uint64_t number;
    struct err ignored;
    const struct connection *connection = NULL;
    if (units_parse_number(call->names[1], &number, &ignored) == 0)
        connection = proxy_find_connection(proxy, number);
    if (connection == NULL) {
        answer_error(
            call, 404, "the proxy %s has no open connection %s", call->names[0], call->names[1]);
        return;
    }
    v1_write_connection(&text, connection);
    answer_json_text(call, 200, &text);
}
