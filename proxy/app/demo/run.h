/* SPDX-License-Identifier: MIT */
/*
 * One scenario, carried out twice and judged.
 *
 * A plain value of some 30 kB: keep it off the stack of a deep call.
 */
#ifndef RUDEPROXY_APP_DEMO_RUN_H
#define RUDEPROXY_APP_DEMO_RUN_H

#include "proxy/base/err.h"
#include "proxy/peers/scenario.h"

enum demo_verdict {
    DEMO_AGREE,   /* the victim saw the same in both runs, and what the scenario promises */
    DEMO_DIFFER,  /* it did not; `err` says in what way */
    DEMO_SKIPPED, /* not carried out; `err` says what is missing */
    DEMO_FAILED,  /* could not be carried out; `err` says why */
    DEMO_VERDICTS
};

/* Connections whose end is printed, two lines each; no scenario has more. */
#define DEMO_EVIDENCE_LINES 12

struct demo_run {
    const struct scenario *scenario;
    struct transcript native[PEER_ACTORS];
    struct transcript proxied[PEER_ACTORS];
    enum demo_verdict verdict;
    struct err err;
    size_t evidence_count;
    char evidence[DEMO_EVIDENCE_LINES][160]; /* what the proxy's own log says of the second run */
};

/* Runs the scenario on two loopback addresses like `any` ("127.0.0.1:0", "[::1]:0"). Leaves no
 * process and no descriptor behind. Only from a process with one thread: it forks. */
void demo_run_scenario(const struct scenario *scenario, const char *any, struct demo_run *run);

/* "agree", "DIFFER", "skipped", "FAILED". Static storage. */
const char *demo_verdict_name(enum demo_verdict verdict);

/* Reads the lines of a JSON log that tell of faults and ends into run->evidence. */
void demo_read_evidence(struct demo_run *run, const char *log);

#endif
