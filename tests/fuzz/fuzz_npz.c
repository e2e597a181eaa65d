/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_npz.c -- any bytes as a .npz file: the only array of it, and the one called "x". */
#include "driver.h"
#include "formats/npz.h"

static void read_one(const uint8_t *data, size_t size, td_string name)
{
    td_tensor t;

    if (fuzz_end(td_npz_parse(data, size, name, &t))) td_tensor_unref(&t);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    read_one(data, size, (td_string){ "", 0 });
    read_one(data, size, (td_string){ "x", 1 });
}
