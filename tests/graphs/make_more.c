/* SPDX-License-Identifier: Apache-2.0 */
/* make_more.c -- families that most graphs do without: decompositions and solvers, random numbers that a seed decides,
 * quantised values, images, spectra, scatters, partitions. */
#include <string.h>

#include "make.h"

static fz_id ints(fz_maker *m, size_t n, const int64_t *v)
{
    return fz_const_ints(m, 1, n, v);
}

static const char *maybe(fz_maker *m)
{
    return fz_chance(&m->r, 50) ? "true" : "false";
}

/* ---------------------------------------------------------------- matrices */

/* Square, as many as the batch, of numbers that leave it well-conditioned: large on the diagonal. */
static fz_id square(fz_maker *m, int64_t n, bool symmetric)
{
    td_shape s[FZ_FEEDS];
    const bool batched = fz_chance(&m->r, 50);
    td_tensor eye = fz_alloc(m, TD_F32, &(td_shape){ 2, { n, n } });

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        s[feed] =
            batched ? (td_shape){ 3, { m->is_body ? 2 : m->batch[feed], n, n } } : (td_shape){ 2, { n, n } };
    for (int64_t i = 0; i < n; i++)
        ((float *)eye.data)[i * n + i] = 3.0f * (float)n;
    fz_id x = fz_noise_arg(m, TD_F32, s);
    if (symmetric && x >= 0)
        x = FZ_ADD(m, 4, ((fz_id[]){ x, x }), "BatchMatMulV2 T=%%float adj_x=false adj_y=true");
    return fz_binary(m, "AddV2", x, fz_const(m, &eye));
}

/* As many rows as x has columns, and some columns. */
static fz_id right_side(fz_maker *m, fz_id x, int64_t n)
{
    td_shape s[FZ_FEEDS];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        if (!m->pool[x].data[feed][0].dtype) return -1;
        s[feed] = m->pool[x].data[feed][0].shape;
        s[feed].dims[s[feed].rank - 1] = n;
    }
    return fz_noise_arg(m, TD_F32, s);
}

static void solve(fz_maker *m)
{
    const int64_t n = fz_between(&m->r, 1, 6);
    const unsigned kind = fz_below(&m->r, 6);
    const fz_id x = square(m, n, kind == 0), b = x < 0 ? -1 : right_side(m, x, fz_between(&m->r, 1, 3));
    const unsigned noise = FZ_OF_LARGEST + 32;

    switch (b < 0 ? 6 : kind) {
    case 0: {
        const fz_id l = FZ_ADD(m, noise, ((fz_id[]){ x }), "Cholesky T=%%float");
        (void)FZ_ADD(m, noise, ((fz_id[]){ l, b }), "MatrixTriangularSolve T=%%float lower=true adjoint=%s",
                     maybe(m));
        break;
    }
    case 1:
        (void)FZ_ADD(m, noise, ((fz_id[]){ x, b }), "MatrixSolve T=%%float adjoint=%s", maybe(m));
        break;
    case 2:
        (void)FZ_ADD(m, noise, ((fz_id[]){ x }), "MatrixInverse T=%%float adjoint=%s", maybe(m));
        break;
    case 3:
        (void)FZ_ADD(m, 64, ((fz_id[]){ x }), "LogMatrixDeterminant T=%%float");
        break;
    case 4:
        (void)FZ_ADD(m, noise, ((fz_id[]){ x, b }), "BandedTriangularSolve T=%%float lower=%s", maybe(m));
        break;
    case 5:
        (void)FZ_ADD(m, noise, ((fz_id[]){ x, b }), "MatrixTriangularSolve T=%%float lower=%s", maybe(m));
        break;
    default:
        break;
    }
}

