/* SPDX-License-Identifier: Apache-2.0 */
/* multi.h -- the verb multi-inference: classify and regress tasks on the same examples, by one version of a model.
 *
 * All tasks are looked at before the first one runs; then each is a run of its own. */
#ifndef TD_API_MULTI_H
#define TD_API_MULTI_H

#include "api/examples.h"

/* Views of the request. */
typedef struct td_task {
    td_string model;
    td_string signature;   /* size 0: "serving_default" */
    td_string method_name; /* td_method_named() */
} td_task;

/* Can s do them all? INVALID_ARGUMENT: they name several models, a signature twice, or one that is not there or is not
 * of the form that its task needs; UNIMPLEMENTED: a task is neither classify nor regress. */
TD_MUST_USE td_status td_tasks_check(const td_session *s, const td_task *tasks, size_t n);

#endif
