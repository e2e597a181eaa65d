/* SPDX-License-Identifier: Apache-2.0 */
/* parse_exact.h -- the rare numbers that the fast ways of parse_number.c cannot decide. */
#ifndef TD_TENSOR_PARSE_EXACT_H
#define TD_TENSOR_PARSE_EXACT_H

/* [p, end) is exactly one JSON number. Slow; exact. */
float td_parse_exact_f32(const char *p, const char *end);
double td_parse_exact_f64(const char *p, const char *end);

#endif
