/* SPDX-License-Identifier: Apache-2.0 */
/* op_ctc.c -- CTCGreedyDecoder, CTCBeamSearchDecoder: what was said, from how likely each label is at each time. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/ctc/beam.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct ctc_attrs {
    bool merges;
    int64_t blank;
    int64_t paths, width;
} ctc_attrs;

/* inputs [time, batch, classes], and how many times each of the batch has */
typedef struct speech {
    int64_t times, batch, classes;
    const int32_t *length;
} speech;

static td_status no_memory(const td_call *c)
{
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "%s: out of memory", c->node);
}

static td_status read_speech(const td_call *c, speech *s)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const lengths = &td_in(c, 1)->shape;

    if (x->rank != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "inputs is not a 3-Tensor");
    if (td_shape_count(x) == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "inputs must not be empty");
    if (lengths->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "sequence_length is not a vector");
    *s = (speech){ x->dims[0], x->dims[1], x->dims[2], td_in(c, 1)->data };
    if (lengths->dims[0] != s->batch)
        return TD_OP_ERR(c, FAILED_PRECONDITION,
                         "len(sequence_length) != batch_size. len(sequence_length): %" PRId64
                         " batch_size: %" PRId64,
                         lengths->dims[0], s->batch);
    for (int64_t b = 0; b < s->batch; b++)
        if (s->length[b] > s->times)
            return TD_OP_ERR(c, FAILED_PRECONDITION, "sequence_length(%" PRId64 ") <= %" PRId64, b, s->times);
    return NULL;
}

static const void *logits_at(const td_call *c, const speech *s, int64_t time, int64_t b)
{
    const size_t row = (size_t)s->classes * td_dtype_size(td_in(c, 0)->dtype);
    return (const char *)td_in(c, 0)->data + (size_t)(time * s->batch + b) * row;
}

/* ---------------------------------------------------------------- paths: a sequence for each of the batch */

typedef struct path {
    int64_t *labels, n;
} path;

/* As a sparse tensor: outputs `first`, and those `step` and twice that behind it. */
static td_status put_paths(td_call *c, const path *paths, int64_t batch, uint32_t first, uint32_t step)
{
    int64_t n = 0, longest = 0, at = 0;

    for (int64_t b = 0; b < batch; b++) {
        n += paths[b].n;
        longest = TD_MAX(longest, paths[b].n);
    }
    TD_TRY(td_out_make(c, first, &(td_shape){ 2, { n, 2 } }));
    TD_TRY(td_out_make(c, first + step, &(td_shape){ 1, { n } }));
    TD_TRY(td_out_make(c, first + 2 * step, &(td_shape){ 1, { 2 } }));
    int64_t *const index = td_out(c, first)->data, *const values = td_out(c, first + step)->data;
    int64_t *const dims = td_out(c, first + 2 * step)->data;

    for (int64_t b = 0; b < batch; b++)
        for (int64_t i = 0; i < paths[b].n; i++, at++) {
            index[2 * at] = b;
            index[2 * at + 1] = i;
            values[at] = paths[b].labels[i];
        }
    dims[0] = batch;
    dims[1] = longest;
    return NULL;
}

/* ---------------------------------------------------------------- the likeliest label at each time */

static td_status greedy_parse(td_parse *p)
{
    ctc_attrs *const a = p->attrs;

    a->merges = td_attr_bool(p, "merge_repeated");
    a->blank = td_attr_int(p, "blank_index");
    return NULL;
}

static int64_t likeliest(const double *x, int64_t n)
{
    int64_t at = 0;

    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

/* Returns how (un)likely the path is, in the logits' own terms. */
static double follow(const td_call *c, const speech *s, int64_t b, int64_t blank, double *logits, path *out)
{
    const bool merges = ((const ctc_attrs *)c->attrs)->merges, is_float = td_in(c, 0)->dtype == TD_F32;
    int64_t before = -1;
    double sum = 0.0;

    for (int64_t t = 0; t < s->length[b]; t++) {
        td_to_double(td_in(c, 0)->dtype, logits_at(c, s, t, b), (size_t)s->classes, logits);
        const int64_t label = likeliest(logits, s->classes);

        sum -= logits[label];
        if (is_float) sum = (double)(float)sum;
        if (label != blank && !(merges && label == before)) out->labels[out->n++] = label;
        before = label;
    }
    return sum;
}

static td_status greedy_run(td_call *c)
{
    const int64_t given = ((const ctc_attrs *)c->attrs)->blank;
    speech s;

    TD_TRY(read_speech(c, &s));
    const int64_t blank = given < 0 ? s.classes + given : given;

    if (blank < 0 || blank >= s.classes)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "blank_index expected to be between %" PRId64 " and %" PRId64 " but was %" PRId64,
                         -s.classes, s.classes - 1, given);
    path *const paths = td_arena_try_alloc(c->arena, (size_t)s.batch * sizeof *paths, 16);
    int64_t *const labels = td_arena_try_alloc(c->arena, (size_t)(s.batch * s.times) * sizeof *labels, 16);
    double *const logits = td_arena_try_alloc(c->arena, (size_t)s.classes * sizeof *logits, 16);

    if (!paths || !labels || !logits) return no_memory(c);
    TD_TRY(td_out_make(c, 3, &(td_shape){ 2, { s.batch, 1 } }));
    for (int64_t b = 0; b < s.batch; b++) {
        paths[b] = (path){ labels + b * s.times, 0 };
        const double sum = follow(c, &s, b, blank, logits, &paths[b]);

        td_from_double(td_out(c, 3)->dtype, &sum, 1,
                       (char *)td_out(c, 3)->data + (size_t)b * td_dtype_size(td_out(c, 3)->dtype));
    }
    return put_paths(c, paths, s.batch, 0, 1);
}

