/* SPDX-License-Identifier: Apache-2.0 */
/* op_sentencepiece.c -- SentencepieceOp, which is a model, and the ops that ask it: Tokenize, TokenizeWithOffsets,
 * Detokenize, VocabSize, IdToString, StringToId.
 *
 * What a model draws at random (nbest_size other than 0 and 1) and lists of its best answers (return_nbest) are not
 * there. */
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "device/stop.h"
#include "ops/array/array.h"
#include "ops/resources.h"
#include "ops/strings.h"
#include "ops/tftext/sentencepieces.h"
#include "tensor/object.h"

/* Owns all it has: it outlives the node that made it. */
typedef struct model {
    td_object base;
    td_arena *arena;
    const td_sentencepieces *pieces; /* NULL: its bytes are no model */
} model;

typedef struct model_attrs {
    const char *container, *name;
    td_string bytes;
} model_attrs;

static void free_model(td_object *o)
{
    model *const m = (model *)(void *)o;

    td_arena_free(m->arena);
    td_free(m);
}

static const td_object_class model_class = { .name = "Sentencepiece", .free = free_model };

static td_status model_parse(td_parse *p)
{
    const td_string container = td_attr_string(p, "container"), shared = td_attr_string(p, "shared_name");

    *(model_attrs *)p->attrs =
        (model_attrs){ .container = td_arena_strndup(p->arena, container.data, container.size),
                       .name =
                           shared.size ? td_arena_strndup(p->arena, shared.data, shared.size) : p->node->name,
                       .bytes = td_attr_string(p, "model") };
    return NULL;
}

static td_status open_copy(td_string bytes, td_arena *arena, const td_sentencepieces **out)
{
    char *const copy = td_arena_try_alloc(arena, bytes.size + 1, 1);

    if (!copy) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a model of %zu bytes", bytes.size);
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    return td_sentencepieces_open((td_string){ copy, bytes.size }, arena, out);
}

static td_object *make_model(const void *ctx)
{
    const model_attrs *const a = ctx;
    model *const m = TD_NEW(model);

    td_object_init(&m->base, &model_class);
    m->arena = td_arena_make();
    td_status_free(open_copy(a->bytes, m->arena, &m->pieces)); /* model_run() says it */
    return &m->base;
}

static td_status model_run(td_call *c)
{
    const model_attrs *const a = c->attrs;
    td_object *o;

    TD_TRY(td_resources_get(c->env->resources, a->container, a->name, &model_class, make_model, a, &o));
    *(td_object **)td_out(c, 0)->data = o;
    model *const m = (model *)(void *)o;

    return m->pieces ? NULL
                     : td_sentencepieces_open(a->bytes, c->arena, &(const td_sentencepieces *){ NULL });
}

static td_status model_in(const td_call *c, const td_sentencepieces **out)
{
    const td_tensor *const handle = td_in(c, 0);
    td_object *const o = handle->data ? *(td_object *const *)handle->data : NULL;

    if (handle->dtype != TD_RESOURCE || !td_object_as(o, &model_class))
        return TD_ERR(INVALID_ARGUMENT, "%s: the handle is no model of SentencePiece", c->node);
    *out = ((const model *)(const void *)o)->pieces;
    return *out ? NULL : TD_ERR(INVALID_ARGUMENT, "%s: the model of SentencePiece is damaged", c->node);
}

/* Inputs from `first` on: add_bos, add_eos, reverse. */
static td_status options_in(const td_call *c, uint32_t first, td_sp_options *out)
{
    bool values[3];

    for (uint32_t i = 0; i < 3; i++) {
        if (td_in(c, first + i)->shape.rank != 0)
            return TD_ERR(INVALID_ARGUMENT, "%s: add_bos, add_eos and reverse must be scalars", c->node);
        values[i] = *(const bool *)td_in(c, first + i)->data;
    }
    *out = (td_sp_options){ values[0], values[1], values[2] };
    return NULL;
}

/* ---------------------------------------------------------------- tokenize */

static td_status tokenize_parse(td_parse *p)
{
    if (!td_attr_bool(p, "return_nbest")) return NULL;
    return TD_ERR(UNIMPLEMENTED, "%s: return_nbest is not supported", p->node->name);
}

