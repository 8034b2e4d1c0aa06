/* SPDX-License-Identifier: MIT */
#include "proxy/admin/toxiproxy/proxy.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "proxy/admin/toxiproxy/address.h"
#include "proxy/admin/toxiproxy/json.h"
#include "proxy/admin/toxiproxy/toxic.h"

/* Go's names for the type of an element of /populate's array, and of a proxy. */
#define ELEMENT_TYPE "struct { toxiproxy.Proxy; Enabled *bool \"json:\\\"enabled\\\"\" }"

int toxiproxy_proxy_read(
    struct toxiproxy_proxy *proxy, json_t *object, bool anonymous, struct err *err)
{
    const struct toxiproxy_field fields[] = {
        {"name", GO_STRING, proxy->name, sizeof proxy->name, NULL},
        {"listen", GO_STRING, proxy->listen, sizeof proxy->listen, &proxy->has_listen},
        {"upstream", GO_STRING, proxy->upstream, sizeof proxy->upstream, &proxy->has_upstream},
        {"enabled", GO_BOOL, &proxy->enabled, 0, NULL},
        {NULL, GO_BOOL, NULL, 0, NULL},
    };
    if (anonymous && !json_is_object(object) && !json_is_null(object))
        return err_set(err, "json: cannot unmarshal %s into Go value of type %s",
            toxiproxy_json_kind(object), ELEMENT_TYPE);
    return toxiproxy_json_fields(object, "toxiproxy.", anonymous ? "" : "Proxy", fields, err);
}

static unsigned too_long(struct err *err, const char *field, size_t max)
{
    err_set(err, "%s is longer than %zu bytes", field, max);
    return 400;
}

void toxiproxy_keep_listen_text(const struct toxiproxy_proxy *proxy, struct proxy_config *config)
{
    config->listen_text.given = true;
    snprintf(config->listen_text.text, sizeof config->listen_text.text, "%.*s",
        ADDRESS_TEXT_MAX - 1, proxy->listen);
}

unsigned toxiproxy_proxy_config(
    const struct toxiproxy_proxy *proxy, struct proxy_config *config, struct err *err)
{
    struct err ignored;
    if (strlen(proxy->name) >= PROXY_NAME_MAX)
        return too_long(err, "name", PROXY_NAME_MAX - 1);
    if (strlen(proxy->listen) >= ADDRESS_TEXT_MAX)
        return too_long(err, "listen", ADDRESS_TEXT_MAX - 1);
    if (strlen(proxy->upstream) >= ADDRESS_TEXT_MAX)
        return too_long(err, "upstream", ADDRESS_TEXT_MAX - 1);
    memset(config, 0, sizeof *config);
    option_set_defaults(proxy_options, config);
    memcpy(config->name, proxy->name, strlen(proxy->name) + 1);
    config->enabled = proxy->enabled;
    toxiproxy_keep_listen_text(proxy, config);
    config->unreachable =
        UNREACHABLE_CLOSE; /* if the upstream refuses, Toxiproxy's client sees EOF */
    if (toxiproxy_upstream_parse(proxy->upstream, &config->upstream, err) != 0)
        return 400;
    if (toxiproxy_listen_parse(proxy->listen, &config->listen, &ignored) == 0)
        return 0;
    address_nowhere(proxy->listen, &config->listen);
    if (!proxy->enabled)
        return 0;
    toxiproxy_listen_nowhere(proxy->listen, err);
    return 500;
}

static void write_toxic(struct text *text, const struct rule *rule, const char *stream)
{
    struct toxic toxic;
    const struct toxic_fields *toxic_fields =
        rule->toxic_fields.stream[0] != '\0' ? &rule->toxic_fields : NULL;
    if (!toxic_of_fault(&toxic, &rule->fault, toxic_fields) ||
        (toxic.fault.directions == UPSTREAM_BIT) != (*stream == 'u'))
        return;
    text_json_comma(text);
    text_json_value(text, toxic_to_json(&toxic), JSON_COMPACT | TOXIC_JSON_FLAGS);
}

void toxiproxy_toxics_write(struct text *text, const struct proxy *proxy)
{
    const struct plan *plan = proxy->plan;
    text_puts(text, "[");
    for (size_t i = 0; i < plan->rule_count; i++)
        write_toxic(text, plan->rules[i], "upstream");
    for (size_t i = 0; i < plan->rule_count; i++)
        write_toxic(text, plan->rules[i], "downstream");
    text_puts(text, "]");
}

void toxiproxy_proxy_write(struct text *text, const struct proxy *proxy)
{
    struct proxy_config config;
    char address[ADDRESS_TEXT_MAX];
    control_proxy_config(proxy, &config);
    text_puts(text, "{");
    text_json_member(text, "name", config.name);
    proxy_config_format_listen(&config, address, sizeof address);
    text_json_member(text, "listen", config.listen_text.given ? config.listen_text.text : address);
    address_format(&config.upstream, address, sizeof address);
    text_json_member(text, "upstream", address);
    text_json_bool(text, "enabled", config.enabled);
    text_json_key(text, "toxics");
    toxiproxy_toxics_write(text, proxy);
    text_puts(text, "}");
}

unsigned toxiproxy_proxy_status(const struct control *control, enum control_result result,
    const struct proxy_config *config, struct err *err)
{
    switch (result) {
    case CONTROL_NOT_FOUND:
        err_set(err, "proxy not found");
        return 404;
    case CONTROL_EXISTS:
        err_set(err, "proxy already exists");
        return 409;
    case CONTROL_FAILED:
        if (config->listen.kind == ADDRESS_NOWHERE)
            toxiproxy_listen_nowhere(config->listen.host, err);
        else if (control->errnum != 0)
            toxiproxy_listen_error(
                &config->listen, &control->worker->resolver, control->errnum, err);
        return 500;
    case CONTROL_INVALID:
    case CONTROL_OK:
        break;
    }
    return 400;
}
