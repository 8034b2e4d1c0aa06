/* SPDX-License-Identifier: MIT */
/*
 * Finding a script by its name, in whichever list it stands.
 */
#include "tests/lib/scripts.h"

#include <string.h>

const struct peer_script *peers_script_find(const char *name)
{
    static const struct peer_script_list *const lists[] = {
        &peers_scripts_flow,
        &peers_scripts_close,
        &peers_scripts_reset,
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; j < lists[i]->n; j++) {
            if (strcmp(lists[i]->scripts[j].name, name) == 0)
                return &lists[i]->scripts[j];
        }
    }
    return NULL;
}