static void diagonals(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_NUMBER_TYPES | TD_BOOL_TYPE, 1, 3);
    static const char *const aligns[] = { "RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT" };
    const char *const align = aligns[fz_below(&m->r, 4)];

    if (x < 0) return;
    const char *const type = fz_type_name(m, x);
    const fz_id rest = fz_noise_const(m, fz_type(m, x), &(td_shape){ 0 }, FZ_USUAL);
    if (fz_rank(m, x) == 1 || fz_chance(&m->r, 30)) {
        if (fz_chance(&m->r, 40))
            (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "MatrixDiag T=%%%s", type);
        else
            (void)FZ_ADD(
                m, 0,
                ((fz_id[]){ x, fz_int(m, fz_between(&m->r, -2, 2)), fz_int(m, -1), fz_int(m, -1), rest }),
                "MatrixDiagV3 T=%%%s align='%s", type, align);
        return;
    }
    const int64_t k[] = { fz_between(&m->r, -1, 0), fz_between(&m->r, 0, 1) };
    const fz_id part = fz_chance(&m->r, 30) ? FZ_ADD(m, 0, ((fz_id[]){ x }), "MatrixDiagPart T=%%%s", type)
                                            : FZ_ADD(m, 0, ((fz_id[]){ x, ints(m, 2, k), rest }),
                                                     "MatrixDiagPartV3 T=%%%s align='%s", type, align);
    if (part >= 0 && fz_rank(m, part) == fz_rank(m, x))
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, part, ints(m, 2, k) }), "MatrixSetDiagV3 T=%%%s align='%s", type,
                     align);
}

/* ---------------------------------------------------------------- random numbers */

static void draw(fz_maker *m)
{
    static const char *const ops[] = { "StatelessRandomUniform", "StatelessRandomNormal",
                                       "StatelessTruncatedNormal" };
    int64_t seeds[FZ_FEEDS][TD_MAX_RANK * 2], dims[2] = { fz_between(&m->r, 1, 5), fz_between(&m->r, 1, 9) };

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        for (int i = 0; i < 2; i++)
            seeds[feed][i] = m->is_body && feed ? seeds[0][i] : fz_between(&m->r, 0, 99);
    const fz_id seed = fz_ints_of(m, TD_I32, 1, 2, (const int64_t(*)[TD_MAX_RANK * 2]) seeds);
    const fz_id shape = ints(m, 2, dims);
    const char *const op = ops[fz_below(&m->r, 3)];
    if (seed < 0) return;
    if (fz_chance(&m->r, 30)) {
        (void)FZ_ADD(m, 0, ((fz_id[]){ shape, seed, fz_int(m, -5), fz_int(m, fz_between(&m->r, 1, 50)) }),
                     "StatelessRandomUniformInt dtype=%%int32 T=%%int32 Tseed=%%int32");
        return;
    }
    if (fz_chance(&m->r, 50)) {
        (void)FZ_ADD(m, 4, ((fz_id[]){ shape, seed }), "%s dtype=%%float T=%%int32 Tseed=%%int32", op);
        return;
    }
    const fz_id key = FZ_ADD(m, 0, ((fz_id[]){ seed }), "StatelessRandomGetKeyCounterAlg Tseed=%%int32");
    if (key >= 0)
        (void)FZ_ADD(m, 4, ((fz_id[]){ shape, key, key + 1, key + 2 }), "%sV2 dtype=%%float Tshape=%%int32",
                     op);
}

/* ---------------------------------------------------------------- quantised values */

