/* SPDX-License-Identifier: Apache-2.0 */
/* ruled.h -- the batcher of one session by TensorFlow Serving's rules, instead of the natural one.
 *
 * All signatures are joined: whoever writes the rules says that their rows do not know of each other. Calls of
 * unlike shapes go in batches of their own, and when a run fails its calls are run one by one, so that no call
 * fails for another's fault.
 */
#ifndef TD_BATCH_RULED_H
#define TD_BATCH_RULED_H

#include "batch/batcher.h"
#include "config/batching.h"

typedef struct td_ruled td_ruled;

/* rules are copied; the others are borrowed. */
td_ruled *td_ruled_make(td_session *session, const td_batching *rules, td_batch_threads *threads);
void td_ruled_free(td_ruled *r); /* no call may be under way; NULL is fine */

/* As td_batcher_submit(). Ends with INVALID_ARGUMENT and UNAVAILABLE where a call does not fit the rules or the
 * queue, and with RESOURCE_EXHAUSTED where its deadline has come before its run. Does not wait. */
void td_ruled_submit(td_ruled *r, td_batch_call *c);

#endif
