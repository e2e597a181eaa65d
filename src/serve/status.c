/* SPDX-License-Identifier: Apache-2.0 */
/* status.c -- what the manager tells about itself. Nothing here is hot: it locks. */
#include <inttypes.h>
#include <stdio.h>
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

/* The version that matters most: on its way, else failed. */
static const td_version *most_telling(const td_model *model)
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
    const td_version *const v = most_telling(model);

    if (v && v->code != TD_OK)
        return td_format("version %" PRId64 ": %s: %s", v->number, td_code_name(v->code), v->text);
    if (v) return td_format("loading version %" PRId64, v->number);
    if (model->problem) return td_strdup(model->problem);
    return td_format("no version in %s%s", model->options->base_path,
                     model->is_scanned ? "" : " yet: it has not been looked at");
}

static bool is_ready(const td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->state == TD_STATE_AVAILABLE) return true;
    return false;
}

static td_model_health describe_health(const td_model *model)
{
    const bool is_fine = is_ready(model);

    return (td_model_health){ td_strdup(model->options->name), is_fine,
                              is_fine ? td_strdup("") : describe_trouble(model) };
}

static void sort_by_name(td_model_health *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const td_model_health one = list[i];
        size_t k = i;

        for (; k && strcmp(list[k - 1].name, one.name) > 0; k--)
            list[k] = list[k - 1];
        list[k] = one;
    }
}

void td_manager_health(td_manager *m, td_model_health **out, size_t *n)
{
    td_mutex_lock(&m->mu);
    td_model_health *const list = TD_NEW_N(td_model_health, m->n_models);

    size_t count = 0;

    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed) list[count++] = describe_health(m->models[i]);
    td_mutex_unlock(&m->mu);
    sort_by_name(list, count);
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
                     is_ready(model));
        tell_versions(model, p);
    }
    td_mutex_unlock(&m->mu);
}

void td_manager_free_health(td_model_health *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        td_free(h[i].name);
        td_free(h[i].reason);
    }
    td_free(h);
}
