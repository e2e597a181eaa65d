/* SPDX-License-Identifier: Apache-2.0 */
/* npz.h -- numpy's .npz files: zip archives of .npy files, each called by its array's name. */
#ifndef TD_FORMATS_NPZ_H
#define TD_FORMATS_NPZ_H

#include "tensord/tensor.h"

/* Do they begin as a zip archive does? */
bool td_npz_is(const void *bytes, size_t size);

/* The array of that name, without ".npy"; size 0: the only one. A tensor with a buffer of its own. NOT_FOUND: none of that
 * name. INVALID_ARGUMENT: no archive, one that is damaged, several arrays and no name, or an array that td_npy_parse()
 * refuses. UNIMPLEMENTED: archives beyond 4 GiB, other compressions than numpy's. RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_npz_parse(const unsigned char *bytes, size_t size, td_string name, td_tensor *out);

#endif
