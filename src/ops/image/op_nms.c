/* SPDX-License-Identifier: Apache-2.0 */
/* op_nms.c -- NonMaxSuppression and its versions, NonMaxSuppressionWithOverlaps, CombinedNonMaxSuppression. */
#include <float.h>
#include <limits.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/image/nms.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"
#include "tensor/half.h"

static td_status no_memory(const td_call *c)
{
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "%s: out of memory", c->node);
}

static td_status read_float(td_call *c, uint32_t i, const char *name, float *out)
{
    const td_tensor *const t = td_in(c, i);

    if (t->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be 0-D, got rank %d", name, (int)t->shape.rank);
    td_to_float(t->dtype, t->data, 1, out);
    return NULL;
}

static td_status read_size(td_call *c, uint32_t i, const char *name, int64_t least, int64_t *out)
{
    if (td_in(c, i)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be 0-D, got rank %d", name,
                         (int)td_in(c, i)->shape.rank);
    TD_TRY(td_need_int(c, i, out));
    if (*out < least) return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be at least %d", name, (int)least);
    return NULL;
}

static td_status check_fraction(const td_call *c, float x)
{
    if (x >= 0.0f && x <= 1.0f) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "iou_threshold must be in [0, 1]");
}

/* ------------------------------------- boxes, scores, max_output_size, thresholds ... -> indices[, scores][, valid] */

typedef struct nms_attrs {
    float overlap_most; /* of version 1 */
    bool pads, has_scores, has_count, by_overlaps;
} nms_attrs;

static td_status nms_parse(td_parse *p)
{
    nms_attrs *const a = p->attrs;

    if (td_node_attr(p->node, "iou_threshold")) a->overlap_most = td_attr_float(p, "iou_threshold");
    a->by_overlaps = strcmp(p->node->op_name, "NonMaxSuppressionWithOverlaps") == 0;
    a->has_scores = strcmp(p->node->op_name, "NonMaxSuppressionV5") == 0;
    a->has_count = a->has_scores || strcmp(p->node->op_name, "NonMaxSuppressionV4") == 0;
    a->pads = a->has_count && td_attr_bool(p, "pad_to_max_output_size");
    return NULL;
}

