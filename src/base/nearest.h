/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h -- what somebody may have meant by a name that does not exist: error texts only. */
#ifndef TD_BASE_NEAREST_H
#define TD_BASE_NEAREST_H

#include "tensord/tensor.h"

#include "base/strbuf.h"

/* How many bytes must be changed, put in, left out or swapped with the next one to make b of a. Only the first
 * 64 bytes are looked at; case costs nothing. */
size_t td_edit_distance(td_string a, td_string b);

/* The name that is so near that it was probably meant: a typing error, or one begins or ends with the other.
 * NULL: none is. */
const char *td_nearest(td_string wanted, const char *const *names, size_t n);

/* Adds the names, nearest first: "a, b, c". At most 8, and no more than fit 400 bytes; then "and 12 more".
 * Adds "none" for n = 0. */
void td_nearest_list(td_string wanted, const char *const *names, size_t n, td_strbuf *out);

#endif
