/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c -- one counter of running computations behind one lock. */
#include "exec/lane.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mutex.h"

static struct {
    td_mutex mu;
    td_cond freed;
    int cores; /* 0: not configured, and `freed` not made */
    int running;
    td_team *team; /* made with the configuration, or the first run; kept */
    bool is_team_taken;
} lanes = { .mu = TD_MUTEX_INIT(exec_lanes) };

static void configure_locked(int cores) TD_REQUIRES(lanes.mu)
{
    if (lanes.cores) return;
    td_cond_init(&lanes.freed);
    lanes.cores = cores > 0 ? cores : td_cpu_cores();
}

void td_lanes_configure(int cores)
{
    td_mutex_lock(&lanes.mu);
    configure_locked(cores);
    if (lanes.cores > 1 && !lanes.team) lanes.team = td_team_make(lanes.cores);
    td_mutex_unlock(&lanes.mu);
}

int td_lanes_cores(void)
{
    td_mutex_lock(&lanes.mu);
    configure_locked(0);
    const int n = lanes.cores;
    td_mutex_unlock(&lanes.mu);
    return n;
}

static void wait_locked(int64_t deadline_ns) TD_REQUIRES(lanes.mu)
{
    if (deadline_ns)
        (void)td_cond_wait_until(&lanes.freed, &lanes.mu, deadline_ns);
    else
        td_cond_wait(&lanes.freed, &lanes.mu);
}

td_status td_lane_enter(int64_t deadline_ns, td_lane *out)
{
    *out = (td_lane){ 0 };
    td_mutex_lock(&lanes.mu);
    configure_locked(0);
    while (lanes.running >= lanes.cores) {
        if (deadline_ns && td_now_ns() > deadline_ns) {
            td_mutex_unlock(&lanes.mu);
            return TD_ERR(DEADLINE_EXCEEDED, "Timed out waiting for a core");
        }
        wait_locked(deadline_ns);
    }
    lanes.running++;
    if (lanes.cores > 1 && lanes.running == 1 && !lanes.is_team_taken) {
        if (!lanes.team) lanes.team = td_team_make(lanes.cores);
        lanes.is_team_taken = true;
        out->team = lanes.team;
    }
    if (lanes.team) td_team_set_limit(lanes.team, lanes.cores - lanes.running + 1);
    td_mutex_unlock(&lanes.mu);
    return NULL;
}

void td_lane_leave(td_lane *lane)
{
    td_mutex_lock(&lanes.mu);
    lanes.running--;
    if (lane->team) lanes.is_team_taken = false;
    if (lanes.team)
        td_team_set_limit(lanes.team, lanes.cores - lanes.running + (lanes.is_team_taken ? 1 : 0));
    td_cond_signal(&lanes.freed);
    td_mutex_unlock(&lanes.mu);
    lane->team = NULL;
}
