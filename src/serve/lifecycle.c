/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle.c -- how a version moves from state to state, and what readers get to see of it.
 *
 * A new version is loaded while the old one serves; the old one goes when the new one is AVAILABLE. A version
 * that fails changes nothing for the one that serves.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "obs/log.h"
#include "ops/layers.h"
#include "serve/precision.h"
#include "serve/state.h"
#include "serve/warmup.h"

static void load_task(void *ctx);

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, LOAD_NICE = 10 };
static const int64_t NS_PER_S = INT64_C(1000000000);

const char *td_state_name(td_state s)
{
    switch (s) {
    case TD_STATE_START:
        return "START";
    case TD_STATE_LOADING:
        return "LOADING";
    case TD_STATE_AVAILABLE:
        return "AVAILABLE";
    case TD_STATE_UNLOADING:
        return "UNLOADING";
    case TD_STATE_END:
        return "END";
    case TD_STATE_UNKNOWN:
        break;
    }
    return "UNKNOWN";
}

static void set_state(td_version *v, td_state state)
{
    v->state = state;
    v->model->manager->is_dirty = true;
}

static void clear_error(td_version *v)
{
    td_free(v->text);
    v->text = NULL;
    v->code = TD_OK;
}

/* ---------------------------------------------------------------- loading */

void td_life_start_locked(td_version *v, int64_t due_ns)
{
    td_mutex_assert_held(&v->model->manager->mu);
    clear_error(v);
    v->tries = 0;
    v->due_ns = due_ns;
    set_state(v, TD_STATE_START);
    if (!due_ns) td_life_submit_locked(v);
}

void td_life_submit_locked(td_version *v)
{
    td_manager *const m = v->model->manager;

    td_mutex_assert_held(&m->mu);
    v->due_ns = 0;
    m->n_loads++;
    if (td_pool_submit(m->loaders, load_task, v)) return;
    m->n_loads--;
    v->due_ns = td_now_ns() + 100 * NS_PER_MS; /* no thread to be had: try again soon */
}

/* The load ends here, without a session. */
static void end_load(td_version *v)
{
    v->due_ns = 0;
    v->next_look_ns = 0;
    set_state(v, TD_STATE_END);
}

static void begin_try(td_version *v)
{
    if (v->state == TD_STATE_START) {
        v->since_ns = td_now_ns();
        td_info("serve", "event=loading model=%s version=%" PRId64 " path=%s", v->model->options->name,
                v->number, v->path);
        if (v->model->options->precision != TD_PRECISION_OF_FLAG)
            td_precision_say(v->model->options->name, v->model->options->precision);
    }
    v->precision = td_precision_of(v->model);
    v->max_error = td_precision_max_error(v->model);
    set_state(v, TD_STATE_LOADING);
}

static void unload_servable(td_servable *s);

/* A try has ended. */
void td_life_count_try(td_version *v, td_code code, int64_t ns)
{
    const td_tally t = td_series_tally(v->model->loads);

    if (code == TD_OK) v->load_ns = ns;
    td_tally_add(t, TD_AT_loads + (size_t)code, 1);
    if (code == TD_OK) td_tally_observe(t, TD_AT_load_time, TD_BUCKETS_loads, (uint64_t)ns);
    if (!td_metrics_counts_tf()) return;
    if (!v->tf_load) v->tf_load = td_series_open(TD_GROUP_tf_load, (const char *const[]){ v->path });
    td_series_add(v->tf_load, TD_AT_tf_load_attempts + (code == TD_OK ? TD_OUTCOME_SUCCESS : TD_OUTCOME_FAIL),
                  1);
    td_series_add(v->tf_load, TD_AT_tf_load_latency, ns / NS_PER_US);
}

static void count_requests(const td_manager *m, td_servable *s)
{
    size_t n = 0;
    const td_signature *const signatures =
        m->options.signatures ? m->options.signatures(s->session, &n) : NULL;

    td_servable_count(s, td_request_set_make(s->name, s->version, signatures, n));
}

/* Sessions of tests cannot be joined. */
static void join_requests(const td_version *v, const td_batching *rules, td_servable *s)
{
    const td_manager *const m = v->model->manager;
    td_batch_options options = m->options.batch;

    if (v->model->options->batch_slo_ns) options.slo_ns = v->model->options->batch_slo_ns;
    options.rules = rules;
    options.threads = m->batch_threads;
    if (m->options.load == td_session_load) td_servable_join(s, td_batcher_make(s->session, &options));
}

/* What will serve, once it is warm. */
static td_servable *make_servable(td_version *v, td_session *session, const td_batching *rules)
{
    td_manager *const m = v->model->manager;

    td_mutex_lock(&m->mu);
    td_servable *const s = td_servable_make(v->model->options->name, v->number, session, unload_servable, v);
    s->log = v->model->log;
    count_requests(m, s);
    join_requests(v, rules, s);
    td_mutex_unlock(&m->mu);
    return s;
}

