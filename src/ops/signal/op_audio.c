/* SPDX-License-Identifier: Apache-2.0 */
/* op_audio.c -- AudioSpectrogram, Mfcc: what speech models hear. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/fft/fft.h"
#include "ops/array/array.h"

static const double pi = 3.14159265358979323846;

/* ---------------------------------------------------------------- AudioSpectrogram */

typedef struct window_attrs {
    int64_t size, stride;
    bool squared;
} window_attrs;

static td_status window_parse(td_parse *p)
{
    window_attrs *const a = p->attrs;

    *a = (window_attrs){ td_attr_int(p, "window_size"), td_attr_int(p, "stride"),
                         td_attr_bool(p, "magnitude_squared") };
    if (a->size < 2 || a->size > 1 << 24)
        return TD_ERR(INVALID_ARGUMENT, "%s: window size %" PRId64 " is not from 2 to 2^24", p->node->name,
                      a->size);
    if (a->stride < 1) return TD_ERR(INVALID_ARGUMENT, "%s: stride must be positive", p->node->name);
    return NULL;
}

static int64_t fft_size(int64_t window)
{
    int64_t n = 1;

    while (n < window)
        n *= 2;
    return n;
}

/* input [samples, channels] -> [channels, frames, bins] */
static td_status window_infer(td_call *c)
{
    const window_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be 2-dimensional, not of rank %d", (int)in->rank);
    const int64_t frames = in->dims[0] < a->size ? 0 : 1 + (in->dims[0] - a->size) / a->stride;

    return td_shape_make(3, (int64_t[]){ in->dims[1], frames, 1 + fft_size(a->size) / 2 },
                         &td_out(c, 0)->shape);
}

typedef struct window_state {
    td_fft *fft;
    double *window; /* a periodic Hann window */
} window_state;

static td_status window_prepare(td_call *c)
{
    const window_attrs *const a = c->attrs;
    window_state *const s = c->state;
    const size_t n = (size_t)fft_size(a->size);

    s->fft = td_fft_make_real(c->arena, n);
    s->window = td_arena_try_alloc(c->arena, (size_t)a->size * sizeof(double), sizeof(double));
    if (!s->fft || !s->window)
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for a window of %" PRId64, a->size);
    for (int64_t i = 0; i < a->size; i++)
        s->window[i] = 0.5 - 0.5 * cos(2 * pi * (double)i / (double)a->size);
    c->scratch_size = 4 * n * sizeof(double);
    return NULL;
}

