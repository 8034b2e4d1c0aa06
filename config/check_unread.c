/* SPDX-License-Identifier: MIT */
/* Refuses a fault that waits for more unread bytes than the receive buffer of its proxy holds. */
#include <stdio.h>
#include <string.h>

#include "config/check.h"
#include "proxy/base/units.h"

/* Returns how many unread bytes the fault waits for; 0: none. */
static uint64_t bytes_unread(const struct fault *fault)
{
    struct action on[2];
    uint64_t bytes = 0;
    if (fault->type == NULL)
        return 0;
    fault_actions_at_trigger(fault, on);
    for (int side = 0; side < 2; side++)
        if (on[side].kind == ACTION_CLOSE_UNREAD)
            bytes = on[side].bytes;
    return bytes;
}

void check_unread(struct problems *problems, const struct config *config,
    const struct source_section *const *sections)
{
    for (size_t i = 0; i < config->fault_count; i++) {
        uint64_t bytes = bytes_unread(&config->faults[i]);
        for (size_t p = 0; bytes > 0 && p < config->proxy_count; p++) {
            const struct proxy_config *proxy = &config->proxies[p];
            char text[ERR_TEXT_MAX], size[32];
            if (proxy->rcvbuf == 0 || bytes <= proxy->rcvbuf ||
                !fault_names_proxy(&config->faults[i], proxy->name))
                continue;
            units_format_size(proxy->rcvbuf, size, sizeof size);
            snprintf(text, sizeof text,
                "[proxy %s] can hold only %s unread bytes (rcvbuf): write at most %s, or a larger "
                "rcvbuf",
                proxy->name, size, size);
            check_report_problem(problems, sections[i], "bytes", text);
            break;
        }
    }
}
