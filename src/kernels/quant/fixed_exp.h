/* SPDX-License-Identifier: Apache-2.0 */
/* fixed_exp.h -- exponentials, logarithms and what is made of them, by integers only, bit for bit as TFLite's plain kernels have
 * them. A number is a fraction of 2^bits, 31 or 15 of them; `whole` of those stand before the point. */
#ifndef TD_KERNELS_QUANT_FIXED_EXP_H
#define TD_KERNELS_QUANT_FIXED_EXP_H

#include <stdint.h>

/* v times 2^by, held in so many bits; to the right halves go away from zero. -31 <= by <= 31. */
int32_t td_fixed_shift(int32_t v, int by, int bits);
/* 1 / (1 + x), x from 0 to 1, none before the point. */
int32_t td_fixed_share(int32_t x, int bits);
/* e^x, x <= 0; the result has none before the point, and is just below 1 for 0. */
int32_t td_fixed_exp(int32_t x, int whole, int bits);
/* Results with none before the point; |x| may be anything. */
int32_t td_fixed_logistic(int32_t x, int whole, int bits);
int32_t td_fixed_tanh(int32_t x, int whole, int bits);
/* The logarithm of x > 0, of which 12 bits stand before the point; of the result 5 do. */
int32_t td_fixed_log(int32_t x);

#endif
