/* SPDX-License-Identifier: Apache-2.0 */
/* op_space.c -- between batch, space and depth.
 *
 * With blocks of size b, position p of the (padded) space is p = q * b + o: q is the position in the output,
 * o the offset in the block, which becomes part of the batch (or of the depth). For each tuple of offsets the
 * elements that exist form a strided box: one piece.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"

typedef struct space_attrs {
    int64_t block;
    bool channels_first;
} space_attrs;

static td_status space_parse(td_parse *p)
{
    space_attrs *const a = p->attrs;

    a->block = td_attr_int(p, "block_size");
    if (a->block < 2)
        return TD_ERR(INVALID_ARGUMENT, "%s: Block size should be > 1: %" PRId64, p->node->name, a->block);
    return NULL;
}

/* ---------------------------------------------------------------- SpaceToBatch(ND), BatchToSpace(ND) */

typedef struct blocks {
    int n;                                            /* dimensions of space */
    int64_t size[TD_MAX_RANK], edge[2 * TD_MAX_RANK]; /* edge: paddings or crops */
    int64_t product;
} blocks;

static td_status read_blocks(td_call *c, blocks *b)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const uint32_t edges = c->n_in - 1;
    size_t n = 2, n_edge;

    if (c->op->parse) {
        b->size[0] = b->size[1] = ((const space_attrs *)c->attrs)->block;
        if (in->rank != 4)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Input rank should be: 4 instead of: %d", (int)in->rank);
    } else {
        if (td_in(c, 1)->shape.rank != 1)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "block_shape must be one dimensional rather than of rank %d",
                             (int)td_in(c, 1)->shape.rank);
        TD_TRY(td_need_list(c, 1, b->size, TD_MAX_RANK, &n));
    }
    b->n = (int)n;
    if (in->rank < b->n + 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input rank should be >= %d instead of %d", b->n + 1,
                         (int)in->rank);
    const td_shape *const e = &td_in(c, edges)->shape;

    if (e->rank != 2 || e->dims[0] != b->n || e->dims[1] != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%s should have shape [%d, 2]",
                         edges == 1 ? "paddings" : "crops", b->n);
    TD_TRY(td_need_list(c, edges, b->edge, 2 * TD_MAX_RANK, &n_edge));
    b->product = 1;
    for (int i = 0; i < b->n; i++) {
        if (b->size[i] < 1 || !td_mul_i64(b->product, b->size[i], &b->product) || b->product > INT32_MAX)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "All values in block_shape must be positive, got value, %" PRId64
                             " at index %d.",
                             b->size[i], i);
        if (b->edge[2 * i] < 0 || b->edge[2 * i + 1] < 0 || b->edge[2 * i] > INT32_MAX ||
            b->edge[2 * i + 1] > INT32_MAX)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings and crops must be non-negative");
    }
    return NULL;
}

/* SpaceTo.., and not ..ToSpace. */
static bool is_from_space(const td_call *c)
{
    return c->op->name[0] == 'S';
}

static td_status to_batch_dims(const td_call *c, const blocks *b, int64_t *dims)
{
    if (!td_mul_i64(dims[0], b->product, &dims[0]))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "block_shape is too large");
    for (int i = 0; i < b->n; i++) {
        const int64_t padded = dims[i + 1] + b->edge[2 * i] + b->edge[2 * i + 1];

        if (padded % b->size[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "padded_shape[%d]=%" PRId64 " is not divisible by block_shape[%d]=%" PRId64, i,
                             padded, i, b->size[i]);
        dims[i + 1] = padded / b->size[i];
    }
    return NULL;
}

static td_status to_space_dims(const td_call *c, const blocks *b, int64_t *dims)
{
    if (dims[0] % b->product)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input batch dimension (%" PRId64
                         ") is not divisible by product of block sizes (%" PRId64 ")",
                         dims[0], b->product);
    dims[0] /= b->product;
    for (int i = 0; i < b->n; i++) {
        int64_t whole;

        if (!td_mul_i64(dims[i + 1], b->size[i], &whole))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "block_shape is too large");
        dims[i + 1] = whole - b->edge[2 * i] - b->edge[2 * i + 1];
        if (dims[i + 1] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "cropped_shape[%d]=%" PRId64 " must be non-negative", i,
                             dims[i + 1]);
    }
    return NULL;
}

