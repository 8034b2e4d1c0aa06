/* SPDX-License-Identifier: MIT */
/*
 * The `after` keys of all faults: each names an existing fault that can fire on the same
 * connections and does not wait for this one.
 */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "proxy/base/suggest.h"

#define NOBODY SIZE_MAX

static size_t find_fault(const struct config *config, const char *name)
{
    const struct fault *fault = config_find_fault(config, name);
    return fault == NULL ? NOBODY : (size_t)(fault - config->faults);
}

static int report_unknown(const struct config *config, const struct fault *fault, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, fault->after.name);
    for (size_t i = 0; i < config->fault_count; i++)
        if (&config->faults[i] != fault)
            suggest_offer(&suggest, config->faults[i].name);
    return err_set(err, "there is no [fault %.64s]%s write the name of a fault that fires before",
        fault->after.name,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
}

/* Whether some proxy has both faults. */
static bool share_a_proxy(
    const struct config *config, const struct fault *fault, const struct fault *first)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (fault_names_proxy(fault, config->proxies[i].name) &&
            fault_names_proxy(first, config->proxies[i].name))
            return true;
    return config->proxy_count == 0;
}

int config_check_after(const struct fault *fault, const struct fault *first, struct err *err)
{
    if (fault->after.any)
        return 0;
    if (fault->type != NULL && fault->type->listener != LISTENER_OPEN)
        return err_set(err,
            "type = %s concerns the listening socket and no connection, write %.64s/any",
            fault->type->name, first->name);
    if (first->type != NULL && first->type->listener != LISTENER_OPEN)
        return err_set(err,
            "%.64s concerns the listening socket and fires on no connection, write %.64s/any",
            first->name, first->name);
    return 0;
}

/* Checks a fault whose `after` names the existing fault `first`. */
static int check_pair(const struct config *config, const struct fault *fault,
    const struct fault *first, struct err *err)
{
    if (first == fault)
        return err_set(err, "a circle: the fault waits for itself, name another one");
    if (config_check_after(fault, first, err) != 0)
        return -1;
    if (!fault->after.any && !share_a_proxy(config, fault, first))
        return err_set(err, "%.64s concerns other proxies (proxy = %.64s), write %.64s/any",
            first->name, first->proxies, first->name);
    return 0;
}

/* Whether the chain of `after` leads back to `start`, and `start` has the lowest index of that
 * circle: each circle is reported once. */
static bool begins_circle(const size_t *firsts, size_t count, size_t start)
{
    size_t at = firsts[start];
    for (size_t steps = 0; steps < count && at != NOBODY && at > start; steps++)
        at = firsts[at];
    return at == start;
}

static int check_circle(
    const struct config *config, const size_t *firsts, size_t start, struct err *err)
{
    const struct fault *faults = config->faults;
    if (firsts[start] == start || !begins_circle(firsts, config->fault_count, start))
        return 0;
    size_t last = firsts[start];
    while (firsts[last] != start)
        last = firsts[last];
    return err_set(err,
        "a circle: %.48s waits for %.48s, and %.48s waits for %.48s, so that none of them "
        "fires: take `after` out of one of them",
        faults[start].name, faults[firsts[start]].name, faults[last].name, faults[start].name);
}

/* Checks `after` of faults[i], except for circles. */
static int check_one(const struct config *config, const size_t *firsts, size_t i, struct err *err)
{
    const struct fault *fault = &config->faults[i];
    if (fault->after.name[0] == '\0')
        return 0;
    return firsts[i] == NOBODY ? report_unknown(config, fault, err)
                               : check_pair(config, fault, &config->faults[firsts[i]], err);
}

void check_after(struct problems *problems, const struct config *config,
    const struct source_section *const *sections)
{
    size_t *firsts = malloc((config->fault_count + 1) * sizeof firsts[0]);
    if (firsts == NULL) {
        problems_out_of_memory(problems);
        return;
    }
    for (size_t i = 0; i < config->fault_count; i++) {
        const char *name = config->faults[i].after.name;
        firsts[i] = name[0] == '\0' ? NOBODY : find_fault(config, name);
    }
    for (size_t i = 0; i < config->fault_count; i++) {
        struct err err;
        if (check_one(config, firsts, i, &err) != 0 || check_circle(config, firsts, i, &err) != 0)
            check_report_problem(problems, sections[i], "after", err.text);
    }
    free(firsts);
}
