/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c -- see turn.h. */
#include "exec/turn.h"

#include "base/clock.h"

enum { LOOK_NS = 5 * 1000 * 1000 }; /* how often a waiting run asks whether it is cancelled */

void td_turn_init(td_turn *t)
{
    td_mutex_init(&t->mu, TD_LOCK_leaf);
    td_cond_init(&t->is_free);
    t->is_taken = false;
}

void td_turn_fini(td_turn *t)
{
    td_cond_fini(&t->is_free);
    td_mutex_fini(&t->mu);
}

static td_status why_stop(const td_run_options *opts)
{
    if (opts && opts->deadline_ns && td_now_ns() >= opts->deadline_ns)
        return TD_ERR(DEADLINE_EXCEEDED, "deadline passed while another request changed the model's state");
    if (opts && opts->cancelled && opts->cancelled(opts->cancelled_ctx))
        return TD_ERR(CANCELLED, "cancelled while another request changed the model's state");
    return NULL;
}

static bool try_to_take(td_turn *t, bool waits)
{
    td_mutex_lock(&t->mu);
    if (t->is_taken && waits) (void)td_cond_wait_until(&t->is_free, &t->mu, td_now_ns() + LOOK_NS);
    const bool is_ours = !t->is_taken;

    t->is_taken = true;
    td_mutex_unlock(&t->mu);
    return is_ours;
}

td_status td_turn_take(td_turn *t, const td_run_options *opts, bool *out)
{
    const bool waits = !opts || !opts->never_waits;

    *out = try_to_take(t, waits);
    while (!*out && waits) {
        TD_TRY(why_stop(opts));
        *out = try_to_take(t, true);
    }
    return NULL;
}

void td_turn_give_back(td_turn *t)
{
    td_mutex_lock(&t->mu);
    t->is_taken = false;
    td_cond_signal(&t->is_free);
    td_mutex_unlock(&t->mu);
}
