/* SPDX-License-Identifier: Apache-2.0 */
/* table.c -- making, reading and dropping the picture. */
#include "serve/table.h"

#include "base/mem.h"

td_servable *td_servable_make(const char *name, int64_t version, td_session *session,
                              void (*on_last)(td_servable *s), void *owner)
{
    td_servable *const s = TD_NEW(td_servable);

    atomic_init(&s->refs, 1);
    s->name = td_strdup(name);
    s->version = version;
    s->session = session;
    s->on_last = on_last;
    s->owner = owner;
    return s;
}

void td_servable_count(td_servable *s, td_request_set *requests)
{
    s->requests = requests;
}

void td_servable_join(td_servable *s, td_batcher *batcher)
{
    s->batcher = batcher;
}

void td_servable_free(td_servable *s)
{
    td_request_set_free(s->requests);
    td_batcher_free(s->batcher);
    td_load_series_close(&s->warmups);
    td_free(s->name);
    td_free(s);
}

td_servable *td_servable_ref(td_servable *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); /* somebody holds one already */
    return s;
}

void td_servable_release(td_servable *s)
{
    if (!s) return;
    /* release: our use happens before the end; acquire: the last one sees the use of all others */
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) s->on_last(s);
}

const char *td_servable_name(const td_servable *s)
{
    return s->name;
}

int64_t td_servable_version(const td_servable *s)
{
    return s->version;
}

td_session *td_servable_session(const td_servable *s)
{
    return s->session;
}

td_batcher *td_servable_batcher(const td_servable *s)
{
    return s->batcher;
}

td_request_set *td_servable_requests(const td_servable *s)
{
    return s->requests ? s->requests : td_requests_nobody();
}

td_request_log *td_servable_log(const td_servable *s)
{
    return s->log;
}

td_table *td_table_make(void)
{
    td_table *const t = TD_NEW(td_table);

    t->arena = td_arena_make();
    td_map_init(&t->models);
    return t;
}

td_table_model *td_table_add_model(td_table *t, const char *name, size_t max_servables, size_t max_labels)
{
    td_table_model *const m = TD_ARENA_NEW(t->arena, td_table_model);

    m->name = td_arena_strdup(t->arena, name);
    m->servables = TD_ARENA_NEW_N(t->arena, td_servable *, max_servables);
    m->labels = TD_ARENA_NEW_N(t->arena, td_table_label, max_labels);
    td_map_put(&t->models, m->name, m);
    return m;
}

void td_table_add_servable(td_table_model *m, td_servable *s)
{
    m->servables[m->n_servables++] = td_servable_ref(s);
}

void td_table_add_label(td_table *t, td_table_model *m, const char *name, int64_t version)
{
    m->labels[m->n_labels++] = (td_table_label){ td_arena_strdup(t->arena, name), version };
}

void td_table_free(td_table *t)
{
    const char *name;
    void *value;

    if (!t) return;
    for (size_t i = 0; td_map_next(&t->models, &i, &name, &value);) {
        td_table_model *const m = value;

        for (size_t k = 0; k < m->n_servables; k++)
            td_servable_release(m->servables[k]);
    }
    td_map_fini(&t->models);
    td_arena_free(t->arena);
    td_free(t);
}

static td_lookup find_latest(const td_table_model *m)
{
    if (m->n_servables && (m->has_latest || !m->is_pending))
        return (td_lookup){ .verdict = TD_VERDICT_FOUND, .servable = m->servables[0] };
    return (td_lookup){ .verdict = m->is_pending ? TD_VERDICT_WAIT : TD_VERDICT_ABSENT };
}

static td_lookup find_version(const td_table_model *m, int64_t version)
{
    for (size_t i = 0; i < m->n_servables; i++)
        if (m->servables[i]->version == version)
            return (td_lookup){ .verdict = TD_VERDICT_FOUND, .servable = m->servables[i] };
    return (td_lookup){ .verdict = m->is_pending ? TD_VERDICT_WAIT : TD_VERDICT_ABSENT,
                        .is_specific = true,
                        .version = version };
}

static td_lookup find_label(const td_table_model *m, td_string label)
{
    for (size_t i = 0; i < m->n_labels; i++)
        if (td_string_is(label, m->labels[i].name)) return find_version(m, m->labels[i].version);
    const bool may_come = m->is_pending && m->has_open_labels;

    return (td_lookup){ .verdict = may_come ? TD_VERDICT_WAIT : TD_VERDICT_NO_LABEL };
}

td_lookup td_table_find(const td_table *t, const td_model_spec *spec)
{
    const td_table_model *const m = td_map_get_n(&t->models, spec->name.data, spec->name.size);

    if (m) {
        if (spec->has_version) return find_version(m, spec->version);
        return spec->label.size ? find_label(m, spec->label) : find_latest(m);
    }
    if (!spec->has_version && spec->label.size) return (td_lookup){ .verdict = TD_VERDICT_NO_LABEL };
    return (td_lookup){ .verdict = TD_VERDICT_ABSENT,
                        .is_specific = spec->has_version,
                        .version = spec->version };
}
