/* SPDX-License-Identifier: Apache-2.0 */
/* print.h -- numbers as text, as TensorFlow Serving lays them out in JSON, with the fewest digits that read
 * back the same.
 *
 * Floats look like printf's %g: up to 6 digits with a precision of 6 (1e+06, 0.0001, 1e-05), more digits with
 * one of 9 (float) or 17 (double); ".0" follows where there is neither a point nor an exponent. NaN,
 * Infinity, -Infinity.
 */
#ifndef TD_TENSOR_PRINT_H
#define TD_TENSOR_PRINT_H

#include <stdint.h>

#include "tensor/half.h"

/* Room that out must have. Bytes behind the returned end may be overwritten within it. */
enum { TD_PRINT_MAX = 48 };

/* Each returns the end of what it wrote; no NUL. */
char *td_print_f32(char *out, float v);
char *td_print_f64(char *out, double v);
char *td_print_f16(char *out, td_f16 v); /* at most 5 digits, where a float would have 9 */
char *td_print_bf16(char *out, td_bf16 v);
char *td_print_i64(char *out, int64_t v);
char *td_print_u64(char *out, uint64_t v);

#endif
