/* SPDX-License-Identifier: Apache-2.0 */
/* models.c -- see models.h. */
#include "codec/json/models.h"

#include "base/mem.h"
#include "obs/document.h"

/* Takes d. */
static td_status put_document(td_json_out *o, cJSON *d)
{
    char *text;

    TD_TRY(td_document_end(d, &text));
    td_json_put_text(o, text);
    TD_JSON_PUT(o, "\n");
    td_free(text);
    return td_json_out_check(o);
}

static void add_health(cJSON *object, const td_model_health *h)
{
    (void)cJSON_AddBoolToObject(object, "ready", h->is_ready);
    if (!h->is_ready) td_document_text(object, "reason", h->reason ? h->reason : "");
}

td_status td_json_put_health(td_json_out *o, const td_model_health *health, size_t n, bool is_draining,
                             bool is_ready)
{
    cJSON *const d = td_document_make();

    (void)cJSON_AddBoolToObject(d, "ready", is_ready);
    if (is_draining) (void)cJSON_AddTrueToObject(d, "draining");
    cJSON *const models = cJSON_AddObjectToObject(d, "models");
    for (size_t i = 0; i < n; i++)
        add_health(td_document_object(models, health[i].name), &health[i]);
    return put_document(o, d);
}

static void add_labels(cJSON *version, const td_model_report *r, int64_t number)
{
    cJSON *labels = NULL;

    for (size_t i = 0; i < r->n_labels; i++) {
        if (r->labels[i].version != number) continue;
        if (!labels) labels = cJSON_AddArrayToObject(version, "labels");
        td_document_item(labels, r->labels[i].name);
    }
}

static void add_versions(cJSON *model, const td_model_report *r)
{
    cJSON *const list = cJSON_AddArrayToObject(model, "versions");

    for (size_t i = 0; i < r->n_versions; i++) {
        const td_version_status *const v = &r->versions[i];
        cJSON *const one = td_document_next(list);

        td_document_number(one, "version", v->version);
        td_document_text(one, "state", td_state_name(v->state));
        cJSON *const status = cJSON_AddObjectToObject(one, "status");
        td_document_text(status, "error_code", td_code_name(v->code));
        td_document_text(status, "error_message", v->text ? v->text : "");
        add_labels(one, r, v->version);
    }
}

td_status td_json_put_models(td_json_out *o, const td_model_report *reports, size_t n)
{
    cJSON *const d = td_document_make(), *const list = cJSON_AddArrayToObject(d, "models");

    for (size_t i = 0; i < n; i++) {
        cJSON *const one = td_document_next(list);

        td_document_text(one, "name", reports[i].health.name);
        add_health(one, &reports[i].health);
        add_versions(one, &reports[i]);
    }
    return put_document(o, d);
}
