/* SPDX-License-Identifier: Apache-2.0 */
/* apart.c -- see apart.h. It goes by the steps as they will run, after every pass. */
#include "exec/apart.h"

#include <string.h>

#include "ops/array/array.h"
#include "ops/flow/rounds.h"

typedef struct look {
    const td_program *prog;
    const td_step **maker; /* by value; NULL: an argument or a constant */
    uint32_t *users;       /* by value: steps' inputs, and results; through Identities */
} look;

static bool is_op(const td_step *s, const char *name)
{
    return s && strcmp(s->op->name, name) == 0;
}

static uint32_t source_of(const look *l, uint32_t value)
{
    while (is_op(l->maker[value], "Identity"))
        value = l->maker[value]->in[0];
    return value;
}

static look look_at(const td_program *prog, td_arena *arena)
{
    look l = { .prog = prog,
               .maker = TD_ARENA_NEW_N(arena, const td_step *, prog->n_values + 1),
               .users = TD_ARENA_NEW_N(arena, uint32_t, prog->n_values + 1) };

    for (size_t i = 0; i < prog->n_steps; i++) {
        const td_step *const s = &prog->steps[i];

        for (uint32_t k = 0; k < s->n_out; k++)
            if (s->out[k] != UINT32_MAX) l.maker[s->out[k]] = s;
        for (uint32_t k = 0; k < s->n_in && !is_op(s, "Identity"); k++)
            l.users[source_of(&l, s->in[k])]++;
    }
    for (size_t i = 0; i < prog->n_rets; i++)
        l.users[source_of(&l, prog->rets[i])]++;
    return l;
}

/* Elements of TF1's arrays are read and written in the order of their flow, which is the rounds' own (find_roles). */
static bool is_array_step(const td_step *s)
{
    return is_op(s, "TensorArrayReadV3") || is_op(s, "TensorArrayWriteV3");
}

/* Control flow is what its bodies are; a BatchFunction waits for others. An Assert only fails, and which of many does first is
 * the lowest round's to say. */
static bool is_pure_step(const td_step *s)
{
    for (uint32_t r = 0; r < s->n_regions; r++)
        if (!s->regions[r]->is_pure) return false;
    if (s->n_regions > 0) return !is_op(s, "BatchFunction");
    return !(s->op->flags & TD_OP_STATEFUL) || is_op(s, "Assert");
}

static bool is_pure(const td_program *prog)
{
    for (size_t i = 0; i < prog->n_steps; i++)
        if (!is_pure_step(&prog->steps[i])) return false;
    return true;
}

static bool is_pure_but_arrays(const td_program *prog)
{
    for (size_t i = 0; i < prog->n_steps; i++)
        if (!is_pure_step(&prog->steps[i]) && !is_array_step(&prog->steps[i])) return false;
    return true;
}

/* ---------------------------------------------------------------- roles */

static const td_tensor *const_of(const look *l, uint32_t value)
{
    return l->prog->is_const[value] ? &l->prog->values[value] : NULL;
}

/* The argument that a value is; -1: it is something else. */
static int arg_of(const look *l, uint32_t value)
{
    const uint32_t source = source_of(l, value);

    for (size_t i = 0; i < l->prog->n_args; i++)
        if (l->prog->args[i] == source) return (int)i;
    return -1;
}

static bool is_one(const td_tensor *t)
{
    return t && t->data && (t->dtype == TD_I32 || t->dtype == TD_I64) && td_shape_count(&t->shape) == 1 &&
           t->shape.rank == 0 && td_tensor_int(t, 0) == 1;
}

/* arg + 1, or 1 + arg. */
static bool counts(const look *l, const td_step *s, uint32_t arg)
{
    if (!is_op(s, "AddV2") && !is_op(s, "Add")) return false;
    for (uint32_t k = 0; k < 2; k++)
        if (arg_of(l, s->in[k]) == (int)arg && is_one(const_of(l, s->in[1 - k]))) return true;
    return false;
}

/* Of the list `arg` one element, at a counter, and nothing else. */
static bool sets(const look *l, const td_step *s, uint32_t arg, td_role *role)
{
    if (!is_op(s, "TensorListSetItem") || arg_of(l, s->in[0]) != (int)arg) return false;
    if (l->users[l->prog->args[arg]] != 1 || l->users[s->out[0]] != 1) return false;
    const td_attr_value *const resizes = td_node_attr(s->source, "resize_if_index_out_of_bounds");
    const int counter = arg_of(l, s->in[1]);

    if ((resizes && resizes->u.b) || counter < 0) return false;
    *role = (td_role){ .kind = TD_ROLE_LIST, .counter = (uint32_t)counter };
    return true;
}

