/* SPDX-License-Identifier: Apache-2.0 */
/* team.c -- threads that take shards, each of its own part first.
 *
 * `state` holds, in one word, which run is going on (high half) and how many of its shards nobody has taken
 * (low half). A compare-and-swap on it is the right to one shard. Which one, the thread's own part says: what it has
 * written for one run it most often reads in the next, and finds it in its own cache. A thread whose part is
 * done takes the last shard of another's. `unfinished` counts shards whose work is not done.
 *
 * Invariants:
 *   1. The job (fn, ctx, stop) changes only while state has no shard to take.
 *   2. A thread that reads the job, then takes a shard by a CAS from the state it had seen before, has
 *      read the job of that run: the shard was free all the time, so the run was not over, so by 1 the
 *      job was the same.
 *   3. Parts change only while state has no shard to take and nobody holds a right; a part is begin << 32 | end. There
 *      are as many shards in all parts as there are rights, so who holds one finds one.
 *   4. td_team_run() returns when unfinished is 0; nobody touches ctx after that. A thread that was slow
 *      to wake up finds no shard, so nobody waits for it.
 *   5. No wake-up is lost: a worker counts itself in `sleepers` before it looks at state a last time,
 *      the caller publishes state before it looks at `sleepers`, all four sequentially consistent.
 *      Likewise for the caller's own sleep, with `caller_sleeps` and `unfinished`.
 *
 * How long a worker spins before it sleeps adapts: waking a thread costs more than the arithmetic between two
 * runs, but a core that spins is a core that another lane, or another process, does not get.
 */
#include "device/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/denormals.h"
#include "base/futex.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/spin.h"
#include "base/thread.h"
#include "device/stop.h"
#include "obs/log.h"

enum {
    SPIN_MIN_NS = 2000,
    SPIN_MAX_NS = 50000,
    SPIN_CALLER_NS = 50000,
    CACHE_LINE = 64,
};

typedef void team_fn(void *ctx, size_t shard, int thread);

typedef struct team_part {
    _Alignas(CACHE_LINE) _Atomic uint64_t range; /* begin << 32 | end */
} team_part;

typedef struct team_worker {
    td_team *team;
    pthread_t thread;
    int number; /* 1 .. threads - 1; the caller is 0 */
} team_worker;

struct td_team {
    _Alignas(CACHE_LINE) _Atomic uint64_t state; /* run << 32 | shards that are free */
    _Atomic(team_fn *) fn;
    _Atomic(void *) ctx;
    _Atomic(td_stop *) stop; /* the caller's */
    _Alignas(CACHE_LINE) atomic_uint unfinished;
    atomic_bool caller_sleeps;
    _Alignas(CACHE_LINE) atomic_uint sleepers;
    atomic_uint wakes; /* grows with each wake-up; the word that workers sleep on */
    atomic_bool stopping;
    atomic_int limit; /* workers with this number or a higher one rest; always more than the caller's 0 */
    int threads;
    team_worker *workers; /* [threads - 1] */
    team_part *parts;     /* [threads] */
};

static uint32_t free_shards(uint64_t state)
{
    return (uint32_t)state;
}

static bool may_work(td_team *t, int thread)
{
    return thread < atomic_load_explicit(&t->limit, memory_order_relaxed);
}

