/* SPDX-License-Identifier: MIT */
/* Replaces the API in a build without it: cmake -DADMIN=OFF. */
#include "proxy/admin/admin.h"

static const char absent[] = "this rudeproxy was built without its HTTP API (cmake -DADMIN=ON)";

struct admin *admin_open(
    const struct admin_context *context, const struct settings *settings, struct err *err)
{
    (void)context;
    (void)settings;
    err_set(err, "[rudeproxy] admin: %s", absent);
    return NULL;
}

void admin_close(struct admin *admin)
{
    (void)admin;
}

void admin_note_event(struct admin *admin, const struct event *event)
{
    (void)admin;
    (void)event;
}

void admin_address(const struct admin *admin, char *buf, size_t size)
{
    (void)admin;
    snprintf(buf, size, "%s", "");
}

uint16_t admin_port(const struct admin *admin)
{
    (void)admin;
    return 0;
}

size_t admin_read_proxies(const char *path, struct config *config, FILE *problems)
{
    (void)config;
    fprintf(problems, "%s: %s\n", path, absent);
    return 1;
}