static void quantise(fz_maker *m)
{
    static const char *const types[] = { "quint8", "qint8", "qint32" };
    static const char *const modes[] = { "MIN_COMBINED", "MIN_FIRST", "SCALED" };
    const fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_F32), 1, 4);
    const fz_id lo = fz_scalar(m, -3.0f), hi = fz_scalar(m, 4.0f);
    const char *const type = types[fz_below(&m->r, 2)], *const mode = modes[fz_below(&m->r, 3)];

    if (x < 0 || fz_rank(m, lo) || fz_rank(m, hi)) return;
    switch (fz_below(&m->r, 4)) {
    case 0: {
        const fz_id q = FZ_ADD(m, 0, ((fz_id[]){ x, lo, hi }), "QuantizeV2 T=%%%s mode='%s", type, mode);
        if (q >= 0)
            (void)FZ_ADD(m, 2, ((fz_id[]){ q, q + 1, q + 2 }), "Dequantize T=%%%s mode='%s", type, mode);
        break;
    }
    case 1:
        (void)FZ_ADD(m, 2, ((fz_id[]){ x, lo, hi }), "FakeQuantWithMinMaxVars num_bits=%d narrow_range=%s",
                     (int)fz_between(&m->r, 4, 8), maybe(m));
        break;
    case 2:
        (void)FZ_ADD(m, 2, ((fz_id[]){ x, lo, hi }),
                     "QuantizeAndDequantizeV2 T=%%float range_given=true signed_input=%s num_bits=8",
                     maybe(m));
        break;
    default: {
        const fz_id scale = fz_scalar(m, 0.05f), zero = fz_int(m, fz_between(&m->r, -9, 9));
        if (fz_rank(m, scale)) return;
        const char *const steps = "quantization_min_val=-128 quantization_max_val=127";
        const fz_id q =
            FZ_ADD(m, 0, ((fz_id[]){ x, scale, zero }), "UniformQuantize Tin=%%float Tout=%%qint8 %s", steps);
        if (q >= 0)
            (void)FZ_ADD(m, 2, ((fz_id[]){ q, scale, zero }), "UniformDequantize Tin=%%qint8 Tout=%%float %s",
                         steps);
    }
    }
}

/* ---------------------------------------------------------------- images and spectra */

static fz_id images(fz_maker *m, int64_t channels)
{
    td_shape s[FZ_FEEDS];
    const int64_t h = fz_between(&m->r, 1, 9), w = fz_between(&m->r, 1, 9);

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        s[feed] = (td_shape){ 4, { m->is_body ? 2 : m->batch[feed], h, w, channels } };
    return fz_noise_arg(m, TD_F32, s);
}

static void image(fz_maker *m)
{
    static const char *const kernels[] = { "lanczos3", "triangle", "box", "gaussian" };
    const fz_id x = images(m, 3);
    const int64_t to[] = { fz_between(&m->r, 1, 12), fz_between(&m->r, 1, 12) };
    const fz_id size = ints(m, 2, to);

    switch (x < 0 ? 6 : fz_below(&m->r, 6)) {
    case 0:
        (void)FZ_ADD(m, FZ_OF_LARGEST + 8, ((fz_id[]){ x, size }),
                     "ResizeBicubic T=%%float half_pixel_centers=%s", maybe(m));
        break;
    case 1:
        (void)FZ_ADD(m, FZ_OF_LARGEST + 8, ((fz_id[]){ x, size }), "ResizeArea T=%%float align_corners=%s",
                     maybe(m));
        break;
    case 2: {
        td_tensor one = fz_alloc(m, TD_F32, &(td_shape){ 1, { 2 } }), none = fz_alloc(m, TD_F32, &one.shape);
        ((float *)one.data)[0] = 1.25f;
        ((float *)one.data)[1] = 0.75f;
        (void)FZ_ADD(m, FZ_OF_LARGEST + 4, ((fz_id[]){ x, size, fz_const(m, &one), fz_const(m, &none) }),
                     "ScaleAndTranslate T=%%float kernel_type='%s antialias=%s", kernels[fz_below(&m->r, 4)],
                     maybe(m));
        break;
    }
    case 3: {
        const fz_id hsv = FZ_ADD(m, 8, ((fz_id[]){ fz_unary(m, "Abs", x) }), "RGBToHSV T=%%float");
        (void)FZ_ADD(m, 8, ((fz_id[]){ hsv }), "HSVToRGB T=%%float");
        break;
    }
    case 4:
        (void)FZ_ADD(m, FZ_OF_LARGEST + 16, ((fz_id[]){ x, fz_scalar(m, 1.5f) }),
                     "AdjustContrastv2 T=%%float");
        break;
    case 5: {
        td_tensor box = fz_alloc(m, TD_F32, &(td_shape){ 2, { 1, 4 } });
        const float corners[] = { 0.1f, 0.2f, 0.8f, 1.1f };
        memcpy(box.data, corners, sizeof corners);
        const fz_id none = FZ_ADD(m, 0, ((fz_id[]){ ints(m, 1, (int64_t[]){ 0 }) }), "Identity T=%%int32");
        (void)FZ_ADD(m, FZ_OF_LARGEST + 16, ((fz_id[]){ x, fz_const(m, &box), none, size }),
                     "CropAndResize T=%%float method='%s", fz_chance(&m->r, 70) ? "bilinear" : "nearest");
        break;
    }
    default:
        break;
    }
}