static td_status check_boxes(const td_call *c)
{
    const nms_attrs *const a = c->attrs;
    const td_shape *const boxes = &td_in(c, 0)->shape, *const scores = &td_in(c, 1)->shape;

    if (boxes->rank != 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes must be 2-D");
    if (a->by_overlaps && boxes->dims[1] != boxes->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "overlaps must be square");
    if (!a->by_overlaps && boxes->dims[1] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes must have 4 columns");
    if (scores->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "scores must be 1-D");
    if (scores->dims[0] != boxes->dims[0] || scores->dims[0] > INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "scores has incompatible shape");
    return NULL;
}

static td_status read_thresholds(td_call *c, td_nms *p)
{
    const nms_attrs *const a = c->attrs;

    p->overlap_most = a->overlap_most;
    p->score_least = p->is_half ? -65504.0f : -FLT_MAX;
    if (c->n_in > 3) TD_TRY(read_float(c, 3, "iou_threshold", &p->overlap_most));
    if (c->n_in > 4) TD_TRY(read_float(c, 4, "score_threshold", &p->score_least));
    if (c->n_in > 5) TD_TRY(read_float(c, 5, "soft_nms_sigma", &p->sigma));
    if (p->is_half) {
        p->overlap_most = td_f16_to_f32(td_f32_to_f16(p->overlap_most));
        p->score_least = td_f16_to_f32(td_f32_to_f16(p->score_least));
    }
    if (!a->by_overlaps) TD_TRY(check_fraction(c, p->overlap_most));
    if (!(p->sigma >= 0.0f)) return TD_OP_ERR(c, INVALID_ARGUMENT, "soft_nms_sigma_val must be >= 0");
    return NULL;
}

static td_status as_floats(td_call *c, uint32_t i, const float **out)
{
    const td_tensor *const t = td_in(c, i);
    const size_t n = (size_t)td_shape_count(&t->shape);

    *out = t->data;
    if (t->dtype == TD_F32) return NULL;
    float *const to = td_arena_try_alloc(c->arena, (n + 1) * sizeof *to, 16);

    if (!to) return no_memory(c);
    td_to_float(t->dtype, t->data, n, to);
    *out = to;
    return NULL;
}

/* The first n of `room`, of which those after `used` are zero. */
static td_status put_selected(td_call *c, const td_nms *p, const int32_t *boxes, const float *scores,
                              size_t used)
{
    const nms_attrs *const a = c->attrs;
    const td_shape shape = { 1, { (int64_t)(a->pads ? p->most : used) } };

    TD_TRY(td_out_make(c, 0, &shape));
    memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
    if (used) memcpy(td_out(c, 0)->data, boxes, used * sizeof *boxes);
    if (a->has_scores) {
        TD_TRY(td_out_make(c, 1, &shape));
        memset(td_out(c, 1)->data, 0, td_tensor_bytes(td_out(c, 1)));
        if (used) td_from_float(td_out(c, 1)->dtype, scores, used, td_out(c, 1)->data);
    }
    if (!a->has_count) return NULL;
    TD_TRY(td_out_make(c, c->n_out - 1, &(td_shape){ 0 }));
    *(int32_t *)td_out(c, c->n_out - 1)->data = (int32_t)used;
    return NULL;
}

static td_status nms_run(td_call *c)
{
    const nms_attrs *const a = c->attrs;
    td_nms p = { .is_half = td_in(c, 0)->dtype == TD_F16 };
    int64_t most;

    TD_TRY(read_size(c, 2, "max_output_size", 0, &most));
    TD_TRY(check_boxes(c));
    TD_TRY(read_thresholds(c, &p));
    TD_TRY(as_floats(c, 0, a->by_overlaps ? &p.overlaps : &p.boxes));
    TD_TRY(as_floats(c, 1, &p.scores));
    p.n = (size_t)td_in(c, 1)->shape.dims[0];
    p.most = (size_t)most;
    const td_nms_room room = { td_arena_try_alloc(c->arena, (p.n + 1) * sizeof *room.heap, 16),
                               td_arena_try_alloc(c->arena, (p.n + 1) * sizeof *room.ranks, 16) };
    int32_t *const boxes = td_arena_try_alloc(c->arena, (p.n + 1) * sizeof *boxes, 16);
    float *const scores = td_arena_try_alloc(c->arena, (p.n + 1) * sizeof *scores, 16);

    if (!room.heap || !room.ranks || !boxes || !scores) return no_memory(c);
    return put_selected(c, &p, boxes, scores, td_nms_select(&p, &room, boxes, scores));
}

/* -------------------------------- CombinedNonMaxSuppression: boxes [batch, n, 1 or classes, 4], scores [batch, n, classes],
 * max_output_size_per_class, max_total_size, iou_threshold, score_threshold -> boxes, scores, classes, valid */

typedef struct combined_attrs {
    bool pads_by_class, clips;
} combined_attrs;

static td_status combined_parse(td_parse *p)
{
    combined_attrs *const a = p->attrs;

    a->pads_by_class = td_attr_bool(p, "pad_per_class");
    a->clips = td_attr_bool(p, "clip_boxes");
    return NULL;
}

static td_status check_combined(const td_call *c)
{
    const td_shape *const boxes = &td_in(c, 0)->shape, *const scores = &td_in(c, 1)->shape;

    if (boxes->rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes must be 4-D [batch, num_boxes, q, 4]");
    if (scores->rank != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "scores must be 3-D [batch, num_boxes, num_classes]");
    if (boxes->dims[2] != 1 && boxes->dims[2] != scores->dims[2])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "third dimension of boxes must be either 1 or num classes");
    if (boxes->dims[3] != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes must have 4 columns");
    if (scores->dims[1] != boxes->dims[1] || boxes->dims[1] > INT32_MAX || scores->dims[2] > INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "scores has incompatible shape");
    if (scores->dims[0] != boxes->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "boxes and scores must have same batch size");
    return NULL;
}

static td_status combined_infer(td_call *c)
{
    const combined_attrs *const a = c->attrs;
    int64_t per_class, total;

    TD_TRY(check_combined(c));
    TD_TRY(read_size(c, 2, "max_size_per_class", 1, &per_class));
    TD_TRY(read_size(c, 3, "max_total_size", 1, &total));
    const td_shape *const scores = &td_in(c, 1)->shape;

    if (TD_MIN(per_class, scores->dims[1]) * scores->dims[2] > INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "size_per_class * num_classes causes overflow");
    const int64_t rows = a->pads_by_class ? TD_MIN(total, per_class * scores->dims[2]) : total;

    td_out(c, 0)->shape = (td_shape){ 3, { scores->dims[0], rows, 4 } };
    TD_TRY(td_shape_check(&td_out(c, 0)->shape));
    td_out(c, 1)->shape = td_out(c, 2)->shape = (td_shape){ 2, { scores->dims[0], rows } };
    td_out(c, 3)->shape = (td_shape){ 1, { scores->dims[0] } };
    return NULL;
}

/* Images are taken some at a time, for what is found in all their classes to be small; shards are of classes. */
typedef struct combined_state {
    td_nms_class p; /* without pointers and thresholds */
    size_t found, images, grain;
    size_t at_ranks, at_found; /* in the scratch, behind the heaps: of each shard, of each image */
} combined_state;

enum { FOUND_BYTES = 4 << 20, SHARD_CANDIDATES = 4000 };

static td_status combined_prepare(td_call *c)
{
    const td_shape *const boxes = &td_in(c, 0)->shape, *const scores = &td_in(c, 1)->shape;
    combined_state *const s = c->state;
    int64_t per_class;

    TD_TRY(td_need_int(c, 2, &per_class));
    s->p.n = (size_t)boxes->dims[1];
    s->p.most = (size_t)TD_MIN(per_class, boxes->dims[1]);
    s->p.classes = (size_t)scores->dims[2];
    s->p.per_box = (size_t)boxes->dims[2];
    s->found = s->p.most * s->p.classes;
    const size_t bytes = s->found * sizeof(td_nms_found) + 1;

    s->images = TD_MIN((size_t)boxes->dims[0], FOUND_BYTES / bytes + 1);
    const size_t units = s->images * s->p.classes, most = 4 * (size_t)TD_MAX(c->threads, 1);

    s->grain = TD_MAX((units + most - 1) / most, SHARD_CANDIDATES / (s->p.n + 1) + 1);
    const size_t shards = (units + s->grain - 1) / s->grain;

    (void)td_reserve(&c->scratch_size, shards * s->p.n * sizeof(td_nms_candidate));
    s->at_ranks = td_reserve(&c->scratch_size, shards * s->p.n * sizeof(uint64_t));
    s->at_found = td_reserve(&c->scratch_size, s->images * bytes);
    return NULL;
}

static float clip(float x)
{
    const float below = x > 1.0f ? 1.0f : x;
    return below < 0.0f ? 0.0f : below;
}

/* The best of one image's findings to row `at` of the outputs. */
static void put_found(const td_call *c, const td_nms_class *p, const td_nms_found *found, size_t n, size_t at)
{
    const bool clips = ((const combined_attrs *)c->attrs)->clips;
    const size_t rows = (size_t)td_out(c, 1)->shape.dims[1];
    float *const boxes = (float *)td_out(c, 0)->data + at * rows * 4;
    float *const scores = (float *)td_out(c, 1)->data + at * rows;
    float *const labels = (float *)td_out(c, 2)->data + at * rows;
    size_t used = 0;

    for (; used < TD_MIN(rows, n) && found[used].box >= 0; used++) {
        const td_nms_found *const f = &found[used];
        const size_t box = (size_t)f->box * p->per_box + (p->per_box > 1 ? (size_t)f->label : 0);

        for (size_t k = 0; k < 4; k++)
            boxes[4 * used + k] = clips ? clip(p->boxes[4 * box + k]) : p->boxes[4 * box + k];
        scores[used] = f->score;
        labels[used] = (float)f->label;
    }
    ((int32_t *)td_out(c, 3)->data)[at] = (int32_t)used;
    for (size_t i = used; i < rows; i++)
        scores[i] = labels[i] = boxes[4 * i] = boxes[4 * i + 1] = boxes[4 * i + 2] = boxes[4 * i + 3] = 0.0f;
}

typedef struct combined_job {
    const td_call *c;
    td_nms_class p;
    size_t first; /* image of this turn */
} combined_job;

static td_nms_class image_of(const combined_job *j, size_t image)
{
    td_nms_class p = j->p;

    p.boxes += (j->first + image) * p.n * p.per_box * 4;
    p.scores += (j->first + image) * p.n * p.classes;
    return p;
}

static td_nms_found *found_of(const combined_job *j, size_t image)
{
    const combined_state *const s = j->c->state;

    return (td_nms_found *)(void *)((char *)j->c->scratch + s->at_found) + image * s->found;
}

/* Classes of images, those of one image in a row. */
static void find_classes(void *ctx, size_t begin, size_t end)
{
    const combined_job *const j = ctx;
    const combined_state *const s = j->c->state;
    const size_t shard = begin / s->grain;
    const td_nms_room room = { (td_nms_candidate *)j->c->scratch + shard * s->p.n,
                               (uint64_t *)(void *)((char *)j->c->scratch + s->at_ranks) + shard * s->p.n };

    for (size_t i = begin; i < end; i++) {
        const size_t image = i / s->p.classes, label = i % s->p.classes;
        const td_nms_class p = image_of(j, image);

        td_nms_select_class(&p, label, &room, found_of(j, image) + label * p.most);
    }
}

static void put_images(void *ctx, size_t begin, size_t end)
{
    const combined_job *const j = ctx;
    const size_t n = ((const combined_state *)j->c->state)->found;

    for (size_t image = begin; image < end; image++) {
        const td_nms_class p = image_of(j, image);

        td_nms_sort(found_of(j, image), n);
        put_found(j->c, &p, found_of(j, image), n, j->first + image);
    }
}

static td_status combined_run(td_call *c)
{
    const combined_state *const s = c->state;
    const size_t images = (size_t)td_in(c, 0)->shape.dims[0];
    combined_job j = { .c = c, .p = s->p };

    TD_TRY(read_float(c, 4, "iou_threshold", &j.p.overlap_most));
    TD_TRY(read_float(c, 5, "score_threshold", &j.p.score_least));
    TD_TRY(check_fraction(c, j.p.overlap_most));
    j.p.boxes = td_in(c, 0)->data;
    j.p.scores = td_in(c, 1)->data;
    for (; j.first < images; j.first += s->images) {
        const size_t n = TD_MIN(images - j.first, s->images);

        td_call_parallel(c, n * s->p.classes, s->grain, find_classes, &j);
        td_call_parallel(c, n, 8, put_images, &j);
    }
    return NULL;
}

static const td_kernel nms_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F16), .run = nms_run },
    { 0 },
};

