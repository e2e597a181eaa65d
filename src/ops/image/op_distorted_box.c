/* SPDX-License-Identifier: Apache-2.0 */
/* op_distorted_box.c -- SampleDistortedBoundingBox, its V2 and its stateless form: a random crop of an image, of a size and
 * shape in given ranges, that covers enough of one of the given boxes.
 *
 * Numbers are drawn, and rounded in float, in the order of TensorFlow, so that the same seeds give the same crop. */
#include <inttypes.h>
#include <math.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "ops/array/array.h"
#include "ops/random/source.h"
#include "tensor/type_sets.h"

typedef struct box_attrs {
    td_random_source source;
    float aspect[2], area[2], covered;
    int64_t attempts;
    bool may_take_image, covered_is_input;
} box_attrs;

static td_status parse_range(const td_parse *p, const char *name, float most, float *out)
{
    const td_attr_value *v;

    if (td_attr_list(p, name, &v) != 2)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s field must specify 2 dimensions", p->node->name, name);
    for (int i = 0; i < 2; i++) {
        out[i] = v[i].u.f;
        if (!(out[i] > 0.0f && out[i] <= most))
            return TD_ERR(INVALID_ARGUMENT, "%s: %s must be positive%s: %g", p->node->name, name,
                          most == 1.0f ? ", at most 1" : "", (double)out[i]);
    }
    return NULL;
}

static td_status parse(td_parse *p, td_random_from from)
{
    box_attrs *const a = p->attrs;

    TD_TRY(parse_range(p, "aspect_ratio_range", INFINITY, a->aspect));
    TD_TRY(parse_range(p, "area_range", 1.0f, a->area));
    a->attempts = td_attr_int(p, "max_attempts");
    if (a->attempts < 1 || a->attempts > INT32_MAX)
        return TD_ERR(INVALID_ARGUMENT, "%s: Max attempts must be positive: %" PRId64, p->node->name,
                      a->attempts);
    a->may_take_image = td_attr_bool(p, "use_image_if_no_bounding_boxes");
    a->covered_is_input = true;
    return td_random_source_parse(p, from, 3, &a->source);
}

static td_status v2_parse(td_parse *p)
{
    return parse(p, TD_FROM_NODE);
}

static td_status stateless_parse(td_parse *p)
{
    return parse(p, TD_FROM_SEED);
}

static td_status v1_parse(td_parse *p)
{
    box_attrs *const a = p->attrs;

    TD_TRY(parse(p, TD_FROM_NODE));
    a->covered_is_input = false;
    a->covered = td_attr_float(p, "min_object_covered");
    if (!(a->covered >= 0.0f))
        return TD_ERR(INVALID_ARGUMENT, "%s: Min object covered must be non-negative: %g", p->node->name,
                      (double)a->covered);
    return NULL;
}

