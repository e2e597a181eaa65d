/* SPDX-License-Identifier: Apache-2.0 */
/* dtype.c -- facts about element types, from the one list. */
#include "tensord/dtype.h"

typedef struct dtype_facts {
    size_t size;
    const char *name, *pb_name;
} dtype_facts;

static const dtype_facts dtype_table[TD_DTYPE_COUNT] = {
#define X(name, number, size, text, pb) [number] = { size, text, pb },
    TD_DTYPES(X)
#undef X
};

bool td_dtype_is_valid(int64_t number)
{
    return number > 0 && number < TD_DTYPE_COUNT && dtype_table[number].size;
}

size_t td_dtype_size(td_dtype d)
{
    return td_dtype_is_valid(d) ? dtype_table[d].size : 0;
}

const char *td_dtype_name(td_dtype d)
{
    return td_dtype_is_valid(d) ? dtype_table[d].name : "invalid";
}

const char *td_dtype_pb_name(td_dtype d)
{
    return td_dtype_is_valid(d) ? dtype_table[d].pb_name : "DT_INVALID";
}
