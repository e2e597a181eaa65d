/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- see rows.h. What it takes of a signature's inputs and outputs; rows_proof.h has what lies between.
 *
 * Dimensions that a signature leaves open, other than that of the rows, are given some size: rules look at no size but
 * that of the rows, so that what is proved of one size holds for all that a run can take. It is proved for two, in case
 * that a model has one of them for a constant. Which sizes a model can take is tried: a layer may want more steps than it
 * strides, halves that are whole, or less than its table has.
 */
#include "exec/rows.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "exec/rows_proof.h"

static td_rows_verdict no(char *why)
{
    return (td_rows_verdict){ .why_not = why };
}

/* Does what the signature says of it allow any number of rows? NULL: it does. */
static char *check_info(const char *what, const td_tensor_info *info, bool must_say)
{
    if (info->shape.rank < 0)
        return must_say ? td_format("%s %s has no known rank", what, info->alias) : NULL;
    if (info->shape.rank == 0) return td_format("%s %s has no batch dimension", what, info->alias);
    if (info->shape.dims[0] < 0) return NULL;
    return td_format("%s %s has a fixed first dimension %" PRId64, what, info->alias, info->shape.dims[0]);
}

static char *check_signature(const td_signature *sig)
{
    if (sig->n_inputs == 0) return td_strdup("it has no input");
    for (size_t i = 0; i < sig->n_inputs; i++) {
        char *const why = check_info("input", &sig->inputs[i], true);
        if (why) return why;
    }
    for (size_t i = 0; i < sig->n_outputs; i++) {
        char *const why = check_info("output", &sig->outputs[i], false);
        if (why) return why;
    }
    return NULL;
}

/* Are the output's rows dimension 0, one for each? */
static char *check_output(const td_tensor_info *info, const td_fact *f)
{
    switch (f->rows.kind) {
    case TD_ROWS_MIXED:
        return td_strdup(f->rows.why);
    case TD_ROWS_NONE:
        return td_format("output %s has no value", info->alias);
    case TD_ROWS_COUNT:
        return td_format("output %s tells the number of rows", info->alias);
    case TD_ROWS_SAME:
        return td_format("output %s has no batch dimension", info->alias);
    case TD_ROWS_APART:
        break;
    }
    if (f->rows.is_list) return td_format("output %s is a list", info->alias);
    if (f->rows.axis != 0)
        return td_format("output %s has its rows in dimension %d", info->alias, f->rows.axis);
    if (f->at[2].shape.dims[0] != 1)
        return td_format("output %s has %" PRId64 " rows for each", info->alias, f->at[2].shape.dims[0]);
    return NULL;
}

static char *prove(td_program *prog, const td_signature *sig, int64_t other)
{
    td_arena *const arena = td_arena_make();
    td_fact *const args = TD_ARENA_NEW_N(arena, td_fact, sig->n_inputs + 1);
    td_fact *const rets = TD_ARENA_NEW_N(arena, td_fact, sig->n_outputs + 1);

    for (size_t i = 0; i < sig->n_inputs; i++)
        args[i] = td_fact_arg(sig->inputs[i].dtype, &sig->inputs[i].shape, other);
    const char *const effect = td_rows_proof(prog, args, rets, arena);
    char *why = effect ? td_strdup(effect) : NULL;

    for (size_t i = 0; i < sig->n_outputs && !why; i++)
        why = check_output(&sig->outputs[i], &rets[i]);
    td_arena_free(arena);
    return why;
}

static bool has_open_dims(const td_signature *sig)
{
    for (size_t i = 0; i < sig->n_inputs; i++)
        for (int d = 1; d < sig->inputs[i].shape.rank; d++)
            if (sig->inputs[i].shape.dims[d] < 0) return true;
    return false;
}

/* Sizes for open dimensions; 1 would be broadcast. */
static const int64_t others[] = { 29, 31, 64, 224, 256, 12, 9, 5, 3, 2 };
enum { PROOFS = 2 };

td_rows_verdict td_rows_judge(td_program *prog, const td_signature *sig)
{
    const int wanted = has_open_dims(sig) ? PROOFS : 1;
    char *first = check_signature(sig);
    int proofs = 0;

    if (first) return no(first);
    for (size_t i = 0; i < TD_COUNT(others) && proofs < wanted && (i == 0 || wanted > 1); i++) {
        char *const why = prove(prog, sig, others[i]);

        proofs += !why;
        if (!first)
            first = why;
        else
            td_free(why);
    }
    if (proofs < wanted) return no(first ? first : td_strdup("its inputs take one size only"));
    td_free(first);
    return (td_rows_verdict){ .is_batchable = true };
}