static td_status check_nbest(const td_call *c, int64_t texts)
{
    const td_tensor *const nbest = td_in(c, 2);
    const int64_t n = td_shape_count(&nbest->shape);

    if (nbest->shape.rank > 1 || (nbest->shape.rank == 1 && n != texts))
        return TD_ERR(INVALID_ARGUMENT, "%s: nbest_size must be a scalar, or one for each text", c->node);
    for (int64_t i = 0; i < n; i++)
        if (((const int32_t *)nbest->data)[i] != 0 && ((const int32_t *)nbest->data)[i] != 1)
            return TD_ERR(UNIMPLEMENTED, "%s: sampling (nbest_size other than 0 and 1) is not supported",
                          c->node);
    return NULL;
}

static td_status tokenize_texts(td_call *c, td_pieces *p)
{
    const td_string *const texts = td_strings_in(c, 1);
    const int64_t n = td_shape_count(&td_in(c, 1)->shape);
    const td_sentencepieces *m;
    td_sp_options options;

    TD_TRY(model_in(c, &m));
    TD_TRY(check_nbest(c, n));
    TD_TRY(options_in(c, 4, &options));
    TD_TRY(td_pieces_start_splits(c, 1, n));
    for (int64_t i = 0; i < n && !td_stop_asked(); i++) {
        TD_TRY(td_sp_encode(m, texts[i], &options, p));
        TD_TRY(td_pieces_end_row(p, 1, i));
    }
    return td_out(c, 0)->dtype == TD_STRING ? td_pieces_put_texts(p, 0) : td_pieces_put_ids(p, 0);
}

static td_status tokenize_run(td_call *c)
{
    td_pieces p = { .call = c };

    return tokenize_texts(c, &p);
}

static td_status tokenize_places_run(td_call *c)
{
    td_pieces p = { .call = c };

    TD_TRY(tokenize_texts(c, &p));
    TD_TRY(td_pieces_put_begins(&p, 2));
    return td_pieces_put_ends(&p, 3);
}

/* ---------------------------------------------------------------- detokenize */

static td_status check_id(const td_sentencepieces *m, int32_t id)
{
    return id >= 0 && (uint32_t)id < m->n ? NULL : TD_ERR(OUT_OF_RANGE, "Invalid id: %d", (int)id);
}

static td_status piece_at(const td_sentencepieces *m, const td_tensor *values, int64_t i, td_piece *out)
{
    if (values->dtype == TD_STRING) {
        const td_string text = ((const td_string *)values->data)[i];

        *out = (td_piece){ .text = text, .id = td_sentencepieces_find(m, text) };
        return NULL;
    }
    const int32_t id = ((const int32_t *)values->data)[i];

    TD_TRY(check_id(m, id));
    *out = (td_piece){ .text = m->pieces[id].text, .id = td_sentencepieces_find(m, m->pieces[id].text) };
    return NULL;
}

static td_status detokenize_run(td_call *c)
{
    const td_tensor *const values = td_in(c, 1), *const splits = td_in(c, 2);
    const td_sentencepieces *m;
    td_sp_options options;

    TD_TRY(model_in(c, &m));
    TD_TRY(options_in(c, 3, &options));
    const int64_t total = td_shape_count(&values->shape);

    TD_TRY(td_splits_check(c, 2, total));
    const int64_t n = splits->shape.dims[0] - 1;

    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n } }));
    td_string *const out = td_out(c, 0)->data;

    for (int64_t i = 0; i < n && !td_stop_asked(); i++) {
        td_pieces p = { .call = c };
        td_piece piece;

        out[i] = (td_string){ NULL, 0 };
        if (!total) continue; /* TensorFlow does not even add ends then */
        for (int64_t k = td_tensor_int(splits, (size_t)i); k < td_tensor_int(splits, (size_t)i + 1); k++) {
            TD_TRY(piece_at(m, values, k, &piece));
            TD_TRY(td_pieces_add(&p, &piece));
        }
        TD_TRY(td_sp_decode(m, &p, &options, &out[i]));
    }
    return NULL;
}

