/* SPDX-License-Identifier: Apache-2.0 */
/* precision.c -- a model's own precision, also when a new list changes it while a version serves.
 *
 * Weights are packed for one precision, so the version is loaded a second time, beside itself. It is AVAILABLE all the while: the
 * new servable takes the old one's place once it is warm, and what still runs on the old one ends there. If the load
 * fails, the old one serves on, and the next list tries again.
 */
#include "serve/precision.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/precision.h"
#include "obs/log.h"
#include "ops/layers.h"
#include "serve/state.h"
#include "serve/warmup.h"

enum { NS_PER_MS = 1000000 };

td_precision td_precision_of(const td_model *model)
{
    const td_precision own = model->options->precision, all = model->manager->options.precision;

    if (own != TD_PRECISION_OF_FLAG) return own;
    return all == TD_PRECISION_OF_FLAG ? TD_PRECISION_FLOAT32 : all;
}

double td_precision_max_error(const td_model *model)
{
    return model->options->max_error > 0 ? model->options->max_error : model->manager->options.max_error;
}

/* Is a version what its model's options say now? */
static bool is_as_said(const td_version *v)
{
    return v->precision == td_precision_of(v->model) && !(v->max_error < td_precision_max_error(v->model)) &&
           !(v->max_error > td_precision_max_error(v->model));
}

void td_precision_say(const char *model, td_precision p)
{
    char of[256] = "";

    if (p == TD_PRECISION_OF_FLAG || p == TD_PRECISION_FLOAT32) return;
    if (model) snprintf(of, sizeof of, " model=%.200s", model);
    if (p != TD_PRECISION_BFLOAT16)
        td_info("serve", "event=precision%s precision=%s", of, td_precision_name(p));
    else if (td_session_has_bfloat16())
        td_info("serve", "event=mixed_precision%s type=bfloat16 arithmetic=bfloat16", of);
    else
        td_warning("serve",
                   "event=mixed_precision%s type=bfloat16 arithmetic=float why=\"the CPU has no AMX\"", of);
}

/* What a load beside a version begins with. */
typedef struct begin {
    td_servable *old; /* a reference; NULL: it is no longer needed */
    char *path;
    td_session_options options;
    td_precision precision;
    double max_error;
} begin;

static void say_reload(const td_version *v, td_precision p)
{
    const bool is_mixed = p == TD_PRECISION_FLOAT32 || p == TD_PRECISION_BFLOAT16;

    td_info("serve", "event=reloading model=%s version=%" PRId64 " %s=%s", v->model->options->name, v->number,
            is_mixed ? "mixed_precision" : "precision",
            p == TD_PRECISION_FLOAT32    ? "float32"
            : p == TD_PRECISION_BFLOAT16 ? "bfloat16"
                                         : td_precision_name(p));
}

static begin begin_locked(const td_version *v)
{
    begin b = { .precision = td_precision_of(v->model), .max_error = td_precision_max_error(v->model) };

    if (v->state != TD_STATE_AVAILABLE || !v->is_wanted || v->model->manager->is_stopping || is_as_said(v))
        return b;
    b.old = td_servable_ref(v->servable);
    b.path = td_strdup(v->path);
    b.options = td_life_options_locked(v);
    b.options.precision = b.precision;
    b.options.uses_bfloat16 = b.precision == TD_PRECISION_BFLOAT16;
    say_reload(v, b.precision);
    td_precision_say(v->model->options->name, b.precision);
    return b;
}

static void keep_locked(td_version *v, td_status why)
{
    td_error("serve", "event=reload_failed model=%s version=%" PRId64 " code=%s error=\"%s\"",
             v->model->options->name, v->number, td_code_name(td_status_code(why)), td_status_text(why));
    td_free(v->kept);
    v->kept = td_format("%s: %s", td_code_name(td_status_code(why)), td_status_text(why));
}

/* Takes made. */
static void swap_locked(td_version *v, const begin *b, td_servable *made, int64_t ns)
{
    td_manager *const m = v->model->manager;

    b->old->is_replaced = true;
    v->servable = made;
    v->precision = b->precision;
    v->max_error = b->max_error;
    m->n_servables++;
    m->is_dirty = true;
    td_servable_release(b->old); /* the record's; begin has one yet */
    td_info("serve", "event=reloaded model=%s version=%" PRId64 " ms=%" PRId64, v->model->options->name,
            v->number, ns / NS_PER_MS);
}

