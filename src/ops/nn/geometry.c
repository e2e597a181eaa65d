/* SPDX-License-Identifier: Apache-2.0 */
/* geometry.c -- see geometry.h. */
#include "ops/nn/geometry.h"

/* SpaceToBatchND's own check, of a convolution that took it in. */
static td_status check_blocks(const td_call *c, const td_window *w, int i, int64_t in)
{
    const int64_t whole = in + w->explicit_pad[i][0] + w->explicit_pad[i][1] + w->crops[i];

    if (!w->by_blocks || whole % w->dilation[i] == 0) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "padded_shape[%d]=%lld is not divisible by block_shape[%d]=%lld",
                     i - 1, (long long)whole, i - 1, (long long)w->dilation[i]);
}

td_status td_conv_geometry(const td_call *c, const td_window *w, const td_shape *x, const td_shape *f,
                           td_conv *out)
{
    char tx[TD_SHAPE_TEXT], tf[TD_SHAPE_TEXT];

    TD_TRY(td_window_check_rank(c, w, x, "input"));
    TD_TRY(td_window_check_rank(c, w, f, "filter"));
    const int64_t in_channels = x->dims[td_window_channel_dim(w, x)], depth = f->dims[f->rank - 2];
    const int64_t out_channels = f->dims[f->rank - 1];
    if (depth == 0 || in_channels % depth != 0 || in_channels == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "input depth must be evenly divisible by filter depth: %lld vs %lld",
                         (long long)in_channels, (long long)depth);
    const int64_t groups = in_channels / depth;
    if (out_channels % groups != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "number of filters %lld must be divisible by the groups %lld: %s, %s",
                         (long long)out_channels, (long long)groups, td_shape_text(x, tx, sizeof tx),
                         td_shape_text(f, tf, sizeof tf));
    *out = (td_conv){
        .batch = (size_t)x->dims[0],
        .groups = (size_t)groups,
        .in_channels = (size_t)in_channels,
        .out_channels = (size_t)out_channels,
    };
    for (int i = 0; i < 3; i++) {
        const int64_t in = td_window_dim(w, x, i), kernel = i < 3 - w->dims ? 1 : f->dims[i - (3 - w->dims)];
        int64_t n, pad;
        if (kernel < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must not have zero elements");
        TD_TRY(check_blocks(c, w, i, in));
        TD_TRY(td_window_output(c, w, i, in, kernel, &n, &pad));
        out->in[i] = (size_t)in;
        out->out[i] = (size_t)n;
        out->kernel[i] = (size_t)kernel;
        out->stride[i] = (size_t)w->stride[i];
        out->dilation[i] = (size_t)w->dilation[i];
        out->pad[i] = pad;
    }
    return NULL;
}

td_shape td_conv_output(const td_window *w, const td_conv *g)
{
    const int64_t spatial[] = { (int64_t)g->out[0], (int64_t)g->out[1], (int64_t)g->out[2] };
    return td_window_shape(w, (int64_t)g->batch, spatial, (int64_t)g->out_channels);
}

td_shape td_depthwise_filter(const td_shape *f)
{
    td_shape s = *f;

    if (s.rank != 4) return s;
    s.dims[3] *= s.dims[2];
    s.dims[2] = 1;
    return s;
}

td_status td_pool_geometry(const td_call *c, const td_window *w, const td_shape *x, td_pool_shape *out)
{
    *out = (td_pool_shape){ .batch = (size_t)x->dims[0],
                            .channels = (size_t)x->dims[td_window_channel_dim(w, x)] };
    for (int i = 0; i < 3; i++) {
        const int64_t in = td_window_dim(w, x, i);
        int64_t n, pad;
        TD_TRY(td_window_output(c, w, i, in, w->kernel[i], &n, &pad));
        out->in[i] = (size_t)in;
        out->out[i] = (size_t)n;
        out->kernel[i] = (size_t)w->kernel[i];
        out->stride[i] = (size_t)w->stride[i];
        out->pad[i] = pad;
    }
    return NULL;
}
