/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c -- a new list of models for whose end somebody waits. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/state.h"

static const int64_t LOOK_NS = 50000000; /* between two questions whether anybody still waits */

typedef struct wanted {
    const td_model_options *models;
    size_t n;
    uint64_t number; /* of the list */
} wanted;

/* A later list may have taken it away. */
static const td_model *find_locked(const td_manager *m, const char *name)
{
    const td_model *const model = td_configure_find(m, name);

    return model && !model->is_removed ? model : NULL;
}

/* It serves, but not yet as it is to. */
static bool is_changing(const td_model *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->is_replacing) return true;
    return false;
}

/* NULL: none. */
static const td_model *first_on_its_way_locked(const td_manager *m, const wanted *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const td_model *const model = find_locked(m, w->models[i].name);

        if (model && (!td_life_is_settled_locked(model) || is_changing(model))) return model;
    }
    return NULL;
}

static bool is_over_locked(const td_manager *m, const wanted *w)
{
    return m->n_looked_at >= w->number && !first_on_its_way_locked(m, w);
}

/* "{name: m version: 1} due to error: DATA_LOSS: ...}, ", as TensorFlow Serving puts it. */
static void put_missing(const td_model *model, td_strbuf *out)
{
    const td_version *const v = td_model_telling_locked(model);

    td_strbuf_printf(out, "{name: %s", model->options->name);
    if (v) td_strbuf_printf(out, " version: %" PRId64, v->number);
    td_strbuf_puts(out, "} due to error: ");
    if (v && v->code != TD_OK)
        td_strbuf_printf(out, "%s: %s", td_code_name(v->code), v->text);
    else
        td_strbuf_puts(out, model->problem ? model->problem : "it has no version");
    td_strbuf_puts(out, "}, ");
}

/* A version serves on as what it was. */
static bool put_kept(const td_model *model, td_strbuf *out)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        const td_version *const v = model->versions[i];

        if (!v->kept || v->state != TD_STATE_AVAILABLE) continue;
        td_strbuf_printf(out, "{name: %s version: %" PRId64 "} due to error: %s, ", model->options->name,
                         v->number, v->kept);
        return true;
    }
    return false;
}

static td_status check_models_locked(const td_manager *m, const wanted *w)
{
    td_strbuf missing = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        const td_model *const model = find_locked(m, w->models[i].name);

        if (!model) continue;
        if (!td_model_is_ready_locked(model)) {
            put_missing(model, &missing);
            n++;
        } else if (put_kept(model, &missing))
            n++;
    }
    const td_status error =
        n ? TD_ERR(UNKNOWN, "%zu model(s) did not become available: {%s}", n, td_strbuf_text(&missing))
          : NULL;
    td_strbuf_fini(&missing);
    return error;
}

static td_status check_labels_locked(const td_manager *m, const wanted *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const td_model *const model = find_locked(m, w->models[i].name);

        for (size_t k = 0; model && k < model->options->n_labels; k++) {
            const int64_t wish = model->options->labels[k].version;

            if (model->labels[k].is_set && model->labels[k].version == wish) continue;
            return TD_ERR(FAILED_PRECONDITION,
                          "Request to assign label to version %" PRId64
                          " of model %s, which is not currently available for inference",
                          wish, model->options->name);
        }
    }
    return NULL;
}

static td_status judge_locked(const td_manager *m, const wanted *w, td_code why)
{
    const td_model *const late = m->n_looked_at >= w->number ? first_on_its_way_locked(m, w) : NULL;

    switch (why) {
    case TD_DEADLINE_EXCEEDED:
        return TD_ERR(DEADLINE_EXCEEDED, "The models are loaded on, but the call's time is over%s%s",
                      late ? "; one that is still on its way is " : "", late ? late->options->name : "");
    case TD_CANCELLED:
        return TD_ERR(CANCELLED, "The call was cancelled; the models are loaded on");
    case TD_UNAVAILABLE:
        return TD_ERR(UNAVAILABLE, "The server stops");
    default:
        break;
    }
    TD_TRY(check_models_locked(m, w));
    return check_labels_locked(m, w);
}

/* TD_OK: all is over. */
static td_code wait_locked(td_manager *m, const wanted *w, const td_patience *p) TD_REQUIRES(m->mu)
{
    while (!is_over_locked(m, w)) {
        const int64_t now = td_now_ns();
        const int64_t look = now + LOOK_NS;

        if (m->is_stopping) return TD_UNAVAILABLE;
        if (p->is_unwanted && p->is_unwanted(p->ctx)) return TD_CANCELLED;
        if (p->deadline_ns && now >= p->deadline_ns) return TD_DEADLINE_EXCEEDED;
        (void)td_cond_wait_until(&m->changed, &m->mu, p->deadline_ns ? TD_MIN(look, p->deadline_ns) : look);
    }
    return TD_OK;
}

td_status td_manager_reload(td_manager *m, const td_model_options *models, size_t n,
                            const td_patience *patience)
{
    const wanted w = { models, n, td_manager_configure(m, models, n) };

    td_mutex_lock(&m->mu);
    const td_code why = wait_locked(m, &w, patience);
    const td_status error = judge_locked(m, &w, why);
    td_mutex_unlock(&m->mu);
    return error;
}
