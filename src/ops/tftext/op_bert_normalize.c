/* SPDX-License-Identifier: Apache-2.0 */
/* op_bert_normalize.c -- FastBertNormalize: each character by itself becomes what a model, a FlatBuffer, has for it.
 *
 * The model is a trie of characters in UTF-8. Its numbers say where in a pool the other text is: bit 30 that there is
 * one, bits 6 to 29 where, bits 0 to 5 how many bytes. */
#include <string.h>

#include "formats/flatbuffer.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/tftext/pieces.h"
#include "ops/tftext/trie.h"

enum { FIELD_TRIE = 1, FIELD_OF_NUL, FIELD_POOL };

typedef struct normalizer {
    td_trie trie;
    int32_t of_nul; /* a trie has no such character */
    td_string pool;
} normalizer;

/* What a walk writes; NULL: it only counts. */
typedef struct normalized {
    char *text;
    int64_t *offsets; /* of each byte, where in the input it is from */
    size_t size;
    bool is_changed;
} normalized;

static td_status normalize_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_bool(p, "get_offsets");
    return NULL;
}

static td_status open_model(const td_call *c, normalizer *out)
{
    const td_tensor *const bytes = td_in(c, 1);
    td_flat_table t;
    td_flat_vector units;

    TD_TRY(td_vector_check(c, 1, "fast_bert_normalizer_model"));
    if (!td_flat_root(bytes->data, (size_t)bytes->shape.dims[0], &t) ||
        !td_flat_vector_of(&t, FIELD_TRIE, 4, &units) || !units.n ||
        !td_flat_i32(&t, FIELD_OF_NUL, 0, &out->of_nul) || !td_flat_string(&t, FIELD_POOL, &out->pool) ||
        !out->pool.data)
        return TD_ERR(INVALID_ARGUMENT, "FastBertNormalizerModel or its required fields are null");
    out->trie = (td_trie){ units.data, units.n };
    return NULL;
}

/* What stands for one character; false: it stays. */
static bool find_other(const normalizer *m, td_string ch, td_string *out)
{
    td_trie_node node;
    int32_t code = m->of_nul;

    if (*ch.data && (!td_trie_at(&m->trie, 0, &node) || !td_trie_walk(&m->trie, &node, ch) ||
                     !td_trie_value(&m->trie, &node, &code)))
        return false;
    const size_t size = (uint32_t)code & 0x3f, at = ((uint32_t)code & 0x3fffffff) >> 6;

    if (!(code & 0x40000000)) return false;
    *out = (td_string){ "", 0 };
    if (size <= m->pool.size && at <= m->pool.size - size) *out = (td_string){ m->pool.data + at, size };
    return true;
}

/* Bytes of what stays are where they were; those of another text are all where its character was. */
static void put(normalized *to, td_string text, size_t from, size_t step)
{
    if (to->text && text.size) memcpy(to->text + to->size, text.data, text.size);
    for (size_t i = 0; to->offsets && i < text.size; i++)
        to->offsets[to->size + i] = (int64_t)(from + i * step);
    to->size += text.size;
}

static void normalize(const normalizer *m, td_string text, normalized *to)
{
    td_decoder d = td_decoder_utf8(text);
    size_t at = 0;

    for (td_char ch; td_decoder_next(&d, &ch); at += ch.size) {
        td_string as = { text.data + at, ch.size };
        const bool is_other = find_other(m, as, &as);

        to->is_changed = to->is_changed || is_other;
        put(to, as, at, is_other ? 0 : 1);
    }
    if (to->offsets) to->offsets[to->size] = (int64_t)text.size;
}

static td_status normalize_texts(td_call *c, const normalizer *m, size_t *total)
{
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_in(c, 0)->shape.dims[0];

    *total = 0;
    for (int64_t i = 0; i < n; i++) {
        normalized counted = { 0 }, made = { 0 };

        if (in[i].size > INT32_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
        normalize(m, in[i], &counted);
        out[i] = in[i];
        *total += counted.size + 1;
        if (!counted.is_changed) continue;
        TD_TRY(td_text_alloc(c, counted.size, &made.text));
        normalize(m, in[i], &made);
        out[i] = (td_string){ made.text, made.size };
    }
    return NULL;
}

static td_status put_offsets(td_call *c, const normalizer *m, size_t total)
{
    const td_string *const in = td_strings_in(c, 0);
    int64_t *const splits = td_out(c, 2)->data;
    const int64_t n = td_in(c, 0)->shape.dims[0];

    TD_TRY(td_out_make(c, 1, &(td_shape){ 1, { (int64_t)total } }));
    for (int64_t i = 0; i < n; i++) {
        normalized made = { .offsets = (int64_t *)td_out(c, 1)->data + splits[i] };

        normalize(m, in[i], &made);
        splits[i + 1] = splits[i] + (int64_t)made.size + 1;
    }
    return NULL;
}

static td_status normalize_run(td_call *c)
{
    normalizer m = { 0 };
    size_t total;

    TD_TRY(td_vector_check(c, 0, "input_values"));
    TD_TRY(open_model(c, &m));
    const int64_t n = td_in(c, 0)->shape.dims[0];

    TD_TRY(td_out_make(c, 0, &td_in(c, 0)->shape));
    TD_TRY(td_out_make(c, 2, &(td_shape){ 1, { n + 1 } }));
    TD_TRY(normalize_texts(c, &m, &total));
    memset(td_out(c, 2)->data, 0, ((size_t)n + 1) * sizeof(int64_t));
    return *(const bool *)c->attrs ? put_offsets(c, &m, total) : td_out_make(c, 1, &(td_shape){ 1, { 0 } });
}

TD_RUN_KERNEL(normalize_kernels, 0, normalize_run);

const td_op td_ops_bert_normalize[] = {
    { .name = "FastBertNormalize",
      .sig = "input_values: string, fast_bert_normalizer_model: uint8 -> output_values: string, "
             "output_offsets: int64, output_row_splits: int64",
      .attrs = "get_offsets: bool = false",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(bool),
      .parse = normalize_parse,
      .kernels = normalize_kernels },
    { 0 },
};
