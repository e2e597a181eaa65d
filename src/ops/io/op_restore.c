/* SPDX-License-Identifier: Apache-2.0 */
/* op_restore.c -- RestoreV2: tensors of a bundle, only those that somebody uses. */
#include <string.h>

#include "base/mem.h"
#include "formats/savedmodel/bundle.h"
#include "ops/op.h"

static void check_ahead(td_call *c, td_bundle *b, const td_string *names)
{
    td_string *const used = TD_ARENA_NEW_N(c->arena, td_string, c->n_out);
    size_t n = 0;

    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) used[n++] = names[i];
    td_bundle_check_ahead(b, used, n, c->team);
}

static td_status restore_all(td_call *c, td_bundle *b, const td_string *names, const td_string *slices)
{
    for (uint32_t i = 0; i < c->n_out; i++) {
        td_tensor t = { 0 };

        if (!td_out_is_used(c, i)) continue;
        char *const name = td_arena_strndup(c->arena, names[i].data, names[i].size);
        char *const slice = td_arena_strndup(c->arena, slices[i].data, slices[i].size);
        TD_TRY(td_bundle_read(b, name, slice, &t));
        td_status s = NULL;
        if (t.dtype != td_out(c, i)->dtype)
            s = TD_ERR(INVALID_ARGUMENT,
                       "tensor_name = %s; expected dtype %s does not equal original dtype %s", name,
                       td_dtype_name(td_out(c, i)->dtype), td_dtype_name(t.dtype));
        else
            s = td_out_set(c, i, &t);
        td_tensor_unref(&t);
        TD_TRY(s);
    }
    return NULL;
}

static td_status restore_run(td_call *c)
{
    const td_tensor *const prefix = td_in(c, 0), *const names = td_in(c, 1), *const slices = td_in(c, 2);

    if (td_shape_count(&prefix->shape) != 1 || td_shape_count(&names->shape) != c->n_out ||
        td_shape_count(&slices->shape) != c->n_out)
        return TD_ERR(INVALID_ARGUMENT, "%s: prefix, tensor_names and shape_and_slices do not fit %u outputs",
                      c->node, c->n_out);
    const td_string *const p = prefix->data;
    td_bundle *bundle = NULL;

    TD_TRY(td_bundle_open(td_arena_strndup(c->arena, p->data, p->size), &bundle));
    if (c->env->files_are_known)
        td_bundle_trust(bundle);
    else
        check_ahead(c, bundle, names->data);
    const td_status s = restore_all(c, bundle, names->data, slices->data);
    td_bundle_unref(bundle);
    return s;
}

static const td_kernel restore_kernels[] = { { .device = TD_DEVICE_CPU, .run = restore_run }, { 0 } };

const td_op td_ops_restore[] = {
    { .name = "RestoreV2",
      .sig = "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: dtypes",
      .attrs = "dtypes: list(type)",
      .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC | TD_OP_SKIPS_UNUSED,
      .kernels = restore_kernels },
    { 0 },
};
