/* SPDX-License-Identifier: Apache-2.0 */
/* examples.c -- Input { example_list = 1 { examples = 1 }, example_list_with_context = 2 {
 * examples = 1, context = 2 } }; ClassificationResponse { result = 1 { classifications = 1 {
 * classes = 1 { label = 1, score = 2 } } }, model_spec = 2 }; RegressionResponse { result = 1 {
 * regressions = 1 { value = 1 } }, model_spec = 2 }; MultiInferenceResponse { results = 1 { model_spec = 1,
 * classification_result = 2, regression_result = 3 } }. */
#include "codec/pb/examples.h"

#include <string.h>

/* The context is copied before each example: what all these copies may take together. */
static const size_t max_joined_bytes = (size_t)2 << 30;

static size_t count_examples(td_wire w)
{
    td_wire_field f;
    size_t n = 0;

    while (td_wire_next(&w, &f))
        n += td_wire_is(&f, 1, TD_WIRE_BYTES);
    return n;
}

/* Merging serialized messages is joining their bytes; *joined counts those of contexts. */
static td_status join(td_string context, td_string example, td_arena *arena, size_t *joined, td_string *out)
{
    char *const bytes = context.size <= max_joined_bytes - *joined
                            ? td_arena_try_alloc(arena, context.size + example.size, 1)
                            : NULL;

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for an example");
    *joined += context.size;
    memcpy(bytes, context.data, context.size);
    if (example.size) memcpy(bytes + context.size, example.data, example.size);
    *out = (td_string){ bytes, context.size + example.size };
    return NULL;
}

static td_status read_list(td_wire w, td_arena *arena, td_grpc_example_list *out)
{
    td_string context = { 0 };
    td_wire_field f;

    const size_t n = count_examples(w); /* below the message's size: a fixed factor, no amplification */

    out->items = td_arena_try_alloc(arena, (n + 1) * sizeof *out->items, _Alignof(td_string));
    out->n = 0;
    if (!out->items) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu examples", n);
    for (td_wire c = w; td_wire_next(&c, &f);)
        if (td_wire_is(&f, 2, TD_WIRE_BYTES)) context = td_wire_text(&f);
    while (td_wire_next(&w, &f)) {
        if (!td_wire_is(&f, 1, TD_WIRE_BYTES)) continue;
        out->items[out->n] = td_wire_text(&f);
        if (context.size) TD_TRY(join(context, out->items[out->n], arena, &out->joined, &out->items[out->n]));
        out->n++;
    }
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged example list") : NULL;
}

td_status td_grpc_input_read(const td_wire_field *f, td_arena *arena, td_grpc_example_list *out)
{
    td_wire input = td_wire_inside(f);
    td_wire_field list;

    while (td_wire_next(&input, &list))
        if (list.type == TD_WIRE_BYTES && (list.number == 1 || list.number == 2))
            TD_TRY(read_list(td_wire_inside(&list), arena, out));
    return input.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged Input") : NULL;
}

td_status td_grpc_examples_read(const uint8_t *bytes, size_t size, td_arena *arena, td_grpc_examples *out)
{
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    *out = (td_grpc_examples){ 0 };
    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) TD_TRY(td_grpc_spec_read(&f, &out->spec));
        if (td_wire_is(&f, 2, TD_WIRE_BYTES)) TD_TRY(td_grpc_input_read(&f, arena, &out->list));
    }
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged request") : NULL;
}

td_status td_grpc_examples_parse(const uint8_t *bytes, size_t size, td_arena *arena, td_grpc_examples *out)
{
    TD_TRY(td_grpc_examples_read(bytes, size, arena, out));
    return td_grpc_spec_check(&out->spec);
}

/* Fields of the message that a result goes into, with the model spec; whole: of the reply, which that message is one of
 * (0: it is the reply). */
typedef struct places {
    uint32_t whole, result, spec;
} places;

static const places alone = { 0, 1, 2 }, class_task = { 1, 2, 1 }, regression_task = { 1, 3, 1 };

/* Room for all of it; *result: where to write the result, whose size is the client's. False: no memory. */
static bool put_around(const td_predict *p, places in, size_t size, td_strbuf *out, uint8_t **result)
{
    const td_grpc_spec spec = td_grpc_spec_of(p->servable, p->sig->name);
    const size_t inner = td_grpc_spec_size(in.spec, &spec) + td_wire_bytes_size(in.result, size),
                 all = in.whole ? td_wire_bytes_size(in.whole, inner) : inner;

    if (!td_strbuf_try_reserve(out, all)) return false;
    uint8_t *at = (uint8_t *)out->data + out->size;

    out->size += all;
    if (in.whole) at = td_wire_put_head(at, in.whole, inner);
    at = td_grpc_spec_put(at, in.spec, &spec);
    *result = td_wire_put_head(at, in.result, size);
    return true;
}

static td_status no_room(size_t n)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply to %zu examples", n);
}

/* A float field; proto3 leaves 0 out. */
static size_t float_size(float v)
{
    return v != 0.0f ? 5 : 0;
}

static uint8_t *put_float(uint8_t *p, uint32_t number, float v)
{
    if (v == 0.0f) return p;
    *p++ = (uint8_t)td_wire_tag(number, TD_WIRE_FIXED32);
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

static size_t class_size(const td_classes *c, size_t i)
{
    const size_t label = c->labels ? c->labels[i].size : 0;

    return (label ? td_wire_bytes_size(1, label) : 0) + float_size(c->scores ? c->scores[i] : 0.0f);
}

static size_t row_size(const td_classes *c, size_t row)
{
    size_t size = 0;

    for (size_t k = 0; k < c->per_row; k++)
        size += td_wire_bytes_size(1, class_size(c, row * c->per_row + k));
    return size;
}

static uint8_t *put_row(uint8_t *p, const td_classes *c, size_t row)
{
    p = td_wire_put_head(p, 1, row_size(c, row));
    for (size_t k = 0; k < c->per_row; k++) {
        const size_t i = row * c->per_row + k;

        p = td_wire_put_head(p, 1, class_size(c, i));
        if (c->labels && c->labels[i].size) p = td_wire_put_bytes(p, 1, c->labels[i].data, c->labels[i].size);
        if (c->scores) p = put_float(p, 2, c->scores[i]);
    }
    return p;
}

td_status td_grpc_classes_put(const td_predict *p, const td_classes *classes, td_grpc_result as,
                              td_strbuf *out)
{
    size_t size = 0;

    for (size_t r = 0; r < classes->n; r++)
        size += td_wire_bytes_size(1, row_size(classes, r));
    uint8_t *at;
    if (!put_around(p, as == TD_GRPC_RESULT_OF_TASK ? class_task : alone, size, out, &at))
        return no_room(classes->n);
    for (size_t r = 0; r < classes->n; r++)
        at = put_row(at, classes, r);
    return NULL;
}

td_status td_grpc_regressions_put(const td_predict *p, const float *values, size_t n, td_grpc_result as,
                                  td_strbuf *out)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += td_wire_bytes_size(1, float_size(values[i]));
    uint8_t *at;
    if (!put_around(p, as == TD_GRPC_RESULT_OF_TASK ? regression_task : alone, size, out, &at))
        return no_room(n);
    for (size_t i = 0; i < n; i++) {
        at = td_wire_put_head(at, 1, float_size(values[i]));
        at = put_float(at, 1, values[i]);
    }
    return NULL;
}
