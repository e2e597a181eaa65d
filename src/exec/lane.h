/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h -- who computes, and with how many cores.
 *
 * The process has a number of cores. One run alone gets them all, through the one team of threads; runs that
 * come while others compute get one core each, their own thread; and the team's owner then uses fewer. Runs
 * beyond the number of cores wait.
 *
 * Who waits is let in by shares, one a session. A share has a time, which grows with what its runs take; the one that
 * is furthest behind is next, and its runs go in the order in which they came. A share that was idle starts at
 * the time of those that were not: it is not paid for what it did not ask.
 *
 * A short run does not wait for long ones: beside the runs that have a core as many short ones may compute, and the
 * system's scheduler deals out the time. Runs of microseconds do not come here at all.
 */
#ifndef TD_EXEC_LANE_H
#define TD_EXEC_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "tensord/status.h"

#include "device/team.h"

/* Nobody may wait or compute by it when it goes. */
typedef struct td_share {
    double weight;      /* how many times the core time of others it gets where they compete; 0: 1 */
    int64_t virtual_ns; /* what it was charged for, by its weight; guarded by the lanes' lock, as the next */
    uint64_t seen;      /* by the look with that number */
} td_share;

typedef struct td_lane {
    td_team *team; /* NULL: one core */
    td_share *share;
    int64_t charged_ns;
    bool is_extra; /* short, beside those that have the cores */
} td_lane;

/* Sets the number of cores before the first td_lane_enter(); later calls are ignored. 0: those of the
 * process. Makes the team's threads: they keep the caller's priority for good, so the first call should not
 * come from a thread that has stepped back. */
void td_lanes_configure(int cores);
int td_lanes_cores(void);
int td_lanes_waiting(void); /* runs that wait for a core just now */

/* Waits for a core, unless this thread is asked to stop (device/stop.h): CANCELLED, DEADLINE_EXCEEDED. expected_ns: what
 * the run is expected to take; 0: nobody knows. RESOURCE_EXHAUSTED, at once: behind those that wait already it would not
 * be over by its deadline. */
TD_MUST_USE td_status td_lane_enter(td_share *share, int64_t expected_ns, td_lane *out);
/* The same for threads that never wait. False: it would have to. */
bool td_lane_try(td_share *share, int64_t expected_ns, td_lane *out);
/* ran_ns: what the run took. */
void td_lane_leave(td_lane *lane, int64_t ran_ns);

#endif