/* As a window that is shorter than its transform: mostly zeros behind the last dimension, and nowhere else. */
static fz_id padded_signal(fz_maker *m, fz_id x)
{
    const int rank = fz_rank(m, x);
    td_tensor p = fz_alloc(m, TD_I32, &(td_shape){ 2, { rank, 2 } });
    int32_t *const pads = p.data;

    memset(pads, 0, (size_t)rank * 2 * sizeof *pads);
    pads[2 * rank - 1] = (int32_t)fz_between(&m->r, 0, 9);
    if (fz_chance(&m->r, 20)) pads[fz_below(&m->r, (uint32_t)(2 * rank))] = 1;
    return FZ_ADD(m, 0, ((fz_id[]){ x, fz_const(m, &p) }), "Pad T=%%float Tpaddings=%%int32");
}

static void spectrum(fz_maker *m)
{
    fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_F32), 1, 3);
    const int64_t n = fz_between(&m->r, 1, 16);

    if (x >= 0 && fz_chance(&m->r, 50)) x = padded_signal(m, x);
    if (x < 0) return;
    const fz_id length = ints(m, 1, &n);
    const fz_id half =
        FZ_ADD(m, FZ_OF_LARGEST + 16, ((fz_id[]){ x, length }), "RFFT Treal=%%float Tcomplex=%%complex64");
    if (half < 0) return;
    if (fz_chance(&m->r, 50))
        (void)FZ_ADD(m, FZ_OF_LARGEST + 16, ((fz_id[]){ half, length }),
                     "IRFFT Treal=%%float Tcomplex=%%complex64");
    else
        (void)FZ_ADD(m, FZ_OF_LARGEST + 16, ((fz_id[]){ half }), "%s Tcomplex=%%complex64",
                     fz_chance(&m->r, 50) ? "FFT" : "IFFT");
}

/* ---------------------------------------------------------------- scatters, partitions, searches */

static void scatter(fz_maker *m)
{
    static const char *const ops[] = { "TensorScatterUpdate", "TensorScatterAdd", "TensorScatterMax" };
    const fz_id x = fz_pick(m, FZ_ANY_TYPE, 1, 3);
    int64_t at[4];
    td_shape s[FZ_FEEDS];

    if (x < 0 || fz_dim_varies(m, x, 0) || fz_dim(m, x, 0) < 4) return;
    for (int i = 0; i < 4; i++)
        at[i] = i;
    const int64_t shift = fz_between(&m->r, 0, fz_dim(m, x, 0) - 4), column[] = { 4, 1 };
    for (int i = 0; i < 4; i++)
        at[i] = (i * 3) % 4 + shift;
    const fz_id index =
        FZ_ADD(m, 0, ((fz_id[]){ ints(m, 4, at), ints(m, 2, column) }), "Reshape T=%%int32 Tshape=%%int32");
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const td_tensor *const t = &m->pool[x].data[feed][0];
        if (!t->dtype) return;
        s[feed] = t->shape;
        s[feed].dims[0] = 4;
    }
    const fz_id v = fz_noise_arg(m, fz_type(m, x), s);
    const char *const op = fz_type(m, x) == TD_STRING ? ops[0] : ops[fz_below(&m->r, 3)];
    const fz_id out =
        FZ_ADD(m, 1, ((fz_id[]){ x, index, v }), "%s T=%%%s Tindices=%%int32", op, fz_type_name(m, x));
    if (out >= 0 && fz_chance(&m->r, 40))
        (void)FZ_ADD(m, 0, ((fz_id[]){ out, index }), "GatherNd Tparams=%%%s Tindices=%%int32",
                     fz_type_name(m, out));
}

