/* SPDX-License-Identifier: Apache-2.0 */
/* multi.h -- the verb multi-inference: classify and regress tasks on the same examples, by one version of a model.
 *
 * All tasks are looked at before the first one runs. Those that take the examples by the same tensor are one run, which
 * computes what they have in common once (exec/joint.h); where some do not, or there is state, each is a run of its own:
 *
 *   td_tasks_check()
 *   do  td_tasks_open() -> a td_predict; td_predict_run(); of each of its tasks: td_tasks_part(), its result
 *   while (td_tasks_go_on()), with the servable that td_predict_detach() leaves
 */
#ifndef TD_API_MULTI_H
#define TD_API_MULTI_H

#include "api/examples.h"

/* Views of the request. */
typedef struct td_task {
    td_string model;
    td_string signature;   /* size 0: "serving_default" */
    td_string method_name; /* td_method_named() */
} td_task;

/* Of a request; borrowed, all of it. */
typedef struct td_tasks {
    const td_task *all;
    size_t n;
    const td_string *examples;
    size_t n_examples;
    size_t at, n_now; /* those of the run that was opened last */
} td_tasks;

/* Can s do them all? INVALID_ARGUMENT: they name several models, a signature twice, or one that is not there or is not
 * of the form that its task needs; UNIMPLEMENTED: a task is neither classify nor regress. */
TD_MUST_USE td_status td_tasks_check(const td_session *s, const td_task *tasks, size_t n);

/* Opens the next run of tasks that were checked: p owns servable as in td_predict_open(). INVALID_ARGUMENT: no
 * examples. */
TD_MUST_USE td_status td_tasks_open(td_tasks *t, td_servable *servable, td_arena *arena, td_predict *p);
/* What p is for the i-th task of its run (t->all[t->at + i]), as if that had been opened by itself: for results and records.
 * A view, not to be closed. */
td_predict td_tasks_part(const td_tasks *t, const td_predict *p, size_t i);
/* Is another run to follow? */
bool td_tasks_go_on(td_tasks *t);

#endif
