/* SPDX-License-Identifier: Apache-2.0 */
/* absence.c -- the error for a model, version or label that is not there, and what is. */
#include <inttypes.h>

#include "base/nearest.h"
#include "serve/table.h"

enum { LISTED_VERSIONS = 8 };

static td_status base_text(const td_model_spec *spec, const td_lookup *found)
{
    const int size = (int)TD_MIN(spec->name.size, (size_t)4096);
    const char *const name = spec->name.data ? spec->name.data : "";

    if (found->verdict == TD_VERDICT_NO_LABEL)
        return TD_ERR(INVALID_ARGUMENT, "Unrecognized servable version label: %.*s",
                      (int)TD_MIN(spec->label.size, (size_t)4096), spec->label.data);
    if (found->is_specific)
        return TD_ERR(NOT_FOUND, "Servable not found for request: Specific(%.*s, %" PRId64 ")", size, name,
                      found->version);
    return TD_ERR(NOT_FOUND, "Servable not found for request: Latest(%.*s)", size, name);
}

static void list_models(const td_table *t, td_string wanted, td_strbuf *out)
{
    td_arena *const arena = td_arena_make();
    const char **const names = TD_ARENA_NEW_N(arena, const char *, t->models.count);
    const char *name;
    void *value;
    size_t n = 0;

    for (size_t i = 0; td_map_next(&t->models, &i, &name, &value);)
        names[n++] = name;
    td_strbuf_puts(out, "The models here: ");
    td_nearest_list(wanted, names, n, out);
    td_arena_free(arena);
}

static void list_versions(const td_table_model *m, td_strbuf *out)
{
    if (!m->n_servables) {
        td_strbuf_puts(out, "None of its versions is available; its status says why");
        return;
    }
    td_strbuf_puts(out, "Its available versions: ");
    for (size_t i = 0; i < m->n_servables && i < LISTED_VERSIONS; i++)
        td_strbuf_printf(out, "%s%" PRId64, i ? ", " : "", m->servables[i]->version);
    if (m->n_servables > LISTED_VERSIONS)
        td_strbuf_printf(out, " and %zu more", m->n_servables - LISTED_VERSIONS);
}

static void list_labels(const td_table_model *m, td_string wanted, td_strbuf *out)
{
    td_arena *const arena = td_arena_make();
    const char **const names = TD_ARENA_NEW_N(arena, const char *, m->n_labels);

    for (size_t i = 0; i < m->n_labels; i++)
        names[i] = m->labels[i].name;
    td_strbuf_puts(out, "Its labels: ");
    td_nearest_list(wanted, names, m->n_labels, out);
    td_arena_free(arena);
}

td_status td_table_absence(const td_table *t, const td_model_spec *spec, const td_lookup *found)
{
    const td_table_model *const m = td_map_get_n(&t->models, spec->name.data, spec->name.size);
    td_strbuf more = { 0 };

    if (!m)
        list_models(t, spec->name, &more);
    else if (found->verdict == TD_VERDICT_NO_LABEL)
        list_labels(m, spec->label, &more);
    else
        list_versions(m, &more);
    const td_status error = td_status_suffix(base_text(spec, found), ". %s.", td_strbuf_text(&more));
    td_strbuf_fini(&more);
    return error;
}