/* Rows apart by a number that is theirs, and together again. */
static void partition(fz_maker *m)
{
    const fz_id x = fz_pick(m, FZ_ANY_TYPE, 1, 3);
    const int64_t zero = 0;

    if (x < 0 || fz_dim_varies(m, x, 0)) return;
    const td_shape rows = { 1, { fz_dim(m, x, 0) } }, shapes[] = { rows, rows, rows };
    const fz_id noise = fz_noise_arg(m, TD_I32, shapes);
    const fz_id which = FZ_ADD(m, 0, ((fz_id[]){ noise, fz_int(m, 3) }), "FloorMod T=%%int32");
    const fz_id parts =
        FZ_ADD(m, 0, ((fz_id[]){ x, which }), "DynamicPartition num_partitions=3 T=%%%s", fz_type_name(m, x));
    const fz_id all = FZ_ADD(m, 0, ((fz_id[]){ fz_int(m, 0), fz_int(m, fz_dim(m, x, 0)), fz_int(m, 1) }),
                             "Range Tidx=%%int32");
    const fz_id at = FZ_ADD(m, 0, ((fz_id[]){ all, which }), "DynamicPartition num_partitions=3 T=%%int32");
    if (parts < 0 || at < 0) return;
    const fz_id in[] = { at, at + 1, at + 2, parts, parts + 1, parts + 2 };
    (void)FZ_ADD(m, 0, in, "DynamicStitch N=3 T=%%%s", fz_type_name(m, x));
    if (fz_chance(&m->r, 30)) (void)FZ_ADD(m, 0, ((fz_id[]){ at, ints(m, 1, &zero) }), "ListDiff T=%%int32");
}

static void search(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_F32), 2, 2);

    if (x < 0) return;
    const fz_id best =
        FZ_ADD(m, 0, ((fz_id[]){ x, fz_int(m, fz_dim(m, x, 1)) }), "TopKV2 T=%%%s", fz_type_name(m, x));
    const int64_t last = 1;
    const fz_id sorted = FZ_ADD(m, 0, ((fz_id[]){ best, ints(m, 1, &last) }), "ReverseV2 T=%%%s Tidx=%%int32",
                                fz_type_name(m, x));
    const fz_id v = sorted < 0 ? -1 : fz_noise_like(m, fz_type(m, x), x);
    if (v >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ sorted, v }), "%s T=%%%s",
                     fz_chance(&m->r, 50) ? "LowerBound" : "UpperBound", fz_type_name(m, x));
}

static void bins(fz_maker *m)
{
    const fz_id x = fz_pick(m, TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I32), 1, 2);
    td_tensor none = fz_alloc(m, TD_F32, &(td_shape){ 1, { 0 } });

    if (x < 0) return;
    const fz_id wide = FZ_ADD(m, 0, ((fz_id[]){ x }), "Cast SrcT=%%%s DstT=%%int32", fz_type_name(m, x));
    const fz_id at = FZ_ADD(m, 0, ((fz_id[]){ wide, fz_int(m, 9) }), "FloorMod T=%%int32");
    (void)FZ_ADD(m, 0, ((fz_id[]){ at, fz_int(m, fz_between(&m->r, 1, 12)), fz_const(m, &none) }),
                 "DenseBincount Tidx=%%int32 T=%%float binary_output=%s", maybe(m));
}

const fz_production fz_more[] = {
    { "solve", 4, solve },
    { "diagonals", 3, diagonals },
    { "draw", 3, draw },
    { "quantise", 3, quantise },
    { "image", 3, image },
    { "spectrum", 1, spectrum },
    { "scatter", 2, scatter },
    { "partition", 2, partition },
    { "search", 1, search },
    { "bins", 1, bins },
    { 0 },
};
