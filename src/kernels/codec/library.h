/* SPDX-License-Identifier: Apache-2.0 */
/* library.h -- shared libraries that are opened when first needed: most models decode no images. */
#ifndef TD_KERNELS_CODEC_LIBRARY_H
#define TD_KERNELS_CODEC_LIBRARY_H

#include "tensord/status.h"

typedef struct td_symbol {
    const char *name; /* NULL: the last */
    void *fn;         /* the address of a pointer to a function, to be filled */
} td_symbol;

typedef struct td_shared_library {
    const char *file, *package; /* "libpng16.so.16", and what of Debian's has it */
    const td_symbol *symbols;
} td_shared_library;

/* UNIMPLEMENTED, naming file and package, when it is not installed or lacks a symbol. Any number of threads may open a
 * library; all write the same. */
TD_MUST_USE td_status td_shared_library_open(const td_shared_library *l);

#endif
