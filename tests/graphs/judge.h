/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h -- when two results agree: integers, bools and strings to the last bit, floats as far as rounding goes, which the
 * variants of eval.h tell for each element. */
#ifndef TD_TESTS_GRAPHS_JUDGE_H
#define TD_TESTS_GRAPHS_JUDGE_H

#include "base/strbuf.h"
#include "tensord/tensor.h"

enum { FZ_VARIANTS = 3, FZ_MANY_VARIANTS = 40 };

/* Do the variants of a value say the same? Then a difference elsewhere is a fault. NULL: they do; else why not. */
const char *fz_unstable(const td_tensor *v, size_t n_variants, bool allows_nan);

/* Is got what v[0] is? Says where not. */
bool fz_agrees(const td_tensor *got, const td_tensor *v, size_t n_variants, td_strbuf *why);

#endif
