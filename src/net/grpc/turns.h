/* SPDX-License-Identifier: Apache-2.0 */
/* turns.h -- event threads that share a queue: one at a time waits for what comes, the others rest.
 *
 * The gRPC core polls on one of the threads that wait, and hands the poll on to the next as soon as that one has an
 * event: with two that wait, each call costs them switches. So while one thread is enough, one is awake, and a call is
 * read, run and answered by it. It calls another when it has found no pause for a while. One that stays away with a call
 * for long cannot call: then one of those that rest notices, and comes by itself. Any thread.
 */
#ifndef TD_NET_GRPC_TURNS_H
#define TD_NET_GRPC_TURNS_H

#include <stdatomic.h>

#include "base/mutex.h"

typedef struct td_turns {
    atomic_bool is_taken;
    atomic_uint takes;
    atomic_int resting; /* written under mu, as the rest */
    td_mutex mu;
    td_cond called;
    int calls;      /* of those that rest, not yet heard */
    bool has_guard; /* one of those that rest looks now and then */
    bool is_over;
} td_turns;

void td_turns_init(td_turns *t);
void td_turns_fini(td_turns *t);

/* True: this thread is the one that may wait for an event, until td_turns_leave(). */
bool td_turns_take(td_turns *t);
void td_turns_leave(td_turns *t);

/* Until called, or nobody has taken the turn for some 10 to 20 ms, or a fifth of a second where nothing came before that, or
 * there is no rest any more. */
void td_turns_rest(td_turns *t);
void td_turns_call(td_turns *t); /* one of those that rest, if any does */
void td_turns_end(td_turns *t);  /* all, for good */

#endif