static td_status blocks_shape(td_call *c, blocks *b, td_shape *out)
{
    td_shape s = td_in(c, 0)->shape;

    TD_TRY(read_blocks(c, b));
    TD_TRY(is_from_space(c) ? to_batch_dims(c, b, s.dims) : to_space_dims(c, b, s.dims));
    return td_shape_make(s.rank, s.dims, out);
}

/* One piece per tuple of offsets. `space` is the unblocked side, `batch` the blocked one. */
static void add_offsets(td_call *c, const blocks *b, const td_shape *space, const td_shape *batch,
                        bool to_batch)
{
    int64_t ss[TD_MAX_RANK], bs[TD_MAX_RANK];

    td_shape_strides(space, ss);
    td_shape_strides(batch, bs);
    for (int64_t offset = 0; offset < b->product; offset++) {
        int64_t in_space = 0, in_batch = offset * space->dims[0] * bs[0], rest = offset;
        td_nd_builder n;

        td_nd_start(&n, td_dtype_size(td_in(c, 0)->dtype));
        td_nd_add(&n, space->dims[0], to_batch ? bs[0] : ss[0], to_batch ? ss[0] : bs[0]);
        for (int i = b->n - 1; i >= 0; i--) {
            const int64_t size = b->size[i], o = rest % size, before = b->edge[2 * i],
                          dim = space->dims[i + 1];
            /* q with 0 <= q * size + o - before < dim */
            const int64_t first = o >= before ? 0 : (before - o + size - 1) / size;
            const int64_t end = dim + before - o > 0 ? (dim + before - o - 1) / size + 1 : 0;
            const int64_t count = TD_MAX(end - first, 0), s = ss[i + 1] * size, t = bs[i + 1];

            rest /= size;
            in_space += (first * size + o - before) * ss[i + 1];
            in_batch += first * t;
            td_nd_add(&n, count, to_batch ? t : s, to_batch ? s : t);
        }
        for (int i = b->n + 1; i < space->rank; i++)
            td_nd_add(&n, space->dims[i], to_batch ? bs[i] : ss[i], to_batch ? ss[i] : bs[i]);
        td_moves_add(c, &n, 0, to_batch ? in_batch : in_space, 0, to_batch ? in_space : in_batch);
    }
}

static td_status blocks_infer(td_call *c)
{
    td_shape out;
    blocks b;

    TD_TRY(blocks_shape(c, &b, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status blocks_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    td_shape out;
    blocks b;

    TD_TRY(blocks_shape(c, &b, &out));
    if (td_shape_count(&out) == 0) b.product = 0;
    TD_TRY(td_moves_init(c, (size_t)b.product));
    if (is_from_space(c)) {
        td_moves_fill(c, TD_FILL_ZERO);
        add_offsets(c, &b, in, &out, true);
    } else
        add_offsets(c, &b, &out, in, false);
    return NULL;
}

/* ---------------------------------------------------------------- SpaceToDepth, DepthToSpace */

static td_status depth_parse(td_parse *p)
{
    space_attrs *const a = p->attrs;

    a->channels_first = td_attr_string_is(p, "data_format", "NCHW");
    if (!a->channels_first && !td_attr_string_is(p, "data_format", "NHWC"))
        return TD_ERR(UNIMPLEMENTED, "%s: only NHWC and NCHW are supported", p->node->name);
    return space_parse(p);
}

/* Batch, height, width, depth of the small (deep) and the large (wide) side; returns both shapes. */
typedef struct depth_plan {
    int64_t batch, height, width, depth, block; /* of the deep side, depth without the block's share */
    bool channels_first;
} depth_plan;

static td_status plan_shape(const depth_plan *d, bool deep, td_shape *out)
{
    const int64_t f = deep ? 1 : d->block, square = deep ? d->block * d->block : 1;
    int64_t depth, height, width;

    if (!td_mul_i64(d->depth, square, &depth) || !td_mul_i64(d->height, f, &height) ||
        !td_mul_i64(d->width, f, &width))
        return TD_ERR(INVALID_ARGUMENT, "block_size is too large");
    if (d->channels_first)
        *out = (td_shape){ 4, { d->batch, depth, height, width } };
    else
        *out = (td_shape){ 4, { d->batch, height, width, depth } };
    return td_shape_check(out);
}

static td_status depth_dims(td_call *c, bool to_depth, depth_plan *d)
{
    const space_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank != 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input rank should be: 4 instead of: %d", (int)in->rank);
    const int64_t depth = in->dims[a->channels_first ? 1 : 3], height = in->dims[a->channels_first ? 2 : 1];
    const int64_t width = in->dims[a->channels_first ? 3 : 2];
    int64_t square;

    if (!td_mul_i64(a->block, a->block, &square))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "block_size is too large");
    if (to_depth && (height % a->block || width % a->block))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Image width %" PRId64 " and height %" PRId64
                         " should be divisible by block_size: %" PRId64,
                         width, height, a->block);
    if (!to_depth && depth % square)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Input depth dimension %" PRId64 " should be divisible by: %" PRId64, depth, square);
    *d = (depth_plan){ in->dims[0],
                       to_depth ? height / a->block : height,
                       to_depth ? width / a->block : width,
                       to_depth ? depth : depth / square,
                       a->block,
                       a->channels_first };
    return NULL;
}

