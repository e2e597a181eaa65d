/* SPDX-License-Identifier: Apache-2.0 */
/* body_phases.c -- a transposed convolution with strides as several without: output pixels o of one phase, o % stride, read
 * the same taps, and each input pixel with all of them.
 *
 *     o = stride q + p,   i = (o + pad - t) / stride   for the taps t that divide:   t = t0 + stride j,   i = q + base - j
 *
 * which is a convolution over q with its taps in reverse. As one product over gathered rows, most of what is multiplied would be
 * zeros: three in four at a stride of 2. Each phase has a body of its own, chosen as any convolution's; their images are brought
 * together at the end.
 */
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/conv/body.h"

enum { MOST_PHASES = 64, LINE_WORK = 16384 };

typedef struct phase {
    size_t tap[3]; /* t0 */
    td_conv conv;
    td_conv_plan plan;
    size_t at_packed; /* floats */
    size_t at_out;    /* floats of scratch */
} phase;

typedef struct phases {
    td_conv conv;
    bool may_add; /* there may be a residual */
    size_t count;
    phase list[];
} phases;

static size_t pixels(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static bool can(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    size_t count = 1;

    if (!c->is_transposed || c->groups != 1) return false;
    for (int i = 0; i < 3; i++) {
        /* each phase has a tap, and a pixel */
        if (c->stride[i] > c->kernel[i] || c->stride[i] > c->out[i] || c->dilation[i] != 1 || c->pad[i] < 0)
            return false;
        if (c->stride[i] > MOST_PHASES || (count *= c->stride[i]) > MOST_PHASES) return false;
    }
    return count > 1;
}

static bool pays(const td_conv_ask *ask)
{
    return ask->is_const;
}

/* The convolution of phase p in one dimension. */
static void set_dim(phase *ph, const td_conv *c, int i, size_t p)
{
    const size_t stride = c->stride[i], from = p + (size_t)c->pad[i], tap = from % stride;
    const size_t taps = (c->kernel[i] - 1 - tap) / stride + 1;

    ph->tap[i] = tap;
    ph->conv.kernel[i] = taps;
    ph->conv.out[i] = (c->out[i] - p + stride - 1) / stride;
    ph->conv.pad[i] = (int64_t)taps - 1 - (int64_t)(from / stride);
    ph->conv.stride[i] = ph->conv.dilation[i] = 1;
}

static void release(void *state)
{
    phases *const s = state;

    for (size_t i = 0; i < s->count; i++)
        td_conv_plan_free(&s->list[i].plan);
    td_free(s);
}

static void *make(const td_conv_ask *ask)
{
    const td_conv *const c = &ask->conv;
    const size_t count = pixels(c->stride);
    phases *const s = td_try_alloc(sizeof *s + count * sizeof s->list[0], 16);
    size_t packed = 0, out = 0;

    if (!s) return NULL;
    *s = (phases){ .conv = *c, .may_add = ask->has_more };
    for (; s->count < count; s->count++) {
        phase *const ph = &s->list[s->count];
        td_conv_ask own = *ask;

        *ph = (phase){ .conv = *c };
        ph->conv.is_transposed = false;
        for (size_t i = 3, rest = s->count; i-- > 0; rest /= c->stride[i])
            set_dim(ph, c, (int)i, rest % c->stride[i]);
        own.conv = ph->conv;
        if (!td_conv_body_choose(&own, &ph->plan)) {
            release(s);
            return NULL;
        }
        ph->at_packed = packed;
        ph->at_out = out;
        packed += td_round_up(ph->plan.body->packed_size(ph->plan.state), 64) / sizeof(float);
        out += c->batch * pixels(ph->conv.out) * c->out_channels;
    }
    return s;
}

static uint64_t layout(const void *state)
{
    const phases *const s = state;
    uint64_t hash = td_hash_bytes(s->conv.kernel, sizeof s->conv.kernel, s->count);

    for (size_t i = 0; i < s->count; i++) {
        const td_conv_body *const b = s->list[i].plan.body;
        const uint64_t own = b->layout(s->list[i].plan.state);
        hash = td_hash_bytes(&own, sizeof own, td_hash_bytes(b->form, strlen(b->form), hash));
    }
    return hash;
}

static size_t packed_size(const void *state)
{
    const phases *const s = state;
    const phase *const last = &s->list[s->count - 1];

    return last->at_packed * sizeof(float) + last->plan.body->packed_size(last->plan.state);
}

/* w[taps of all][out_channels][in_channels] to own[taps][in_channels][out_channels], which are this phase's, in reverse. */
static void own_taps(const phases *s, const phase *ph, float *own, const float *w)
{
    const td_conv *const c = &s->conv, *const v = &ph->conv;
    const size_t m = c->in_channels, n = c->out_channels;

    for (size_t k = 0; k < pixels(v->kernel); k++, own += m * n) {
        size_t tap = 0;
        for (size_t i = 0, left = k, span = pixels(v->kernel); i < 3; i++) {
            span /= v->kernel[i];
            const size_t j = v->kernel[i] - 1 - left / span;
            left %= span;
            tap = tap * c->kernel[i] + ph->tap[i] + c->stride[i] * j;
        }
        for (size_t y = 0; y < n; y++)
            for (size_t x = 0; x < m; x++)
                own[x * n + y] = w[(tap * n + y) * m + x];
    }
}

static bool pack(const void *state, float *packed, const float *w, const float *scale)
{
    const phases *const s = state;
    float *const own =
        td_try_alloc(pixels(s->conv.kernel) * s->conv.in_channels * s->conv.out_channels * sizeof(float), 64);
    bool is_ok = own;

    for (size_t i = 0; is_ok && i < s->count; i++) {
        const phase *const ph = &s->list[i];
        own_taps(s, ph, own, w);
        is_ok = ph->plan.body->pack(ph->plan.state, packed + ph->at_packed, own, scale);
    }
    td_free(own);
    return is_ok;
}

/* ---------------------------------------------------------------- run */

static size_t out_size(const phases *s)
{
    return td_round_up(s->conv.batch * pixels(s->conv.out) * s->conv.out_channels * sizeof(float), 64);
}

/* The phases' images, the residual in the same order, what a phase needs for itself. */
static size_t scratch(const void *state, int threads)
{
    const phases *const s = state;
    size_t most = 0;

    for (size_t i = 0; i < s->count; i++) {
        const size_t own = s->list[i].plan.body->scratch(s->list[i].plan.state, threads);
        most = TD_MAX(most, own);
    }
    return out_size(s) * (s->may_add ? 2 : 1) + most;
}

/* Between the whole image and those of the phases, line by line. */
typedef struct weave {
    const phases *s;
    float *whole, *apart;
    bool splits; /* from the whole one */
} weave;

static size_t lines_of_shard(const td_conv *c)
{
    return TD_MAX(1, LINE_WORK / (c->out[2] * c->out_channels));
}

static void weave_line(const weave *v, size_t line)
{
    const td_conv *const c = &v->s->conv;
    const size_t y = line % c->out[1], z = line / c->out[1] % c->out[0], n = line / c->out[1] / c->out[0];
    const size_t first = (z % c->stride[0] * c->stride[1] + y % c->stride[1]) * c->stride[2];
    float *to = v->whole + line * c->out[2] * c->out_channels;
    float *apart[MOST_PHASES];

    for (size_t p = 0; p < c->stride[2]; p++) {
        const phase *const ph = &v->s->list[first + p];
        const size_t *const out = ph->conv.out;
        apart[p] = v->apart + ph->at_out +
                   ((n * out[0] + z / c->stride[0]) * out[1] + y / c->stride[1]) * out[2] * c->out_channels;
    }
    for (size_t x = 0, p = 0; x < c->out[2]; x++, to += c->out_channels) {
        memcpy(v->splits ? apart[p] : to, v->splits ? to : apart[p], c->out_channels * sizeof *to);
        apart[p] += c->out_channels;
        if (++p == c->stride[2]) p = 0;
    }
}

static void weave_lines(void *ctx, size_t shard, int thread)
{
    const weave *const v = ctx;
    const td_conv *const c = &v->s->conv;
    const size_t lines = c->batch * c->out[0] * c->out[1];
    const size_t step = lines_of_shard(c);

    (void)thread;
    for (size_t i = shard * step; i < TD_MIN(lines, (shard + 1) * step); i++)
        weave_line(v, i);
}

static void run_weave(const weave *v, td_team *team)
{
    const td_conv *const c = &v->s->conv;
    const size_t step = lines_of_shard(c);

    td_team_run(team, td_div_up(c->batch * c->out[0] * c->out[1], step), weave_lines, (void *)(uintptr_t)v);
}

static bool run(const void *state, const td_conv_job *j)
{
    const phases *const s = state;
    float *const apart = j->scratch, *const add = (float *)(void *)((char *)j->scratch + out_size(s));
    const weave residual = { s, (float *)(uintptr_t)j->end->add, add, true },
                result = { s, j->out, apart, false };

    if (j->end->add) run_weave(&residual, j->team);
    for (size_t i = 0; i < s->count; i++) {
        const phase *const ph = &s->list[i];
        td_gemm_end end = *j->end;
        if (end.add) end.add = add + ph->at_out;
        const td_conv_job own = {
            .out = apart + ph->at_out,
            .in = j->in,
            .packed = j->packed + ph->at_packed,
            .end = &end,
            .scratch = (char *)j->scratch + out_size(s) * (s->may_add ? 2 : 1),
            .team = j->team,
        };
        if (!ph->plan.body->run(ph->plan.state, &own)) return false;
    }
    run_weave(&result, j->team);
    return true;
}

const td_conv_body td_conv_body_phases = {
    .name = "phases",
    .can = can,
    .pays = pays,
    .make = make,
    .free = release,
    .form = "conv phases",
    .layout = layout,
    .packed_size = packed_size,
    .pack = pack,
    .scratch = scratch,
    .run = run,
};
