/* SPDX-License-Identifier: Apache-2.0 */
/* numpy_print.h -- tensors as Python's print() shows numpy's arrays, word for word. */
#ifndef TD_CLI_NUMPY_PRINT_H
#define TD_CLI_NUMPY_PRINT_H

#include "base/strbuf.h"
#include "tensord/tensor.h"

/* Adds it: lines of 75 columns; of more than 1000 elements the first and last three of each dimension. UNIMPLEMENTED: complex
 * numbers, and what is neither number nor string. */
TD_MUST_USE td_status td_numpy_print(const td_tensor *t, td_strbuf *out);

#endif
