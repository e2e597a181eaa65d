/* SPDX-License-Identifier: Apache-2.0 */
/* apart.c -- see apart.h. It goes by the steps as they will run, after every pass. */
#include "exec/apart.h"

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/flow/rounds.h"

/* What a value is, and who uses it: steps and results, through Identities. */
typedef struct use {
    const td_step *maker; /* NULL: an argument or a constant */
    uint32_t source;      /* the value that it is, where it came through Identities */
    int arg;              /* its number; -1: none */
    uint32_t users, list_reads, array_reads, array_writes;
} use;

typedef struct look {
    const td_program *prog;
    use *values;
} look;

static use *source_of(const look *l, uint32_t v)
{
    return &l->values[l->values[v].source];
}

static bool reads_list(const td_step *s)
{
    static const char *const readers[] = { "TensorListGetItem", "TensorListLength", "TensorListElementShape",
                                           "TensorListStack",   "TensorListGather", "TensorListConcatV2" };

    for (size_t i = 0; i < TD_COUNT(readers); i++)
        if (td_step_is(s, readers[i])) return true;
    return false;
}

static void count_users(look *l, const td_step *s)
{
    for (uint32_t k = 0; k < s->n_in; k++)
        source_of(l, s->in[k])->users++;
    if (s->n_in == 0) return;
    use *const first = source_of(l, s->in[0]);

    first->list_reads += reads_list(s);
    first->array_reads += td_step_is(s, "TensorArrayReadV3");
    first->array_writes += td_step_is(s, "TensorArrayWriteV3");
}

/* Steps are in order, so what a step gets is known. */
static look look_at(const td_program *prog, td_arena *arena)
{
    look l = { .prog = prog, .values = TD_ARENA_NEW_N(arena, use, prog->n_values + 1) };

    for (uint32_t v = 0; v < prog->n_values; v++)
        l.values[v] = (use){ .source = v, .arg = -1 };
    for (size_t i = 0; i < prog->n_args; i++)
        l.values[prog->args[i]].arg = (int)i;
    for (size_t i = 0; i < prog->n_steps; i++) {
        const td_step *const s = &prog->steps[i];

        for (uint32_t k = 0; k < s->n_out; k++)
            if (s->out[k] != UINT32_MAX) l.values[s->out[k]].maker = s;
        if (td_step_is(s, "Identity"))
            l.values[s->out[0]].source = l.values[s->in[0]].source;
        else
            count_users(&l, s);
    }
    for (size_t i = 0; i < prog->n_rets; i++)
        source_of(&l, prog->rets[i])->users++;
    return l;
}

/* Elements of TF1's arrays are read and written in the order of their flow, which is the rounds' own (find_roles). */
static bool is_array_step(const td_step *s)
{
    return td_step_is(s, "TensorArrayReadV3") || td_step_is(s, "TensorArrayWriteV3");
}

/* Control flow is what its bodies are; a BatchFunction waits for others. An Assert only fails, and which of many does first is
 * the lowest round's to say. */
