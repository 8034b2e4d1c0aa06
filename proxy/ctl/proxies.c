/* SPDX-License-Identifier: MIT */
/* toxiproxy-cli's commands for proxies. They use Toxiproxy's routes, so they work with its server
 * too. */
#include <stdio.h>
#include <string.h>

#include "proxy/ctl/commands.h"
#include "proxy/ctl/table.h"

static void begin_proxy(const struct ctl *ctl, struct path *path)
{
    path_begin(path, "/proxies");
    path_add_name(path, ctl->operands[0]);
}

static const char *enabled_text(const json_t *proxy)
{
    return json_is_true(json_object_get(proxy, "enabled")) ? "enabled" : "disabled";
}

enum ctl_status ctl_list(struct ctl *ctl)
{
    static const char *const heads[] = {"NAME", "LISTEN", "UPSTREAM", "ENABLED", "TOXICS", NULL};
    struct path path;
    struct table table;
    const char *name;
    json_t *answer, *proxy;
    path_begin(&path, "/proxies");
    enum ctl_status status = ctl_call(ctl, "GET", &path, NULL, &answer);
    if (answer == NULL)
        return status;
    table_init(&table, heads);
    json_object_foreach(answer, name, proxy)
    {
        table_name(&table, name);
        table_cell(&table, "%s", ctl_text(proxy, "listen"));
        table_cell(&table, "%s", ctl_text(proxy, "upstream"));
        table_cell(&table, "%s", enabled_text(proxy));
        table_cell(&table, "%zu", json_array_size(json_object_get(proxy, "toxics")));
    }
    json_decref(answer);
    return table_finish(&table);
}

/* Prints the address if it is not the requested one: port 0, or a name. */
enum ctl_status ctl_create(struct ctl *ctl)
{
    struct path path;
    json_t *answer;
    const char *listen = ctl_option(ctl, "listen"), *upstream = ctl_option(ctl, "upstream");
    if (upstream == NULL)
        return ctl_wrong(ctl, "create needs an --upstream");
    if (listen == NULL && ctl->as_toxiproxy)
        return ctl_wrong(ctl, "Required argument 'listen' was empty.");
    if (listen == NULL)
        listen = "127.0.0.1:0";
    path_begin(&path, "/proxies");
    json_t *body = json_pack("{s:s, s:s, s:s, s:b}", "name", ctl->operands[0], "listen", listen,
        "upstream", upstream, "enabled", 1);
    if (body == NULL)
        return ctl_wrong(ctl, "names and addresses have to be UTF-8");
    enum ctl_status status = ctl_call(ctl, "POST", &path, body, &answer);
    if (answer != NULL) {
        printf("Created new proxy %s\n", ctl->operands[0]);
        if (strcmp(ctl_text(answer, "listen"), listen) != 0)
            client_print(stdout, "It listens on %s", ctl_text(answer, "listen"));
    }
    json_decref(answer);
    return status;
}

enum ctl_status ctl_toggle(struct ctl *ctl)
{
    struct path path;
    json_t *now, *answer;
    begin_proxy(ctl, &path);
    enum ctl_status status = ctl_ask(ctl, &path, &now);
    if (now == NULL)
        return status;
    int enabled = json_is_true(json_object_get(now, "enabled"));
    json_decref(now);
    status = ctl_call(ctl, "POST", &path, json_pack("{s:b}", "enabled", !enabled), &answer);
    if (answer != NULL)
        printf("Proxy %s is now %s\n", ctl->operands[0], enabled_text(answer));
    json_decref(answer);
    return status;
}

enum ctl_status ctl_delete(struct ctl *ctl)
{
    struct path path;
    begin_proxy(ctl, &path);
    return ctl_do(ctl, "DELETE", &path, NULL, "Deleted proxy %s\n", ctl->operands[0]);
}
