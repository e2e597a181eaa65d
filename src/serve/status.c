/* SPDX-License-Identifier: Apache-2.0 */
/* status.c -- what the manager tells about itself. Nothing here is hot: it locks. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "serve/state.h"

static const td_model *find_model(const td_manager *m, td_string name)
{
    for (size_t i = 0; i < m->n_models; i++) {
        const char *const have = m->models[i]->options->name;

        if (td_string_is(name, have)) return m->models[i];
    }
    return NULL;
}

static size_t copy_states(const td_model *model, const td_model_spec *spec, td_version_status *out)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];

        if (spec->has_version && v->number != spec->version) continue;
        out[n++] = (td_version_status){ v->number, v->state, v->code, td_strdup(v->text ? v->text : "") };
    }
    return n;
}

static td_status no_status(const td_model_spec *spec)
{
    const int size = (int)TD_MIN(spec->name.size, (size_t)4096);
    const char *const name = spec->name.data ? spec->name.data : "";

    if (spec->has_version)
        return TD_ERR(NOT_FOUND, "Could not find version %" PRId64 " of model %.*s", spec->version, size,
                      name);
    return TD_ERR(NOT_FOUND, "Could not find any versions of model %.*s", size, name);
}

/* The versions of a model; or, model NULL, which models there are. */
static void list_instead(const td_manager *m, const td_model *model, td_string wanted, td_strbuf *out)
{
    enum { LISTED = 8 };
    const char **const names = TD_NEW_N(const char *, m->n_models);
    size_t n = 0;

    for (size_t i = 0; !model && i < m->n_models; i++)
        if (!m->models[i]->is_removed) names[n++] = m->models[i]->options->name;
    td_strbuf_puts(out, model ? "Its versions: " : "The models here: ");
    if (!model) td_nearest_list(wanted, names, n, out);
    for (size_t i = 0; model && i < model->n_versions && i < LISTED; i++)
        td_strbuf_printf(out, "%s%" PRId64, i ? ", " : "", model->versions[i]->number);
    if (model && !model->n_versions) td_strbuf_puts(out, "none");
    if (model && model->n_versions > LISTED)
        td_strbuf_printf(out, " and %zu more", model->n_versions - LISTED);
    td_free(names);
}

td_status td_manager_status(td_manager *m, const td_model_spec *spec, td_version_status **out, size_t *n)
{
    td_version_status *list = NULL;
    td_strbuf instead = { 0 };
    size_t count = 0;

    td_mutex_lock(&m->mu);
    const td_model *const model = find_model(m, spec->name);
    if (model) {
        list = TD_NEW_N(td_version_status, model->n_versions);
        count = copy_states(model, spec, list);
    }
    if (!count) list_instead(m, model, spec->name, &instead);
    td_mutex_unlock(&m->mu);
    if (count) {
        *out = list;
        *n = count;
        return NULL;
    }
    td_free(list);
    const td_status error = td_status_suffix(no_status(spec), ". %s.", td_strbuf_text(&instead));

    td_strbuf_fini(&instead);
    return error;
}

void td_manager_free_status(td_version_status *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        td_free(s[i].text);
    td_free(s);
}

const td_version *td_model_telling_locked(const td_model *model)
{
    const td_version *failed = NULL;

    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];

        if (v->state == TD_STATE_START || v->state == TD_STATE_LOADING) return v;
        if (!failed && v->code != TD_OK) failed = v;
    }
    return failed;
}

static char *describe_trouble(const td_model *model)
{
    const td_version *const v = td_model_telling_locked(model);

    if (v && v->code != TD_OK)
        return td_format("version %" PRId64 ": %s: %s", v->number, td_code_name(v->code), v->text);
    if (v) return td_format("loading version %" PRId64, v->number);
    if (model->problem) return td_strdup(model->problem);
    return td_format("no version in %s%s", model->options->base_path,
                     model->is_scanned ? "" : " yet: it has not been looked at");
}

bool td_model_is_ready_locked(const td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->state == TD_STATE_AVAILABLE) return true;
    return false;
}