/* It never served. */
void td_life_drop(td_manager *m, td_servable *s)
{
    if (!s) return;
    m->options.unload(s->session);
    td_servable_free(s);
}

static void try_succeeded(td_version *v, td_servable *s)
{
    const int64_t took = td_now_ns() - v->since_ns;

    clear_error(v);
    v->has_failed = false;
    v->servable = s;
    v->model->manager->n_servables++;
    set_state(v, TD_STATE_AVAILABLE);
    td_info("serve", "event=available model=%s version=%" PRId64 " ms=%" PRId64, v->model->options->name,
            v->number, took / NS_PER_MS);
}

/* Is there sense in another try of the same files? Where nobody looks at files, a try is the only look. */
static bool may_heal(const td_serve_options *o, td_code code)
{
    switch (code) {
    case TD_UNAVAILABLE:
    case TD_RESOURCE_EXHAUSTED:
    case TD_DEADLINE_EXCEEDED:
    case TD_ABORTED:
    case TD_CANCELLED:
    case TD_UNKNOWN:
        return true;
    default:
        return o->file_system_poll_wait_seconds <= 0;
    }
}

static void try_failed(td_version *v, td_status error)
{
    const td_serve_options *const o = &v->model->manager->options;
    const bool is_last = v->tries++ >= o->max_num_load_retries || !may_heal(o, td_status_code(error));

    clear_error(v);
    v->has_failed = true;
    v->code = td_status_code(error);
    v->text = td_strdup(td_status_text(error));
    td_error("serve", "event=load_failed model=%s version=%" PRId64 " try=%d of=%d code=%s error=\"%s\"",
             v->model->options->name, v->number, v->tries,
             is_last ? v->tries : TD_MAX(o->max_num_load_retries, 0) + 1, td_code_name(v->code), v->text);
    if (is_last) {
        end_load(v);
        return;
    }
    v->due_ns = td_now_ns() + TD_MAX(o->load_retry_interval_micros, 0) * NS_PER_US;
    v->next_look_ns = 0;
    v->model->manager->is_dirty = true; /* the round may be over, and the watcher has a time to wait for */
}

/* Loading gives way to serving, however nice the server was started. There is no way back for this thread,
 * but it ends soon when it has nothing to load. */
void td_life_step_back(void)
{
    /* on Linux: of the first thread, and of this one */
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, (id_t)getpid()) + LOAD_NICE);
}

/* Something serves: loads happen beside requests. */
static bool is_serving(const td_manager *m)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (td_model_is_ready_locked(m->models[i])) return true;
    return false;
}

/* The rules by which a version's requests are joined; *own is to be freed. NULL: none. */
static td_status find_rules(const td_serve_options *o, const char *dir, const td_batching **rules,
                            td_batching **own)
{
    if (!o->reads_batching) {
        *rules = o->batching;
        return NULL;
    }
    char *const path = td_path_join(dir, TD_BATCHING_FILE);
    const td_status error = access(path, F_OK) == 0 ? td_batching_read(path, own) : NULL;

    td_free(path);
    *rules = *own;
    return error;
}

/* For the warm-up: the load has watched its own until then. 0: none. */
static int64_t load_deadline(const td_serve_options *o)
{
    const int64_t most = 1000000000, seconds = o->max_load_seconds ? o->max_load_seconds : TD_LOAD_SECONDS;

    return seconds < 0 ? 0 : td_now_ns() + TD_MIN(seconds, most) * NS_PER_S;
}

/* Loads v, and warms it up. */
td_status td_life_load(td_version *v, const char *path, td_session_options *options, td_servable **out)
{
    td_manager *const m = v->model->manager;
    const int64_t deadline_ns = load_deadline(&m->options);
    td_session *session = NULL;
    const td_batching *rules = NULL;
    td_batching *own_rules = NULL;
    td_status error = find_rules(&m->options, path, &rules, &own_rules);

    td_warmup_plan(&m->options, path, rules, options);
    if (!error) error = td_precision_begin(v, path, options, deadline_ns, &options->layers);
    if (!error) error = m->options.load(path, options, &session);
    td_servable *const s = error ? NULL : make_servable(v, session, rules);
    if (s) error = td_warmup_run(&m->options, s, path, deadline_ns);
    td_batching_free(own_rules);
    if (!error) td_precision_end(v, options->layers);
    td_layers_unref(options->layers);
    options->layers = NULL;
    if (error)
        td_life_drop(m, s);
    else
        *out = s;
    return error;
}

/* On a thread that has time, while the session serves; who loads next does not wait for the disk. */
static void save_task(void *ctx)
{
    td_session *const session = ctx;

    td_life_step_back();
    td_session_save(session);
    td_session_unref(session);
}

