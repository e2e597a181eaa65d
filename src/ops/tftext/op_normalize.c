/* SPDX-License-Identifier: Apache-2.0 */
/* op_normalize.c -- CaseFoldUTF8, NormalizeUTF8, NormalizeUTF8WithOffsetsMap, FindSourceOffsets: normal forms, and the
 * way back from places in them.
 *
 * A map of offsets is an element of a variant tensor: the edits that made a text. */
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "base/mem.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/tftext/normal.h"
#include "ops/tftext/pieces.h"
#include "tensor/object.h"

typedef struct offsets_map {
    td_object base;
    td_edit *edits; /* of each, where it begins in both texts; and of their ends */
    size_t n;       /* without the ends */
} offsets_map;

static void free_map(td_object *o)
{
    offsets_map *const m = (offsets_map *)(void *)o;

    td_free(m->edits);
    td_free(m);
}

static const td_object_class map_class = { .name = "OffsetMapVariant", .free = free_map };

static td_status fold_parse(td_parse *p)
{
    *(td_form *)p->attrs = TD_NFKC_CASEFOLD;
    return NULL;
}

static td_status form_parse(td_parse *p)
{
    static const char *const names[] = {
        [TD_NFC] = "NFC", [TD_NFD] = "NFD", [TD_NFKC] = "NFKC", [TD_NFKD] = "NFKD"
    };
    const td_string name = td_attr_string(p, "normalization_form");

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (name.size == strlen(names[i]) && strncasecmp(name.data, names[i], name.size) == 0) {
            *(td_form *)p->attrs = (td_form)i;
            return NULL;
        }
    return TD_ERR(INVALID_ARGUMENT, "Unknown normalization form requrested: %.*s",
                  (int)TD_MIN(name.size, (size_t)100), name.size ? name.data : "");
}

/* ---------------------------------------------------------------- normal forms */

static td_status put_text(td_normalizer *n, td_string *out)
{
    char *text;

    TD_TRY(td_text_alloc(n->call, n->text.size, &text));
    if (n->text.size) memcpy(text, n->text.data, n->text.size);
    *out = (td_string){ text, n->text.size };
    return NULL;
}

static td_status put_map(const td_normalizer *n, td_object **out)
{
    offsets_map *const m = td_try_alloc(sizeof *m, _Alignof(offsets_map));
    td_edit *const edits = td_try_alloc((n->n_edits + 1) * sizeof *edits, _Alignof(td_edit));

    if (!m || !edits) {
        td_free(m);
        td_free(edits);
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a map of offsets");
    }
    edits[0] = (td_edit){ 0 };
    for (size_t i = 0; i < n->n_edits; i++) {
        edits[i].is_change = n->edits[i].is_change;
        edits[i + 1] = (td_edit){ edits[i].from + n->edits[i].from, edits[i].to + n->edits[i].to, false };
    }
    td_object_init(&m->base, &map_class);
    m->edits = edits;
    m->n = n->n_edits;
    *out = &m->base;
    return NULL;
}

static td_status normalize_each(td_call *c, td_normalizer *n, td_object **maps)
{
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t count = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < count; i++) {
        TD_TRY(td_normalize(n, in[i]));
        TD_TRY(put_text(n, &out[i]));
        if (maps) TD_TRY(put_map(n, &maps[i]));
    }
    return NULL;
}

static td_status normalize_with(td_call *c, td_object **maps)
{
    td_normalizer n = { .call = c, .form = *(const td_form *)c->attrs };
    const td_status s = normalize_each(c, &n, maps);

    td_strbuf_fini(&n.text);
    return s;
}

static td_status normalize_run(td_call *c)
{
    return normalize_with(c, NULL);
}

static td_status map_run(td_call *c)
{
    TD_TRY(td_out_make(c, 0, &td_in(c, 0)->shape));
    TD_TRY(td_out_make(c, 1, &td_in(c, 0)->shape));
    return normalize_with(c, td_out(c, 1)->data);
}

/* ---------------------------------------------------------------- the way back */

/* In what stayed, a place is as far behind; in what changed, it is where that ended. */
static int64_t find_source(const offsets_map *m, int32_t place)
{
    size_t first = 0, end = m->n + 1;

    if (place < 0) return 0;
    while (end - first > 1) { /* the last one that begins there or before */
        const size_t middle = first + (end - first) / 2;

        if (m->edits[middle].to <= (uint32_t)place)
            first = middle;
        else
            end = middle;
    }
    const td_edit *const e = &m->edits[first];

    if (first == m->n || e->to == (uint32_t)place) return e->from;
    return e->is_change ? e[1].from : e->from + ((uint32_t)place - e->to);
}

/* NULL: row i has none. */
static const offsets_map *map_at(const td_call *c, int64_t i)
{
    td_object *const *const items = td_in(c, 0)->data;

    return (const offsets_map *)(const void *)td_object_as(items[i], &map_class);
}

static td_status wrong_rows(void)
{
    return TD_ERR(INVALID_ARGUMENT, "Input offset tensor dimension did not match the offset map dimension.");
}

static td_status find_run(td_call *c)
{
    const td_tensor *const splits = td_in(c, 2);
    const int64_t *const places = td_in(c, 1)->data;
    const int64_t n = td_shape_count(&td_in(c, 1)->shape);
    int64_t *const out = td_out(c, 0)->data;
    const int64_t maps = td_shape_count(&td_in(c, 0)->shape);
    int64_t row = 0, done = 0;

    TD_TRY(td_splits_check(c, 2, n));
    if (n) memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t i = 0; i + 1 < splits->shape.dims[0]; i++) {
        const int64_t begin = td_tensor_int(splits, (size_t)i), end = td_tensor_int(splits, (size_t)i + 1);

        if (begin == end) continue; /* TensorFlow passes no map by for it, either */
        const offsets_map *const m = row < maps ? map_at(c, row) : NULL;

        if (row++ >= maps) return wrong_rows();
        if (!m) return TD_ERR(INVALID_ARGUMENT, "%s: offsets_map holds no map of offsets", c->node);
        for (int64_t k = begin; k < end; k++)
            out[done++] = find_source(m, (int32_t)places[k]);
    }
    return row == maps ? NULL : wrong_rows();
}

static td_status find_infer(td_call *c)
{
    td_out(c, 0)->shape = td_in(c, 1)->shape;
    return NULL;
}

TD_RUN_KERNEL(normalize_kernels, 0, normalize_run);
TD_RUN_KERNEL(map_kernels, 0, map_run);
TD_RUN_KERNEL(find_kernels, 0, find_run);

const td_op td_ops_normalize[] = {
    { .name = "CaseFoldUTF8",
      .sig = "input: string -> output: string",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(td_form),
      .parse = fold_parse,
      .infer = td_infer_same,
      .kernels = normalize_kernels },
    { .name = "NormalizeUTF8",
      .sig = "input: string -> output: string",
      .attrs = "normalization_form: string",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(td_form),
      .parse = form_parse,
      .infer = td_infer_same,
      .kernels = normalize_kernels },
    { .name = "NormalizeUTF8WithOffsetsMap",
      .sig = "input: string -> output: string, offsets_map: variant",
      .attrs = "normalization_form: string",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(td_form),
      .parse = form_parse,
      .kernels = map_kernels },
    { .name = "FindSourceOffsets",
      .sig = "offsets_map: variant, input_offsets_values: int64, input_offsets_splits: Tsplits -> "
             "output_offsets_values: int64",
      .attrs = "Tsplits: type = int64",
      .infer = find_infer,
      .kernels = find_kernels },
    { 0 },
};
