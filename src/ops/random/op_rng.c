/* SPDX-License-Identifier: Apache-2.0 */
/* op_rng.c -- generators as values: keys and counters of seeds, generators in variables, the system's numbers. */
#include <string.h>

#include "ops/array/array.h"
#include "ops/random/source.h"
#include "tensor/type_sets.h"

enum { ALG_PHILOX = 1, BLOCKS_OF_NUMBER = 256 };

/* ---------------------------------------------------------------- StatelessRandomGet* */

static td_status key_infer(td_call *c)
{
    const td_random_source seed = { .from = TD_FROM_SEED, .first = 0 };

    TD_TRY(td_random_source_check(c, &seed));
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = (td_shape){ 1, { 1 } };
    if (td_out_is_used(c, 1)) td_out(c, 1)->shape = (td_shape){ 1, { 2 } };
    if (c->n_out > 2 && td_out_is_used(c, 2)) td_out(c, 2)->shape = (td_shape){ 0 };
    return NULL;
}

static td_status key_run(td_call *c)
{
    const td_philox g = td_random_of_seeds(td_in(c, 0));

    if (td_out_is_used(c, 0)) *(uint64_t *)td_out(c, 0)->data = (uint64_t)g.key[1] << 32 | g.key[0];
    if (td_out_is_used(c, 1)) {
        uint64_t *const counter = td_out(c, 1)->data;

        counter[0] = (uint64_t)g.counter[1] << 32 | g.counter[0];
        counter[1] = (uint64_t)g.counter[3] << 32 | g.counter[2];
    }
    if (c->n_out > 2 && td_out_is_used(c, 2)) *(int32_t *)td_out(c, 2)->data = ALG_PHILOX;
    return NULL;
}

static td_status alg_run(td_call *c)
{
    *(int32_t *)td_out(c, 0)->data = ALG_PHILOX;
    return NULL;
}

/* ------------------------------------------------- RngSkip, RngReadAndSkip: resource, algorithm, delta */

static td_status skip_check(td_call *c)
{
    for (uint32_t i = 1; i < 3; i++)
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u (0-based) must have shape [], not rank %d", i,
                             (int)td_in(c, i)->shape.rank);
    return NULL;
}

static td_status move_by_delta(td_call *c, td_philox *was)
{
    TD_TRY(skip_check(c));
    TD_TRY(td_random_check_alg(c, td_tensor_int(td_in(c, 1), 0)));
    return td_random_move_variable(c, (uint64_t)td_tensor_int(td_in(c, 2), 0) * BLOCKS_OF_NUMBER, was);
}

static td_status skip_run(td_call *c)
{
    td_philox was;

    return move_by_delta(c, &was);
}

static td_status read_infer(td_call *c)
{
    TD_TRY(skip_check(c));
    td_out(c, 0)->shape = (td_shape){ 1, { 3 } };
    return NULL;
}

static td_status read_run(td_call *c)
{
    uint64_t *const out = td_out(c, 0)->data;
    td_philox was;

    TD_TRY(move_by_delta(c, &was));
    out[0] = (uint64_t)was.counter[1] << 32 | was.counter[0];
    out[1] = (uint64_t)was.counter[3] << 32 | was.counter[2];
    out[2] = (uint64_t)was.key[1] << 32 | was.key[0];
    return NULL;
}

/* ---------------------------------------------------------------- NonDeterministicInts */

static td_status system_infer(td_call *c)
{
    td_shape s;

    TD_TRY(td_random_shape(c, 0, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status system_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);
    const size_t elem = td_dtype_size(out->dtype);

    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++) {
        const uint64_t bits = td_random_system();

        memcpy((char *)out->data + i * elem, &bits, elem);
    }
    return NULL;
}

#define SYSTEM_TYPES                                                                                         \
    (TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_U64))

TD_RUN_KERNEL(key_kernels, 0, key_run);
TD_RUN_KERNEL(alg_kernels, 0, alg_run);
TD_RUN_KERNEL(skip_kernels, 0, skip_run);
TD_RUN_KERNEL(read_kernels, 0, read_run);
TD_RUN_KERNEL(system_kernels, SYSTEM_TYPES, system_run);

const td_op td_ops_rng[] = {
    { .name = "StatelessRandomGetKeyCounter",
      .sig = "seed: Tseed -> key: uint64, counter: uint64",
      .attrs = "Tseed: type = int64",
      .flags = TD_OP_SKIPS_UNUSED,
      .infer = key_infer,
      .kernels = key_kernels },
    { .name = "StatelessRandomGetKeyCounterAlg",
      .sig = "seed: Tseed -> key: uint64, counter: uint64, alg: int32",
      .attrs = "Tseed: type = int64",
      .flags = TD_OP_SKIPS_UNUSED,
      .infer = key_infer,
      .kernels = key_kernels },
    { .name = "StatelessRandomGetAlg",
      .sig = "-> alg: int32",
      .infer = td_infer_scalar,
      .kernels = alg_kernels },
    { .name = "RngSkip",
      .sig = "resource: resource, algorithm: int64, delta: int64",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS | TD_OP_ALLOCATES,
      .kernels = skip_kernels },
    { .name = "RngReadAndSkip",
      .sig = "resource: resource, alg: int32, delta: uint64 -> value: int64",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS | TD_OP_ALLOCATES,
      .infer = read_infer,
      .kernels = read_kernels },
    { .name = "NonDeterministicInts",
      .sig = "shape: shape_dtype -> output: dtype",
      .attrs = "dtype: type = int64, shape_dtype: type = int64",
      .key = "dtype",
      .flags = TD_OP_STATEFUL,
      .infer = system_infer,
      .kernels = system_kernels },
    { 0 },
};
