/* SPDX-License-Identifier: Apache-2.0 */
/* op_wav.c -- DecodeWav, EncodeWav: RIFF files of 16-bit samples. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"

typedef struct wav_attrs {
    int64_t channels, samples; /* -1: as many as there are */
} wav_attrs;

static td_status decode_parse(td_parse *p)
{
    *(wav_attrs *)p->attrs =
        (wav_attrs){ td_attr_int(p, "desired_channels"), td_attr_int(p, "desired_samples") };
    return NULL;
}

typedef struct wav {
    const unsigned char *at, *end;
    uint32_t channels, rate, frames;
    const unsigned char *data;
} wav;

static uint32_t little(const unsigned char *p, size_t n)
{
    uint32_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

/* n bytes, or NULL: the file ends. */
static const unsigned char *take(wav *w, size_t n)
{
    const unsigned char *const p = w->at;

    if ((size_t)(w->end - p) < n) return NULL;
    w->at += n;
    return p;
}

static td_status too_short(td_call *c)
{
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Data too short when trying to read a WAV file");
}

static td_status expect(td_call *c, wav *w, const char *tag)
{
    const unsigned char *const p = take(w, 4);

    if (!p) return too_short(c);
    if (memcmp(p, tag, 4) == 0) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Header mismatch: Expected %s but found %.4s", tag,
                     (const char *)p);
}

/* "fmt ": format, channels, rate, bytes a second, bytes a frame, bits a sample. */
static td_status read_format(td_call *c, wav *w)
{
    const unsigned char *p = take(w, 4);

    if (!p) return too_short(c);
    const uint32_t size = little(p, 4);

    if (size != 16 && size != 18)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Bad format chunk size for WAV: Expected 16 or 18, but got%" PRIu32, size);
    p = take(w, size);
    if (!p) return too_short(c);
    const uint32_t format = little(p, 2), bytes = little(p + 8, 4), frame = little(p + 12, 2),
                   bits = little(p + 14, 2);

    w->channels = little(p + 2, 2);
    w->rate = little(p + 4, 4);
    if (format != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Bad audio format for WAV: Expected 1 (PCM), but got%" PRIu32,
                         format);
    if (bits != 16)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Bad bits per sample for WAV: Expected 16, but got%" PRIu32,
                         bits);
    if (w->channels == 0 || frame != 2 * w->channels)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Bad bytes per sample in WAV header: Expected %" PRIu32 " but got %" PRIu32,
                         2 * w->channels, frame);
    if (bytes != (uint32_t)((uint64_t)frame * w->rate))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Bad bytes per second in WAV header: Expected %" PRIu64 " but got %" PRIu32,
                         (uint64_t)frame * w->rate, bytes);
    return NULL;
}

/* The first chunk of samples; others are passed over. */
static td_status read_data(td_call *c, wav *w)
{
    for (;;) {
        const unsigned char *const p = take(w, 8);

        if (!p) return too_short(c);
        const uint32_t size = little(p + 4, 4);
        const unsigned char *const data = take(w, size);

        if (!data) return too_short(c);
        if (memcmp(p, "data", 4) != 0) continue;
        w->frames = size / (2 * w->channels);
        w->data = data;
        return NULL;
    }
}

static td_status read_wav(td_call *c, td_string s, wav *w)
{
    if (s.size == 0) return too_short(c);
    *w = (wav){ .at = (const unsigned char *)s.data, .end = (const unsigned char *)s.data + s.size };
    TD_TRY(expect(c, w, "RIFF"));
    if (!take(w, 4)) return too_short(c);
    TD_TRY(expect(c, w, "WAVE"));
    TD_TRY(expect(c, w, "fmt "));
    TD_TRY(read_format(c, w));
    return read_data(c, w);
}

/* The quotient by 2^15, which is exact. */
static inline float sample_at(const unsigned char *p)
{
    return (float)(int16_t)(p[0] | p[1] << 8) * (1 / 32768.0f);
}

/* Channels that the file lacks are its last one. */
static void put_frames(float *out, const wav *w, size_t frames, size_t channels)
{
    const unsigned char *from = w->data;

    if (channels == w->channels) {
        for (size_t i = 0; i < frames * channels; i++)
            out[i] = sample_at(from + 2 * i);
        return;
    }
    for (size_t f = 0; f < frames; f++, from += 2 * (size_t)w->channels, out += channels)
        for (size_t k = 0; k < channels; k++)
            out[k] = sample_at(from + 2 * TD_MIN(k, (size_t)w->channels - 1));
}

