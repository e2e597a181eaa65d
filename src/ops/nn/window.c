/* SPDX-License-Identifier: Apache-2.0 */
/* window.c -- see window.h. */
#include "ops/nn/window.h"

#include <string.h>

#include "base/macros.h"

int td_window_channel_dim(const td_window *w, const td_shape *s)
{
    return w->is_first ? 1 : s->rank - 1;
}

static int spatial_dim(const td_window *w, int spatial)
{
    return spatial - (3 - w->dims) + (w->is_first ? 2 : 1);
}

int64_t td_window_dim(const td_window *w, const td_shape *s, int spatial)
{
    return spatial < 3 - w->dims ? 1 : s->dims[spatial_dim(w, spatial)];
}

td_shape td_window_shape(const td_window *w, int64_t batch, const int64_t *spatial, int64_t channels)
{
    td_shape s = { .rank = w->dims + 2 };

    s.dims[0] = batch;
    s.dims[w->is_first ? 1 : w->dims + 1] = channels;
    for (int i = 3 - w->dims; i < 3; i++)
        s.dims[spatial_dim(w, i)] = spatial[i];
    return s;
}

td_status td_window_check_rank(const td_call *c, const td_window *w, const td_shape *s, const char *what)
{
    char text[TD_SHAPE_TEXT];

    if (s->rank == w->dims + 2) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be %d-dimensional: %s", what, w->dims + 2,
                     td_shape_text(s, text, sizeof text));
}

/* A per-dimension list in data_format order into out[3]. */
static td_status take_list(const char *node, const char *what, const td_window *w, const int64_t *v, size_t n,
                           int64_t *out)
{
    int64_t list[3] = { 1, 1, 1 };

    if (n == 0) { /* an absent list is all ones */
        memcpy(out, list, sizeof list);
        return NULL;
    }
    if (n != (size_t)w->dims + 2)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s must have %d values, it has %zu", node, what, w->dims + 2, n);
    for (int i = 3 - w->dims; i < 3; i++) {
        list[i] = v[spatial_dim(w, i)];
        if (list[i] < 1 || list[i] > INT32_MAX)
            return TD_ERR(INVALID_ARGUMENT, "%s: %s must be positive, got %lld", node, what,
                          (long long)list[i]);
    }
    if (v[0] != 1 || v[w->is_first ? 1 : w->dims + 1] != 1)
        return TD_ERR(UNIMPLEMENTED, "%s: %s over batch or channels is not supported", node, what);
    memcpy(out, list, sizeof list);
    return NULL;
}

static td_status parse_list(const td_parse *p, const char *name, const td_window *w, int64_t *out)
{
    int64_t v[8];
    size_t n = 0;

    TD_TRY(td_attr_ints(p, name, v, TD_COUNT(v), &n));
    return take_list(p->node->name, name, w, v, n, out);
}

static td_status parse_explicit(const td_parse *p, td_window *w)
{
    int64_t v[16];
    size_t n = 0;

    TD_TRY(td_attr_ints(p, "explicit_paddings", v, TD_COUNT(v), &n));
    if (n != 2 * ((size_t)w->dims + 2))
        return TD_ERR(INVALID_ARGUMENT, "%s: explicit_paddings must have %d values, it has %zu",
                      p->node->name, 2 * (w->dims + 2), n);
    for (int i = 3 - w->dims; i < 3; i++)
        for (int side = 0; side < 2; side++) {
            const int64_t pad = v[2 * spatial_dim(w, i) + side];
            if (pad < 0 || pad > INT32_MAX)
                return TD_ERR(INVALID_ARGUMENT, "%s: explicit_paddings must not be negative", p->node->name);
            w->explicit_pad[i][side] = pad;
        }
    return NULL;
}

static td_status parse_crops(const td_parse *p, td_window *w)
{
    int64_t v[2];
    size_t n = 0;

    TD_TRY(td_attr_ints(p, "crops", v, TD_COUNT(v), &n));
    if (n == 0) return NULL;
    if (n != 2 || v[0] < 0 || v[0] > INT32_MAX || v[1] < 0 || v[1] > INT32_MAX)
        return TD_ERR(INVALID_ARGUMENT, "%s: crops are two numbers that are not negative", p->node->name);
    w->by_blocks = true;
    w->crops[1] = v[0];
    w->crops[2] = v[1];
    return NULL;
}

