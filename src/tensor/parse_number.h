/* SPDX-License-Identifier: Apache-2.0 */
/* parse_number.h -- numbers of JSON, correctly rounded.
 *
 * Each function reads one number by JSON's grammar at p, never at or behind end, and returns the first byte
 * behind it, or NULL. "01" ends behind the 0, as the grammar says. NaN and Infinity are the caller's affair.
 */
#ifndef TD_TENSOR_PARSE_NUMBER_H
#define TD_TENSOR_PARSE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Nearest value, ties to even; *out is an infinity when the number is too large.
 * NULL: no number, *out is untouched. */
const char *td_parse_f32(const char *p, const char *end, float *out);
const char *td_parse_f64(const char *p, const char *end, double *out);

/* NULL: no number, a number with a fraction or an exponent (1.0, 1e3), or one that does not fit;
 * td_scan_number() tells which. *out is then untouched. */
const char *td_parse_i64(const char *p, const char *end, int64_t *out);
const char *td_parse_u64(const char *p, const char *end, uint64_t *out); /* -0 is 0 */

/* Only looks: the end of the number, and whether it has neither fraction nor exponent. NULL: no number. */
const char *td_scan_number(const char *p, const char *end, bool *is_integer);

#endif
