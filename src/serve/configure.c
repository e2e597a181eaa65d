/* SPDX-License-Identifier: Apache-2.0 */
/* configure.c -- the list of models: made at the start, replaced while serving.
 *
 * A model that stays keeps its versions; one that is gone has them unloaded once its requests are answered;
 * one that is new is looked for at once. The watcher takes the new list over, because only it may change what
 * it walks over.
 */
#include <string.h>

#include "base/mem.h"
#include "obs/log.h"
#include "serve/state.h"

static const td_model_options *find_options(const td_model_options *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].name, name)) return &list[i];
    return NULL;
}

td_model *td_configure_find(const td_manager *m, const char *name)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!strcmp(m->models[i]->options->name, name)) return m->models[i];
    return NULL;
}

/* What a label of that name names now. */
static td_label_state old_label(const td_model *model, const char *name)
{
    for (size_t i = 0; i < model->options->n_labels; i++)
        if (!strcmp(model->options->labels[i].name, name)) return model->labels[i];
    return (td_label_state){ 0 };
}

static void set_options(td_model *model, const td_model_options *options)
{
    td_label_state *const labels = TD_NEW_N(td_label_state, options->n_labels);

    for (size_t i = 0; model->options && i < options->n_labels; i++)
        labels[i] = old_label(model, options->labels[i].name);
    td_free(model->labels);
    td_models_free(model->options, 1);
    model->labels = labels;
    model->options = td_models_copy(options, 1);
    td_request_log_set(model->log, options->log_prefix ? options->log_prefix : "", options->log_rate);
}

void td_configure_add(td_manager *m, const td_model_options *options)
{
    td_model *const model = TD_NEW(td_model);

    model->manager = m;
    model->log = td_request_log_make(m->logs, options->name);
    set_options(model, options);
    model->requests = td_request_set_make(options->name, TD_NO_VERSION, NULL, 0);
    model->loads = td_series_open(TD_GROUP_model, (const char *const[]){ options->name });
    m->models = td_realloc(m->models, (m->n_models + 1) * sizeof *m->models);
    m->models[m->n_models++] = model;
}

static void remove_model(td_model *model)
{
    td_info("serve", "event=model_removed model=%s", model->options->name);
    model->is_removed = true;
    td_request_log_set(model->log, "", 0);
    model->is_scanned = model->is_round_over = false; /* should it come back */
    for (size_t i = 0; i < model->n_versions; i++)
        model->versions[i]->is_wanted = false;
    td_life_settle_locked(model);
}

static void keep_model(td_model *model, const td_model_options *options)
{
    if (strcmp(model->options->base_path, options->base_path) != 0)
        td_info("serve", "event=base_path_changed model=%s base_path=%s", options->name, options->base_path);
    set_options(model, options);
    for (size_t i = 0; i < model->n_versions; i++) {
        td_free(model->versions[i]->kept); /* another try */
        model->versions[i]->kept = NULL;
    }
    model->is_removed = false;
    model->has_warned_doubles = model->has_warned_missing = false;
    td_life_settle_locked(model);
}

static void replace_list_locked(td_manager *m, const td_model_options *list, size_t n)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed && !find_options(list, n, m->models[i]->options->name))
            remove_model(m->models[i]);
    for (size_t i = 0; i < n; i++) {
        td_model *const model = td_configure_find(m, list[i].name);

        if (model)
            keep_model(model, &list[i]);
        else
            td_configure_add(m, &list[i]);
    }
    m->is_dirty = true;
}

bool td_configure_take(td_manager *m)
{
    td_mutex_lock(&m->mu);
    td_model_options *const list = m->pending;
    const size_t n = m->n_pending;
    const bool is_due = list || m->is_scan_asked;

    m->pending = NULL;
    m->n_pending = 0;
    m->is_scan_asked = false;
    m->n_taken = m->n_given;
    if (list) replace_list_locked(m, list, n);
    td_life_unlock(m);
    td_models_free(list, n);
    return is_due;
}

void td_configure_done(td_manager *m)
{
    td_mutex_lock(&m->mu);
    m->n_looked_at = m->n_taken;
    td_cond_broadcast(&m->changed);
    td_mutex_unlock(&m->mu);
}

void td_manager_rescan(td_manager *m)
{
    td_mutex_lock(&m->mu);
    m->is_scan_asked = true;
    td_mutex_unlock(&m->mu);
    td_watch_wake(m->watch);
}

bool td_manager_has_model(td_manager *m, const char *name)
{
    td_mutex_lock(&m->mu);
    const td_model *const model = td_configure_find(m, name);
    const bool is_there = model && !model->is_removed;
    td_mutex_unlock(&m->mu);
    return is_there;
}

uint64_t td_manager_configure(td_manager *m, const td_model_options *models, size_t n)
{
    td_model_options *const copy = td_models_copy(models, n);

    td_mutex_lock(&m->mu);
    td_model_options *const late = m->pending; /* overtaken by this one */
    const size_t n_late = m->n_pending;

    m->pending = copy;
    m->n_pending = n;
    const uint64_t number = ++m->n_given;
    td_mutex_unlock(&m->mu);
    td_models_free(late, n_late);
    td_watch_wake(m->watch);
    return number;
}

static void free_model(td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        td_series_close(model->versions[i]->tf_load);
        td_free(model->versions[i]->path);
        td_free(model->versions[i]->text);
        td_free(model->versions[i]->kept);
        td_free(model->versions[i]);
    }
    td_request_set_free(model->requests);
    td_series_close(model->loads);
    td_request_log_free(model->log);
    td_free(model->versions);
    td_free(model->labels);
    td_free(model->problem);
    td_models_free(model->options, 1);
    td_free(model);
}

void td_configure_free(td_manager *m)
{
    for (size_t i = 0; i < m->n_models; i++)
        free_model(m->models[i]);
    td_free(m->models);
    td_models_free(m->pending, m->n_pending);
}