static td_status parse_format(const td_parse *p, bool is_named, td_window *w)
{
    static const char *const formats[][2] = { { "NHWC", "NCHW" },
                                              { "NDHWC", "NCDHW" },
                                              { "CHANNELS_LAST", "CHANNELS_FIRST" } };
    const char *const *const names = formats[is_named ? 2 : w->dims - 2];
    const td_string f = td_attr_string(p, "data_format");

    w->is_first = td_string_is(f, names[1]);
    if (w->is_first || td_string_is(f, names[0])) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: data_format '%.*s' is not known", p->node->name, (int)f.size,
                  f.data);
}

td_status td_window_parse(const td_parse *p, int dims, unsigned flags, td_window *out)
{
    td_window w = { .dims = dims, .dilation = { 1, 1, 1 }, .kernel = { 1, 1, 1 } };

    if (flags & TD_WINDOW_FORMAT) TD_TRY(parse_format(p, flags & TD_WINDOW_NAMED_FORMAT, &w));
    if (td_attr_string_is(p, "padding", "SAME"))
        w.padding = TD_PAD_SAME;
    else if (td_attr_string_is(p, "padding", "EXPLICIT") && flags & TD_WINDOW_EXPLICIT)
        w.padding = TD_PAD_EXPLICIT;
    else if (!td_attr_string_is(p, "padding", "VALID"))
        return TD_ERR(INVALID_ARGUMENT, "%s: padding is neither SAME nor VALID", p->node->name);
    TD_TRY(parse_list(p, "strides", &w, w.stride));
    if (flags & TD_WINDOW_DILATIONS) TD_TRY(parse_list(p, "dilations", &w, w.dilation));
    if (flags & TD_WINDOW_RATES) TD_TRY(parse_list(p, "rates", &w, w.dilation));
    if (flags & TD_WINDOW_KSIZE) TD_TRY(parse_list(p, "ksize", &w, w.kernel));
    if (w.padding == TD_PAD_EXPLICIT) TD_TRY(parse_explicit(p, &w));
    if (flags & TD_WINDOW_CROPS) TD_TRY(parse_crops(p, &w));
    *out = w;
    return NULL;
}

void td_window_parse_v2(const td_parse *p, uint32_t sizes, td_window *out)
{
    *out = (td_window){ .dims = 2,
                        .is_first = td_attr_string_is(p, "data_format", "NCHW"),
                        .padding = td_attr_string_is(p, "padding", "SAME") ? TD_PAD_SAME : TD_PAD_VALID,
                        .stride = { 1, 1, 1 },
                        .dilation = { 1, 1, 1 },
                        .kernel = { 1, 1, 1 },
                        .sizes = sizes };
}

td_status td_window_read(td_call *c, const td_window *w, td_window *out)
{
    int64_t v[8];
    size_t n;

    *out = *w;
    if (!w->sizes) return NULL;
    TD_TRY(td_need_ints(c, w->sizes, v, TD_COUNT(v), &n));
    TD_TRY(take_list(c->node, "ksize", out, v, n, out->kernel));
    TD_TRY(td_need_ints(c, w->sizes + 1, v, TD_COUNT(v), &n));
    return take_list(c->node, "strides", out, v, n, out->stride);
}

td_status td_window_output(const td_call *c, const td_window *w, int spatial, int64_t in, int64_t kernel,
                           int64_t *out, int64_t *pad)
{
    if (kernel > INT32_MAX) /* so that no product below overflows */
        return TD_OP_ERR(c, INVALID_ARGUMENT, "a window of %lld elements", (long long)kernel);
    const int64_t stride = w->stride[spatial], reach = (kernel - 1) * w->dilation[spatial] + 1;
    int64_t n, front = 0;

    switch (w->padding) {
    case TD_PAD_SAME:
        n = (in + stride - 1) / stride;
        front = TD_MAX(0, (n - 1) * stride + reach - in) / 2;
        break;
    case TD_PAD_EXPLICIT:
        front = w->explicit_pad[spatial][0];
        n = (in + front + w->explicit_pad[spatial][1] - reach + stride) / stride;
        break;
    default:
        n = (in - reach + stride) / stride;
    }
    if (n < 0 || (n == 0 && in + front < 0))
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Computed output size would be negative: %lld [input_size: %lld, effective_filter_size: %lld, "
            "stride: %lld]",
            (long long)n, (long long)in, (long long)reach, (long long)stride);
    *out = n;
    *pad = front;
    return NULL;
}
