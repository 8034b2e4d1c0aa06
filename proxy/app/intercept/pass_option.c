/* SPDX-License-Identifier: MIT */
/* Reads `--pass`: see pass_option.h. */
#include "proxy/app/intercept/pass_option.h"

#include <string.h>

static bool has_hosts(const struct destination_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->terms[i].host != DESTINATION_ANY_HOST)
            return true;
    return false;
}

int intercept_parse_pass(const char *text, struct intercept_pass *pass, struct err *err)
{
    struct err ignored;
    *pass = (struct intercept_pass){.kind = PASS_ALL, .is_explicit = text != NULL};
    if (text == NULL || strcmp(text, "all") == 0)
        return 0;
    pass->kind = strcmp(text, "none") == 0 ? PASS_NONE : PASS_LIST;
    if (pass->kind == PASS_NONE)
        return 0;
    if (option_intercept.parse(NULL, text, &pass->ports, &ignored) != 0 || has_hosts(&pass->ports))
        return err_set(
            err, "--pass %.64s: write ports such as 80 or 80,8000-8100, all or none", text);
    return 0;
}

const char *intercept_pass_name(const struct intercept_pass *pass)
{
    return pass->kind == PASS_ALL ? "all" : pass->kind == PASS_NONE ? "none" : pass->ports.text;
}
