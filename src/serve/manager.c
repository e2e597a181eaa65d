/* SPDX-License-Identifier: Apache-2.0 */
/* manager.c -- start, stop, and the requests' way in. */
#include "serve/manager.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/thread.h"
#include "exec/memory.h"
#include "obs/log.h"
#include "serve/state.h"

static const size_t MANAGER_QUEUE = 1 << 20;              /* loads that may wait for a thread */
static const int64_t STOP_LOADS_NS = INT64_C(2000000000); /* how long the end waits for loads */
static const int64_t FOREVER_NS = INT64_C(24) * 24 * 3600 * 1000000000;

static size_t memory_of(td_session *session)
{
    return atomic_load_explicit(&td_session_account(session)->used, memory_order_relaxed);
}

static td_manager *make_manager(const td_serve_options *options)
{
    td_manager *const m = TD_NEW(td_manager);

    td_rcu_init(&m->rcu);
    td_mutex_init(&m->mu, TD_LOCK_serve_table);
    td_cond_init(&m->changed);
    m->options = *options;
    if (!m->options.load && !m->options.check) m->options.check = td_session_check;
    if (!m->options.load && !m->options.signatures) m->options.signatures = td_session_signatures;
    if (!m->options.load && !m->options.memory) m->options.memory = memory_of;
    if (!m->options.load) m->options.load = td_session_load;
    if (!m->options.unload) m->options.unload = td_session_unref;
    m->options.models = NULL;
    m->logs = td_request_logs_make(options->request_log_bytes);
    for (size_t i = 0; i < options->n_models; i++)
        td_configure_add(m, &options->models[i]);
    m->watch = td_watch_make();
    m->loaders = td_pool_make(
        "td-load", options->num_load_threads > 0 ? options->num_load_threads : td_cpu_cores(), MANAGER_QUEUE);
    m->unloaders = td_pool_make("td-unload", TD_MAX(options->num_unload_threads, 1), MANAGER_QUEUE);
    if (options->batching)
        m->batch_threads =
            td_batch_threads_make(options->batching->thread_pool_name, options->batching->num_batch_threads);
    atomic_init(&m->table, NULL);
    return m;
}

static void free_manager(td_manager *m)
{
    td_pool_free(m->loaders);
    td_pool_free(m->unloaders);
    td_batch_threads_free(m->batch_threads);
    td_watch_free(m->watch);
    td_table_free(atomic_load_explicit(&m->table, memory_order_relaxed)); /* nobody else is left */
    td_request_logs_end(m->logs);
    td_configure_free(m);
    td_request_logs_free(m->logs);
    td_cond_fini(&m->changed);
    td_mutex_fini(&m->mu);
    td_rcu_fini(&m->rcu);
    td_free(m);
}

td_status td_manager_start(const td_serve_options *options, td_manager **out)
{
    td_manager *const m = make_manager(options);

    td_mutex_lock(&m->mu);
    m->is_dirty = true;
    td_life_unlock(m);
    const td_status error = td_thread_start(&m->watcher, "td-watch", td_scan_loop, m);
    if (error) {
        free_manager(m);
        return error;
    }
    m->has_watcher = true;
    *out = m;
    return NULL;
}

static bool is_round_over(const td_manager *m)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_round_over && !m->models[i]->is_removed) return false;
    return true;
}

bool td_manager_wait_first_round(td_manager *m, int64_t deadline_ns)
{
    bool is_in_time = true;

    td_mutex_lock(&m->mu);
    while (!is_round_over(m) && !m->is_stopping && is_in_time)
        is_in_time = td_cond_wait_until(&m->changed, &m->mu, deadline_ns);
    const bool is_over = is_round_over(m);
    td_mutex_unlock(&m->mu);
    return is_over;
}

/* ---------------------------------------------------------------- the end */

void td_manager_hurry(td_manager *m)
{
    if (m) td_batch_threads_hurry(m->batch_threads);
}

