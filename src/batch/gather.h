/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h -- quick calls that came to an event thread right behind one another, run together there.
 *
 * To hand a call to another thread costs more than a small model's run. So the thread that has read a quick call looks
 * first whether the next one is there already, and runs those that it has found as few runs. It never waits, and
 * stops to look when nobody comes behind: a client that is alone notices nothing of it.
 *
 * One for each event thread, touched by no other.
 */
#ifndef TD_BATCH_GATHER_H
#define TD_BATCH_GATHER_H

#include "batch/batcher.h"

enum { TD_QUICK_NS = 200000 }; /* what may run on an event thread takes no longer */

typedef struct td_gather {
    td_batch_call *first, **last;
    size_t n;
    unsigned hope;  /* looks that are taken even when they find nobody */
    unsigned tries; /* calls, of which few are looked behind without hope */
} td_gather;

void td_gather_init(td_gather *g);

/* Is a call of sig, whose run takes so long, to be gathered? Else it is to be run at once. b may be NULL. */
bool td_gather_wants(td_gather *g, const td_batcher *b, const td_signature *sig, int64_t expected_ns);
/* c is as for td_batcher_submit(), and has elsewhere(). It ends in td_gather_run(). */
void td_gather_add(td_gather *g, td_batcher *b, td_batch_call *c);
/* So many that they should be run before more are looked for. */
bool td_gather_is_full(const td_gather *g);
/* Runs all that were added. Each of them is done(), or elsewhere(): its run is not for this thread. */
void td_gather_run(td_gather *g);

#endif