/* On a thread of `loaders`. */
static void replace_task(void *ctx)
{
    td_version *const v = ctx;
    td_manager *const m = v->model->manager;
    td_servable *made = NULL;
    td_status error = NULL;

    td_mutex_lock(&m->mu);
    begin b = begin_locked(v);
    td_mutex_unlock(&m->mu);

    td_life_step_back();
    const int64_t since = td_now_ns();
    if (b.old) error = td_life_load(v, b.path, &b.options, &made);
    const int64_t took = td_now_ns() - since;
    if (b.old) td_heap_trim();

    td_mutex_lock(&m->mu);
    if (b.old) td_life_count_try(v, td_status_code(error), took);
    const bool is_there = b.old && v->servable == b.old && !m->is_stopping; /* it may have gone meanwhile */
    if (is_there && error) keep_locked(v, error);
    if (is_there && made) swap_locked(v, &b, made, took);
    td_session *const saved = is_there && made ? td_life_to_save_locked(v) : NULL;
    v->is_replacing = false;
    m->is_dirty = true; /* somebody may wait for it */
    td_life_settle_locked(v->model);
    m->n_loads--;
    td_life_unlock(m);
    if (!is_there) td_life_drop(m, made);
    td_servable_release(b.old);
    td_watch_wake(m->watch);
    td_status_free(error);
    td_free(b.path);
    td_life_save(m, saved);
}

void td_precision_settle_locked(td_model *model)
{
    td_manager *const m = model->manager;

    td_mutex_assert_held(&m->mu);
    for (size_t i = 0; i < model->n_versions; i++) {
        td_version *const v = model->versions[i];

        if (v->state != TD_STATE_AVAILABLE || !v->is_wanted || v->is_replacing || v->kept || is_as_said(v))
            continue;
        v->is_replacing = true;
        m->n_loads++;
        if (td_pool_submit(m->loaders, replace_task, v)) continue;
        m->n_loads--; /* no thread to be had: the next look tries again */
        v->is_replacing = false;
    }
}

/* ---------------------------------------------------------------- a load */

static void keep(td_servable *s)
{
    td_servable_free(s); /* the session is the measurement's */
}

/* A load and a run of its own, in floats and in fewer bits at once. */
static td_status measure(const td_version *v, const char *path, const td_session_options *options,
                         int64_t deadline_ns, td_layers *layers)
{
    const td_serve_options *const o = &v->model->manager->options;
    td_session_options own = *options;
    td_session *session;

    own.layers = layers;
    own.cache_dir = NULL;
    own.skip_warmup = true;
    td_layers_measure(layers, true);
    TD_TRY(o->load(path, &own, &session));
    td_servable *const s = td_servable_make(v->model->options->name, v->number, session, keep, NULL);
    const td_status error = td_warmup_run(o, s, path, deadline_ns);

    td_servable_release(s);
    td_session_unref(session);
    td_layers_measure(layers, false);
    td_layers_decide(layers, v->max_error);
    return error;
}

td_status td_precision_begin(const td_version *v, const char *path, const td_session_options *options,
                             int64_t deadline_ns, td_layers **layers)
{
    const td_serve_options *const o = &v->model->manager->options;
    const bool is_static = options->precision == TD_PRECISION_INT8_STATIC;

    if (options->precision <= TD_PRECISION_BFLOAT16 || o->load != td_session_load) return NULL;
    td_layers *const made = td_layers_make();
    td_status error = NULL;

    if ((is_static || v->max_error > 0) && td_warmup_has_file(o, path))
        error = measure(v, path, options, deadline_ns, made);
    else if (is_static || v->max_error > 0)
        td_warning("serve", "event=precision_unmeasured model=%s version=%" PRId64 " precision=%s why=\"%s\"",
                   v->model->options->name, v->number, td_precision_name(options->precision),
                   "there is no warm-up file");
    if (error)
        td_layers_unref(made);
    else
        *layers = made;
    return error;
}

void td_precision_end(const td_version *v, const td_layers *layers)
{
    if (!layers) return;
    const td_layers_sum s = td_layers_summary(layers);

    td_info(
        "serve",
        "event=precision_layers model=%s version=%" PRId64
        " layers=%zu fewer_bits=%zu lost_too_much=%zu before_bytes=%zu after_bytes=%zu largest_error=%.3g",
        v->model->options->name, v->number, s.layers, s.less, s.kept, s.before, s.after, s.error);
}
