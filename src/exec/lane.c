/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c -- counts of running computations and a list of those that wait, behind one lock.
 *
 * Whoever leaves lets the next ones in: a core is handed over and is never seen free by somebody who comes later.
 *
 * Invariants, whenever the lock is free:
 *   1. while somebody waits, all cores are taken;
 *   2. while somebody short waits, all places of short runs are taken, too.
 */
#include "exec/lane.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/macros.h"
#include "base/mutex.h"
#include "device/stop.h"

enum {
    SHORT_NS = 1000000,
    UNKNOWN_NS = 1000000, /* charged for a run of unknown length until it ends */
    LOOK_NS = 20000000,   /* how often somebody who waits asks whether it is cancelled */
};

/* On the stack of who waits; guarded by the lock. */
typedef struct waiter {
    td_share *share;
    td_lane *lane; /* to fill */
    int64_t expected_ns;
    struct waiter *next;
    td_cond called;
    bool is_in;
} waiter;

static struct {
    td_mutex mu;
    atomic_int cores; /* 0: not configured; changes once */
    int running;      /* runs that have a core */
    int extra;        /* short ones beside them */
    td_team *team;    /* made with the configuration, or the first run; kept */
    bool is_team_taken;
    int64_t now;   /* virtual time: that of whoever got a core last */
    waiter *first; /* in the order in which they came */
    uint64_t looks;
} lanes = { .mu = TD_MUTEX_INIT(exec_lanes) };

static void configure_locked(int cores) TD_REQUIRES(lanes.mu)
{
    if (!lanes.cores) lanes.cores = cores > 0 ? cores : td_cpu_cores();
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
    if (TD_LIKELY(lanes.cores)) return lanes.cores;
    td_mutex_lock(&lanes.mu);
    configure_locked(0);
    td_mutex_unlock(&lanes.mu);
    return lanes.cores;
}

int td_lanes_waiting(void)
{
    int n = 0;

    td_mutex_lock(&lanes.mu);
    for (const waiter *w = lanes.first; w; w = w->next)
        n++;
    td_mutex_unlock(&lanes.mu);
    return n;
}

/* ---------------------------------------------------------------- shares */

static void charge(td_share *s, int64_t ns)
{
    s->virtual_ns += s->weight > 0 ? (int64_t)((double)ns / s->weight) : ns;
}

/* ---------------------------------------------------------------- in and out */

static bool is_short(int64_t expected_ns)
{
    return expected_ns > 0 && expected_ns <= SHORT_NS;
}

/* The team's owner leaves the others their cores. */
static void set_limit_locked(void) TD_REQUIRES(lanes.mu)
{
    if (lanes.team)
        td_team_set_limit(lanes.team,
                          lanes.cores - lanes.running - lanes.extra + (lanes.is_team_taken ? 1 : 0));
}

static void take_team_locked(td_lane *out) TD_REQUIRES(lanes.mu)
{
    if (lanes.cores == 1 || lanes.is_team_taken) return;
    if (!lanes.team) lanes.team = td_team_make(lanes.cores);
    lanes.is_team_taken = true;
    out->team = lanes.team;
}

/* False: there is no place. */
static bool let_in_locked(td_share *s, int64_t expected_ns, td_lane *out) TD_REQUIRES(lanes.mu)
{
    const bool has_core = lanes.running < lanes.cores;

    if (!has_core && !(is_short(expected_ns) && lanes.extra < lanes.cores)) return false;
    *out = (td_lane){ .share = s,
                      .charged_ns = expected_ns > 0 ? expected_ns : UNKNOWN_NS,
                      .is_extra = !has_core };
    if (has_core) {
        lanes.running++;
        lanes.now = TD_MAX(lanes.now, s->virtual_ns);
        take_team_locked(out);
    } else {
        lanes.extra++;
    }
    charge(s, out->charged_ns);
    set_limit_locked();
    return true;
}

/* The link to who is next among those that wait, or among the short ones of them. */
static waiter **next_locked(bool short_only) TD_REQUIRES(lanes.mu)
{
    waiter **best = NULL;

    for (waiter **at = &lanes.first; *at; at = &(*at)->next) {
        if (short_only && !is_short((*at)->expected_ns)) continue;
        if (!best || (*at)->share->virtual_ns < (*best)->share->virtual_ns) best = at;
    }
    return best;
}

static bool call_one_locked(bool short_only) TD_REQUIRES(lanes.mu)
{
    waiter **const link = next_locked(short_only);

    if (!link || !let_in_locked((*link)->share, (*link)->expected_ns, (*link)->lane)) return false;
    waiter *const w = *link;

    *link = w->next;
    w->is_in = true;
    td_cond_signal(&w->called);
    return true;
}

static void call_locked(void) TD_REQUIRES(lanes.mu)
{
    while (lanes.running < lanes.cores && call_one_locked(false))
        ;
    while (call_one_locked(true))
        ;
}

/* ---------------------------------------------------------------- refusing */

static double weight_of(const td_share *s)
{
    return s->weight > 0 ? s->weight : 1;
}

