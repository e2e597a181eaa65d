/* SPDX-License-Identifier: Apache-2.0 */
/* check_rnn.c -- every body of a recurrent layer that this CPU has, at each of its levels, rows and steps shared by threads in every
 * way, against sums in double. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "cpu_levels.h"

#include "kernels/rnn/body.h"

typedef struct data {
    td_rnn_ask ask;
    float *x, *h0, *c0, *wx, *wh, *bx, *bh;
    float *seq, *h, *c; /* what is right */
} data;

/* sums of a row: x Wx + bx and h Wh + bh, apart. */
static void sum(const data *d, const float *x, const float *h, float *of_x, float *of_h)
{
    const size_t columns = td_rnn_gates(d->ask.kind) * d->ask.hidden;

    for (size_t j = 0; j < columns; j++) {
        double a = (double)d->bx[j], b = d->ask.kind == TD_RNN_GRU ? (double)d->bh[j] : 0.0;

        for (size_t k = 0; k < d->ask.inputs; k++)
            a += (double)x[k] * (double)d->wx[k * columns + j];
        for (size_t k = 0; k < d->ask.hidden; k++)
            b += (double)h[k] * (double)d->wh[k * columns + j];
        of_x[j] = (float)a;
        of_h[j] = (float)b;
    }
}

static void run_plainly(data *d)
{
    const size_t n = d->ask.hidden;
    float *const sums = TD_NEW_N(float, 8 * n + 1), *const next = TD_NEW_N(float, n + 1);

    for (size_t row = 0; row < d->ask.batch; row++) {
        float *const h = d->h + row * n, *const c = d->c + row * n;

        memcpy(h, d->h0 + row * n, n * sizeof *h);
        memcpy(c, d->c0 + row * n, n * sizeof *c);
        for (size_t step = 0; step < d->ask.steps; step++) {
            const size_t at = step * d->ask.batch + row;

            sum(d, d->x + at * d->ask.inputs, h, sums, sums + 4 * n);
            td_rnn_isa_ref.gates[d->ask.kind](&(td_rnn_cells){ .rows = 1,
                                                               .units = n,
                                                               .sums = sums,
                                                               .own = sums + 4 * n,
                                                               .gap = n,
                                                               .c = c,
                                                               .h = h,
                                                               .out = next });
            memcpy(h, next, n * sizeof *h);
            memcpy(d->seq + at * n, h, n * sizeof *h);
        }
    }
    td_free(sums);
    td_free(next);
}

static data data_make(td_rnn_kind kind, size_t steps, size_t batch, size_t inputs, size_t hidden)
{
    const size_t columns = td_rnn_gates(kind) * hidden, state = batch * hidden;
    const float far = 2.0f / sqrtf((float)(inputs + hidden)); /* so that gates are neither open nor shut */
    data d = { .ask = { kind, steps, batch, inputs, hidden, 0, 1, false } };

    d.x = check_buf_rand(steps * batch * inputs, -1, 1);
    d.h0 = check_buf_rand(state, -1, 1), d.c0 = check_buf_rand(state, -1, 1);
    d.wx = check_buf_rand(inputs * columns, -far, far), d.wh = check_buf_rand(hidden * columns, -far, far);
    d.bx = check_buf_rand(columns, -1, 1), d.bh = check_buf_rand(columns, -1, 1);
    d.seq = check_buf(steps * state), d.h = check_buf(state), d.c = check_buf(state);
    return d;
}

static void data_free(data *d)
{
    check_buf_free(d->x), check_buf_free(d->h0), check_buf_free(d->c0), check_buf_free(d->wx);
    check_buf_free(d->wh), check_buf_free(d->bx), check_buf_free(d->bh);
    check_buf_free(d->seq), check_buf_free(d->h), check_buf_free(d->c);
}

static double worst(const float *got, const float *want, size_t n)
{
    double most = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double off = fabs((double)got[i] - (double)want[i]);

        most = off <= most ? most : off; /* a NaN is the worst */
    }
    return most;
}

enum { BODIES = 2 };
static int n_runs[BODIES], n_shared;

