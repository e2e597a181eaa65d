/* SPDX-License-Identifier: Apache-2.0 */
/* number.h -- elements of any number type as doubles: reading, writing, the last place, text. */
#ifndef TD_TESTS_GRAPHS_NUMBER_H
#define TD_TESTS_GRAPHS_NUMBER_H

#include "base/strbuf.h"
#include "tensord/tensor.h"

bool fz_is_float(td_dtype t);   /* real, of any width */
bool fz_is_inexact(td_dtype t); /* or complex */
double fz_ulp(td_dtype t);      /* relative; of a complex type: of its parts. 0 for others */
double fz_smallest(td_dtype t); /* below it digits are missing */

/* Reals in a tensor: complex elements are two. */
size_t fz_parts(const td_tensor *t);
double fz_get(const td_tensor *t, size_t part);
void fz_set(td_tensor *t, size_t part, double v);
/* All parts of an inexact tensor at once. */
void fz_read(const td_tensor *t, double *out);
void fz_write(td_tensor *t, const double *v);

void fz_number_text(const td_tensor *t, size_t element, td_strbuf *out);

#endif
