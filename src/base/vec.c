/* SPDX-License-Identifier: Apache-2.0 */
/* vec.c -- an array that grows, doubling. */
#include "base/vec.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

enum { VEC_FIRST = 8 };

void td_vec_fini(td_vec *v)
{
    td_free(td_vec_take(v));
}

void *td_vec_take(td_vec *v)
{
    void *const data = v->data;

    *v = (td_vec){ .elem = v->elem };
    return data;
}

static void grow(td_vec *v)
{
    size_t capacity = VEC_FIRST, bytes;

    TD_ASSERT(v->elem && (!v->capacity || td_mul_size(v->capacity, 2, &capacity)));
    TD_ASSERT(td_mul_size(capacity, v->elem, &bytes));
    v->data = td_realloc(v->data, bytes);
    v->capacity = capacity;
}

static char *at(const td_vec *v, size_t i)
{
    return (char *)v->data + i * v->elem;
}

void *td_vec_push(td_vec *v)
{
    if (v->size == v->capacity) grow(v);
    return memset(at(v, v->size++), 0, v->elem);
}

void *td_vec_pop(td_vec *v)
{
    TD_ASSERT(v->size);
    return at(v, --v->size);
}
