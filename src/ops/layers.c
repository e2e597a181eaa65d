/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c -- see layers.h: a list behind a lock. */
#include "ops/layers.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/vec.h"

struct td_layers {
    td_mutex mu;
    td_arena *arena; /* guarded by mu, as the layers are */
    td_vec all;      /* of td_layer * */
    bool measures;
    atomic_uint refs;
};

td_layers *td_layers_make(void)
{
    td_layers *const l = TD_NEW(td_layers);

    l->arena = td_arena_make();
    l->all = TD_VEC(td_layer *);
    td_mutex_init(&l->mu, TD_LOCK_leaf);
    atomic_init(&l->refs, 1);
    return l;
}

td_layers *td_layers_ref(td_layers *l)
{
    if (l) atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void td_layers_unref(td_layers *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) > 1) return;
    td_vec_fini(&l->all);
    td_arena_free(l->arena);
    td_mutex_fini(&l->mu);
    td_free(l);
}

void td_layers_measure(td_layers *l, bool does)
{
    l->measures = does;
}

size_t td_layers_count(const td_layers *l)
{
    return l->all.size;
}

const td_layer *td_layers_at(const td_layers *l, size_t i)
{
    return *TD_VEC_AT(&l->all, td_layer *, i);
}

void td_layers_decide(td_layers *l, double most)
{
    for (size_t i = 0; i < l->all.size; i++) {
        td_layer *const x = *TD_VEC_AT(&l->all, td_layer *, i);

        x->error = x->sum > 0         ? sqrt(x->sum_error / x->sum)
                   : x->sum_error > 0 ? (double)INFINITY
                                      : x->sum_error;
        x->is_kept = x->is_measured && most > 0 && !(x->error <= most);
        x->precision = TD_PRECISION_OF_FLAG;
        x->why = NULL;
    }
}

static td_layer *find_locked(const td_layers *l, const char *node)
{
    for (size_t i = 0; i < l->all.size; i++) {
        td_layer *const x = *TD_VEC_AT(&l->all, td_layer *, i);

        if (!strcmp(x->node, node)) return x;
    }
    return NULL;
}

static td_layer *take_locked(td_layers *l, const td_call *c)
{
    td_layer *const old = find_locked(l, c->node);

    if (old) return old;
    td_layer *const x = TD_ARENA_NEW(l->arena, td_layer);
    *x = (td_layer){ .node = td_arena_strdup(l->arena, c->node), .op = c->op->name };
    *(td_layer **)td_vec_push(&l->all) = x;
    return x;
}

td_layers_sum td_layers_summary(const td_layers *l)
{
    td_layers_sum s = { .layers = l->all.size };

    for (size_t i = 0; i < l->all.size; i++) {
        const td_layer *const x = td_layers_at(l, i);
        const bool is_less = x->precision > TD_PRECISION_BFLOAT16;

        s.less += is_less;
        s.kept += x->is_kept;
        s.before += x->before;
        s.after += x->after;
        if (is_less && x->is_measured) s.error = fmax(s.error, x->error);
    }
    return s;
}

/* ---------------------------------------------------------------- for ops */

static bool is_kept(const td_call *c)
{
    td_layers *const l = c->env->layers;

    if (!l) return false;
    td_mutex_lock(&l->mu);
    const td_layer *const x = find_locked(l, c->node);
    const bool is = x && x->is_kept;
    td_mutex_unlock(&l->mu);
    return is;
}

td_precision td_layer_precision(const td_call *c)
{
    const td_precision p = c->env->precision;

    if (p <= TD_PRECISION_BFLOAT16 || is_kept(c)) return TD_PRECISION_FLOAT32;
    return p == TD_PRECISION_INT8_STATIC ? TD_PRECISION_INT8 : p;
}

bool td_layer_is_measured(const td_call *c)
{
    return c->env->layers && c->env->layers->measures;
}

float td_layer_scale(const td_call *c)
{
    td_layers *const l = c->env->layers;
    float most = 0;

    if (!l || c->env->precision != TD_PRECISION_INT8_STATIC) return 0;
    td_mutex_lock(&l->mu);
    const td_layer *const x = find_locked(l, c->node);
    if (x && isfinite(x->most)) most = x->most;
    td_mutex_unlock(&l->mu);
    return most / 127;
}

void td_layer_note(const td_call *c, td_precision precision, size_t before, size_t after, bool is_const)
{
    td_layers *const l = c->env->layers;

    if (!l) return;
    td_mutex_lock(&l->mu);
    td_layer *const x = take_locked(l, c);
    const bool is_less = precision > TD_PRECISION_BFLOAT16;

    if (is_less || x->precision <= TD_PRECISION_BFLOAT16) {
        x->precision = is_less ? precision : TD_PRECISION_FLOAT32;
        x->why = is_less      ? NULL
                 : x->is_kept ? "its error is above the most that is allowed"
                 : !is_const  ? "its weights are no constants"
                              : "it is small, or of a kind that has no such body";
        x->before = before;
        x->after = is_less ? after : before;
    }
    td_mutex_unlock(&l->mu);
}

void td_layer_compare(const td_call *c, const float *got, const float *want, size_t n, const float *in,
                      size_t n_in)
{
    td_layers *const l = c->env->layers;
    double sum_error = 0, sum = 0;
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        const double error = (double)got[i] - (double)want[i];

        sum_error += error * error;
        sum += (double)want[i] * (double)want[i];
    }
    for (size_t i = 0; i < n_in; i++)
        most = fmaxf(most, fabsf(in[i]));
    td_mutex_lock(&l->mu);
    td_layer *const x = take_locked(l, c);
    x->is_measured = true;
    x->sum_error += sum_error;
    x->sum += sum;
    x->most = fmaxf(x->most, most);
    td_mutex_unlock(&l->mu);
}
