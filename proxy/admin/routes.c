/* SPDX-License-Identifier: MIT */
/* Every route of the API. Methods that share a path have rows of their own. */
#include "proxy/admin/toxiproxy/routes.h"
#include "proxy/admin/route.h"
#include "proxy/admin/v1/v1.h"

const struct route routes[] = {
    {"GET", "/proxies", toxiproxy_list_proxies},
    {"POST", "/proxies", toxiproxy_create_proxy},
    {"POST", "/populate", toxiproxy_populate},
    {"GET", "/proxies/{}", toxiproxy_show_proxy},
    {"POST PATCH", "/proxies/{}", toxiproxy_update_proxy},
    {"DELETE", "/proxies/{}", toxiproxy_delete_proxy},
    {"GET", "/proxies/{}/toxics", toxiproxy_list_toxics},
    {"POST", "/proxies/{}/toxics", toxiproxy_create_toxic},
    {"GET", "/proxies/{}/toxics/{}", toxiproxy_show_toxic},
    {"POST PATCH", "/proxies/{}/toxics/{}", toxiproxy_update_toxic},
    {"DELETE", "/proxies/{}/toxics/{}", toxiproxy_delete_toxic},
    {"POST", "/reset", toxiproxy_reset},
    {"GET", "/version", toxiproxy_version},
    {"*", "/metrics", metrics_show},

    {"GET", "/v1/version", v1_version},
    {"GET", "/v1/report", v1_report},
    {"GET", "/v1/config", v1_config},
    {"POST", "/v1/reload", v1_reload},
    {"POST", "/v1/reset-counts", v1_reset_counts},
    {"GET", "/v1/events", v1_events},
    {"GET", "/v1/faults/catalogue", v1_catalogue},
    {"GET", "/v1/connections", v1_list_all_connections},
    {"GET", "/v1/proxies", v1_list_proxies},
    {"POST", "/v1/proxies", v1_create_proxy},
    {"GET", "/v1/proxies/{}", v1_show_proxy},
    {"PATCH", "/v1/proxies/{}", v1_change_proxy},
    {"DELETE", "/v1/proxies/{}", v1_delete_proxy},
    {"GET", "/v1/proxies/{}/faults", v1_list_faults},
    {"POST", "/v1/proxies/{}/faults", v1_add_fault},
    {"GET", "/v1/proxies/{}/faults/{}", v1_show_fault},
    {"PATCH", "/v1/proxies/{}/faults/{}", v1_change_fault},
    {"DELETE", "/v1/proxies/{}/faults/{}", v1_remove_fault},
    {"GET", "/v1/proxies/{}/connections", v1_list_connections},
    {"GET", "/v1/proxies/{}/connections/{}", v1_show_connection},
    {"DELETE", "/v1/proxies/{}/connections/{}", v1_end_connection},
    {"POST", "/v1/proxies/{}/connections/{}/faults", v1_inject},
    {NULL, NULL, NULL},
};