/* ---------------------------------------------------------------- the vocabulary */

static td_status size_run(td_call *c)
{
    const td_sentencepieces *m;

    TD_TRY(model_in(c, &m));
    *(int32_t *)td_out(c, 0)->data = (int32_t)m->n;
    return NULL;
}

static td_status infer_as_second(td_call *c)
{
    td_out(c, 0)->shape = td_in(c, 1)->shape;
    return NULL;
}

static td_status texts_run(td_call *c)
{
    const int32_t *const ids = td_in(c, 1)->data;
    td_string *const out = td_out(c, 0)->data;
    const td_sentencepieces *m;

    TD_TRY(model_in(c, &m));
    for (int64_t i = 0; i < td_shape_count(&td_in(c, 1)->shape); i++) {
        TD_TRY(check_id(m, ids[i]));
        out[i] = m->pieces[ids[i]].text;
    }
    return NULL;
}

static td_status ids_run(td_call *c)
{
    const td_string *const texts = td_strings_in(c, 1);
    int32_t *const out = td_out(c, 0)->data;
    const td_sentencepieces *m;

    TD_TRY(model_in(c, &m));
    for (int64_t i = 0; i < td_shape_count(&td_in(c, 1)->shape); i++)
        out[i] = (int32_t)td_sentencepieces_find(m, texts[i]);
    return NULL;
}

TD_RUN_KERNEL(model_kernels, 0, model_run);
TD_RUN_KERNEL(tokenize_kernels, 0, tokenize_run);
TD_RUN_KERNEL(tokenize_places_kernels, 0, tokenize_places_run);
TD_RUN_KERNEL(detokenize_kernels, 0, detokenize_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);
TD_RUN_KERNEL(texts_kernels, 0, texts_run);
TD_RUN_KERNEL(ids_kernels, 0, ids_run);

#define TOKENIZE_INPUTS                                                                                      \
    "sp_handle: resource, input: string, nbest_size: int32, alpha: float, add_bos: bool, add_eos: bool, "    \
    "reverse: bool -> output_values: out_type, output_splits: Tsplits"
#define TOKENIZE_ATTRS "out_type: type = int32, Tsplits: type = int64, return_nbest: bool = false"

const td_op td_ops_sentencepiece[] = {
    { .name = "SentencepieceOp",
      .sig = "-> handle: resource",
      .attrs = "model: string = '', container: string = '', shared_name: string = '', use_node_name_sharing: "
               "bool = false",
      .attrs_size = sizeof(model_attrs),
      .parse = model_parse,
      .infer = td_infer_scalar,
      .kernels = model_kernels },
    { .name = "SentencepieceTokenizeOp",
      .sig = TOKENIZE_INPUTS,
      .attrs = TOKENIZE_ATTRS,
      .flags = TD_OP_DYNAMIC,
      .parse = tokenize_parse,
      .kernels = tokenize_kernels },
    { .name = "SentencepieceTokenizeWithOffsetsOp",
      .sig = TOKENIZE_INPUTS ", output_offset_starts: int64, output_offset_limits: int64",
      .attrs = TOKENIZE_ATTRS,
      .flags = TD_OP_DYNAMIC,
      .parse = tokenize_parse,
      .kernels = tokenize_places_kernels },
    { .name = "SentencepieceDetokenizeOp",
      .sig = "sp_handle: resource, input_values: T, input_splits: Tsplits, add_bos: bool, add_eos: bool, "
             "reverse: "
             "bool -> output: string",
      .attrs = "T: type = int32, Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .kernels = detokenize_kernels },
    { .name = "SentencepieceVocabSizeOp",
      .sig = "sp_handle: resource -> vocab_size: int32",
      .infer = td_infer_scalar,
      .kernels = size_kernels },
    { .name = "SentencepieceIdToStringOp",
      .sig = "sp_handle: resource, input: int32 -> values: string",
      .infer = infer_as_second,
      .kernels = texts_kernels },
    { .name = "SentencepieceStringToIdOp",
      .sig = "sp_handle: resource, input: string -> values: int32",
      .infer = infer_as_second,
      .kernels = ids_kernels },
    { 0 },
};
