/* SPDX-License-Identifier: MIT */
/* The texts of a run that the reports show beside its outcome. */
#ifndef RUDEPROXY_APP_SWEEP_EVIDENCE_H
#define RUDEPROXY_APP_SWEEP_EVIDENCE_H

struct sweep_evidence {
    char *excerpt; /* owned: what the command printed; NULL: nothing */
    char *record;  /* owned: the last `closed` line of its log; NULL: there is none */
};

/* Frees both texts, and leaves none. */
void sweep_evidence_free(struct sweep_evidence *evidence);

/* Moves the texts of `from` to `to`, and frees those that `to` had. */
void sweep_evidence_move(struct sweep_evidence *to, struct sweep_evidence *from);

/* Returns copies of both texts. One that finds no memory is NULL. */
struct sweep_evidence sweep_evidence_copy(const struct sweep_evidence *evidence);

#endif
