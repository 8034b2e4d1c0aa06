/* SPDX-License-Identifier: MIT */
/*
 * /metrics in Prometheus' text format, version 0.0.4. Toxiproxy's two families come first, under
 * its names, but updated while connections are open; then rudeproxy's.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/proxy_counts.h"
#include "proxy/admin/v1/v1.h"
#include "proxy/base/utf8.h"

static void put_family(struct text *text, const char *name, const char *type, const char *help)
{
    text_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(struct text *text, const char *name, const char *value)
{
    char last = text->size > 0 ? text->bytes[text->size - 1] : '{';
    text_puts(text, last == '{' ? "" : ",");
    text_printf(text, "%s=\"", name);
    for (size_t length; *value != '\0'; value += length) {
        bool valid = (length = utf8_length(value)) > 0;
        if (!valid) {
            length = 1;
            text_puts(text, "\xef\xbf\xbd"); /* U+FFFD: one wrong byte spoils the whole answer */
        } else if (*value == '\\' || *value == '"') {
            text_printf(text, "\\%c", *value);
        } else if (*value == '\n') {
            text_puts(text, "\\n");
        } else {
            text_add(text, value, length);
        }
    }
    text_puts(text, "\"");
}

static void put_value(struct text *text, uint64_t value)
{
    text_printf(text, "} %" PRIu64 "\n", value);
}

static void put_begin(struct text *text, const char *name, const struct proxy_counts *counted)
{
    text_printf(text, "%s{", name);
    put_label(text, "proxy", proxy_name(counted->proxy));
}

/* --- Toxiproxy's --- */

static void put_bytes(struct text *text, const char *name, const struct proxy_counts *counted,
    enum direction direction, uint64_t value)
{
    struct proxy_config config;
    char address[ADDRESS_TEXT_MAX];
    control_proxy_config(counted->proxy, &config);
    text_printf(text, "%s{", name);
    put_label(text, "direction", direction_name(direction));
    proxy_config_format_listen(&config, address, sizeof address);
    put_label(text, "listener", address);
    put_label(text, "proxy", config.name);
    address_format(&config.upstream, address, sizeof address);
    put_label(text, "upstream", address);
    put_value(text, value);
}

static void put_received(struct text *text, const struct proxy_counts *counted)
{
    static const char name[] = "toxiproxy_proxy_received_bytes_total";
    for (int d = DIRECTION_DOWNSTREAM; d >= DIRECTION_UPSTREAM; d--)
        put_bytes(text, name, counted, (enum direction)d,
            counted->past->received[d] + counted->now.received[d]);
}

static void put_sent(struct text *text, const struct proxy_counts *counted)
{
    static const char name[] = "toxiproxy_proxy_sent_bytes_total";
    for (int d = DIRECTION_DOWNSTREAM; d >= DIRECTION_UPSTREAM; d--)
        put_bytes(
            text, name, counted, (enum direction)d, counted->past->bytes[d] + counted->now.sent[d]);
}

/* --- Ours --- */

static void put_open(struct text *text, const struct proxy_counts *counted)
{
    put_begin(text, "rudeproxy_connections_open", counted);
    put_value(text, counted->now.open);
}

static void put_accepted(struct text *text, const struct proxy_counts *counted)
{
    put_begin(text, "rudeproxy_connections_accepted_total", counted);
    put_value(text, counted->past->connections + counted->now.open);
}

static void put_connect_failed(struct text *text, const struct proxy_counts *counted)
{
    put_begin(text, "rudeproxy_connect_failed_total", counted);
    put_value(text, counted->past->connect_failed);
}

static void put_accept_failed(struct text *text, const struct proxy_counts *counted)
{
    put_begin(text, "rudeproxy_accept_errors_total", counted);
    put_value(text, counted->past->accept_failed);
}

static void put_causes(struct text *text, const struct proxy_counts *counted)
{
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        put_begin(text, "rudeproxy_connections_ended_total", counted);
        put_label(text, "cause", cause_name((enum cause)i));
        put_value(text, counted->past->ended[i]);
    }
}

