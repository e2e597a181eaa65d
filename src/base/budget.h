/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h -- what one load may take, all its parts together.
 *
 * Every item of a model is bounded on its own; a small file can still name millions of them, or one of them millions
 * of times. So whoever makes nodes, bodies or constants while a model is loaded takes them from one budget, before it
 * makes them. One thread at a time.
 */
#ifndef TD_BASE_BUDGET_H
#define TD_BASE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "tensord/status.h"

typedef enum td_budget_kind {
    TD_BUDGET_NODES,  /* of graphs, after inlining; each time that a body is read counts */
    TD_BUDGET_BODIES, /* of If, Case and While, compiled */
    TD_BUDGET_BYTES,  /* of constants, beyond what the file holds in full */
    TD_BUDGET_STATE,  /* bytes that restoring and the init op take, and what they leave: variables, tables */
    TD_BUDGET_KINDS
} td_budget_kind;

typedef struct td_budget {
    uint64_t limit[TD_BUDGET_KINDS], used[TD_BUDGET_KINDS];
    int64_t seconds, end_ns; /* end_ns 0: no limit */
    bool is_over;            /* it has refused something: for good */
    td_budget_kind over;     /* what; TD_BUDGET_KINDS: time */
} td_budget;

/* Limits of 0 or less: none. `bytes` is that of constants, and of state unless the caller sets another. The time starts
 * now. */
void td_budget_begin(td_budget *b, int64_t nodes, int64_t bodies, int64_t bytes, int64_t seconds);

/* Takes n of a kind. INVALID_ARGUMENT names the limit, its flag, and `what` was to be made; DEADLINE_EXCEEDED when the
 * time is over. b NULL: always fine, for all of these. */
TD_MUST_USE td_status td_budget_take(td_budget *b, td_budget_kind kind, uint64_t n, const char *what);
uint64_t td_budget_left(const td_budget *b, td_budget_kind kind);
void td_budget_give(td_budget *b, td_budget_kind kind, uint64_t n); /* back */
/* Fails when the time is over, or when td_budget_take() has ever failed. */
TD_MUST_USE td_status td_budget_check(td_budget *b);

#endif
