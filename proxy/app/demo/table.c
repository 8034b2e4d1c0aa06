/* SPDX-License-Identifier: MIT */
/*
 * A row quotes the transcripts, not the catalogue: the line of the native run that proves the
 * scenario, as the victim saw it, and the line in its place in the run through rudeproxy.
 */
#include "proxy/app/demo/table.h"

#include <string.h>

/* Where the native transcript of the victim holds the proof; its length if nowhere. */
static size_t find_proof(const struct demo_run *run)
{
    const struct transcript *native = &run->native[run->scenario->victim];
    size_t i = 0;
    while (i < native->n && strcmp(native->lines[i].text, run->scenario->proof) != 0)
        i++;
    return i;
}

static const char *line_at(const struct transcript *transcript, size_t i)
{
    return i < transcript->n ? transcript->lines[i].text : "(nothing)";
}

void demo_table_head(FILE *out)
{
    fputs("| scenario and recipe | victim | what it sees | natively | through rudeproxy | |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
        out);
}

void demo_table_row(FILE *out, const struct demo_run *run)
{
    const struct scenario *scenario = run->scenario;
    size_t proof = find_proof(run);
    fprintf(out, "| [%s](../config/recipes/%s.ini) | %s | %s |", scenario->name, scenario->name,
        scenario->victim == PEER_CLIENT ? "client" : "server", scenario->sees);
    if (run->verdict == DEMO_AGREE)
        fprintf(out, " `%s` | `%s` | %s |\n", line_at(&run->native[scenario->victim], proof),
            line_at(&run->proxied[scenario->victim], proof), demo_verdict_name(run->verdict));
    else
        fprintf(out, " | | %s: %s |\n", demo_verdict_name(run->verdict), run->err.text);
    fflush(out);
}