static void check_run(const data *d, const td_rnn_ask *ask, const td_rnn_body *b, bool has_seq)
{
    const td_rnn_plan plan = td_rnn_plan_make(ask);
    const size_t state = ask->batch * ask->hidden, all = ask->steps * state;
    const size_t scratch_size = plan.shards * plan.shard_bytes;
    const size_t wx_size = b->packed_size(ask->kind, ask->inputs, ask->hidden),
                 wh_size = b->packed_size(ask->kind, ask->hidden, ask->hidden);
    void *const wx = check_bytes(wx_size), *const wh = check_bytes(wh_size),
                *const scratch = check_bytes(scratch_size);
    float *const seq = check_buf(all), *const h = check_buf(state), *const c = check_buf(state);
    td_team *const team = ask->threads > 1 ? td_team_make(ask->threads) : NULL;
    const td_rnn r = { .plan = &plan,
                       .x = d->x,
                       .h0 = d->h0,
                       .c0 = d->c0,
                       .wx = wx,
                       .wh = wh,
                       .bx = d->bx,
                       .bh = d->bh,
                       .seq = has_seq ? seq : NULL,
                       .h = h,
                       .c = ask->kind == TD_RNN_LSTM ? c : NULL,
                       .scratch = scratch };
    const double tol = ask->is_bf16 ? 2e-2 : 3e-6 * sqrt((double)(ask->steps + 1));
    char name[128];

    (void)snprintf(name, sizeof name, "%s %s %s %zu steps of %zu rows, %zu to %zu, %d threads, %zu parts%s",
                   b->name, td_cpu_name(ask->cpu).text, ask->kind == TD_RNN_LSTM ? "LSTM" : "GRU", ask->steps,
                   ask->batch, ask->inputs, ask->hidden, ask->threads, plan.parts,
                   has_seq ? "" : ", the last");
    CHECK(plan.body == b, "%s: another body", name);
    memset(scratch, 0xff, scratch_size); /* NaN, of either type: what an earlier run may have left */
    CHECK(b->pack(ask->kind, ask->inputs, ask->hidden, wx, d->wx), "%s: pack", name);
    CHECK(b->pack(ask->kind, ask->hidden, ask->hidden, wh, d->wh), "%s: pack", name);
    td_rnn_run(&r, team);
    for (size_t i = 0; i < BODIES; i++)
        n_runs[i] += td_rnn_bodies[i] == b;
    n_shared += plan.parts > 1;
    CHECK(worst(h, d->h, state) <= tol, "%s: h is off by %g", name, worst(h, d->h, state));
    if (r.c) CHECK(worst(c, d->c, state) <= 4 * tol, "%s: c is off by %g", name, worst(c, d->c, state));
    if (has_seq)
        CHECK(worst(seq, d->seq, all) <= tol, "%s: a state is off by %g", name, worst(seq, d->seq, all));
    CHECK(check_guards(seq, all) && check_guards(h, state) && check_guards(c, state), "%s wrote outside",
          name);
    CHECK(check_bytes_guards(wx, wx_size) && check_bytes_guards(wh, wh_size), "%s wrote outside its weights",
          name);
    CHECK(check_bytes_guards(scratch, scratch_size), "%s wrote outside its scratch", name);
    td_team_free(team);
    check_bytes_free(wx), check_bytes_free(wh), check_bytes_free(scratch);
    check_buf_free(seq), check_buf_free(h), check_buf_free(c);
}

static void check_layer(td_rnn_kind kind, size_t steps, size_t batch, size_t inputs, size_t hidden)
{
    data d = data_make(kind, steps, batch, inputs, hidden);

    run_plainly(&d);
    for (size_t level = 0; level < cpu_levels(); level++)
        for (int is_bf16 = 0; is_bf16 < 2; is_bf16++)
            for (int threads = 1; threads < 4; threads++) {
                td_rnn_ask ask = d.ask;

                ask.cpu = cpu_level(level);
                ask.threads = threads;
                ask.is_bf16 = is_bf16;
                const td_rnn_body *const b = td_rnn_body_choose(&ask);
                if (is_bf16 && b == &td_rnn_body_panels) ask.is_bf16 = false;
                check_run(&d, &ask, b, true);
                check_run(&d, &ask, b, false);
            }
    data_free(&d);
}