/* A session that keeps what it packed, and is the caller's to keep for so long. */
td_session *td_life_to_save_locked(const td_version *v)
{
    const td_serve_options *const o = &v->model->manager->options;
    const bool is_kept = o->load == td_session_load && o->plan_cache_dir && o->plan_cache_dir[0];

    return is_kept && v->servable ? td_session_ref(v->servable->session) : NULL;
}

void td_life_save(td_manager *m, td_session *session)
{
    if (session && !td_pool_submit(m->unloaders, save_task, session)) save_task(session);
}

td_session_options td_life_options_locked(const td_version *v)
{
    const td_manager *const m = v->model->manager;
    const td_serve_options *const o = &m->options;

    return (td_session_options){ .tags = o->tags,
                                 .threads = o->threads,
                                 .prefers_tflite = o->prefers_tflite,
                                 .uses_bfloat16 = v->precision == TD_PRECISION_BFLOAT16,
                                 .precision = v->precision,
                                 .max_nodes = o->max_load_nodes,
                                 .max_bodies = o->max_load_bodies,
                                 .max_bytes = o->max_load_bytes,
                                 .max_seconds = o->max_load_seconds,
                                 .cache_dir = o->plan_cache_dir,
                                 .cache_bytes = o->plan_cache_bytes,
                                 .weight = v->model->options->weight,
                                 .gives_way = is_serving(m) };
}

/* One try, on a thread of `loaders`. */
static void load_task(void *ctx)
{
    td_version *const v = ctx;
    td_manager *const m = v->model->manager;
    td_servable *servable = NULL;
    td_status error = NULL;

    td_mutex_lock(&m->mu);
    const bool is_on = v->is_wanted && !m->is_stopping;
    if (is_on) begin_try(v);
    td_session_options options = td_life_options_locked(v);
    td_life_unlock(m);
    if (options.gives_way) td_life_step_back();

    const td_print before = td_print_take(v->path);
    const int64_t begin = td_now_ns();
    if (is_on) error = td_life_load(v, v->path, &options, &servable);
    const int64_t took = td_now_ns() - begin;
    if (is_on) td_heap_trim(); /* loading leaves much behind */

    td_mutex_lock(&m->mu);
    v->tried = before;
    if (is_on) td_life_count_try(v, td_status_code(error), took);
    const bool is_wanted = v->is_wanted && !m->is_stopping;
    if (!is_wanted)
        end_load(v);
    else if (error)
        try_failed(v, error);
    else
        try_succeeded(v, servable);
    td_session *const saved = td_life_to_save_locked(v);
    td_life_settle_locked(v->model);
    m->n_loads--;
    td_life_unlock(m);
    td_watch_wake(m->watch);
    td_status_free(error);
    td_life_save(m, saved);
    if (!is_wanted) td_life_drop(m, servable);
}

/* ---------------------------------------------------------------- unloading */

static void unload_task(void *ctx)
{
    td_servable *const s = ctx;
    td_version *const v = s->owner;
    td_manager *const m = v->model->manager;
    const bool is_replaced = s->is_replaced;

    m->options.unload(s->session);
    td_servable_free(s);
    td_heap_trim();
    td_mutex_lock(&m->mu);
    td_info("serve", "event=unloaded model=%s version=%" PRId64, v->model->options->name, v->number);
    if (!is_replaced) set_state(v, TD_STATE_END);
    td_life_settle_locked(v->model);
    m->n_servables--;
    td_life_unlock(m);
    td_watch_wake(m->watch);
}

/* The last reference came back, maybe on a request's thread. */
static void unload_servable(td_servable *s)
{
    const td_version *const v = s->owner;

    if (!td_pool_submit(v->model->manager->unloaders, unload_task, s)) unload_task(s);
}

/* The table keeps it alive until readers are off it. */
static void begin_unload(td_version *v)
{
    td_servable *const s = v->servable;

    td_info("serve", "event=unloading model=%s version=%" PRId64, v->model->options->name, v->number);
    v->servable = NULL;
    set_state(v, TD_STATE_UNLOADING);
    td_servable_release(s); /* never the last one: the published table has another */
}

void td_life_lose_locked(td_version *v, td_status why)
{
    td_mutex_assert_held(&v->model->manager->mu);
    clear_error(v);
    v->has_failed = true;
    v->code = td_status_code(why);
    v->text = td_strdup(td_status_text(why));
    v->next_look_ns = 0;
    td_error("serve", "event=lost model=%s version=%" PRId64 " code=%s error=\"%s\"", v->model->options->name,
             v->number, td_code_name(v->code), v->text);
    begin_unload(v);
    td_life_settle_locked(v->model);
}

/* ---------------------------------------------------------------- what follows from what */