static td_status decode_run(td_call *c)
{
    const wav_attrs *const a = c->attrs;
    const td_tensor *const in = td_in(c, 0);
    td_shape s;
    wav w;

    if (in->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "contents must be scalar, got rank %d", (int)in->shape.rank);
    TD_TRY(read_wav(c, *(const td_string *)in->data, &w));
    const int64_t channels = a->channels == -1 ? w.channels : a->channels,
                  samples = a->samples == -1 ? w.frames : a->samples;

    TD_TRY(td_shape_make(2, (int64_t[]){ samples, channels }, &s));
    TD_TRY(td_out_make(c, 0, &s));
    TD_TRY(td_out_make(c, 1, &(td_shape){ 0 }));
    if (td_out_is_used(c, 1)) *(int32_t *)td_out(c, 1)->data = (int32_t)w.rate;
    if (td_out_is_used(c, 0) && samples * channels != 0) {
        const size_t frames = (size_t)TD_MIN(samples, (int64_t)w.frames), n = frames * (size_t)channels;
        float *const out = td_out(c, 0)->data;

        put_frames(out, &w, frames, (size_t)channels);
        memset(out + n, 0, ((size_t)(samples * channels) - n) * sizeof *out);
    }
    return NULL;
}

/* ---------------------------------------------------------------- EncodeWav: audio, sample_rate */

static td_status encode_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "audio must be 2-dimensional, got rank %d", (int)in->rank);
    if (td_in(c, 1)->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "sample_rate must be scalar");
    td_out(c, 0)->shape = (td_shape){ 0 };
    return NULL;
}

static unsigned char *write_little(unsigned char *to, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        *to++ = (unsigned char)v;
    return to;
}

static unsigned char *write_header(unsigned char *to, uint32_t rate, uint32_t channels, uint32_t bytes)
{
    const uint32_t fields[][2] = { { bytes + 36, 4 },   { 16, 4 },   { 1, 2 },
                                   { channels, 2 },     { rate, 4 }, { rate * channels * 2, 4 },
                                   { channels * 2, 2 }, { 16, 2 },   { bytes, 4 } };
    static const char *const tags[] = { "RIFF", "WAVEfmt ", NULL, NULL, NULL, NULL, NULL, NULL, "data" };

    for (size_t i = 0; i < TD_COUNT(fields); i++) {
        const size_t n = tags[i] ? strlen(tags[i]) : 0;

        if (n) memcpy(to, tags[i], n);
        to = write_little(to + n, fields[i][0], fields[i][1]);
    }
    return to;
}

static td_status encode_run(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const int64_t rate = td_tensor_int(td_in(c, 1), 0), n = td_shape_count(in);
    const float *const audio = td_in(c, 0)->data;

    if (rate <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "sample_rate must be in (0, 2^32), got: %" PRId64, rate);
    if (in->dims[1] <= 0 || in->dims[1] > UINT16_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_channels must be in (0, 2^16), got: %" PRId64,
                         in->dims[1]);
    if (n > (INT32_MAX - 44) / 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_frames is out of range, got: %" PRId64, in->dims[0]);
    char *const file = td_string_alloc(c, 44 + 2 * (size_t)n);

    if (!file) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for %" PRId64 " samples", n);
    unsigned char *to =
        write_header((unsigned char *)file, (uint32_t)rate, (uint32_t)in->dims[1], 2 * (uint32_t)n);

    for (int64_t i = 0; i < n; i++) {
        const float v = roundf(audio[i] * 32768.0f);

        to = write_little(to, (uint32_t)(int32_t)fminf(fmaxf(v, -32768.0f), 32767.0f), 2);
    }
    *(td_string *)td_out(c, 0)->data = (td_string){ file, 44 + 2 * (size_t)n };
    return NULL;
}

TD_RUN_KERNEL(decode_kernels, 0, decode_run);
TD_RUN_KERNEL(encode_kernels, 0, encode_run);

const td_op td_ops_wav[] = {
    { .name = "DecodeWav",
      .sig = "contents: string -> audio: float, sample_rate: int32",
      .attrs = "desired_channels: int = -1, desired_samples: int = -1",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(wav_attrs),
      .parse = decode_parse,
      .kernels = decode_kernels },
    { .name = "EncodeWav",
      .sig = "audio: float, sample_rate: int32 -> contents: string",
      .infer = encode_infer,
      .kernels = encode_kernels },
    { 0 },
};