static void put_marks(struct text *text, const struct proxy_counts *counted)
{
    for (int i = 0; i < 2 * END_COUNT; i++) {
        enum side side = i < END_COUNT ? SIDE_CLIENT : SIDE_SERVER;
        put_begin(text, "rudeproxy_sockets_ended_total", counted);
        put_label(text, "side", side_name(side));
        put_label(text, "how", end_mark_name((enum end_mark)(i % END_COUNT)));
        put_value(text, counted->past->marks[side][i % END_COUNT]);
    }
}

static const struct family {
    const char *name, *type, *help;
    void (*put)(struct text *text, const struct proxy_counts *counted);
} families[] = {
    {"toxiproxy_proxy_received_bytes_total", "counter",
        "Bytes received by proxies, by direction, as Toxiproxy names them.", put_received},
    {"toxiproxy_proxy_sent_bytes_total", "counter",
        "Bytes sent by proxies, by direction, as Toxiproxy names them.", put_sent},
    {"rudeproxy_connections_open", "gauge", "Connections that are open now.", put_open},
    {"rudeproxy_connections_accepted_total", "counter", "Connections accepted.", put_accepted},
    {"rudeproxy_connections_ended_total", "counter", "Connections by what ended them first.",
        put_causes},
    {"rudeproxy_sockets_ended_total", "counter",
        "Sockets by what happened at their end; one may count under several.", put_marks},
    {"rudeproxy_connect_failed_total", "counter", "Connections whose upstream was not reached.",
        put_connect_failed},
    {"rudeproxy_accept_errors_total", "counter",
        "Failures of accept() for want of descriptors, and clients dropped for want of memory.",
        put_accept_failed},
};

static void put_fault(
    struct text *text, const char *name, const struct fault_counter *fault_counter, uint64_t value)
{
    text_printf(text, "%s{", name);
    put_label(text, "fault", fault_counter->name);
    put_label(text, "proxy", fault_counter->proxy);
    put_value(text, value);
}

/* The label `proxy` is empty for a fault of the file, which may name several proxies. */
static void put_faults(struct text *text, const struct fault_counters *book)
{
    put_family(text, "rudeproxy_fault_armed_total", "counter",
        "Connections that a fault was selected for.");
    list_for_each(link, &book->named)
    {
        const struct fault_counter *fault_counter = container_of(link, struct fault_counter, link);
        put_fault(text, "rudeproxy_fault_armed_total", fault_counter, fault_counter->armed);
    }
    put_family(text, "rudeproxy_fault_fired_total", "counter",
        "Connections that a fault was injected in.");
    list_for_each(link, &book->named)
    {
        const struct fault_counter *fault_counter = container_of(link, struct fault_counter, link);
        put_fault(text, "rudeproxy_fault_fired_total", fault_counter, fault_counter->fired);
    }
}

static void put_lag(struct text *text, const struct loop_lag *lag)
{
    static const char name[] = "rudeproxy_loop_lag_seconds";
    uint64_t count = 0;
    put_family(text, name, "histogram", "How late the event loop calls a timer.");
    for (size_t i = 0; i < LOOP_LAG_BUCKETS; i++) {
        count += lag->counts[i];
        text_printf(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
            (double)loop_lag_bounds_us[i] / US_PER_S, count);
    }
    count += lag->counts[LOOP_LAG_BUCKETS];
    text_printf(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    text_printf(text, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)lag->sum_us / US_PER_S,
        name, count);
}

void metrics_show(const struct call *call)
{
    struct text text = {0};
    struct proxy_counts_list counts = proxy_counts_of_all(&call->admin->context);
    text.failed = counts.list == NULL;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct family *family = &families[i];
        put_family(&text, family->name, family->type, family->help);
        for (size_t j = 0; j < counts.count; j++)
            family->put(&text, &counts.list[j]);
    }
    free(counts.list);
    put_faults(&text, &call->admin->context.worker->counters);
    put_lag(&text, &call->admin->lag);
    put_family(&text, "rudeproxy_build_info", "gauge", "The version of this program.");
    text_puts(&text, "rudeproxy_build_info{version=\"" RUDEPROXY_VERSION "\"} 1\n");
    answer_text(call, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}
