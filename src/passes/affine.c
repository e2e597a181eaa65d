/* SPDX-License-Identifier: Apache-2.0 */
/* affine.c -- see affine.h. */
#include "passes/affine.h"

#include <math.h>

#include "base/mem.h"

td_affine td_affine_make(size_t channels, int rank)
{
    td_affine a = { .channels = channels,
                    .rank = rank,
                    .scale = TD_NEW_N(double, channels),
                    .shift = TD_NEW_N(double, channels) };

    for (size_t i = 0; i < channels; i++)
        a.scale[i] = 1.0;
    return a;
}

void td_affine_free(td_affine *a)
{
    td_free(a->scale);
    td_free(a->shift);
}

bool td_edge_scalar(const td_edge *e, double *out)
{
    const td_edge from = td_edge_source(*e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || t->dtype != TD_F32 || !t->data || t->shape.rank > 1 || td_shape_count(&t->shape) != 1)
        return false;
    *out = (double)*(const float *)t->data;
    return true;
}

/* A constant float vector along the last axis, or a scalar: *step 0. One of more dims than the value would add some. */
static const float *channel_vector(const td_affine *a, const td_edge *e, size_t *step)
{
    const td_edge from = td_edge_source(*e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || t->dtype != TD_F32 || !t->data) return NULL;
    const int64_t n = td_shape_count(&t->shape);
    const int32_t rank = t->shape.rank;
    if (n != 1 && (n != (int64_t)a->channels || t->shape.dims[rank - 1] != n)) return NULL;
    if (rank > a->rank) return NULL;
    *step = n == 1 && a->channels != 1 ? 0 : 1;
    return t->data;
}

static bool take_norm(td_affine *a, const td_node *node)
{
    const td_attr_value *const training = td_node_attr(node, "is_training");
    const td_attr_value *const format = td_node_attr(node, "data_format");
    const td_attr_value *const epsilon = td_node_attr(node, "epsilon");
    const float *v[5];
    size_t step;

    if (!training || training->u.b || !epsilon || !format || format->u.s.size != 4 ||
        format->u.s.data[3] != 'C')
        return false;
    for (uint32_t i = 1; i < 5; i++) {
        v[i] = channel_vector(a, &node->in[i], &step);
        if (!v[i] || step != 1) return false;
    }
    for (size_t i = 0; i < a->channels; i++) {
        const double k = (double)v[1][i] / sqrt((double)v[4][i] + (double)epsilon->u.f);
        a->scale[i] *= k;
        a->shift[i] = (a->shift[i] - (double)v[3][i]) * k + (double)v[2][i];
    }
    a->has_scale = a->has_shift = true;
    return true;
}

static bool is_bias_nhwc(const td_node *node)
{
    const td_attr_value *const format = td_node_attr(node, "data_format");
    return td_node_is(node, "BiasAddV1") || !format || format->u.s.size < 4 || format->u.s.data[3] == 'C';
}

bool td_affine_take(td_affine *a, const td_node *node, const td_edge *x)
{
    size_t step;

    if (td_node_is(node, "FusedBatchNormV3") || td_node_is(node, "FusedBatchNormV2") ||
        td_node_is(node, "FusedBatchNorm"))
        return td_edge_is(&node->in[0], x->node) && take_norm(a, node);
    if (node->n_in != 2) return false;
    const bool is_first = td_edge_is(&node->in[0], x->node);
    const float *const v = channel_vector(a, &node->in[is_first ? 1 : 0], &step);
    const bool is_sub = td_node_is(node, "Sub") && is_first;
    if (!v) return false;
    if (td_node_is(node, "Mul")) {
        for (size_t i = 0; i < a->channels; i++) {
            a->scale[i] *= (double)v[i * step];
            a->shift[i] *= (double)v[i * step];
        }
        a->has_scale = true;
        return true;
    }
    const bool is_bias = (td_node_is(node, "BiasAdd") || td_node_is(node, "BiasAddV1")) && is_bias_nhwc(node);
    if (!is_bias && !is_sub && !td_node_is(node, "Add") && !td_node_is(node, "AddV2")) return false;
    for (size_t i = 0; i < a->channels; i++)
        a->shift[i] += (double)v[i * step] * (is_sub ? -1.0 : 1.0);
    a->has_shift = true;
    return true;
}

td_status td_affine_const(td_pass *p, td_graph *g, const char *name, const double *v, size_t n, td_edge *out)
{
    const td_shape shape = { .rank = 1, .dims = { (int64_t)n } };
    td_tensor t;

    TD_TRY(td_tensor_make(TD_F32, &shape, &t));
    for (size_t i = 0; i < n; i++)
        ((float *)t.data)[i] = (float)v[i];
    *out = (td_edge){ .node = td_pass_const(p, g, name, t), .index = 0 };
    return NULL;
}
