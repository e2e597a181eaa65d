/* SPDX-License-Identifier: Apache-2.0 */
/* op_patches.c -- ExtractImagePatches, ExtractVolumePatches: windows laid out as depth. Each place in the
 * window is one strided piece; what lies outside of the image is zero. */
#include <inttypes.h>

#include "base/macros.h"
#include "ops/array/array.h"

enum { MAX_SPACE = 3 };

typedef struct patch_attrs {
    int64_t size[MAX_SPACE], stride[MAX_SPACE], rate[MAX_SPACE];
    int n; /* dimensions of space */
    bool same;
} patch_attrs;

static td_status read_dims(td_parse *p, const char *name, int n, int64_t *out)
{
    int64_t v[MAX_SPACE + 2];
    size_t count;

    TD_TRY(td_attr_ints(p, name, v, (size_t)n + 2, &count));
    if (count != (size_t)n + 2 || v[0] != 1 || v[n + 1] != 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s must have %d elements, with 1 for batch and depth",
                      p->node->name, name, n + 2);
    for (int i = 0; i < n; i++) {
        if (v[i + 1] < 1 || v[i + 1] > INT32_MAX)
            return TD_ERR(INVALID_ARGUMENT, "%s: %s must be positive", p->node->name, name);
        out[i] = v[i + 1];
    }
    return NULL;
}

static td_status patch_parse_n(td_parse *p, int n)
{
    patch_attrs *const a = p->attrs;

    a->n = n;
    a->same = td_attr_string_is(p, "padding", "SAME");
    if (!a->same && !td_attr_string_is(p, "padding", "VALID"))
        return TD_ERR(INVALID_ARGUMENT, "%s: padding must be SAME or VALID", p->node->name);
    TD_TRY(read_dims(p, "ksizes", n, a->size));
    TD_TRY(read_dims(p, "strides", n, a->stride));
    for (int i = 0; i < n; i++)
        a->rate[i] = 1;
    return NULL;
}

static td_status image_parse(td_parse *p)
{
    TD_TRY(patch_parse_n(p, 2));
    return read_dims(p, "rates", 2, ((patch_attrs *)p->attrs)->rate);
}

static td_status volume_parse(td_parse *p)
{
    return patch_parse_n(p, 3);
}

/* Output positions and padding before, per dimension of space. */
static td_status plan(const td_call *c, int64_t *count, int64_t *before, td_shape *out)
{
    const patch_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t depth;

    if (in->rank != a->n + 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be %d-dimensional", a->n + 2);
    *out = *in;
    depth = in->dims[a->n + 1];
    for (int i = 0; i < a->n; i++) {
        const int64_t dim = in->dims[i + 1], window = (a->size[i] - 1) * a->rate[i] + 1;

        count[i] = a->same ? (dim + a->stride[i] - 1) / a->stride[i]
                           : TD_MAX((dim - window + a->stride[i]) / a->stride[i], 0);
        before[i] = a->same ? TD_MAX((count[i] - 1) * a->stride[i] + window - dim, 0) / 2 : 0;
        out->dims[i + 1] = count[i];
        if (depth > INT32_MAX) return TD_OP_ERR(c, INVALID_ARGUMENT, "patches are too large");
        depth *= a->size[i];
    }
    out->dims[a->n + 1] = depth;
    return td_shape_check(out);
}

static td_status patch_infer(td_call *c)
{
    int64_t count[MAX_SPACE], before[MAX_SPACE];
    td_shape out;

    TD_TRY(plan(c, count, before, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status patch_prepare(td_call *c)
{
    const patch_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    int64_t count[MAX_SPACE], before[MAX_SPACE], is[TD_MAX_RANK], os[TD_MAX_RANK], taps = 1;
    td_shape out;

    TD_TRY(plan(c, count, before, &out));
    td_shape_strides(&in->shape, is);
    td_shape_strides(&out, os);
    for (int i = 0; i < a->n; i++)
        taps *= a->size[i];
    if (td_shape_count(&out) == 0) taps = 0;
    TD_TRY(td_moves_init(c, (size_t)taps));
    td_moves_fill(c, TD_FILL_ZERO);
    const int64_t depth = in->shape.dims[a->n + 1];

    for (int64_t t = 0; t < taps; t++) {
        int64_t from = 0, to = t * depth, rest = t;
        td_nd_builder b;

        td_nd_start(&b, td_dtype_size(in->dtype));
        td_nd_add(&b, out.dims[0], os[0], is[0]);
        for (int i = a->n - 1; i >= 0; i--) {
            const int64_t at = rest % a->size[i] * a->rate[i] - before[i], s = a->stride[i],
                          dim = in->shape.dims[i + 1];
            /* q with 0 <= q * s + at < dim */
            const int64_t first = at >= 0 ? 0 : (-at + s - 1) / s;
            const int64_t end = TD_MIN(dim - at > 0 ? (dim - at - 1) / s + 1 : 0, count[i]);

            rest /= a->size[i];
            td_nd_add(&b, TD_MAX(end - first, 0), os[i + 1], is[i + 1] * s);
            from += (first * s + at) * is[i + 1];
            to += first * os[i + 1];
        }
        td_nd_add(&b, depth, 1, 1);
        td_moves_add(c, &b, 0, to, 0, from);
    }
    return NULL;
}

TD_MOVE_KERNELS(patch_kernels, patch_prepare);

const td_op td_ops_patches[] = {
    { .name = "ExtractImagePatches",
      .sig = "images: T -> patches: T",
      .attrs = "ksizes: list(int), strides: list(int), rates: list(int), T: type, padding: string",
      .attrs_size = sizeof(patch_attrs),
      .parse = image_parse,
      .infer = patch_infer,
      .kernels = patch_kernels },
    { .name = "ExtractVolumePatches",
      .sig = "input: T -> patches: T",
      .attrs = "ksizes: list(int), strides: list(int), T: type, padding: string",
      .attrs_size = sizeof(patch_attrs),
      .parse = volume_parse,
      .infer = patch_infer,
      .kernels = patch_kernels },
    { 0 },
};
