/* SPDX-License-Identifier: Apache-2.0 */
/* warmup.h -- the first runs of a session, on zeros, so that weights are packed and plans are made before anybody waits. */
#ifndef TD_EXEC_WARMUP_H
#define TD_EXEC_WARMUP_H

#include "exec/load.h"

/* Runs every signature that keeps no state on one row, then on as many as batches may have (o->batch_rows). took_ns: what
 * the load has taken so far. An op that does not like zeros is no trouble, and is logged; DATA_LOSS, RESOURCE_EXHAUSTED,
 * FAILED_PRECONDITION: the model cannot serve any request. */
TD_MUST_USE td_status td_warm_up(td_session *s, const td_session_options *o, int64_t took_ns);

#endif
