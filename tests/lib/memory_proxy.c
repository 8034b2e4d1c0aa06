/* SPDX-License-Identifier: MIT */
/* The configuration of a connection without a kernel: see memory_session.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/memory_session.h"

#define SETTINGS_TEXT "[rudeproxy]\nseed = 42\n"
#define PROXY_TEXT "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n"

size_t memory_config_read(struct config *config, const char *faults)
{
    struct config_source *source = config_source_new();
    assert_non_null(source);
    if (strstr(faults, "[rudeproxy]") == NULL)
        config_source_add_text(source, "settings", SETTINGS_TEXT);
    if (strstr(faults, "[proxy ") == NULL)
        config_source_add_text(source, "proxy", PROXY_TEXT);
    config_source_add_text(source, "faults", faults);
    static FILE *out; /* for the whole run: most of what a generator draws is no configuration */
    if (out == NULL)
        out = fopen("/dev/null", "we");
    assert_non_null(out);
    size_t problems = config_build(source, config, out);
    config_source_free(source);
    return problems;
}

size_t memory_proxy_read(struct memory_proxy *proxy, const char *faults)
{
    memset(proxy, 0, sizeof *proxy);
    proxy->text = faults;
    fault_counters_init(&proxy->book);
    return memory_config_read(&proxy->config, faults);
}

int memory_proxy_compile(struct memory_proxy *proxy)
{
    plan_unref(proxy->plan);
    fault_counters_deinit(&proxy->book);
    proxy->plan = plan_compile(&proxy->config, &proxy->config.proxies[0], RULE_FROM_FILE,
        MEMORY_START, &proxy->book, NULL, false);
    return proxy->plan == NULL ? -1 : 0;
}

void memory_proxy_init(struct memory_proxy *proxy, const char *faults)
{
    if (memory_proxy_read(proxy, faults) != 0)
        fail_msg("this is no configuration:\n%s", faults);
    assert_int_equal(memory_proxy_compile(proxy), 0);
}

void memory_proxy_deinit(struct memory_proxy *proxy)
{
    plan_unref(proxy->plan);
    fault_counters_deinit(&proxy->book);
    config_free(&proxy->config);
}