/* A shard of this part: its first for the thread whose it is, its last for others. False: none is left. */
static bool take(team_part *part, bool is_own, uint32_t *shard)
{
    /* relaxed: the right to a shard has ordered this after the run's beginning (inv. 2, 3) */
    uint64_t range = atomic_load_explicit(&part->range, memory_order_relaxed);
    uint32_t begin, end;

    do {
        begin = (uint32_t)(range >> 32);
        end = (uint32_t)range;
        if (begin == end) return false;
        *shard = is_own ? begin++ : --end;
    } while (!atomic_compare_exchange_weak_explicit(&part->range, &range, (uint64_t)begin << 32 | end,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static uint32_t choose(td_team *t, int thread)
{
    uint32_t shard;

    for (int i = thread;; i = i + 1 == t->threads ? 0 : i + 1)
        if (take(&t->parts[i], i == thread, &shard)) return shard; /* inv. 3 */
}

/* Does shards until none is free. */
static void work(td_team *t, int thread)
{
    uint64_t state = atomic_load_explicit(&t->state, memory_order_acquire);

    while (free_shards(state) && may_work(t, thread)) {
        /* relaxed: the acquire on state shows at least this run's job,
         * and by inv. 2 the CAS proves no later one */
        team_fn *const fn = atomic_load_explicit(&t->fn, memory_order_relaxed);
        void *const ctx = atomic_load_explicit(&t->ctx, memory_order_relaxed);
        td_stop *const stop = atomic_load_explicit(&t->stop, memory_order_relaxed);

        if (!atomic_compare_exchange_weak_explicit(&t->state, &state, state - 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        td_stop *const own = td_stop_swap(stop);
        const uint32_t shard = choose(t, thread);
        if (!td_stop_asked()) fn(ctx, shard, thread);
        (void)td_stop_swap(own);
        /* seq_cst: inv. 5; its release half publishes what fn wrote */
        if (atomic_fetch_sub(&t->unfinished, 1) == 1 && atomic_load(&t->caller_sleeps))
            td_futex_wake(&t->unfinished, 1);
        state = atomic_load_explicit(&t->state, memory_order_acquire);
    }
}

static bool has_work(td_team *t, int thread)
{
    return (free_shards(atomic_load_explicit(&t->state, memory_order_acquire)) && may_work(t, thread)) ||
           atomic_load_explicit(&t->stopping, memory_order_acquire);
}

/* True when there is work within ns. */
static bool spin_for_work(td_team *t, int thread, int64_t ns)
{
    const int64_t until = td_now_ns() + ns;

    do {
        for (int i = 0; i < 16; i++) {
            if (has_work(t, thread)) return true;
            td_spin_pause();
        }
    } while (td_now_ns() < until);
    return false;
}

static void sleep_for_work(td_team *t, int thread)
{
    const unsigned wakes = atomic_load(&t->wakes);

    atomic_fetch_add(&t->sleepers, 1);
    if (!(free_shards(atomic_load(&t->state)) && may_work(t, thread)) &&
        !atomic_load(&t->stopping)) /* inv. 5 */
        td_futex_wait(&t->wakes, wakes);
    atomic_fetch_sub(&t->sleepers, 1);
}

static void *worker_main(void *arg)
{
    const team_worker *const w = arg;
    td_team *const t = w->team;
    int64_t spin_ns = SPIN_MIN_NS;

    (void)td_denormals_flush(); /* as its callers run */
    while (!atomic_load_explicit(&t->stopping, memory_order_acquire)) {
        work(t, w->number);
        if (spin_for_work(t, w->number, spin_ns)) {
            spin_ns = TD_MIN(spin_ns * 2, SPIN_MAX_NS);
        } else {
            spin_ns = TD_MAX(spin_ns / 2, SPIN_MIN_NS);
            sleep_for_work(t, w->number);
        }
    }
    return NULL;
}

td_team *td_team_make(int threads)
{
    TD_ASSERT(threads >= 1);
    td_team *const t = td_try_alloc(sizeof *t, CACHE_LINE);

    TD_ASSERT(t);
    *t = (td_team){ .threads = 1,
                    .limit = threads,
                    .workers = TD_NEW_N(team_worker, (size_t)threads),
                    .parts = td_try_alloc((size_t)threads * sizeof(team_part), CACHE_LINE) };
    TD_ASSERT(t->parts);
    memset(t->parts, 0, (size_t)threads * sizeof *t->parts);
    while (t->threads < threads) {
        team_worker *const w = &t->workers[t->threads - 1];
        char name[32];

        *w = (team_worker){ .team = t, .number = t->threads };
        snprintf(name, sizeof name, "team-%d", w->number);
        const td_status s = td_thread_start(&w->thread, name, worker_main, w);
        if (s) { /* a smaller team does the same work */
            td_warning("device", "event=team_smaller threads=%d wanted=%d", t->threads, threads);
            td_status_free(s);
            break;
        }
        t->threads++;
    }
    return t;
}

void td_team_free(td_team *t)
{
    if (!t) return;
    atomic_store(&t->stopping, true);
    atomic_fetch_add(&t->wakes, 1);
    td_futex_wake(&t->wakes, t->threads);
    for (int i = 1; i < t->threads; i++)
        pthread_join(t->workers[i - 1].thread, NULL);
    td_free(t->workers);
    td_free(t->parts);
    td_free(t);
}

void td_team_set_limit(td_team *t, int threads)
{
    /* relaxed: it publishes nothing; a worker that sees it late does one shard more */
    atomic_store_explicit(&t->limit, threads < 1 ? 1 : threads, memory_order_relaxed);
}

int td_team_threads(const td_team *t)
{
    return t ? t->threads : 1;
}

/* Opens a run; wakes as many workers as there are shards beside the caller's. */
static void publish(td_team *t, uint32_t shards, team_fn *fn, void *ctx)
{
    const uint64_t run = (atomic_load_explicit(&t->state, memory_order_relaxed) >> 32) + 1;

    /* one caller at a time; inv. 1 */
    TD_ASSERT(!free_shards(atomic_load_explicit(&t->state, memory_order_relaxed)));
    atomic_store_explicit(&t->fn, fn, memory_order_relaxed);
    atomic_store_explicit(&t->ctx, ctx, memory_order_relaxed);
    for (uint64_t i = 0, n = (uint64_t)t->threads, begin = 0; i < n; i++) {
        const uint64_t end = shards * (i + 1) / n;
        atomic_store_explicit(&t->parts[i].range, begin << 32 | end, memory_order_relaxed);
        begin = end;
    }
    atomic_store_explicit(&t->stop, td_stop_here(), memory_order_relaxed);
    atomic_store_explicit(&t->unfinished, shards, memory_order_relaxed);
    atomic_store(&t->state, run << 32 | shards); /* publishes the job, and all that the caller wrote before */

    const unsigned sleepers = atomic_load(&t->sleepers);
    if (!sleepers || !may_work(t, 1)) return;
    atomic_fetch_add(&t->wakes, 1);
    td_futex_wake(&t->wakes, (int)TD_MIN(sleepers, shards - 1));
}

/* All shards are taken; some may still be worked on. */
static void wait_finished(td_team *t)
{
    const int64_t until = td_now_ns() + SPIN_CALLER_NS;

    do {
        for (int i = 0; i < 16; i++) {
            if (!atomic_load_explicit(&t->unfinished, memory_order_acquire)) return;
            td_spin_pause();
        }
    } while (td_now_ns() < until);

    atomic_store(&t->caller_sleeps, true);
    for (unsigned left; (left = atomic_load(&t->unfinished)) > 0;)
        td_futex_wait(&t->unfinished, left);
    atomic_store_explicit(&t->caller_sleeps, false, memory_order_relaxed);
}

void td_team_run(td_team *t, size_t shards, team_fn *fn, void *ctx)
{
    if (shards <= 1 || td_team_threads(t) == 1) {
        for (size_t i = 0; i < shards && !(i > 0 && td_stop_asked()); i++)
            fn(ctx, i, 0);
        return;
    }
    TD_ASSERT(shards <= UINT32_MAX);
    publish(t, (uint32_t)shards, fn, ctx);
    work(t, 0);
    if (atomic_load_explicit(&t->unfinished, memory_order_acquire)) wait_finished(t);
}