/* Every AVAILABLE version starts to go; loads that wait are called off. */
static void begin_stop(td_manager *m)
{
    td_mutex_lock(&m->mu);
    m->is_stopping = true;
    for (size_t i = 0; i < m->n_models; i++) {
        for (size_t k = 0; k < m->models[i]->n_versions; k++) {
            td_version *const v = m->models[i]->versions[k];

            v->is_wanted = false;
            if (v->state != TD_STATE_AVAILABLE) continue;
            v->state = TD_STATE_UNLOADING;
            td_servable_release(v->servable); /* the published table has another reference */
            v->servable = NULL;
        }
    }
    m->is_dirty = true;
    td_life_unlock(m);
    td_watch_wake(m->watch);
    pthread_join(m->watcher, NULL);
}

/* A load cannot be broken off, and is worth no long wait. */
static size_t await_end(td_manager *m, int64_t deadline_ns)
{
    const int64_t loads_until = TD_MIN(deadline_ns, td_now_ns() + STOP_LOADS_NS);
    bool is_in_time = true;

    td_mutex_lock(&m->mu);
    while ((m->n_servables || m->n_loads) && is_in_time)
        is_in_time = td_cond_wait_until(&m->changed, &m->mu, m->n_servables ? deadline_ns : loads_until);
    const size_t left = m->n_servables + m->n_loads;
    td_mutex_unlock(&m->mu);
    return left;
}

bool td_manager_stop(td_manager *m, int64_t deadline_ns)
{
    if (!m) return true;
    begin_stop(m);
    const size_t left = await_end(m, deadline_ns);

    td_request_logs_end(m->logs);
    if (left) {
        /* somebody still holds a servable or is loading one: memory that is in use is not ours to free */
        td_warning("serve", "event=stop_incomplete left=%zu", left);
        return false;
    }
    free_manager(m);
    return true;
}

/* ---------------------------------------------------------------- requests */

td_status td_manager_acquire(td_manager *m, const td_model_spec *spec, td_servable **out, bool *must_wait)
{
    const td_rcu_ticket ticket = td_rcu_enter(&m->rcu);
    /* seq_cst: rcu.c's order */
    const td_table *const table = atomic_load_explicit(&m->table, memory_order_seq_cst);
    const td_lookup found = td_table_find(table, spec);
    td_status error = NULL;

    if (found.verdict == TD_VERDICT_FOUND)
        td_servable_ref(found.servable);
    else if (found.verdict != TD_VERDICT_WAIT)
        error = td_table_absence(table, spec, &found);
    td_rcu_leave(ticket);

    *must_wait = found.verdict == TD_VERDICT_WAIT;
    if (found.verdict == TD_VERDICT_FOUND) *out = found.servable;
    return error;
}

td_request_set *td_manager_requests(td_manager *m, const td_model_spec *spec)
{
    const td_rcu_ticket ticket = td_rcu_enter(&m->rcu);
    /* seq_cst: rcu.c's order */
    const td_table *const table = atomic_load_explicit(&m->table, memory_order_seq_cst);
    const td_table_model *const model = td_map_get_n(&table->models, spec->name.data, spec->name.size);
    td_request_set *const found = model ? model->requests : td_requests_nobody();

    td_rcu_leave(ticket);
    return found;
}

td_status td_manager_acquire_wait(td_manager *m, const td_model_spec *spec, int64_t deadline_ns,
                                  td_servable **out)
{
    const int64_t until = deadline_ns ? deadline_ns : td_now_ns() + FOREVER_NS;
    bool must_wait = true, is_in_time = true;
    td_status error = NULL;

    td_mutex_lock(&m->mu);
    for (;;) {
        error = td_manager_acquire(m, spec, out, &must_wait);
        if (error || !must_wait || !is_in_time) break;
        is_in_time = td_cond_wait_until(&m->changed, &m->mu, until);
    }
    td_mutex_unlock(&m->mu);
    if (error || !must_wait) return error;
    return TD_ERR(UNAVAILABLE, "Model %.*s is still loading its first version; the request's time is over",
                  (int)TD_MIN(spec->name.size, (size_t)4096), spec->name.data);
}
