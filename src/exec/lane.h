/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h -- who computes, and with how many cores.
 *
 * The process has a number of cores. One run alone gets them all, through the one team of threads; runs that
 * come while others compute get one core each, their own thread; and the team's owner then uses fewer. Runs
 * beyond the number of cores wait their turn. Short runs do not come here at all.
 */
#ifndef TD_EXEC_LANE_H
#define TD_EXEC_LANE_H

#include <stdint.h>

#include "tensord/status.h"

#include "device/team.h"

typedef struct td_lane {
    td_team *team; /* NULL: one core */
} td_lane;

/* Sets the number of cores before the first td_lane_enter(); later calls are ignored. 0: those of the
 * process. Makes the team's threads: they keep the caller's priority for good, so the first call should not
 * come from a thread that has stepped back. */
void td_lanes_configure(int cores);
int td_lanes_cores(void);

/* Waits for a core, at most until deadline_ns (0: for ever): DEADLINE_EXCEEDED. */
TD_MUST_USE td_status td_lane_enter(int64_t deadline_ns, td_lane *out);
void td_lane_leave(td_lane *lane);

#endif