static td_status box_infer(td_call *c)
{
    const box_attrs *const a = c->attrs;
    const td_shape *const size = &td_in(c, 0)->shape, *const boxes = &td_in(c, 1)->shape;

    if (size->rank != 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "image_size must be 1-dimensional");
    if (size->dims[0] != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "image_size must contain 3 elements");
    if (boxes->rank != 3 || boxes->dims[2] != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input boxes must be 3-dimensional [batch, num_boxes, coords]");
    if (a->covered_is_input && td_in(c, 2)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "min_object_covered must be 0-D");
    TD_TRY(td_random_source_check(c, &a->source));
    td_out(c, 0)->shape = td_out(c, 1)->shape = (td_shape){ 1, { 3 } };
    td_out(c, 2)->shape = (td_shape){ 3, { 1, 1, 4 } };
    return NULL;
}

/* ---------------------------------------------------------------- numbers, one by one */

typedef struct words {
    td_philox gen;
    uint32_t block[4];
    int used; /* of the block */
} words;

static uint32_t next_word(words *w)
{
    if (w->used == 4) {
        td_philox_next(&w->gen, w->block);
        w->used = 0;
    }
    return w->block[w->used++];
}

/* A number below n, each as likely as the others: those that would favour some are drawn again. */
static int32_t next_below(words *w, uint32_t n)
{
    if ((n & (n - 1)) == 0) return (int32_t)(next_word(w) & (n ? n - 1 : 0));
    const uint32_t skewed = UINT32_MAX % n + 1;
    uint32_t x;

    do
        x = next_word(w);
    while (x < skewed);
    return (int32_t)(x % n);
}

/* ---------------------------------------------------------------- crops */

typedef struct box {
    int64_t x0, y0, x1, y1;
} box;

static float area_of(const box *b)
{
    return (float)((b->x1 - b->x0) * (b->y1 - b->y0));
}

static float shared_area(const box *a, const box *b)
{
    const box both = { TD_MAX(a->x0, b->x0), TD_MAX(a->y0, b->y0), TD_MIN(a->x1, b->x1),
                       TD_MIN(a->y1, b->y1) };

    return both.x0 > both.x1 || both.y0 > both.y1 ? 0.0f : area_of(&both);
}

/* To the nearest integer, of which 32 bits are kept. */
static int64_t nearest(float v)
{
    return fabsf(v) < 0x1p62f ? (int32_t)(uint32_t)(uint64_t)llrintf(v) : 0;
}

static int64_t highest(int64_t rows, int64_t cols, float most, float aspect)
{
    int64_t high = nearest(sqrtf(most / aspect));

    if (nearest((float)high * aspect) > cols) {
        const double fits = ((double)cols + 0.5 - (double)0.0000001f) / (double)aspect;

        high = fits < 0x1p31 ? (int64_t)fits : 0;
        if (nearest((float)high * aspect) > cols) high--;
    }
    return TD_MIN(high, rows);
}

/* False: none of that shape fits. */
static bool draw_crop(const box_attrs *a, words *w, int64_t rows, int64_t cols, float aspect, box *out)
{
    if (!(aspect > 0.0f) || rows <= 0 || cols <= 0 || a->area[0] > a->area[1]) return false;
    const float least = a->area[0] * (float)cols * (float)rows, most = a->area[1] * (float)cols * (float)rows;
    const int64_t top = highest(rows, cols, most, aspect);
    int64_t high = TD_MIN(nearest(sqrtf(least / aspect)), top);

    if (high < top) high += next_below(w, (uint32_t)(top - high + 1));
    int64_t wide = nearest((float)high * aspect);

    if ((float)(wide * high) < least) wide = nearest((float)++high * aspect);
    if ((float)(wide * high) > most) wide = nearest((float)--high * aspect);
    const float area = (float)(wide * high);

    if (area < least || area > most || wide > cols || high > rows || wide <= 0 || high <= 0) return false;
    out->y0 = high < rows ? next_below(w, (uint32_t)(rows - high)) : 0;
    out->x0 = wide < cols ? next_below(w, (uint32_t)(cols - wide)) : 0;
    out->y1 = out->y0 + high;
    out->x1 = out->x0 + wide;
    return true;
}

static box box_at(const float *at, int64_t rows, int64_t cols)
{
    return (box){ (int64_t)(at[1] * (float)cols), (int64_t)(at[0] * (float)rows),
                  (int64_t)(at[3] * (float)cols), (int64_t)(at[2] * (float)rows) };
}

static bool covers(const td_call *c, const box *crop, const box *image, float enough)
{
    const td_tensor *const t = td_in(c, 1);
    const size_t n = (size_t)td_shape_count(&t->shape) / 4;

    if (area_of(crop) < 1.0f) return false;
    for (size_t i = 0; i < TD_MAX(n, 1); i++) {
        const box b = n ? box_at((const float *)t->data + 4 * i, image->y1, image->x1) : *image;
        const float area = area_of(&b);

        if (area >= 1.0f && shared_area(crop, &b) / area >= enough) return true;
    }
    return false;
}

static void put_box(const td_call *c, const box *b, const box *image)
{
    const td_dtype dtype = td_out(c, 0)->dtype;
    const size_t elem = td_dtype_size(dtype);
    const int64_t begin[] = { b->y0, b->x0, 0 }, size[] = { b->y1 - b->y0, b->x1 - b->x0, -1 };
    const float rows = (float)image->y1, cols = (float)image->x1;
    float *const out = td_out(c, 2)->data;

    for (size_t i = 0; i < 3; i++) {
        td_number_put(dtype, (double)begin[i], (char *)td_out(c, 0)->data + i * elem);
        td_number_put(dtype, (double)size[i], (char *)td_out(c, 1)->data + i * elem);
    }
    out[0] = (float)b->y0 / rows;
    out[1] = (float)b->x0 / cols;
    out[2] = (float)b->y1 / rows;
    out[3] = (float)b->x1 / cols;
}

static td_status read_image(td_call *c, box *image)
{
    image->y1 = td_tensor_int(td_in(c, 0), 0);
    image->x1 = td_tensor_int(td_in(c, 0), 1);
    if (image->y1 < 0 || image->y1 >= INT32_MAX || image->x1 < 0 || image->x1 >= INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image height and width cannot be >= int32 max");
    return NULL;
}

static td_status check_boxes(td_call *c)
{
    const td_tensor *const t = td_in(c, 1);
    const size_t n = (size_t)td_shape_count(&t->shape);

    for (size_t i = 0; i < n; i++) {
        const float v = ((const float *)t->data)[i];

        if (!(v >= 0.0f && v <= 1.0f))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "All bounding box coordinates must be in [0.0, 1.0]: %g",
                             (double)v);
    }
    if (n == 0 && !((const box_attrs *)c->attrs)->may_take_image)
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if "
            "you wish to not provide any bounding boxes.");
    return NULL;
}

