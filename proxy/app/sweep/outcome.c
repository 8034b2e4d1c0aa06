/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/outcome.h"

#include <sys/wait.h>

#include "config/sweep.h"

static const struct {
    const char *summary;
    char letter;
} rows[OUTCOME_COUNT] = {
    [OUTCOME_NOT_REACHED] = {"the fault did not fire", '-'},
    [OUTCOME_HUNG] = {"the command did not end in time", 'H'},
    [OUTCOME_CRASHED] = {"a signal ended the command", 'X'},
    [OUTCOME_CHECK_FAILED] = {"the check failed", 'C'},
    [OUTCOME_FAILED] = {"the command reported an error", 'e'},
    [OUTCOME_DIFFERENT] = {"success, but with other output", 'D'},
    [OUTCOME_SAME] = {"as without a fault", '.'},
    [OUTCOME_FLAKY] = {"bad once, but not when run again", '~'},
};

_Static_assert(OUTCOME_COUNT == SWEEP_OUTCOMES, "each outcome has a name");

const char *outcome_name(enum sweep_outcome outcome)
{
    return sweep_outcome_names[outcome];
}

const char *outcome_summary(enum sweep_outcome outcome)
{
    return rows[outcome].summary;
}

char outcome_letter(enum sweep_outcome outcome)
{
    return rows[outcome].letter;
}

int run_facts_status(const struct run_facts *facts)
{
    return !facts->timed_out && WIFEXITED(facts->wait_status) ? WEXITSTATUS(facts->wait_status)
                                                              : -1;
}

int run_facts_signal(const struct run_facts *facts)
{
    return !facts->timed_out && WIFSIGNALED(facts->wait_status) ? WTERMSIG(facts->wait_status) : 0;
}

enum sweep_outcome outcome_classify(const struct run_facts *run, const struct run_facts *baseline,
    bool compare_status, bool compare_output)
{
    if (!run->fired)
        return OUTCOME_NOT_REACHED;
    if (run->timed_out)
        return OUTCOME_HUNG;
    if (run_facts_signal(run) != 0)
        return OUTCOME_CRASHED;
    if (run->check_failed)
        return OUTCOME_CHECK_FAILED;
    if (compare_status && run_facts_status(run) != run_facts_status(baseline))
        return OUTCOME_FAILED;
    return compare_output && run->output != baseline->output ? OUTCOME_DIFFERENT : OUTCOME_SAME;
}
