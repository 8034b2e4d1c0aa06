/* SPDX-License-Identifier: MIT */
/* The summary at the end of a run: see summary.h. */
#include "proxy/app/summary.h"

#include <inttypes.h>

#include "proxy/base/units.h"
#include "proxy/net/proxy.h"

static void print_proxy(const struct proxy *proxy, FILE *out)
{
    const struct proxy_totals *totals = &proxy->totals;
    fprintf(out,
        "proxy %s: %" PRIu64 " connections, %" PRIu64 " bytes upstream, %" PRIu64
        " bytes downstream\n",
        proxy->plan->proxy.name, totals->connections, totals->bytes[DIRECTION_UPSTREAM],
        totals->bytes[DIRECTION_DOWNSTREAM]);
    for (int i = 0; i < CAUSE_COUNT; i++) {
        if (totals->ended[i] > 0)
            fprintf(
                out, "  ended by %s: %" PRIu64 "\n", cause_name((enum cause)i), totals->ended[i]);
    }
}

void summary_print(struct worker *worker, FILE *out)
{
    fputs("rudeproxy: summary\n", out);
    list_for_each(link, &worker->proxies) print_proxy(container_of(link, struct proxy, link), out);
    list_for_each(link, &worker->tallies.tallies)
    {
        const struct tally *tally = container_of(link, struct tally, link);
        fprintf(out, "fault %s: armed %" PRIu64 ", fired %" PRIu64 "\n", tally->name, tally->armed,
            tally->fired);
    }
}
