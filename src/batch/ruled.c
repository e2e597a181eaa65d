/* SPDX-License-Identifier: Apache-2.0 */
/* ruled.c -- see ruled.h. */
#include "batch/ruled.h"

#include "base/macros.h"
#include "base/mem.h"
#include "batch/batch.h"
#include "batch/figures.h"
#include "batch/rules.h"
#include "batch/threads.h"
#include "exec/joint.h"

typedef struct line {
    td_batch_line line; /* the first member: run() gets it */
    td_ruled *owner;
    bool is_proven; /* rows do not know of each other, for sure */
} line;

struct td_ruled {
    td_session *session;
    td_batching *rules;
    td_batch_threads *threads;
    const td_signature *signatures;
    size_t n;
    line *lines; /* one for each signature */
    td_figures figures;
};

/* The rows of a run. Where no sizes are asked for, and rows are known to keep apart, there are few odd ones. */
static size_t rows_to_run(const line *l, const td_batch_call *first, size_t n, size_t rows)
{
    const td_batching *const rules = l->owner->rules;

    if (!rows || rules->n_allowed || n < 2 || !l->is_proven || !td_batch_rows(first))
        return rows ? td_rules_round(rules, rows) : 0;
    return TD_MIN(td_batch_full(rows), TD_MAX(rows, rules->max_execution_batch_size));
}

/* n calls of so many rows, on `full` rows. */
static td_status run_calls(const line *l, td_batch_call *first, size_t n, size_t rows, size_t full)
{
    if (n > 1 || full != rows) return td_batch_run(l->owner->session, first, n, full);
    TD_TRY(td_batch_run_one(l->owner->session, first));
    return rows ? td_batch_check_rows(first->out, first->n_want, rows) : NULL;
}

static void run(td_batch_line *batch_line, td_batch_group *g)
{
    const line *const l = (const line *)(const void *)batch_line;
    td_batch_call *c = g->first;
    size_t n = g->n;
    const size_t rows = g->rows, full = rows_to_run(l, c, n, rows);

    td_free(g);
    td_figures_run(&l->owner->figures, c, n, rows, full);
    if (td_batch_end_all(c, n, run_calls(l, c, n, rows, full))) return;
    for (td_batch_call *next; n--; c = next) {
        next = c->next;
        td_batch_end_all(c, 1, run_calls(l, c, 1, c->rows, rows_to_run(l, c, 1, c->rows)));
    }
}

td_ruled *td_ruled_make(td_session *session, const td_batching *rules, td_batch_threads *threads)
{
    td_ruled *const r = TD_NEW(td_ruled);

    r->session = session;
    r->rules = td_batching_copy(rules);
    r->threads = threads;
    r->signatures = td_joint_signatures(session, &r->n);
    r->lines = TD_NEW_N(line, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const char *why_not;

        r->lines[i].owner = r;
        r->lines[i].is_proven = td_session_is_batchable(session, &r->signatures[i], &why_not);
        td_batch_line_init(&r->lines[i].line, r->rules, run);
    }
    td_figures_open(&r->figures);
    return r;
}

void td_ruled_free(td_ruled *r)
{
    if (!r) return;
    td_figures_close(&r->figures);
    td_batching_free(r->rules);
    td_free(r->lines);
    td_free(r);
}

void td_ruled_submit(td_ruled *r, td_batch_call *c)
{
    td_status error = td_rules_admit(r->rules, c);

    if (!error) td_figures_call(&r->figures, c);
    if (!error) error = td_batch_threads_submit(r->threads, &r->lines[c->sig - r->signatures].line, c);
    if (error) c->done(c, error);
}
