/* SPDX-License-Identifier: Apache-2.0 */
/* stop.h -- when a run is to end before its work is done.
 *
 * A run that has a deadline, or whose client may leave, says so on its thread; teams hand it on to their workers.
 * Whoever has cut work into pieces asks between them, and leaves out the rest once the answer is yes: what was to
 * be computed is then anything, so the run's owner looks at td_stop_status() before it uses a result.
 */
#ifndef TD_DEVICE_STOP_H
#define TD_DEVICE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"

typedef struct td_stop {
    int64_t deadline_ns;          /* td_now_ns() time; 0: none */
    bool (*cancelled)(void *ctx); /* NULL: it cannot be. Any thread that has a part in the run asks */
    void *cancelled_ctx;
    atomic_int code; /* TD_OK until somebody was told to stop; then why, for good */
} td_stop;

/* This thread's, from now on; returns the one before. NULL: nothing stops it. */
td_stop *td_stop_swap(td_stop *s);
td_stop *td_stop_here(void);

/* Is this thread's run to end? Costs a look at the clock when there is a deadline: for pieces of microseconds. */
bool td_stop_asked(void);

/* NULL while nobody was told to stop; then CANCELLED or DEADLINE_EXCEEDED. s may be NULL. */
TD_MUST_USE td_status td_stop_status(const td_stop *s);

#endif
