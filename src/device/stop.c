/* SPDX-License-Identifier: Apache-2.0 */
/* stop.c -- see stop.h. */
#include "device/stop.h"

#include "base/clock.h"

static _Thread_local td_stop *here;

td_stop *td_stop_swap(td_stop *s)
{
    td_stop *const before = here;

    here = s;
    return before;
}

td_stop *td_stop_here(void)
{
    return here;
}

/* relaxed: the code publishes nothing but itself; the team orders what shards wrote */
static bool stop(td_stop *s, td_code why)
{
    int none = TD_OK;

    (void)atomic_compare_exchange_strong_explicit(&s->code, &none, (int)why, memory_order_relaxed,
                                                  memory_order_relaxed);
    return true;
}

bool td_stop_asked(void)
{
    td_stop *const s = here;

    if (!s) return false;
    if (atomic_load_explicit(&s->code, memory_order_relaxed) != TD_OK) return true;
    if (s->cancelled && s->cancelled(s->cancelled_ctx)) return stop(s, TD_CANCELLED);
    return s->deadline_ns && td_now_ns() > s->deadline_ns && stop(s, TD_DEADLINE_EXCEEDED);
}

td_status td_stop_status(const td_stop *s)
{
    switch (s ? atomic_load_explicit(&s->code, memory_order_relaxed) : TD_OK) {
    case TD_OK:
        return NULL;
    case TD_CANCELLED:
        return TD_ERR(CANCELLED, "The call was cancelled");
    default:
        return TD_ERR(DEADLINE_EXCEEDED, "Timed out waiting for notification");
    }
}
