/* SPDX-License-Identifier: MIT */
#include "proxy/record/summary.h"

#include <inttypes.h>

#include "proxy/base/quote.h"

#define DESTINATIONS_SHOWN 10 /* for each proxy; the report has more, the log all */
#define PLACES_SHOWN 5        /* for each fault; the report has more, the log all */

static void print_marks(const struct ledger_proxy *proxy, enum side side, FILE *out)
{
    const char *separator = ": ";
    uint64_t sum = 0;
    for (int i = 0; i < END_COUNT; i++)
        sum += proxy->marks[side][i];
    if (sum == 0)
        return;
    fprintf(out, "  %s sockets", side_name(side));
    for (int i = 0; i < END_COUNT; i++) {
        uint64_t count = proxy->marks[side][i];
        if (count == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", separator, count, end_mark_name((enum end_mark)i));
        separator = ", ";
    }
    fputc('\n', out);
}

/* Prints "  to 10.1.2.3:5432: 2": the destinations that intercepted clients dialled. */
static void print_destinations(const struct ledger_proxy *proxy, FILE *out)
{
    uint64_t others = proxy->elsewhere;
    for (size_t i = 0; i < proxy->destination_count; i++) {
        const struct ledger_destination *destination = &proxy->destinations[i];
        if (i < DESTINATIONS_SHOWN)
            fprintf(out, "  to %s: %" PRIu64 "\n", destination->address, destination->connections);
        else
            others += destination->connections;
    }
    if (others > 0)
        fprintf(out, "  to other addresses: %" PRIu64 "\n", others);
}

static void print_proxy(const struct ledger_proxy *proxy, FILE *out)
{
    char name[QUOTE_NAME_MAX];
    fprintf(out,
        "proxy %s: %" PRIu64 " connections, %" PRIu64 " bytes upstream, %" PRIu64
        " bytes downstream\n",
        quote_name(proxy->name, name), proxy->connections, proxy->bytes[DIRECTION_UPSTREAM],
        proxy->bytes[DIRECTION_DOWNSTREAM]);
    print_destinations(proxy, out);
    if (proxy->connect_failed > 0)
        fprintf(out, "  could not reach %s: %" PRIu64 "\n", quote_name(proxy->upstream, name),
            proxy->connect_failed);
    for (int i = 0; i < CAUSE_COUNT; i++) {
        if (proxy->ended[i] > 0)
            fprintf(
                out, "  ended by %s: %" PRIu64 "\n", cause_name((enum cause)i), proxy->ended[i]);
    }
    print_marks(proxy, SIDE_CLIENT, out);
    print_marks(proxy, SIDE_SERVER, out);
}

/* Prints " at web#2 downstream 1024, web#5 downstream 1024 and 3 more". */
static void print_places(const struct ledger *ledger, const struct ledger_fault *fault, FILE *out)
{
    size_t shown = fault->place_count < PLACES_SHOWN ? fault->place_count : PLACES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct ledger_place *place = &fault->places[i];
        char name[QUOTE_NAME_MAX];
        fprintf(out, "%s %s", i == 0 ? ", at" : ",",
            quote_name(ledger->proxies[place->proxy].name, name));
        if (place->connection != 0)
            fprintf(out, "#%" PRIu64 " %s %" PRIu64, place->connection,
                direction_name(place->direction), place->offset);
    }
    if (fault->injections > shown)
        fprintf(out, " and %" PRIu64 " more", fault->injections - shown);
}

/* Prints "  not fired: after 853 of 51200 bytes (web#1), match not seen (web#2 and 4 more)". */
static void print_misses(const struct ledger *ledger, const struct ledger_fault *fault, FILE *out)
{
    uint64_t told = 0;
    for (size_t i = 0; i < fault->miss_count && i < PLACES_SHOWN; i++) {
        const struct ledger_miss *miss = &fault->misses[i];
        char name[QUOTE_NAME_MAX];
        fprintf(out, "%s %s (%s#%" PRIu64, i == 0 ? "  not fired:" : ",", miss->reason,
            quote_name(ledger->proxies[miss->proxy].name, name), miss->connection);
        if (miss->connections > 1)
            fprintf(out, " and %" PRIu64 " more", miss->connections - 1);
        fputc(')', out);
        told += miss->connections;
    }
    if (fault->missed > told)
        fprintf(out, " and %" PRIu64 " more", fault->missed - told);
    if (fault->missed > 0)
        fputc('\n', out);
}

static void print_fault(const struct ledger *ledger, const struct ledger_fault *fault, FILE *out)
{
    char name[QUOTE_NAME_MAX];
    fprintf(out, "fault %s (%s): armed %" PRIu64 ", fired %" PRIu64, quote_name(fault->name, name),
        fault->type, fault->armed, fault->fired);
    if (ledger_fault_fired(fault))
        print_places(ledger, fault, out);
    else
        fputs(fault->enabled ? ": never fired" : ": not enabled", out);
    fputs(ledger_fault_failed(fault) ? ", and must_fire = yes\n" : "\n", out);
    print_misses(ledger, fault, out);
}

void summary_print(const struct ledger *ledger, FILE *out)
{
    fputs("rudeproxy: summary\n", out);
    for (size_t i = 0; i < ledger->proxy_count; i++)
        print_proxy(&ledger->proxies[i], out);
    for (size_t i = 0; i < ledger->fault_count; i++)
        print_fault(ledger, &ledger->faults[i], out);
    if (ledger->log_lost > 0)
        fprintf(out, "rudeproxy: %" PRIu64 " lines of the log were lost\n", ledger->log_lost);
    if (ledger->left_out)
        fprintf(out, "rudeproxy: only the first %d names of proxies, and of faults, are listed\n",
            LEDGER_NAMES_MAX);
    if (ledger->incomplete)
        fputs("rudeproxy: out of memory: the summary is not complete\n", out);
}

void summary_print_failed(const struct ledger *ledger, FILE *out)
{
    for (size_t i = 0; i < ledger->fault_count; i++) {
        const struct ledger_fault *fault = &ledger->faults[i];
        char name[QUOTE_NAME_MAX];
        if (ledger_fault_failed(fault))
            fprintf(out,
                "rudeproxy: fault %s never fired (must_fire = yes; it was armed on %" PRIu64
                " connections)\n",
                quote_name(fault->name, name), fault->armed);
    }
}
