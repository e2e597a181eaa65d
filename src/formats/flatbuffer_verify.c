/* SPDX-License-Identifier: Apache-2.0 */
/* flatbuffer_verify.c -- a walk along the schema: as deep as that is, so it may recurse. */
#include "formats/flatbuffer_verify.h"

#include "base/size.h"
#include "formats/flatbuffer.h"

typedef struct verify {
    const uint8_t *data;
    size_t size, left; /* items that may still be met */
} verify;

static uint32_t read_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static td_status damaged(const td_flat_schema *s, size_t at, const char *what)
{
    return TD_ERR(DATA_LOSS, "damaged %s at byte %zu: %s", s->name, at, what);
}

static td_status verify_table(verify *v, const td_flat_table *t, const td_flat_schema *s);

static td_status take(verify *v, const td_flat_schema *s, size_t at)
{
    if (!v->left) return damaged(s, at, "more items than a file may name");
    v->left--;
    return NULL;
}

/* Where field i is; 0: absent. The list of fields was checked by whoever opened the table. */
static size_t place_of(const td_flat_table *t, size_t i)
{
    const uint8_t *const p = t->data + t->fields + 2 * i;
    const size_t in_table = i < t->n_fields ? p[0] | (size_t)p[1] << 8 : 0;

    return in_table ? t->at + in_table : 0;
}

/* Fields that the schema does not know, too: newer files have them. */
static td_status verify_list(const td_flat_table *t, const td_flat_schema *s)
{
    if (t->at % 4 || t->fields % 2) return damaged(s, t->at, "not aligned");
    for (size_t i = 0; i < t->n_fields; i++) {
        const size_t at = place_of(t, i);

        if (at && at - t->at >= t->bytes) return damaged(s, t->at, "a field behind its end");
    }
    return NULL;
}

/* A vector or string. */
static td_status verify_vector(const td_flat_table *t, size_t field, size_t elem, const td_flat_schema *s,
                               td_flat_vector *out)
{
    const size_t at = place_of(t, field);

    if (at % 4) return damaged(s, at, "an offset that is not aligned");
    if (at && at - t->at + 4 <= t->bytes && read_u32(t->data + at) % 4)
        return damaged(s, at, "a vector that is not aligned");
    return td_flat_vector_of(t, field, elem, out) ? NULL : damaged(s, at, "a vector that is not in the file");
}

static td_status verify_string(const td_flat_table *t, size_t field, const td_flat_schema *s)
{
    td_flat_vector v;

    TD_TRY(verify_vector(t, field, 1, s, &v));
    const size_t end = (size_t)(v.data - t->data) + v.n;

    if (end >= t->size || t->data[end]) return damaged(s, end, "a string without its end");
    return NULL;
}

static td_status verify_tables(verify *v, const td_flat_table *t, size_t field, const td_flat_schema *s,
                               const td_flat_schema *of)
{
    td_flat_vector list;

    TD_TRY(verify_vector(t, field, 4, s, &list));
    for (size_t i = 0; i < list.n; i++) {
        td_flat_table inner;

        if (!td_flat_table_at(&list, i, &inner))
            return damaged(of, (size_t)(list.data - t->data) + 4 * i, "not in the file");
        TD_TRY(verify_table(v, &inner, of));
    }
    return NULL;
}

static const td_flat_schema unknown = { "table", NULL, 0 };

static td_status verify_one(verify *v, const td_flat_table *t, size_t field, const td_flat_schema *s,
                            const td_flat_schema *of)
{
    td_flat_table inner;

    if (place_of(t, field) % 4 || !td_flat_table_of(t, field, &inner))
        return damaged(s, place_of(t, field), "a table that is not in the file");
    return verify_table(v, &inner, of ? of : &unknown);
}

/* The type says whether the table is there. */
static td_status verify_union(verify *v, const td_flat_table *t, size_t field, const td_flat_schema *s)
{
    uint8_t type;

    if (!td_flat_u8(t, field - 1, 0, &type)) return damaged(s, t->at, "a union without a type");
    if (!place_of(t, field)) return NULL; /* options at their defaults are left out by some writers */
    if (!type) return damaged(s, t->at, "a union of no type");
    return verify_one(v, t, field, s, NULL);
}

static td_status verify_field(verify *v, const td_flat_table *t, size_t i, const td_flat_schema *s)
{
    const td_flat_field *const f = &s->fields[i];
    const size_t at = place_of(t, i);
    td_flat_vector vector;

    if (f->kind == TD_FLAT_UNION) return verify_union(v, t, i, s);
    if (!f->kind || !at) return NULL;
    TD_TRY(take(v, s, at));
    switch (f->kind) {
    case TD_FLAT_SCALAR:
        if (f->size > t->bytes - (at - t->at)) return damaged(s, at, "a number behind the table's end");
        return at % f->size ? damaged(s, at, "a number that is not aligned") : NULL;
    case TD_FLAT_VECTOR:
        return verify_vector(t, i, f->size, s, &vector);
    case TD_FLAT_STRING:
        return verify_string(t, i, s);
    case TD_FLAT_TABLES:
        return verify_tables(v, t, i, s, f->table);
    case TD_FLAT_TABLE:
    case TD_FLAT_UNION:
        break;
    }
    return verify_one(v, t, i, s, f->table);
}

static td_status verify_table(verify *v, const td_flat_table *t, const td_flat_schema *s)
{
    TD_TRY(take(v, s, t->at));
    TD_TRY(verify_list(t, s));
    for (size_t i = 0; i < s->n; i++)
        TD_TRY(verify_field(v, t, i, s));
    return NULL;
}

td_status td_flat_verify(const void *bytes, size_t size, const td_flat_schema *root)
{
    verify v = { bytes, size, TD_FLAT_ITEMS };
    td_flat_table t;

    if (!td_flat_root(bytes, size, &t))
        return damaged(root, size < 4 ? 0 : read_u32(bytes), "not in the file");
    return verify_table(&v, &t, root);
}
