/* lane.c -- one counter of running computations behind one lock. */
#include "exec/lane.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "base/cpu.h"

static struct {
    pthread_mutex_t mu;
    pthread_cond_t freed;
    int cores; /* 0: not configured */
    int running;
    td_team *team; /* made with the configuration, or the first run; kept */
    bool is_team_taken;
} lanes = { .mu = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER };

static void configure_locked(int cores)
{
    if (lanes.cores) return;
    lanes.cores = cores > 0 ? cores : td_cpu_cores();
}

void td_lanes_configure(int cores)
{
    (void)pthread_mutex_lock(&lanes.mu);
    configure_locked(cores);
    if (lanes.cores > 1 && !lanes.team) lanes.team = td_team_make(lanes.cores);
    (void)pthread_mutex_unlock(&lanes.mu);
}

int td_lanes_cores(void)
{
    (void)pthread_mutex_lock(&lanes.mu);
    configure_locked(0);
    const int n = lanes.cores;
    (void)pthread_mutex_unlock(&lanes.mu);
    return n;
}

/* Waits on `freed` until deadline_ns of the monotonic clock; the condition variable counts real time. */
static void wait_locked(int64_t deadline_ns)
{
    struct timespec t;

    if (!deadline_ns) {
        (void)pthread_cond_wait(&lanes.freed, &lanes.mu);
        return;
    }
    const int64_t left = deadline_ns - td_now_ns();

    (void)clock_gettime(CLOCK_REALTIME, &t);
    const int64_t at = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + (left > 0 ? left : 0);
    t.tv_sec = (time_t)(at / 1000000000);
    t.tv_nsec = (long)(at % 1000000000);
    (void)pthread_cond_timedwait(&lanes.freed, &lanes.mu, &t);
}

td_status td_lane_enter(int64_t deadline_ns, td_lane *out)
{
    *out = (td_lane){ 0 };
    (void)pthread_mutex_lock(&lanes.mu);
    configure_locked(0);
    while (lanes.running >= lanes.cores) {
        if (deadline_ns && td_now_ns() > deadline_ns) {
            (void)pthread_mutex_unlock(&lanes.mu);
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
    (void)pthread_mutex_unlock(&lanes.mu);
    return NULL;
}

void td_lane_leave(td_lane *lane)
{
    (void)pthread_mutex_lock(&lanes.mu);
    lanes.running--;
    if (lane->team) lanes.is_team_taken = false;
    if (lanes.team)
        td_team_set_limit(lanes.team, lanes.cores - lanes.running + (lanes.is_team_taken ? 1 : 0));
    (void)pthread_cond_signal(&lanes.freed);
    (void)pthread_mutex_unlock(&lanes.mu);
    lane->team = NULL;
}
