/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/outcome.h"

#include <string.h>
#include <sys/wait.h>

static const struct {
    const char *name;
    const char *summary;
    char letter;
} rows[OUTCOME_COUNT] = {
    [OUTCOME_NOT_REACHED] = {"not_reached", "the fault did not fire", '-'},
    [OUTCOME_HUNG] = {"hung", "the command did not end in time", 'H'},
    [OUTCOME_CRASHED] = {"crashed", "a signal ended the command", 'X'},
    [OUTCOME_CHECK_FAILED] = {"check_failed", "the check failed", 'C'},
    [OUTCOME_FAILED] = {"failed", "the command reported an error", 'e'},
    [OUTCOME_DIFFERENT] = {"different", "success, but with other output", 'D'},
    [OUTCOME_SAME] = {"same", "as without a fault", '.'},
    [OUTCOME_FLAKY] = {"flaky", "bad once, but not when run again", '~'},
};

const char *outcome_name(enum sweep_outcome outcome)
{
    return rows[outcome].name;
}

const char *outcome_summary(enum sweep_outcome outcome)
{
    return rows[outcome].summary;
}

char outcome_letter(enum sweep_outcome outcome)
{
    return rows[outcome].letter;
}

int outcome_find(const char *name)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return i;
    }
    return -1;
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