static td_status box_run(td_call *c)
{
    const box_attrs *const a = c->attrs;
    const float enough = a->covered_is_input ? *(const float *)td_in(c, 2)->data : a->covered;
    box image = { 0 }, crop;
    words w = { .used = 4 };

    TD_TRY(read_image(c, &image));
    if (!(enough >= 0.0f))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Min object covered must be non-negative: %g", (double)enough);
    TD_TRY(check_boxes(c));
    TD_TRY(td_random_source_take(c, &a->source, (uint64_t)a->attempts, &w.gen));
    for (int64_t i = 0; i < a->attempts; i++) {
        const float aspect = td_uniform_f32(next_word(&w)) * (a->aspect[1] - a->aspect[0]) + a->aspect[0];

        if (!draw_crop(a, &w, image.y1, image.x1, aspect, &crop) || !covers(c, &crop, &image, enough))
            continue;
        put_box(c, &crop, &image);
        return NULL;
    }
    put_box(c, &image, &image);
    return NULL;
}

TD_RUN_KERNEL(box_kernels, TD_SIGNED_TYPES | TD_DTYPE_BIT(TD_U8), box_run);

#define RANGES                                                                                               \
    "aspect_ratio_range: list(float) = [0.75, 1.33], area_range: list(float) = [0.05, 1], "                  \
    "max_attempts: int = 100, use_image_if_no_bounding_boxes: bool = false"
#define BOX_OP(name_, inputs, attrs_, flags_, parse_)                                                        \
    {                                                                                                        \
        .name = (name_),                                                                                     \
        .sig = "image_size: T, bounding_boxes: float" inputs " -> begin: T, size: T, bboxes: float",         \
        .attrs = "T: type, " attrs_ RANGES, .flags = (flags_), .attrs_size = sizeof(box_attrs),              \
        .parse = (parse_), .infer = box_infer, .kernels = box_kernels                                        \
    }
#define SEEDS "seed: int = 0, seed2: int = 0, "

const td_op td_ops_distorted_box[] = {
    BOX_OP("SampleDistortedBoundingBox", "", SEEDS "min_object_covered: float = 0.1, ", TD_OP_STATEFUL,
           v1_parse),
    BOX_OP("SampleDistortedBoundingBoxV2", ", min_object_covered: float", SEEDS, TD_OP_STATEFUL, v2_parse),
    BOX_OP("StatelessSampleDistortedBoundingBox", ", min_object_covered: float, seed: Tseed", "Tseed: type, ",
           0, stateless_parse),
    { 0 },
};