static bool is_pure_step(const td_step *s)
{
    for (uint32_t r = 0; r < s->n_regions; r++)
        if (!s->regions[r]->is_pure) return false;
    if (s->n_regions > 0) return !td_step_is(s, "BatchFunction");
    return !(s->op->flags & TD_OP_STATEFUL) || td_step_is(s, "Assert");
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
static int arg_of(const look *l, uint32_t v)
{
    return source_of(l, v)->arg;
}

static const use *arg_at(const look *l, uint32_t arg)
{
    return &l->values[l->prog->args[arg]];
}

static bool is_one(const td_tensor *t)
{
    return t && t->data && (t->dtype == TD_I32 || t->dtype == TD_I64) && td_shape_count(&t->shape) == 1 &&
           t->shape.rank == 0 && td_tensor_int(t, 0) == 1;
}

/* arg + 1, or 1 + arg. */
static bool counts(const look *l, const td_step *s, uint32_t arg)
{
    if (!td_step_is(s, "AddV2") && !td_step_is(s, "Add")) return false;
    for (uint32_t k = 0; k < 2; k++)
        if (arg_of(l, s->in[k]) == (int)arg && is_one(const_of(l, s->in[1 - k]))) return true;
    return false;
}

/* Of the list `arg` one element, at a counter, and nothing else. */
static bool sets(const look *l, const td_step *s, uint32_t arg, td_role *role)
{
    if (!td_step_is(s, "TensorListSetItem") || arg_of(l, s->in[0]) != (int)arg) return false;
    if (arg_at(l, arg)->users != 1 || l->values[s->out[0]].users != 1) return false;
    const td_attr_value *const resizes = td_node_attr(s->source, "resize_if_index_out_of_bounds");
    const int counter = arg_of(l, s->in[1]);

    if ((resizes && resizes->u.b) || counter < 0) return false;
    *role = (td_role){ .kind = TD_ROLE_LIST, .counter = (uint32_t)counter };
    return true;
}

/* Of the array behind a handle one element, at a counter; `arg` is the array's flow. */
static bool writes(const look *l, const td_step *s, uint32_t arg, td_role *role)
{
    if (!td_step_is(s, "TensorArrayWriteV3") || arg_of(l, s->in[3]) != (int)arg) return false;
    if (arg_at(l, arg)->users != 1 || l->values[s->out[0]].users != 1) return false;
    const int array = arg_of(l, s->in[0]), counter = arg_of(l, s->in[1]);

    if (array < 0 || counter < 0) return false;
    *role = (td_role){ .kind = TD_ROLE_FLOW, .counter = (uint32_t)counter, .array = (uint32_t)array };
    return true;
}

static bool find_role(const look *l, uint32_t arg, td_role *role)
{
    const use *const ret = source_of(l, l->prog->rets[arg]);
    const td_step *const s = ret->maker;

    *role = (td_role){ .kind = TD_ROLE_KEPT, .value = const_of(l, ret->source) };
    if (role->value || ret->arg == (int)arg) return true;
    role->kind = TD_ROLE_COUNTER;
    return s && (counts(l, s, arg) || sets(l, s, arg, role) || writes(l, s, arg, role));
}

/* Handles are handed through, and besides only read, or only written, once and with the flow that the role is of. */
static bool are_arrays_apart(const look *l, const td_role *roles)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < l->prog->n_args; i++) {
        const use *const v = arg_at(l, i);

        if (v->array_writes > 1 || (v->array_writes && v->array_reads)) return false;
        if (v->array_writes + v->array_reads == 0) continue;
        if (roles[i].kind != TD_ROLE_KEPT || v->users != 1 + v->array_writes + v->array_reads) return false;
        written += v->array_writes;
    }
    for (uint32_t i = 0; i < l->prog->n_args; i++)
        written -= roles[i].kind == TD_ROLE_FLOW;
    return written == 0;
}

/* An array step of a handle that is no argument is nobody's. */
static bool are_handles_args(const look *l)
{
    for (size_t i = 0; i < l->prog->n_steps; i++) {
        const td_step *const s = &l->prog->steps[i];

        if (is_array_step(s) && arg_of(l, s->in[0]) < 0) return false;
    }
    return true;
}

/* Lists that all rounds read are handed through, and besides only read: versions are not made for more than one thread. */
static bool is_only_read(const look *l, uint32_t arg)
{
    return arg_at(l, arg)->users == 1 + arg_at(l, arg)->list_reads;
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
    return lists > 0 && are_handles_args(l) && are_arrays_apart(l, roles);
}

void td_region_look(td_region *r, const td_program *prog, td_arena *arena)
{
    td_arena *const temp = td_arena_make();
    const look l = look_at(prog, temp);
    bool *const reads = TD_ARENA_NEW_N(arena, bool, prog->n_args + 1);
    td_role *const roles = TD_ARENA_NEW_N(arena, td_role, prog->n_args + 1);

    for (size_t i = 0; i < prog->n_args; i++)
        reads[i] = arg_at(&l, (uint32_t)i)->users > 0;
    r->reads = reads;
    r->is_pure = is_pure(prog);
    if (prog->n_args == prog->n_rets && is_pure_but_arrays(prog) && find_roles(&l, roles)) r->roles = roles;
    td_arena_free(temp);
}
