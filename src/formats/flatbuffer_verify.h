/* SPDX-License-Identifier: Apache-2.0 */
/* flatbuffer_verify.h -- is a FlatBuffer what its schema says, all of it?
 *
 * Readers of flatbuffer.h believe nothing, so they are safe without this; but they see only what they ask for. Whoever asks
 * here first knows that a damaged file is refused whole, with the place of the damage.
 */
#ifndef TD_FORMATS_FLATBUFFER_VERIFY_H
#define TD_FORMATS_FLATBUFFER_VERIFY_H

#include "tensord/status.h"

#include <stddef.h>
#include <stdint.h>

typedef enum td_flat_kind {
    TD_FLAT_SCALAR = 1, /* of `size` bytes */
    TD_FLAT_VECTOR,     /* of scalars of `size` bytes */
    TD_FLAT_STRING,     /* its bytes, and the NUL behind them */
    TD_FLAT_TABLE,
    TD_FLAT_TABLES, /* a vector of tables */
    TD_FLAT_UNION,  /* a table, of which the field before says the type: there with it, or not at all */
} td_flat_kind;

typedef struct td_flat_schema td_flat_schema;

typedef struct td_flat_field {
    td_flat_kind kind; /* 0: not looked at */
    size_t size;
    const td_flat_schema *table; /* NULL: a table of which nothing is known but that it is one */
} td_flat_field;

/* A table's fields in the order of their numbers. Schemas end: none leads back to itself. */
struct td_flat_schema {
    const char *name;
    const td_flat_field *fields;
    size_t n;
};

/* Every table, list of fields, vector, string and union that the schema leads to lies in the buffer and is aligned. DATA_LOSS
 * names the table and the byte. Takes time by the items met, of which there may be TD_FLAT_ITEMS: offsets may share what they
 * lead to, so a small file can name any number. */
enum { TD_FLAT_ITEMS = 4000000 };
TD_MUST_USE td_status td_flat_verify(const void *bytes, size_t size, const td_flat_schema *root);

#endif