static const td_kernel combined_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32), sizeof(combined_state), combined_prepare, combined_run, NULL },
    { 0 },
};

#define NMS                                                                                                  \
    .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(nms_attrs), .parse = nms_parse, .kernels = nms_kernels
#define THRESHOLDS "iou_threshold: T_threshold, score_threshold: T_threshold"

const td_op td_ops_nms[] = {
    { .name = "NonMaxSuppression",
      .sig = "boxes: float, scores: float, max_output_size: int32 -> selected_indices: int32",
      .attrs = "iou_threshold: float = 0.5",
      NMS },
    { .name = "NonMaxSuppressionV2",
      .sig = "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold -> "
             "selected_indices: int32",
      .attrs = "T: type = float, T_threshold: type = float",
      NMS },
    { .name = "NonMaxSuppressionV3",
      .sig = "boxes: T, scores: T, max_output_size: int32, " THRESHOLDS " -> selected_indices: int32",
      .attrs = "T: type = float, T_threshold: type = float",
      NMS },
    { .name = "NonMaxSuppressionV4",
      .sig = "boxes: T, scores: T, max_output_size: int32, " THRESHOLDS
             " -> selected_indices: int32, valid_outputs: int32",
      .attrs = "T: type = float, T_threshold: type = float, pad_to_max_output_size: bool = false",
      NMS },
    { .name = "NonMaxSuppressionV5",
      .sig = "boxes: T, scores: T, max_output_size: int32, iou_threshold: T, score_threshold: T, "
             "soft_nms_sigma: T -> selected_indices: int32, selected_scores: T, valid_outputs: int32",
      .attrs = "T: type = float, pad_to_max_output_size: bool = false",
      NMS },
    { .name = "NonMaxSuppressionWithOverlaps",
      .sig = "overlaps: float, scores: float, max_output_size: int32, overlap_threshold: float, "
             "score_threshold: float -> selected_indices: int32",
      NMS },
    { .name = "CombinedNonMaxSuppression",
      .sig = "boxes: float, scores: float, max_output_size_per_class: int32, max_total_size: int32, "
             "iou_threshold: float, score_threshold: float -> "
             "nmsed_boxes: float, nmsed_scores: float, nmsed_classes: float, valid_detections: int32",
      .attrs = "pad_per_class: bool = false, clip_boxes: bool = true",
      .attrs_size = sizeof(combined_attrs),
      .parse = combined_parse,
      .infer = combined_infer,
      .kernels = combined_kernels },
    { 0 },
};
