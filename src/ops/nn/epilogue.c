/* SPDX-License-Identifier: Apache-2.0 */
/* epilogue.c -- see epilogue.h. */
#include "ops/nn/epilogue.h"

#include <math.h>

#include "base/macros.h"

const td_epilogue td_epilogue_none = { .lo = -INFINITY, .hi = INFINITY };

static const struct {
    const char *name;
    float lo, hi;
    td_act act;
} activations[] = { { "Relu", 0.0f, INFINITY, TD_ACT_NONE },
                    { "Relu6", 0.0f, 6.0f, TD_ACT_NONE },
#define X(id, text) { text, -INFINITY, INFINITY, TD_ACT_##id },
                    TD_ACTS(X)
#undef X
};

static bool set_activation(td_string name, td_epilogue *e)
{
    for (size_t i = 0; i < TD_COUNT(activations); i++)
        if (td_string_is(name, activations[i].name)) {
            e->lo = activations[i].lo;
            e->hi = activations[i].hi;
            e->act = activations[i].act;
            return true;
        }
    return false;
}

static td_status type_error(const td_parse *p, const char *what, td_dtype type)
{
    return TD_ERR(UNIMPLEMENTED, "%s: %s of %s", p->node->name, what, td_dtype_name(type));
}

td_status td_epilogue_parse(td_parse *p, uint32_t first, td_epilogue *out)
{
    const td_attr_value *items;
    const size_t n = td_attr_list(p, "fused_ops", &items);
    td_epilogue e = td_epilogue_none;
    uint32_t next = first;
    bool is_done = false;

    /* sums, vectors and residuals are floats */
    if (n && td_attr_type(p, "T") != TD_F32) return type_error(p, "fused_ops", td_attr_type(p, "T"));
    for (size_t i = 0; i < n; i++) {
        const td_string s = items[i].u.s;
        if (items[i].kind == TD_ATTR_STRING && !is_done) {
            uint32_t *const arg = td_string_is(s, "Scale")     ? &e.scale
                                  : td_string_is(s, "BiasAdd") ? &e.bias
                                  : td_string_is(s, "Add")     ? &e.add
                                                               : NULL;
            if (arg && !*arg) {
                *arg = next++;
                continue;
            }
            is_done = !arg && set_activation(s, &e);
            if (is_done) continue;
        }
        return TD_ERR(UNIMPLEMENTED, "%s: fused_ops entry '%.*s' is not known here", p->node->name,
                      (int)s.size, s.data);
    }
    if (next != p->node->n_in)
        return TD_ERR(INVALID_ARGUMENT, "%s: fused_ops takes %u inputs, the node has %u", p->node->name, next,
                      p->node->n_in);
    *out = e;
    return NULL;
}

static bool is_either(td_dtype t)
{
    return t == TD_F32 || t == TD_BF16;
}

td_status td_mixed_parse(const td_parse *p, const char *const *any, const td_epilogue *e)
{
    const td_attr_value *items;
    size_t n = 0;

    if (td_attr_type(p, "T") != TD_F32) return type_error(p, "T", td_attr_type(p, "T"));
    for (; *any; any++)
        if (!is_either(td_attr_type(p, *any))) return type_error(p, *any, td_attr_type(p, *any));
    if (!e) return NULL;
    n = td_attr_list(p, "Targs", &items);
    for (size_t i = 0; i < n; i++) {
        const td_dtype t = items[i].u.type;
        const bool may_be_narrow = e->add && i + 2 == e->add;
        if (items[i].kind != TD_ATTR_TYPE || !(may_be_narrow ? is_either(t) : t == TD_F32))
            return type_error(p, "Targs", t);
    }
    return NULL;
}

td_status td_epilogue_infer(const td_call *c, const td_epilogue *e, int64_t channels, const td_shape *sum,
                            td_shape *out)
{
    const uint32_t vectors[] = { e->scale, e->bias };
    td_shape shape = *sum;

    for (size_t i = 0; i < TD_COUNT(vectors); i++)
        if (vectors[i] && td_shape_count(&td_in(c, vectors[i])->shape) != channels)
            return TD_ERR(INVALID_ARGUMENT, "%s: a fused vector must have %lld elements", c->node,
                          (long long)channels);
    if (e->add && !td_shape_broadcast(sum, &td_in(c, e->add)->shape, &shape)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];
        return TD_ERR(INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s", td_shape_text(sum, a, sizeof a),
                      td_shape_text(&td_in(c, e->add)->shape, b, sizeof b));
    }
    TD_TRY(td_shape_check(&shape));
    *out = shape;
    return NULL;
}

bool td_epilogue_split(const td_call *c, const td_epilogue *e, const td_shape *sum, td_epilogue *early)
{
    *early = *e;
    if (!e->add || td_shape_equal(&td_in(c, e->add)->shape, sum)) return false;
    early->add = 0;
    early->lo = -INFINITY;
    early->hi = INFINITY;
    early->act = TD_ACT_NONE;
    return true;
}

/* Element strides of `s` within an output of shape `out`, right-aligned. */
static void strides_of(const td_shape *s, const td_shape *out, size_t *strides)
{
    size_t step = 1;

    for (int i = out->rank - 1; i >= 0; i--) {
        const int own = i - (out->rank - s->rank);
        strides[i] = own >= 0 && s->dims[own] != 1 ? step : 0;
        if (own >= 0) step *= (size_t)s->dims[own];
    }
}

void td_epilogue_late(const td_call *c, const td_epilogue *e, const td_shape *sum, float *out, const float *y,
                      const float *add)
{
    const td_shape *const shape = &td_out(c, 0)->shape;
    const size_t n = (size_t)td_shape_count(shape);
    size_t by_y[TD_MAX_RANK], by_add[TD_MAX_RANK];
    td_act_fn *const post = td_act_select(c->env->cpu)[e->act];

    strides_of(sum, shape, by_y);
    strides_of(&td_in(c, e->add)->shape, shape, by_add);
    for (size_t i = 0; i < n; i++) {
        size_t rest = i, at_y = 0, at_add = 0;
        for (int d = shape->rank - 1; d >= 0; d--) {
            const size_t at = rest % (size_t)shape->dims[d];
            rest /= (size_t)shape->dims[d];
            at_y += at * by_y[d];
            at_add += at * by_add[d];
        }
        const float v = y[at_y] + add[at_add];
        out[i] = v < e->lo ? e->lo : v > e->hi ? e->hi : v;
    }
    if (post) post(out, n);
}

td_gemm_end td_epilogue_end(const td_call *c, const td_epilogue *e, size_t channels)
{
    return (td_gemm_end){
        .bias = e->bias ? td_in(c, e->bias)->data : NULL,
        .add = e->add ? td_in(c, e->add)->data : NULL,
        .add_ld = channels,
        .lo = e->lo,
        .hi = e->hi,
        .post = td_act_select(c->env->cpu)[e->act],
    };
}
