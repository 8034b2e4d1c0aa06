/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/evidence.h"

#include <stdlib.h>
#include <string.h>

void sweep_evidence_free(struct sweep_evidence *evidence)
{
    free(evidence->excerpt);
    free(evidence->record);
    *evidence = (struct sweep_evidence){.excerpt = NULL};
}

void sweep_evidence_move(struct sweep_evidence *to, struct sweep_evidence *from)
{
    sweep_evidence_free(to);
    *to = *from;
    *from = (struct sweep_evidence){.excerpt = NULL};
}

struct sweep_evidence sweep_evidence_copy(const struct sweep_evidence *evidence)
{
    return (struct sweep_evidence){
        .excerpt = evidence->excerpt != NULL ? strdup(evidence->excerpt) : NULL,
        .record = evidence->record != NULL ? strdup(evidence->record) : NULL,
    };
}