static bool has_available(const td_model *model, bool wanted_only)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->state == TD_STATE_AVAILABLE &&
            (model->versions[i]->is_wanted || !wanted_only))
            return true;
    return false;
}

static bool has_wanted(const td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->is_wanted) return true;
    return false;
}

/* A version that the policy no longer wants goes when another one has taken over, or none is to. */
static void retire_unwanted(td_model *model)
{
    const bool may_unload = has_available(model, true) || !has_wanted(model);
    bool keeps_one = false;

    for (size_t i = 0; i < model->n_versions; i++) {
        td_version *const v = model->versions[i];

        if (v->is_wanted) continue;
        if ((v->state == TD_STATE_START || v->state == TD_STATE_LOADING) && v->due_ns) end_load(v);
        if (v->state != TD_STATE_AVAILABLE) continue;
        if (may_unload || keeps_one)
            begin_unload(v);
        else
            keeps_one = true; /* the highest of them serves until a wanted one does */
    }
}

/* Wanted, but gone or never there: load it. A failed one waits for its files to change (scan.c). */
static void start_wanted(td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        td_version *const v = model->versions[i];

        if (v->is_wanted && v->state == TD_STATE_END && v->code == TD_OK) td_life_start_locked(v, 0);
    }
}

static bool is_available(const td_model *model, int64_t number)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->number == number) return model->versions[i]->state == TD_STATE_AVAILABLE;
    return false;
}

/* A label is set when its version is there, or, if it is new and the flag allows it, at once. */
static void set_labels(td_model *model)
{
    const bool is_lenient = model->manager->options.allow_version_labels_for_unavailable_models;

    for (size_t i = 0; i < model->options->n_labels; i++) {
        td_label_state *const label = &model->labels[i];
        const int64_t wish = model->options->labels[i].version;

        if (label->is_set && label->version == wish) continue;
        if (!is_available(model, wish) && (label->is_set || !is_lenient)) continue;
        *label = (td_label_state){ wish, true };
        model->manager->is_dirty = true;
    }
}

static void warn_of_labels(const td_model *model)
{
    for (size_t i = 0; i < model->options->n_labels; i++)
        if (!model->labels[i].is_set)
            td_warning(
                "serve",
                "event=label_waits model=%s label=%s error=\"Request to assign label to version %" PRId64
                " of model %s, which is not currently available for inference\"",
                model->options->name, model->options->labels[i].name, model->options->labels[i].version,
                model->options->name);
}

bool td_life_is_settled_locked(const td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];

        if (v->is_wanted && v->state < TD_STATE_AVAILABLE && !v->has_failed) return false;
    }
    return model->is_scanned;
}

/* The first round is over when every wanted version is there or has failed once. */
static void end_round(td_model *model)
{
    if (model->is_round_over || !td_life_is_settled_locked(model)) return;
    model->is_round_over = true;
    model->manager->is_dirty = true;
    warn_of_labels(model);
}

void td_life_settle_locked(td_model *model)
{
    td_mutex_assert_held(&model->manager->mu);
    if (!model->manager->is_stopping) {
        retire_unwanted(model);
        start_wanted(model);
        td_precision_settle_locked(model);
    }
    set_labels(model);
    end_round(model);
}

/* ---------------------------------------------------------------- the table */

static void add_model(td_table *t, const td_model *model)
{
    td_table_model *const tm =
        td_table_add_model(t, model->options->name, model->n_versions, model->options->n_labels);
    bool is_first_wanted = true;

    tm->requests = model->requests;
    tm->is_pending = !model->is_round_over && !model->manager->is_stopping;
    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];

        if (v->state == TD_STATE_AVAILABLE) {
            if (is_first_wanted && !tm->n_servables) tm->has_latest = true;
            td_table_add_servable(tm, v->servable);
        }
        if (v->is_wanted && v->state != TD_STATE_AVAILABLE && !v->has_failed) is_first_wanted = false;
    }
    for (size_t i = 0; i < model->options->n_labels; i++) {
        if (model->labels[i].is_set)
            td_table_add_label(t, tm, model->options->labels[i].name, model->labels[i].version);
        else
            tm->has_open_labels = true;
    }
}

static td_table *make_table(const td_manager *m)
{
    td_table *const t = td_table_make();

    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed) add_model(t, m->models[i]);
    return t;
}

void td_life_unlock(td_manager *m)
{
    td_table *old = NULL;

    if (m->is_dirty) {
        m->is_dirty = false;
        /* seq_cst: rcu.c's order; publishes everything that the table points to */
        old = atomic_exchange_explicit(&m->table, make_table(m), memory_order_seq_cst);
        td_cond_broadcast(&m->changed);
    }
    td_mutex_unlock(&m->mu);
    if (!old) return;
    td_rcu_synchronize(&m->rcu);
    td_table_free(old);
}