static td_model_health describe_health(const td_model *model)
{
    const bool is_fine = td_model_is_ready_locked(model);

    return (td_model_health){ td_strdup(model->options->name), is_fine,
                              is_fine ? td_strdup("") : describe_trouble(model) };
}

static int by_name(const void *a, const void *b)
{
    const td_model_health *const x = a, *const y = b; /* a report begins with its model's health */

    return strcmp(x->name, y->name);
}

void td_manager_health(td_manager *m, td_model_health **out, size_t *n)
{
    td_mutex_lock(&m->mu);
    td_model_health *const list = TD_NEW_N(td_model_health, m->n_models);

    size_t count = 0;

    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed) list[count++] = describe_health(m->models[i]);
    td_mutex_unlock(&m->mu);
    qsort(list, count, sizeof *list, by_name);
    *n = count;
    *out = list;
}

static td_model_report describe_model(const td_model *model)
{
    const td_model_spec any = { 0 };
    td_model_report r = { .health = describe_health(model) };

    r.versions = TD_NEW_N(td_version_status, model->n_versions);
    r.n_versions = copy_states(model, &any, r.versions);
    r.labels = TD_NEW_N(td_label, model->options->n_labels);
    for (size_t i = 0; i < model->options->n_labels; i++)
        if (model->labels[i].is_set)
            r.labels[r.n_labels++] =
                (td_label){ td_strdup(model->options->labels[i].name), model->labels[i].version };
    return r;
}

void td_manager_reports(td_manager *m, td_model_report **out, size_t *n)
{
    _Static_assert(offsetof(td_model_report, health) == 0, "by_name() sorts both");
    td_mutex_lock(&m->mu);
    td_model_report *const list = TD_NEW_N(td_model_report, m->n_models);
    size_t count = 0;

    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed) list[count++] = describe_model(m->models[i]);
    td_mutex_unlock(&m->mu);
    qsort(list, count, sizeof *list, by_name);
    *n = count;
    *out = list;
}

static void tell_memory(const td_version *v, const char *number, td_page *p)
{
    const td_model *const model = v->model;
    size_t (*const memory)(td_session * session) = model->manager->options.memory;

    if (!memory || v->state != TD_STATE_AVAILABLE) return; /* inv. 1 of state.h */
    td_page_tell(p, TD_READING_model_memory, (const char *const[]){ model->options->name, number },
                 (double)memory(td_servable_session(v->servable)));
}

static void tell_versions(const td_model *model, td_page *p)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];
        char number[24];

        if (v->state == TD_STATE_END && v->code == TD_OK) continue;
        snprintf(number, sizeof number, "%" PRId64, v->number);
        td_page_tell(p, TD_READING_model_state, (const char *const[]){ model->options->name, number },
                     v->state);
        if (v->servable)
            td_page_tell(p, TD_READING_version_load, (const char *const[]){ model->options->name, number },
                         (double)v->load_ns * 1e-9);
        tell_memory(v, number, p);
    }
}

void td_manager_tell(td_manager *m, td_page *p)
{
    td_mutex_lock(&m->mu);
    for (size_t i = 0; i < m->n_models; i++) {
        const td_model *const model = m->models[i];

        if (model->is_removed) continue;
        td_page_tell(p, TD_READING_model_ready, (const char *const[]){ model->options->name },
                     td_model_is_ready_locked(model));
        tell_versions(model, p);
    }
    td_mutex_unlock(&m->mu);
}

static void free_one_health(td_model_health *h)
{
    td_free(h->name);
    td_free(h->reason);
}

void td_manager_free_health(td_model_health *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free_one_health(&h[i]);
    td_free(h);
}

void td_manager_free_reports(td_model_report *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free_one_health(&r[i].health);
        td_manager_free_status(r[i].versions, r[i].n_versions);
        for (size_t k = 0; k < r[i].n_labels; k++)
            td_free(r[i].labels[k].name);
        td_free(r[i].labels);
    }
    td_free(r);
}
