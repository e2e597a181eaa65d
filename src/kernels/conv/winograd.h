/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.h -- 3x3 convolutions of stride 1 with 2.25 times fewer multiplications: Winograd's F(2x2, 3x3).
 *
 * Each 4x4 patch of the image makes a 2x2 patch of the output. Patches and filters are transformed into 16
 * positions; a position is a plain matrix product over channels; the sums are transformed back:
 *
 *     V = Bt d B     M[pos] = V[pos] U[pos]     y = At M A         (Lavin and Gray, 2015)
 *
 * Transforms only add and subtract (filters: with factors 1/2), so errors stay near those of the direct sum.
 * A block of patches goes through all of it while it is in cache.
 */
#ifndef TD_KERNELS_CONV_WINOGRAD_H
#define TD_KERNELS_CONV_WINOGRAD_H

#include "base/variant.h"
#include "kernels/conv/conv.h"

enum { TD_WINOGRAD_POSITIONS = 16 };

/* Can it? And does it pay? Never depends on the batch, so that all plans share one packed form. */
bool td_winograd_can(const td_conv *c, td_cpu cpu);
bool td_winograd_pays(const td_conv *c, td_cpu cpu);

size_t td_winograd_packed_size(const td_conv *c);
/* w[3][3][in][out]; scale as in td_conv_pack(). */
void td_winograd_pack(const td_conv *c, float *packed, const float *w, const float *scale);

size_t td_winograd_scratch(const td_conv *c, int threads);
/* As td_conv_run(). zeros holds in_channels zeros. */
void td_winograd_run(const td_conv *c, td_cpu cpu, float *out, const float *in, const float *packed,
                     const td_gemm_end *end, const float *zeros, void *scratch, td_team *team);

/* ---------------------------------------------------------------- bodies */

/* pixels[16] point at the 4x4 patch, row by row; v[pos * step + c] for c < channels (a multiple of 16). */
typedef void td_winograd_in_fn(float *v, size_t step, const float *const pixels[16], size_t channels);

/* m[pos * step + c] for c < channels; out[4] and add[4] point at the 2x2 pixels, NULL where there is none
 * (add[i] only counts where out[i] is not NULL). */
typedef void td_winograd_out_fn(float *const out[4], const float *const add[4], const float *m, size_t step,
                                size_t channels, const float *bias, float lo, float hi);

typedef struct td_winograd_bodies {
    td_winograd_in_fn *in;
    td_winograd_out_fn *out;
} td_winograd_bodies;

extern const td_winograd_bodies td_winograd_avx2, td_winograd_avx512;
TD_VARIANTS(winograd, const td_winograd_bodies *); /* NULL: none */

#endif
