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

void td_vec_reserve(td_vec *v, size_t more)
{
    size_t want, bytes;

    TD_ASSERT(v->elem && td_add_size(v->size, more, &want));
    if (want <= v->capacity) return;
    const size_t doubled = TD_MAX(v->capacity * 2, (size_t)VEC_FIRST), capacity = TD_MAX(doubled, want);

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
    td_vec_reserve(v, 1);
    return memset(at(v, v->size++), 0, v->elem);
}

void *td_vec_pop(td_vec *v)
{
    TD_ASSERT(v->size);
    return at(v, --v->size);
}

void td_vec_resize(td_vec *v, size_t size)
{
    if (size > v->size) {
        td_vec_reserve(v, size - v->size);
        memset(at(v, v->size), 0, (size - v->size) * v->elem);
    }
    v->size = size;
}
