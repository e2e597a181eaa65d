/* SPDX-License-Identifier: Apache-2.0 */
/* expr.h -- what `tensord run --input_exprs` takes: Python's literals, and the calls of numpy that make arrays.
 *
 *   value    number, True, False, text, [value, ...], (value, ...), np.call(...), each behind - or +,
 *            with .reshape(...) or .astype(...) behind it
 *   text     'a' "a" b'a' r'a'
 *   call     np.array asarray ones zeros full arange linspace float32(...) random.rand randn random uniform randint
 *
 * Nothing is executed, and nothing else is read: what it is, and where, is the error. */
#ifndef TD_CLI_EXPR_H
#define TD_CLI_EXPR_H

#include "base/arena.h"
#include "tensord/tensor.h"

/* Reads the value at *text, a tensor of dtype with a buffer of its own, as numpy.asarray(value, dtype) makes it; *text is left
 * behind it, and behind the ';' that may follow. INVALID_ARGUMENT: no value, lists that make no array, a number that does not fit.
 * RESOURCE_EXHAUSTED: too many elements, or no memory. */
TD_MUST_USE td_status td_expr_read(const char **text, td_dtype dtype, td_tensor *out);

/* The same of [{"feature": [value, ...], ...}, ...]: a vector of serialized tf.Examples. Whole numbers make an Int64List, with a
 * fraction among them a FloatList, texts a BytesList. */
TD_MUST_USE td_status td_expr_read_examples(const char **text, td_tensor *out);

#endif
