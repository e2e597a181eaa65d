/* SPDX-License-Identifier: Apache-2.0 */
/* element.h -- elements of any type, numbers and strings: comparing, copying, text. */
#ifndef TD_TESTS_GRAPHS_ELEMENT_H
#define TD_TESTS_GRAPHS_ELEMENT_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "tensord/tensor.h"

bool fz_is_handle(td_dtype t); /* variants and resources, which say nothing by themselves */

/* Of two tensors of one type and shape: to the last bit; handles are all alike. */
bool fz_same_element(const td_tensor *a, const td_tensor *b, size_t i);
bool fz_same_elements(const td_tensor *a, const td_tensor *b);

/* A copy in arena, strings with their bytes. */
td_tensor fz_copy_tensor(td_arena *arena, const td_tensor *t);

void fz_element_text(const td_tensor *t, size_t i, td_strbuf *out);

#endif