static td_status window_run(td_call *c)
{
    const window_attrs *const a = c->attrs;
    const window_state *const s = c->state;
    td_tensor *const out = td_out(c, 0);
    const size_t channels = (size_t)out->shape.dims[0], frames = (size_t)out->shape.dims[1];
    const size_t bins = (size_t)out->shape.dims[2], n = (size_t)fft_size(a->size), size = (size_t)a->size;
    double *const line = c->scratch, *const to = line + 2 * n;
    const float *const in = td_in(c, 0)->data;

    for (size_t f = 0; f < channels * frames; f++) {
        const size_t start = f % frames * (size_t)a->stride, channel = f / frames;

        for (size_t i = 0; i < n; i++)
            line[i] = i < size ? s->window[i] * (double)in[(start + i) * channels + channel] : 0;
        td_fft_ref.run_real(s->fft, line, to, NULL);
        for (size_t b = 0; b < bins; b++) {
            const float power = (float)(to[2 * b] * to[2 * b] + to[2 * b + 1] * to[2 * b + 1]);

            ((float *)out->data)[f * bins + b] = a->squared ? power : sqrtf(power);
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- Mfcc: spectrogram, sample_rate */

typedef struct mfcc_attrs {
    double upper, lower;
    int64_t channels, coefficients;
} mfcc_attrs;

static td_status mfcc_parse(td_parse *p)
{
    mfcc_attrs *const a = p->attrs;

    *a = (mfcc_attrs){ (double)td_attr_float(p, "upper_frequency_limit"),
                       (double)td_attr_float(p, "lower_frequency_limit"),
                       td_attr_int(p, "filterbank_channel_count"), td_attr_int(p, "dct_coefficient_count") };
    if (a->channels < 1 || a->channels > 1 << 16 || a->coefficients < 1 || a->coefficients > a->channels)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: %" PRId64 " filterbank channels and %" PRId64 " coefficients make no sense",
                      p->node->name, a->channels, a->coefficients);
    if (!(a->lower >= 0) || !(a->upper > a->lower))
        return TD_ERR(INVALID_ARGUMENT, "%s: frequency limits %g and %g make no band", p->node->name,
                      a->lower, a->upper);
    return NULL;
}

static td_status mfcc_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "spectrogram must be 3-dimensional, not of rank %d",
                         (int)in->rank);
    if (td_shape_count(&td_in(c, 1)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input sample_rate should be a scalar tensor");
    if (in->dims[2] < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "spectrogram has %" PRId64 " bins, at least 2 make sense",
                         in->dims[2]);
    return td_shape_make(
        3, (int64_t[]){ in->dims[0], in->dims[1], ((const mfcc_attrs *)c->attrs)->coefficients },
        &td_out(c, 0)->shape);
}

static td_status mfcc_prepare(td_call *c)
{
    const mfcc_attrs *const a = c->attrs;
    const size_t bins = (size_t)td_in(c, 0)->shape.dims[2], channels = (size_t)a->channels;

    c->scratch_size = (2 * bins + 2 * channels + 1 + channels * (size_t)a->coefficients) * sizeof(double);
    return NULL;
}

/* Triangular filters, evenly spaced by the mel scale. Bin i adds weight[i] of itself to filter[i], the rest to the next. */
typedef struct mel_bank {
    size_t bins, channels, begin, end;
    double *weight, *centers, *energies, *cosines;
    int64_t *filter; /* -1: left of the first */
} mel_bank;

static double mel_of(double hertz)
{
    return 1127.0 * log1p(hertz / 700.0);
}

static void make_bank(const mfcc_attrs *a, double rate, mel_bank *b)
{
    const double low = mel_of(a->lower), step = (mel_of(a->upper) - low) / (double)(b->channels + 1);
    const double hertz = 0.5 * rate / (double)(b->bins - 1);
    size_t channel = 0;

    for (size_t i = 0; i <= b->channels; i++)
        b->centers[i] = low + step * (double)(i + 1);
    b->begin = (size_t)fmin(1.5 + a->lower / hertz, (double)b->bins);
    b->end = (size_t)fmin(a->upper / hertz + 1, (double)b->bins);
    for (size_t i = 0; i < b->bins; i++) {
        const double mel = mel_of((double)i * hertz);

        if (i < b->begin || i >= b->end) continue;
        while (channel < b->channels && b->centers[channel] < mel)
            channel++;
        b->filter[i] = (int64_t)channel - 1;
        const double left = channel ? b->centers[channel - 1] : low;

        b->weight[i] = (b->centers[channel] - mel) / (b->centers[channel] - left);
    }
}

static void make_cosines(const mfcc_attrs *a, mel_bank *b)
{
    const double norm = sqrt(2.0 / (double)b->channels), step = pi / (double)b->channels;

    for (size_t i = 0; i < (size_t)a->coefficients; i++)
        for (size_t j = 0; j < b->channels; j++)
            b->cosines[i * b->channels + j] = norm * cos((double)i * step * ((double)j + 0.5));
}

static void sum_energies(const mel_bank *b, const float *spectrum)
{
    for (size_t i = 0; i < b->channels; i++)
        b->energies[i] = 0;
    for (size_t i = b->begin; i < b->end; i++) {
        const double v = sqrt((double)spectrum[i]), part = v * b->weight[i];
        const int64_t channel = b->filter[i];

        if (channel >= 0) b->energies[channel] += part;
        if (channel + 1 < (int64_t)b->channels) b->energies[channel + 1] += v - part;
    }
    for (size_t i = 0; i < b->channels; i++)
        b->energies[i] = log(b->energies[i] < 1e-12 ? 1e-12 : b->energies[i]);
}

static td_status mfcc_run(td_call *c)
{
    const mfcc_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
    const int64_t rate = td_tensor_int(td_in(c, 1), 0);
    mel_bank b = { .bins = (size_t)in->dims[2], .channels = (size_t)a->channels, .weight = c->scratch };

    if (rate <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Mfcc initialization failed for sample rate %" PRId64, rate);
    b.filter = (int64_t *)(void *)(b.weight + b.bins);
    b.centers = (double *)(void *)(b.filter + b.bins);
    b.energies = b.centers + b.channels + 1;
    b.cosines = b.energies + b.channels;
    make_bank(a, (double)rate, &b);
    make_cosines(a, &b);
    for (size_t f = 0; f < (size_t)(in->dims[0] * in->dims[1]); f++) {
        float *const out = (float *)td_out(c, 0)->data + f * (size_t)a->coefficients;

        sum_energies(&b, (const float *)td_in(c, 0)->data + f * b.bins);
        for (size_t i = 0; i < (size_t)a->coefficients; i++) {
            double sum = 0;

            for (size_t j = 0; j < b.channels; j++)
                sum += b.cosines[i * b.channels + j] * b.energies[j];
            out[i] = (float)sum;
        }
    }
    return NULL;
}

static const td_kernel window_kernels[] = {
    { .state_size = sizeof(window_state), .prepare = window_prepare, .run = window_run }, { 0 }
};
static const td_kernel mfcc_kernels[] = { { .prepare = mfcc_prepare, .run = mfcc_run }, { 0 } };

const td_op td_ops_audio[] = {
    { .name = "AudioSpectrogram",
      .sig = "input: float -> spectrogram: float",
      .attrs = "window_size: int, stride: int, magnitude_squared: bool = false",
      .attrs_size = sizeof(window_attrs),
      .parse = window_parse,
      .infer = window_infer,
      .kernels = window_kernels },
    { .name = "Mfcc",
      .sig = "spectrogram: float, sample_rate: int32 -> output: float",
      .attrs = "upper_frequency_limit: float = 4000, lower_frequency_limit: float = 20, "
               "filterbank_channel_count: int = 40, dct_coefficient_count: int = 13",
      .attrs_size = sizeof(mfcc_attrs),
      .parse = mfcc_parse,
      .infer = mfcc_infer,
      .kernels = mfcc_kernels },
    { 0 },
};