/* `check rnn --bench`: each body, alone and with two threads. */
static void bench(td_rnn_kind kind, size_t steps, size_t batch, size_t inputs, size_t hidden)
{
    data d = data_make(kind, steps, batch, inputs, hidden);
    const size_t state = batch * hidden;
    char name[96];

    for (int is_bf16 = 0; is_bf16 < 2; is_bf16++)
        for (int threads = 1; threads < 3; threads++) {
            td_rnn_ask ask = d.ask;

            ask.cpu = td_cpu_detect();
            ask.threads = threads;
            ask.is_bf16 = is_bf16;
            const td_rnn_plan plan = td_rnn_plan_make(&ask);
            const td_rnn_body *const b = plan.body;
            void *const wx = td_try_alloc(b->packed_size(kind, inputs, hidden) + 1, 64);
            void *const wh = td_try_alloc(b->packed_size(kind, hidden, hidden) + 1, 64);
            void *const scratch = td_try_alloc(plan.shards * plan.shard_bytes + 1, 64);
            float *const seq = check_buf(steps * state), *const h = check_buf(state),
                         *const c = check_buf(state);
            td_team *const team = threads > 1 ? td_team_make(threads) : NULL;
            const td_rnn r = {
                &plan, d.x, d.h0, d.c0, wx, wh, d.bx, d.bh, seq, h, kind == TD_RNN_LSTM ? c : NULL, scratch
            };

            (void)b->pack(kind, inputs, hidden, wx, d.wx);
            (void)b->pack(kind, hidden, hidden, wh, d.wh);
            (void)snprintf(name, sizeof name, "%s %zux%zu, %zu to %zu: %s, %d threads, %zu parts, flop",
                           kind == TD_RNN_LSTM ? "LSTM" : "GRU", steps, batch, inputs, hidden, b->name,
                           threads, plan.parts);
            CHECK_BENCH(name, 2.0 * (double)steps * (double)batch * (double)(inputs + hidden) *
                                  (double)(td_rnn_gates(kind) * hidden))
            td_rnn_run(&r, team);
            td_team_free(team);
            td_free(wx), td_free(wh), td_free(scratch);
            check_buf_free(seq), check_buf_free(h), check_buf_free(c);
        }
    data_free(&d);
}

/* Small layers gain nothing from bfloat16; rows and steps decide nothing that weights are packed by. */
static void check_rules(void)
{
    td_rnn_ask ask = { TD_RNN_LSTM, 5, 1, 32, 32, td_cpu_detect(), 2, true };

    CHECK(td_rnn_body_choose(&ask) == &td_rnn_body_panels, "a small layer is not float");
    ask.hidden = 128;
    const bool has_it = td_amx_select(ask.cpu) != NULL;
    CHECK((td_rnn_body_choose(&ask) == &td_rnn_body_amx) == has_it, "a large layer is float");
    const td_rnn_body *const b = td_rnn_body_choose(&ask);
    ask.batch = 64;
    CHECK(td_rnn_body_choose(&ask) == b, "the batch decides");
    ask.is_bf16 = false;
    CHECK(td_rnn_body_choose(&ask) == &td_rnn_body_panels, "bfloat16 that nobody asked for");
}

static const size_t benched[][4] = { { 64, 1, 32, 128 },   { 64, 1, 128, 128 },  { 64, 32, 32, 128 },
                                     { 64, 32, 128, 128 }, { 64, 1, 32, 32 },    { 64, 8, 32, 32 },
                                     { 64, 1, 64, 64 },    { 64, 8, 64, 64 },    { 64, 4, 128, 128 },
                                     { 32, 1, 256, 256 },  { 32, 32, 256, 256 }, { 16, 1, 512, 512 },
                                     { 16, 32, 512, 512 }, { 8, 1, 1024, 1024 }, { 8, 32, 1024, 1024 } };

enum { SHUT_UNITS = 70, SHUT_ROWS = 3, SHUT = SHUT_UNITS * SHUT_ROWS };

/* One step's gates of some units: every third gate is shut, by more than a float's exponent or by infinity, and before most of
 * those stands infinity. */