/* What a run of s waits for at least: those of s that came before, while other shares have their part of the cores, as
 * long as they have anything to do. What runs already is left out. */
static int64_t ahead_locked(const td_share *s, int64_t expected_ns) TD_REQUIRES(lanes.mu)
{
    const bool short_only = is_short(expected_ns); /* it goes past the long ones, and has places of its own */
    double own = (double)expected_ns, all = own, weights = weight_of(s);

    lanes.looks++;
    for (const waiter *w = lanes.first; w; w = w->next) {
        if (short_only && !is_short(w->expected_ns)) continue;
        all += (double)w->expected_ns;
        if (w->share == s) own += (double)w->expected_ns;
        if (w->share != s && w->share->seen != lanes.looks) weights += weight_of(w->share);
        w->share->seen = lanes.looks;
    }
    return (int64_t)(TD_MIN(all, own * weights / weight_of(s)) /
                     (short_only ? 2 * lanes.cores : lanes.cores));
}

/* NULL: it is worth waiting. */
static td_status refuse_locked(const td_share *s, int64_t expected_ns) TD_REQUIRES(lanes.mu)
{
    const td_stop *const stop = td_stop_here();
    const int64_t left = stop && stop->deadline_ns ? stop->deadline_ns - td_now_ns() : 0;

    if (!lanes.first || left <= 0) return NULL; /* who is late hears that */
    const int64_t ahead = TD_MAX(ahead_locked(s, expected_ns), expected_ns);

    if (ahead <= left) return NULL;
    return td_status_overload(
        TD_ERR(RESOURCE_EXHAUSTED,
               "Other runs wait for a core: it would take %.0f ms, longer than the deadline",
               (double)ahead * 1e-6),
        ahead);
}

/* ---------------------------------------------------------------- waiting */

static void append_locked(waiter *w) TD_REQUIRES(lanes.mu)
{
    waiter **at = &lanes.first;

    while (*at)
        at = &(*at)->next;
    *at = w;
}

static void remove_locked(const waiter *w) TD_REQUIRES(lanes.mu)
{
    waiter **at = &lanes.first;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
}

/* Until it is called, or it is time to ask whether to stop. */
static void sleep_locked(waiter *w, const td_stop *stop) TD_REQUIRES(lanes.mu)
{
    int64_t until = stop ? stop->deadline_ns : 0;

    if (stop && stop->cancelled) {
        const int64_t look = td_now_ns() + LOOK_NS;

        until = until ? TD_MIN(until, look) : look;
    }
    if (until)
        (void)td_cond_wait_until(&w->called, &lanes.mu, until);
    else
        td_cond_wait(&w->called, &lanes.mu);
}

/* False: the thread was asked to stop. */
static bool await_locked(waiter *w) TD_REQUIRES(lanes.mu)
{
    const td_stop *const stop = td_stop_here();

    append_locked(w);
    while (!w->is_in) {
        sleep_locked(w, stop);
        if (w->is_in || !stop) continue;
        td_mutex_unlock(&lanes.mu); /* the client is asked by a callback */
        const bool is_over = td_stop_asked();
        td_mutex_lock(&lanes.mu);
        if (!is_over || w->is_in) continue; /* who is called goes in, and stops there */
        remove_locked(w);
        return false;
    }
    return true;
}

/* A share that did not compete has no claim for the time. */
static bool try_locked(td_share *share, int64_t expected_ns, td_lane *out) TD_REQUIRES(lanes.mu)
{
    configure_locked(0);
    share->virtual_ns = TD_MAX(share->virtual_ns, lanes.now);
    return let_in_locked(share, expected_ns, out); /* by inv. 1 and 2 past nobody */
}

bool td_lane_try(td_share *share, int64_t expected_ns, td_lane *out)
{
    td_mutex_lock(&lanes.mu);
    const bool is_in = try_locked(share, expected_ns, out);
    td_mutex_unlock(&lanes.mu);
    return is_in;
}

td_status td_lane_enter(td_share *share, int64_t expected_ns, td_lane *out)
{
    waiter w = { .share = share, .lane = out, .expected_ns = expected_ns };

    td_cond_init(&w.called);
    td_mutex_lock(&lanes.mu);
    bool is_in = try_locked(share, expected_ns, out);
    const td_status refusal = is_in ? NULL : refuse_locked(share, expected_ns);
    if (!is_in && !refusal) is_in = await_locked(&w);
    td_mutex_unlock(&lanes.mu);
    td_cond_fini(&w.called);
    return is_in || refusal ? refusal : td_stop_status(td_stop_here());
}

void td_lane_leave(td_lane *lane, int64_t ran_ns)
{
    td_mutex_lock(&lanes.mu);
    charge(lane->share, ran_ns - lane->charged_ns);
    if (lane->team) lanes.is_team_taken = false;
    if (lane->is_extra)
        lanes.extra--;
    else
        lanes.running--;
    call_locked();
    set_limit_locked();
    td_mutex_unlock(&lanes.mu);
    *lane = (td_lane){ 0 };
}
