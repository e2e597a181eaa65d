/* SPDX-License-Identifier: Apache-2.0 */
/* npy.h -- numpy's .npy files, the usual kind: little-endian, C order. */
#ifndef TD_FORMATS_NPY_H
#define TD_FORMATS_NPY_H

#include "tensord/tensor.h"

#include "base/strbuf.h"

/* Reads a file's bytes to a tensor with a buffer of its own. Bytes ('S') and text ('U') become strings, text
 * as UTF-8. INVALID_ARGUMENT: no .npy file, cut short, or an array that is not of the usual kind. */
TD_MUST_USE td_status td_npy_parse(const unsigned char *bytes, size_t size, td_tensor *out);
/* The same without a copy: the elements lie in bytes, wherever that is. Strings have none there: data is NULL. */
TD_MUST_USE td_status td_npy_view(const unsigned char *bytes, size_t size, td_tensor *out);

/* Adds the file's bytes to out. Strings become fixed-width 'S'; bfloat16 becomes 'V2', as ml_dtypes writes
 * it. UNIMPLEMENTED: a type that numpy has no name for. RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_npy_format(const td_tensor *t, td_strbuf *out);
/* All of it but the elements, of a tensor of numbers. */
TD_MUST_USE td_status td_npy_format_head(const td_tensor *t, td_strbuf *out);
TD_MUST_USE td_status td_npy_write(const char *path, const td_tensor *t);

#endif