static void fill_shut(td_rnn_kind kind, size_t units, float *sums, float *own, float *state)
{
    for (size_t i = 0; i < 4 * SHUT; i++) {
        sums[i] = (float)check_random_int(-200, 200) / 100.0f;
        own[i] = (float)check_random_int(-200, 200) / 100.0f;
    }
    for (size_t i = 0; i < SHUT; i++) {
        const float shut = i % 2 ? -1000.0f : -INFINITY, far = i % 4 < 2 ? INFINITY : -INFINITY;
        const size_t row = i / units, k = i % units;
        float *const gates = sums + row * 4 * units + k;

        if (row == SHUT_ROWS) break;
        state[i] = (float)check_random_int(-100, 100) / 100.0f;
        if (i % 3) continue;
        if (kind == TD_RNN_LSTM || i % 6) {
            gates[kind == TD_RNN_LSTM ? units : 0] = shut;
            if (i % 5) state[i] = far;
        } else {
            gates[units] = shut;
            own[row * 4 * units + 2 * units + k] = far;
        }
    }
}

/* What a gate that is shut multiplies is nothing, and no number where that was infinite. */
static void check_shut(const char *name, td_rnn_kind kind, td_rnn_gates_fn *gates, size_t units)
{
    float sums[2][4 * SHUT], own[4 * SHUT], state[2][SHUT], out[2][SHUT];
    td_rnn_gates_fn *const both[] = { td_rnn_isa_ref.gates[kind], gates };

    fill_shut(kind, units, sums[0], own, state[0]);
    memcpy(sums[1], sums[0], sizeof sums[0]);
    memcpy(state[1], state[0], sizeof state[0]);
    for (int i = 0; i < 2; i++)
        both[i](&(td_rnn_cells){ .rows = SHUT_ROWS,
                                 .units = units,
                                 .sums = sums[i],
                                 .own = own,
                                 .gap = units,
                                 .sums_ld = 4 * units,
                                 .c = state[i],
                                 .h = state[i],
                                 .out = out[i],
                                 .ld = units });
    for (size_t i = 0; i < SHUT_ROWS * units; i++)
        CHECK(isnan(out[0][i]) ? isnan(out[1][i]) : fabsf(out[0][i] - out[1][i]) <= 1e-5f,
              "%s %s of %zu units, [%zu]: %g, want %g", name, kind == TD_RNN_LSTM ? "LSTM" : "GRU", units, i,
              (double)out[1][i], (double)out[0][i]);
}

void check_rnn(void)
{
    static const size_t shapes[][4] = {
        { 1, 1, 1, 1 },    { 5, 3, 4, 7 },    { 7, 9, 5, 19 },     { 4, 1, 33, 64 },  { 6, 2, 32, 70 },
        { 9, 1, 16, 130 }, { 3, 40, 8, 33 },  { 2, 70, 31, 32 },   { 0, 3, 4, 8 },    { 3, 0, 4, 8 },
        { 3, 2, 0, 8 },    { 50, 5, 20, 48 }, { 11, 17, 64, 100 }, { 3, 33, 12, 96 }, { 4, 8, 40, 300 },
    };

    for (size_t i = 0; i < TD_COUNT(shapes); i++)
        for (int kind = 0; kind < 2; kind++)
            check_layer((td_rnn_kind)kind, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
    for (size_t i = 0; td_cpu_has(td_cpu_detect(), TD_CPU_amx) && i < BODIES; i++)
        CHECK(n_runs[i], "%s was never run", td_rnn_bodies[i]->name);
    CHECK(n_shared, "no step was shared");
    CHECK_EACH(rnn, v)
        for (int kind = 0; kind < 2; kind++)
            for (size_t units = 5; units <= SHUT_UNITS; units += 13)
                check_shut(v->name, (td_rnn_kind)kind, v->body->gates[kind], units);
    check_rules();
    for (size_t i = 0; check_benches() && i < TD_COUNT(benched); i++)
        for (int kind = 0; kind < 2; kind++)
            bench((td_rnn_kind)kind, benched[i][0], benched[i][1], benched[i][2], benched[i][3]);
}