static td_status depth_infer(td_call *c)
{
    depth_plan d;
    td_shape out;

    TD_TRY(depth_dims(c, is_from_space(c), &d));
    TD_TRY(plan_shape(&d, is_from_space(c), &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

/* Six dims: [batch, height, by, width, bx, depth] on the wide side, [.., by, bx, depth] on the deep one. */
static td_status depth_prepare(td_call *c)
{
    const bool to_depth = is_from_space(c);
    int64_t w[4], p[4], wide[6], deep[6];
    td_shape ws, ps;
    td_nd_builder b;
    depth_plan d;

    TD_TRY(depth_dims(c, to_depth, &d));
    TD_TRY(plan_shape(&d, false, &ws));
    TD_TRY(plan_shape(&d, true, &ps));
    td_shape_strides(&ws, w);
    td_shape_strides(&ps, p);
    const int ch = d.channels_first ? 1 : 3, y = d.channels_first ? 2 : 1, x = y + 1;
    const int64_t n[6] = { d.batch, d.height, d.block, d.width, d.block, d.depth };

    memcpy(wide, (int64_t[6]){ w[0], w[y] * d.block, w[y], w[x] * d.block, w[x], w[ch] }, sizeof wide);
    memcpy(deep, (int64_t[6]){ p[0], p[y], p[ch] * d.block * d.depth, p[x], p[ch] * d.depth, p[ch] },
           sizeof deep);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    for (int i = 0; i < 6; i++)
        td_nd_add(&b, n[i], to_depth ? deep[i] : wide[i], to_depth ? wide[i] : deep[i]);
    TD_TRY(td_moves_init(c, 1));
    td_moves_add(c, &b, 0, 0, 0, 0);
    return NULL;
}

TD_MOVE_KERNELS(blocks_kernels, blocks_prepare);
TD_MOVE_KERNELS(depth_kernels, depth_prepare);

const td_op td_ops_space[] = {
    { .name = "SpaceToBatch",
      .sig = "input: T, paddings: Tpaddings -> output: T",
      .attrs = "T: type, Tpaddings: type = int32, block_size: int",
      .attrs_size = sizeof(space_attrs),
      .parse = space_parse,
      .infer = blocks_infer,
      .kernels = blocks_kernels },
    { .name = "SpaceToBatchND",
      .sig = "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
      .attrs = "T: type, Tblock_shape: type = int32, Tpaddings: type = int32",
      .infer = blocks_infer,
      .kernels = blocks_kernels },
    { .name = "BatchToSpace",
      .sig = "input: T, crops: Tidx -> output: T",
      .attrs = "T: type, block_size: int, Tidx: type = int32",
      .attrs_size = sizeof(space_attrs),
      .parse = space_parse,
      .infer = blocks_infer,
      .kernels = blocks_kernels },
    { .name = "BatchToSpaceND",
      .sig = "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
      .attrs = "T: type, Tblock_shape: type = int32, Tcrops: type = int32",
      .infer = blocks_infer,
      .kernels = blocks_kernels },
    { .name = "SpaceToDepth",
      .sig = "input: T -> output: T",
      .attrs = "T: type, block_size: int, data_format: string = 'NHWC'",
      .attrs_size = sizeof(space_attrs),
      .parse = depth_parse,
      .infer = depth_infer,
      .kernels = depth_kernels },
    { .name = "DepthToSpace",
      .sig = "input: T -> output: T",
      .attrs = "T: type, block_size: int, data_format: string = 'NHWC'",
      .attrs_size = sizeof(space_attrs),
      .parse = depth_parse,
      .infer = depth_infer,
      .kernels = depth_kernels },
    { 0 },
};
