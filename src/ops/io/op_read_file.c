/* SPDX-License-Identifier: Apache-2.0 */
/* op_read_file.c -- ReadFile: the bytes of a regular file, as many as a limit allows. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "ops/strings.h"

enum { MOST = 256 << 20 };

static td_status read_run(td_call *c)
{
    td_string name;
    char *data, *bytes;
    size_t size;

    TD_TRY(td_text_scalar(c, 0, "Input filename tensor", &name));
    TD_TRY(
        td_file_read(td_arena_strndup(c->arena, name.size ? name.data : "", name.size), MOST, &data, &size));
    td_status s = td_text_alloc(c, size, &bytes);
    if (!s) {
        memcpy(bytes, data, size);
        *(td_string *)td_out(c, 0)->data = (td_string){ bytes, size };
    }
    td_free(data);
    return s;
}

TD_RUN_KERNEL(read_kernels, 0, read_run);

const td_op td_ops_read_file[] = {
    { .name = "ReadFile",
      .sig = "filename: string -> contents: string",
      .flags = TD_OP_STATEFUL | TD_OP_ALLOCATES,
      .infer = td_infer_scalar,
      .kernels = read_kernels },
    { 0 },
};
