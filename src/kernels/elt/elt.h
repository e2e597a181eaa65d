/* SPDX-License-Identifier: Apache-2.0 */
/* elt.h -- elementwise arithmetic: out[i] = f(in[0][i], in[1][i], in[2][i]), for every function and type.
 *
 * A function has one body a type, made from one line of a list (kernels/elt/unary_float.inc, ...); the fast
 * ones are further lines for wider instruction sets. half and bfloat16 have no bodies: td_elt_run() widens a
 * piece, runs the float body, and narrows. Broadcasting is bcast.h's.
 */
#ifndef TD_KERNELS_ELT_ELT_H
#define TD_KERNELS_ELT_ELT_H

#include <stdbool.h>

#include "kernels/elt/num.h"

/* Which function. The names are those of the lists. */
typedef enum td_elt_id {
    TD_ELT_none = 0,
#define TD_ELT(id) TD_ELT_##id,
#include "kernels/elt/elt.inc"
#undef TD_ELT
    TD_ELT_COUNT
} td_elt_id;

typedef struct td_elt_arg {
    double alpha; /* leaky_relu: slope; approx_equal: tolerance */
} td_elt_arg;

/* What a body found on its way: bits, 0 mostly. Elements that are in error are written as 0. */
enum {
    TD_ELT_DIV_BY_ZERO = 1,       /* an integer division by zero */
    TD_ELT_NEGATIVE_POWER = 2,    /* an integer to a negative integer power */
    TD_ELT_TRUNCATE_BY_ZERO = 16, /* the same, of the functions for which TensorFlow has another error */
    TD_ELT_SAW_INF = 4,           /* check_numerics */
    TD_ELT_SAW_NAN = 8,
};

/* A body. out may be any of in[] exactly; other overlap is not allowed. */
typedef int td_elt_fn(void *out, const void *const in[], size_t n, const td_elt_arg *arg);

enum { TD_ELT_MAX_IN = 3 };

/* A function made ready for one type. */
typedef struct td_elt {
    td_elt_fn *fn;
    td_widen_fn *widen;   /* inputs are 16-bit floats; NULL: they are not */
    td_narrow_fn *narrow; /* the output is one */
    unsigned n_in;
    size_t in_size[TD_ELT_MAX_IN], out_size; /* bytes an element, as the tensors have them */
} td_elt;

/* The best body for inputs of this type on this CPU; false when there is none. */
bool td_elt_find(td_elt_id id, td_dtype dtype, td_cpu cpu, td_elt *out);

/* Runs it on n dense elements. Returns the body's bits. */
int td_elt_run(const td_elt *m, void *out, const void *const in[], size_t n, const td_elt_arg *arg);

/* ---------------------------------------------------------------- for the lists' files and tests */

typedef struct td_elt_row {
    td_elt_id id;
    td_dtype in;
    unsigned n_in;
    size_t out_size;
    bool is_fixed; /* the output's type does not follow the input's: comparisons, casts */
    td_elt_fn *fn;
} td_elt_row;

/* Every table of rows, each with the least CPU that can run it; oldest first. A table is a list of row lists,
 * ended by NULL; a row list ends with a row of TD_ELT_none. */
typedef struct td_elt_table {
    td_cpu cpu;
    const td_elt_row *const *rows;
} td_elt_table;

extern const td_elt_table td_elt_tables[];
extern const size_t td_elt_table_count;

#endif
