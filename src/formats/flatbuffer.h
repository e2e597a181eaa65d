/* SPDX-License-Identifier: Apache-2.0 */
/* flatbuffer.h -- FlatBuffers, read where they lie: a table's fields by their number in its schema.
 *
 * Nothing is believed: what a table says is looked up when it is asked for, and must lie in the buffer. Buffers may
 * begin at any address. An absent field is its default (numbers), empty (vectors, with data NULL) or "" with data NULL.
 *
 *     td_flat_table t;
 *     if (!td_flat_root(bytes, size, &t) || !td_flat_vector(&t, 0, 4, &units)) return TD_ERR(...);
 */
#ifndef TD_FORMATS_FLATBUFFER_H
#define TD_FORMATS_FLATBUFFER_H

#include "tensord/tensor.h"

typedef struct td_flat_table {
    const uint8_t *data; /* the buffer */
    size_t size;
    size_t at;     /* of the table */
    size_t fields; /* of their offsets, in the buffer */
    size_t n_fields, bytes;
} td_flat_table;

typedef struct td_flat_vector {
    const uint8_t *data; /* n elements of what was asked for */
    size_t n;
    const uint8_t *buffer; /* which it lies in: for vectors of strings */
    size_t size;
} td_flat_vector;

/* All return false for what is damaged. */
bool td_flat_root(const void *bytes, size_t size, td_flat_table *out);
bool td_flat_u32(const td_flat_table *t, size_t field, uint32_t fallback, uint32_t *out);
bool td_flat_i32(const td_flat_table *t, size_t field, int32_t fallback, int32_t *out);
bool td_flat_u64(const td_flat_table *t, size_t field, uint64_t fallback, uint64_t *out);
bool td_flat_f32(const td_flat_table *t, size_t field, float fallback, float *out);
bool td_flat_u8(const td_flat_table *t, size_t field, uint8_t fallback, uint8_t *out);
bool td_flat_bool(const td_flat_table *t, size_t field, bool *out); /* default: false */
bool td_flat_vector_of(const td_flat_table *t, size_t field, size_t elem, td_flat_vector *out);
bool td_flat_table_of(const td_flat_table *t, size_t field, td_flat_table *out); /* absent: data NULL */
bool td_flat_string(const td_flat_table *t, size_t field, td_string *out);

/* Element i, of as many as there are, of a vector of 4 bytes each: the number, or the string or table it leads to. */
uint32_t td_flat_u32_at(const td_flat_vector *v, size_t i);
bool td_flat_string_at(const td_flat_vector *v, size_t i, td_string *out);
bool td_flat_table_at(const td_flat_vector *v, size_t i, td_flat_table *out);

#endif