/* Of the array behind a handle one element, at a counter; `arg` is the array's flow. */
static bool writes(const look *l, const td_step *s, uint32_t arg, td_role *role)
{
    if (!is_op(s, "TensorArrayWriteV3") || arg_of(l, s->in[3]) != (int)arg) return false;
    if (l->users[l->prog->args[arg]] != 1 || l->users[s->out[0]] != 1) return false;
    const int array = arg_of(l, s->in[0]), counter = arg_of(l, s->in[1]);

    if (array < 0 || counter < 0) return false;
    *role = (td_role){ .kind = TD_ROLE_FLOW, .counter = (uint32_t)counter, .array = (uint32_t)array };
    return true;
}

static bool find_role(const look *l, uint32_t arg, td_role *role)
{
    const td_program *const prog = l->prog;
    const uint32_t ret = source_of(l, prog->rets[arg]);
    const td_step *const s = l->maker[ret];

    *role = (td_role){ .kind = TD_ROLE_KEPT, .value = const_of(l, ret) };
    if (role->value || arg_of(l, ret) == (int)arg) return true;
    role->kind = TD_ROLE_COUNTER;
    return s && (counts(l, s, arg) || sets(l, s, arg, role) || writes(l, s, arg, role));
}

/* A handle is handed through, and used by these steps only. */
static bool is_only_used_by(const look *l, uint32_t arg, const char *op, uint32_t most)
{
    uint32_t found = 0;

    for (size_t i = 0; i < l->prog->n_steps; i++)
        if (is_op(&l->prog->steps[i], op)) found += arg_of(l, l->prog->steps[i].in[0]) == (int)arg;
    return found <= most && found + 1 == l->users[l->prog->args[arg]];
}

static bool is_written(const td_role *roles, size_t n, uint32_t arg)
{
    for (size_t i = 0; i < n; i++)
        if (roles[i].kind == TD_ROLE_FLOW && roles[i].array == arg) return true;
    return false;
}

/* Every read is of a handle that is only read, every write of one that is written once. */
static bool are_arrays_apart(const look *l, const td_role *roles)
{
    const td_program *const prog = l->prog;

    for (size_t i = 0; i < prog->n_steps; i++) {
        const td_step *const s = &prog->steps[i];
        const int arg = is_array_step(s) ? arg_of(l, s->in[0]) : -1;

        if (!is_array_step(s)) continue;
        if (arg < 0 || roles[arg].kind != TD_ROLE_KEPT) return false;
        const bool is_set = is_written(roles, prog->n_args, (uint32_t)arg);

        if (is_set ? !is_only_used_by(l, (uint32_t)arg, "TensorArrayWriteV3", 1)
                   : !is_only_used_by(l, (uint32_t)arg, "TensorArrayReadV3", UINT32_MAX))
            return false;
    }
    return true;
}

/* Lists that all rounds read are only read: their versions are not made for more than one thread. */
static bool is_only_read(const look *l, uint32_t arg)
{
    static const char *const readers[] = { "TensorListGetItem", "TensorListLength", "TensorListElementShape",
                                           "TensorListStack",   "TensorListGather", "TensorListConcatV2" };
    uint32_t found = source_of(l, l->prog->rets[arg]) == l->prog->args[arg];

    for (size_t i = 0; i < l->prog->n_steps; i++)
        for (size_t k = 0; k < sizeof readers / sizeof readers[0]; k++)
            if (is_op(&l->prog->steps[i], readers[k]))
                found += arg_of(l, l->prog->steps[i].in[0]) == (int)arg;
    return found == l->users[l->prog->args[arg]];
}

static bool find_roles(const look *l, td_role *roles)
{
    const td_program *const prog = l->prog;
    uint32_t lists = 0; /* and arrays */

    for (uint32_t i = 0; i < prog->n_args; i++) {
        const td_dtype type = prog->values[prog->args[i]].dtype;

        if (!find_role(l, i, &roles[i])) return false;
        lists += roles[i].kind == TD_ROLE_LIST || roles[i].kind == TD_ROLE_FLOW;
        if (type == TD_VARIANT && roles[i].kind == TD_ROLE_KEPT && !is_only_read(l, i)) return false;
    }
    for (uint32_t i = 0; i < prog->n_args; i++) {
        const bool sets = roles[i].kind == TD_ROLE_LIST || roles[i].kind == TD_ROLE_FLOW;

        if (sets && roles[roles[i].counter].kind != TD_ROLE_COUNTER) return false;
    }
    return lists > 0 && are_arrays_apart(l, roles);
}

void td_region_look(td_region *r, const td_program *prog, td_arena *arena)
{
    const look l = look_at(prog, arena);
    bool *const reads = TD_ARENA_NEW_N(arena, bool, prog->n_args + 1);
    td_role *const roles = TD_ARENA_NEW_N(arena, td_role, prog->n_args + 1);

    for (size_t i = 0; i < prog->n_args; i++)
        reads[i] = l.users[prog->args[i]] > 0;
    r->reads = reads;
    r->is_pure = is_pure(prog);
    if (prog->n_args == prog->n_rets && is_pure_but_arrays(prog) && find_roles(&l, roles)) r->roles = roles;
}