/* ---------------------------------------------------------------- the likeliest sequences */

static td_status beam_parse(td_parse *p)
{
    ctc_attrs *const a = p->attrs;

    a->merges = td_attr_bool(p, "merge_repeated");
    a->width = td_attr_int(p, "beam_width");
    a->paths = td_attr_int(p, "top_paths");
    if (a->width < 1 || a->width > INT32_MAX || a->paths < 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: beam_width and top_paths must be at least 1", p->node->name);
    return NULL;
}

static td_status search(td_call *c, const speech *s, int64_t b, td_beam *beam, double *logits)
{
    if (!td_beam_start(beam)) return no_memory(c);
    for (int64_t t = 0; t < s->length[b]; t++) {
        td_to_double(td_in(c, 0)->dtype, logits_at(c, s, t, b), (size_t)s->classes, logits);
        if (!td_beam_step(beam, logits)) return no_memory(c);
    }
    return NULL;
}

/* paths [top_paths, batch] */
static td_status take_paths(td_call *c, const td_beam *beam, const speech *s, int64_t b, path *paths)
{
    const ctc_attrs *const a = c->attrs;
    td_tensor *const logs = td_out(c, c->n_out - 1);

    if (a->paths > a->width)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "requested more paths than the beam width.");
    if ((size_t)a->paths > td_beam_size(beam))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Less leaves in the beam search than requested.");
    for (int64_t i = 0; i < a->paths; i++) {
        const size_t n = td_beam_length(beam, (size_t)i, a->merges);
        path *const p = &paths[i * s->batch + b];
        const double log = td_beam_log(beam, (size_t)i);

        p->n = (int64_t)n;
        if (!(p->labels = td_arena_try_alloc(c->arena, (n + 1) * sizeof *p->labels, 16))) return no_memory(c);
        td_beam_labels(beam, (size_t)i, a->merges, p->labels);
        td_from_double(logs->dtype, &log, 1,
                       (char *)logs->data + (size_t)(b * a->paths + i) * td_dtype_size(logs->dtype));
    }
    return NULL;
}

static td_status beam_run(td_call *c)
{
    const ctc_attrs *const a = c->attrs;
    speech s;

    TD_TRY(read_speech(c, &s));
    path *const paths = td_arena_try_alloc(c->arena, (size_t)(s.batch * a->paths) * sizeof *paths, 16);
    double *const logits = td_arena_try_alloc(c->arena, (size_t)s.classes * sizeof *logits, 16);
    td_beam *const beam =
        td_beam_make(c->arena, (size_t)s.classes, (size_t)a->width, td_in(c, 0)->dtype == TD_F32);

    if (!paths || !logits || !beam) return no_memory(c);
    TD_TRY(td_out_make(c, c->n_out - 1, &(td_shape){ 2, { s.batch, a->paths } }));
    for (int64_t b = 0; b < s.batch; b++) {
        TD_TRY(search(c, &s, b, beam, logits));
        TD_TRY(take_paths(c, beam, &s, b, paths));
    }
    for (int64_t i = 0; i < a->paths; i++)
        TD_TRY(put_paths(c, paths + i * s.batch, s.batch, (uint32_t)i, (uint32_t)a->paths));
    return NULL;
}

TD_RUN_KERNEL(greedy_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), greedy_run);
TD_RUN_KERNEL(beam_kernels, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64), beam_run);

const td_op td_ops_ctc[] = {
    { .name = "CTCGreedyDecoder",
      .sig = "inputs: T, sequence_length: int32 -> decoded_indices: int64, decoded_values: int64, "
             "decoded_shape: int64, log_probability: T",
      .attrs = "merge_repeated: bool = false, blank_index: int = -1, T: type = float",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(ctc_attrs),
      .parse = greedy_parse,
      .kernels = greedy_kernels },
    { .name = "CTCBeamSearchDecoder",
      .sig = "inputs: T, sequence_length: int32 -> decoded_indices: top_paths*int64, "
             "decoded_values: top_paths*int64, decoded_shape: top_paths*int64, log_probability: T",
      .attrs = "beam_width: int, top_paths: int, merge_repeated: bool = true, T: type = float",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(ctc_attrs),
      .parse = beam_parse,
      .kernels = beam_kernels },
    { 0 },
};
