/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_expr.c -- any text as a value of --input_exprs, of three types, and as one of --input_examples. */
#include "base/macros.h"
#include "base/mem.h"
#include "cli/expr.h"
#include "driver.h"

static void read_one(const char *text, td_dtype dtype)
{
    const char *p = text;
    td_tensor t;

    if (!fuzz_end(td_expr_read(&p, dtype, &t))) return;
    TD_ASSERT(t.dtype == dtype && p > text);
    td_tensor_unref(&t);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    char *const text = td_strndup((const char *)data, size);
    const char *p = text;
    td_tensor t;

    read_one(text, TD_F32);
    read_one(text, TD_I32);
    read_one(text, TD_STRING);
    if (fuzz_end(td_expr_read_examples(&p, &t))) td_tensor_unref(&t);
    td_free(text);
}
