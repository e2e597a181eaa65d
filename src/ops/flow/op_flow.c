/* SPDX-License-Identifier: Apache-2.0 */
/* op_flow.c -- control flow: If, Case, While and For with function bodies, calls (inlined by passes), TF1's Switch
 * and Merge, and the nodes that only order others.
 *
 * A While keeps its variables in tensors of its own. What a body returns lies in that run's workspace, so two
 * runs overlap: the next iteration reads from the last frame before that is given back. A value that a body
 * only hands through would outlive its frame; it is copied once and is safe from then on.
 */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "device/stop.h"
#include "ops/flow/cond.h"
#include "ops/flow/rounds.h"
#include "ops/list_hint.h"
#include "ops/op.h"

/* ---------------------------------------------------------------- If, Case */

static void copy_inputs(const td_call *c, uint32_t first, td_tensor *out)
{
    for (uint32_t i = first; i < c->n_in; i++)
        out[i - first] = *td_in(c, i);
}

static td_status branch_infer(td_call *c)
{
    td_tensor *const in = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_in);
    td_tensor *const out = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_out + 1);

    copy_inputs(c, 1, in);
    for (uint32_t r = 0; r < c->n_regions; r++) {
        TD_TRY(c->regions[r]->infer(c->regions[r], c, in, out));
        for (uint32_t i = 0; i < c->n_out; i++) {
            if (!td_out_is_used(c, i)) continue;
            if (out[i].shape.rank < 0 || (r > 0 && !td_shape_equal(&out[i].shape, &td_out(c, i)->shape))) {
                c->is_deferred = true;
                return TD_ERR(INTERNAL, "%s: only a run can tell the shape of output %u", c->node, i);
            }
            if (r > 0 && out[i].dtype == TD_VARIANT)
                td_list_hint_join(&td_out(c, i)->shape, &out[i].shape);
            else
                td_out(c, i)->shape = out[i].shape;
        }
    }
    return NULL;
}

static td_status run_branch(td_call *c, td_region *branch)
{
    td_tensor in[64], out[64];
    td_region_frame *frame;

    if (c->n_in > 64 || c->n_out > 64)
        return TD_ERR(UNIMPLEMENTED, "%s: more than 64 inputs or outputs of a branch", c->node);
    copy_inputs(c, 1, in);
    TD_TRY(branch->enter(branch, c, in, out, &frame));
    td_status s = NULL;
    for (uint32_t i = 0; !s && i < c->n_out; i++)
        s = td_out_set(c, i, &out[i]);
    branch->leave(branch, frame);
    return s;
}

static td_status if_run(td_call *c)
{
    return run_branch(c, c->regions[td_cond_is_true(td_in(c, 0)) ? 0 : 1]);
}

static td_status case_run(td_call *c)
{
    if (td_in(c, 0)->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "branch_index must be a scalar");
    const int32_t i = *(const int32_t *)td_in(c, 0)->data;

    return run_branch(c, c->regions[i >= 0 && (uint32_t)i < c->n_regions ? (uint32_t)i : c->n_regions - 1]);
}

/* ---------------------------------------------------------------- While, For */

enum { COND = 0, BODY = 1 };

/* For: start, limit, delta, then the variables; its body takes the counter, which it does not return, before them. */
enum { FOR_BOUNDS = 3, FOR_COUNTER = 1 };

/* Infers the body with what is known of its lists in every round: what holds at first and after a round. */
static td_status settle_lists(td_call *c, td_region *body, td_tensor *in, uint32_t lead, td_tensor *out)
{
    for (int round = 0; round < 4; round++) {
        bool is_settled = true;

        TD_TRY(body->infer(body, c, in, out));
        for (uint32_t i = 0; i < c->n_out; i++) {
            td_tensor *const var = &in[lead + i];
            td_shape joint = var->shape;

            if (var->dtype != TD_VARIANT) continue;
            td_list_hint_join(&joint, &out[i].shape);
            is_settled = is_settled && td_list_hint_equal(&joint, &var->shape);
            var->shape = joint;
        }
        if (is_settled) return NULL;
    }
    c->is_deferred = true; /* hints only get weaker: not reached */
    return TD_ERR(INTERNAL, "%s: its lists do not settle", c->node);
}

/* in: what the body takes at first; the variables begin at in[lead]. */
static td_status loop_infer(td_call *c, td_region *body, td_tensor *in, uint32_t lead)
{
    td_tensor *const out = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_out + 1);

    TD_TRY(settle_lists(c, body, in, lead, out));
    for (uint32_t i = 0; i < c->n_out; i++) {
        const td_shape *const var = &in[lead + i].shape;

        if (out[i].shape.rank < 0 || !td_shape_equal(&out[i].shape, var)) {
            if (!td_out_is_used(c, i) && out[i].shape.rank < 0) continue;
            c->is_deferred = true;
            return TD_ERR(INTERNAL, "%s: the shape of variable %u changes", c->node, i);
        }
        if (td_out_is_used(c, i)) td_out(c, i)->shape = *var;
    }
    return NULL;
}

static td_status while_infer(td_call *c)
{
    td_tensor *const in = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_in + 1);

    copy_inputs(c, 0, in);
    return loop_infer(c, c->regions[BODY], in, 0);
}

static td_status for_infer(td_call *c)
{
    td_tensor *const in = TD_ARENA_NEW_N(c->arena, td_tensor, c->n_in + 1);

    for (uint32_t i = 0; i < FOR_BOUNDS; i++)
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "start, limit and delta must be scalars");
    copy_inputs(c, FOR_BOUNDS, in + FOR_COUNTER);
    in[0] = (td_tensor){ .dtype = TD_I32 };
    return loop_infer(c, c->regions[0], in, FOR_COUNTER);
}

typedef struct loop {
    td_call *c;
    td_region *body;
    uint32_t n, lead;               /* values that the body takes; the first that it returns */
    td_tensor *vars, *next;         /* n each; vars may hold buffer references */
    bool *in_frame, *next_in_frame; /* does the value lie in the workspace of `frame`? */
    td_region_frame *frame;         /* of the last body run */
} loop;

/* A list that grows would make every round look new:
 * its length is no part of what its body is planned for. */
static void forget_length(td_shape *now, const td_shape *before)
{
    td_list_hint hint = td_list_hint_get(now);

    if (hint.length == td_list_hint_get(before).length) return;
    hint.length = -1;
    td_list_hint_set(now, &hint);
}

/* Decides where next[i], just returned by the body, lives; takes what references it needs. */
static td_status loop_hold(loop *l, uint32_t i)
{
    td_tensor *const t = &l->next[i];

    l->next_in_frame[i] = false;
    if (t->dtype == TD_VARIANT) forget_length(&t->shape, &l->vars[i].shape);
    if (t->buffer) {
        *t = td_tensor_ref(t);
        return NULL;
    }
    for (uint32_t k = 0; k < l->n; k++) {
        const td_tensor *const v = &l->vars[k];

        if (t->data != v->data || !t->data) continue;
        if (v->buffer) { /* handed through, of our own */
            t->buffer = td_buffer_ref(v->buffer);
            return NULL;
        }
        return l->in_frame[k] ? td_tensor_copy_flat(t, t) : NULL;
    }
    l->next_in_frame[i] = true;
    return NULL;
}

static td_status loop_step(loop *l)
{
    td_region_frame *frame;

    TD_TRY(l->body->enter(l->body, l->c, l->vars, l->next + l->lead, &frame));
    td_status s = NULL;
    uint32_t held = l->lead;
    while (!s && held < l->n) {
        s = loop_hold(l, held);
        if (!s) held++;
    }
    if (s) {
        for (uint32_t i = l->lead; i < held; i++)
            td_tensor_unref(&l->next[i]);
        l->body->leave(l->body, frame);
        return s;
    }
    for (uint32_t i = l->lead; i < l->n; i++)
        td_tensor_unref(&l->vars[i]);
    if (l->frame) l->body->leave(l->body, l->frame);
    l->frame = frame;
    td_tensor *const vars = l->vars;
    bool *const in_frame = l->in_frame;
    l->vars = l->next;
    l->next = vars;
    l->in_frame = l->next_in_frame;
    l->next_in_frame = in_frame;
    return NULL;
}

static td_status while_test(loop *l, bool *go)
{
    td_region *const cond = l->c->regions[COND];
    td_region_frame *frame;
    td_tensor out;

    TD_TRY(cond->enter(cond, l->c, l->vars, &out, &frame));
    *go = td_cond_is_true(&out);
    cond->leave(cond, frame);
    return NULL;
}

static td_status while_rounds(loop *l)
{
    for (uint64_t round = 0;; round++) {
        bool go = false;

        if (round > 0 && td_stop_asked()) return td_stop_status(td_stop_here());
        TD_TRY(while_test(l, &go));
        if (!go) return NULL;
        TD_TRY(loop_step(l));
    }
}

static td_status for_rounds(loop *l)
{
    const int32_t start = *(const int32_t *)td_in(l->c, 0)->data,
                  limit = *(const int32_t *)td_in(l->c, 1)->data,
                  delta = *(const int32_t *)td_in(l->c, 2)->data;

    if (start != limit && (start < limit ? delta <= 0 : delta >= 0))
        return TD_OP_ERR(l->c, INVALID_ARGUMENT, "Invalid start/limit/delta: %d %d %d", (int)start,
                         (int)limit, (int)delta);
    for (int64_t i = start; start < limit ? i < limit : i > limit; i += delta) {
        int32_t counter = (int32_t)i;

        if (i != start && td_stop_asked()) return td_stop_status(td_stop_here());
        l->vars[0] = (td_tensor){ .dtype = TD_I32, .data = &counter };
        l->in_frame[0] = true; /* gone after this round: what hands it on is copied */
        TD_TRY(loop_step(l));
    }
    return NULL;
}

static td_status loop_run(td_call *c, td_region *body, uint32_t first, uint32_t lead,
                          td_status (*rounds)(loop *l))
{
    enum { SMALL = 32 };
    td_tensor tensors[2 * SMALL];
    bool flags[2 * SMALL];
    const uint32_t n = c->n_in - first + lead;
    td_tensor *const t = n <= SMALL ? tensors : TD_NEW_N(td_tensor, 2 * n);
    bool *const f = n <= SMALL ? flags : TD_NEW_N(bool, 2 * n);
    loop l = { c, body, n, lead, t, t + n, f, f + n, NULL };

    for (uint32_t i = lead; i < n; i++) {
        l.vars[i] = td_tensor_ref(td_in(c, i - lead + first));
        l.in_frame[i] = false;
    }
    td_status s = rounds(&l);

    for (uint32_t i = 0; !s && i < c->n_out; i++)
        s = td_out_set(c, i, &l.vars[lead + i]);
    for (uint32_t i = lead; i < n; i++)
        td_tensor_unref(&l.vars[i]);
    if (l.frame) body->leave(body, l.frame);
    if (t != tensors) {
        td_free(t);
        td_free(f);
    }
    return s;
}

static td_status while_run(td_call *c)
{
    bool done;

    TD_TRY(td_rounds_run(c, c->regions[COND], c->regions[BODY], &done));
    return done ? NULL : loop_run(c, c->regions[BODY], 0, 0, while_rounds);
}

static td_status for_run(td_call *c)
{
    return loop_run(c, c->regions[0], FOR_BOUNDS, FOR_COUNTER, for_rounds);
}

/* ---------------------------------------------------------------- TF1: Switch, Merge */

static td_status switch_infer(td_call *c)
{
    for (uint32_t i = 0; i < 2; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = td_in(c, 0)->shape;
    return NULL;
}

static td_status switch_run(td_call *c)
{
    const uint32_t chosen = td_cond_is_true(td_in(c, 1)) ? 1 : 0;

    if (td_out_is_used(c, 1 - chosen)) c->dead[c->out[1 - chosen]] = 1;
    return td_out_set(c, chosen, td_in(c, 0));
}

static td_status merge_run(td_call *c)
{
    for (uint32_t i = 0; i < c->n_in; i++) {
        if (c->dead[c->in[i]]) continue;
        TD_TRY(td_out_make(c, 1, &(td_shape){ 0 }));
        if (td_out_is_used(c, 1)) *(int32_t *)td_out(c, 1)->data = (int32_t)i;
        return td_out_set(c, 0, td_in(c, i));
    }
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) c->dead[c->out[i]] = 1;
    return NULL;
}

/* A constant inside a branch: alive when `when` is (passes/gate). */
static td_status gate_infer(td_call *c)
{
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    return NULL;
}

static td_status gate_run(td_call *c)
{
    return td_out_set(c, 0, td_in(c, 0));
}

static td_status noop_run(td_call *c)
{
    (void)c;
    return NULL;
}

TD_RUN_KERNEL(if_kernels, 0, if_run);
TD_RUN_KERNEL(case_kernels, 0, case_run);
TD_RUN_KERNEL(while_kernels, 0, while_run);
TD_RUN_KERNEL(for_kernels, 0, for_run);
TD_RUN_KERNEL(switch_kernels, 0, switch_run);
TD_RUN_KERNEL(merge_kernels, 0, merge_run);
TD_RUN_KERNEL(gate_kernels, 0, gate_run);
TD_RUN_KERNEL(noop_kernels, 0, noop_run);

#define IF_SIG "cond: Tcond, input: Tin -> output: Tout"
#define IF_ATTRS                                                                                             \
    "Tcond: type, Tin: list(type), Tout: list(type), then_branch: func, else_branch: func, "                 \
    "output_shapes: list(shape) = []"
#define CASE_ATTRS "Tin: list(type), Tout: list(type), branches: list(func), output_shapes: list(shape) = []"
#define WHILE_ATTRS                                                                                          \
    "T: list(type), cond: func, body: func, output_shapes: list(shape) = [], parallel_iterations: int = 10"
#define CALL_ATTRS                                                                                           \
    "Tin: list(type), Tout: list(type), f: func, config: string = '', config_proto: string = '', "           \
    "executor_type: string = ''"

const td_op td_ops_flow[] = {
    /* The engine's own: made into values and arguments before anything runs. */
    { .name = "Const", .sig = "-> output: dtype", .attrs = "value: tensor, dtype: type" },
    { .name = "_Arg", .sig = "-> output: T", .attrs = "T: type, index: int = 0" },
    { .name = "Placeholder", .sig = "-> output: dtype", .attrs = "dtype: type, shape: shape = {}" },
    { .name = "PlaceholderV2", .sig = "-> output: dtype", .attrs = "dtype: type, shape: shape = {}" },
    { .name = "NoOp", .sig = "", .flags = TD_OP_STATEFUL, .kernels = noop_kernels },
    { .name = "ControlTrigger", .sig = "", .flags = TD_OP_STATEFUL, .kernels = noop_kernels },
    { .name = "PartitionedCall",
      .sig = "args: Tin -> output: Tout",
      .attrs = CALL_ATTRS,
      .flags = TD_OP_CALL },
    { .name = "StatefulPartitionedCall",
      .sig = "args: Tin -> output: Tout",
      .attrs = CALL_ATTRS,
      .flags = TD_OP_CALL | TD_OP_STATEFUL },
    { .name = "If",
      .sig = IF_SIG,
      .attrs = IF_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .infer = branch_infer,
      .kernels = if_kernels },
    { .name = "StatelessIf",
      .sig = IF_SIG,
      .attrs = IF_ATTRS,
      .flags = TD_OP_BY_REF,
      .infer = branch_infer,
      .kernels = if_kernels },
    { .name = "Case",
      .sig = "branch_index: int32, input: Tin -> output: Tout",
      .attrs = CASE_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .infer = branch_infer,
      .kernels = case_kernels },
    { .name = "StatelessCase",
      .sig = "branch_index: int32, input: Tin -> output: Tout",
      .attrs = CASE_ATTRS,
      .flags = TD_OP_BY_REF,
      .infer = branch_infer,
      .kernels = case_kernels },
    { .name = "While",
      .sig = "input: T -> output: T",
      .attrs = WHILE_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .infer = while_infer,
      .kernels = while_kernels },
    { .name = "StatelessWhile",
      .sig = "input: T -> output: T",
      .attrs = WHILE_ATTRS,
      .flags = TD_OP_BY_REF,
      .infer = while_infer,
      .kernels = while_kernels },
    { .name = "For",
      .sig = "start: int32, limit: int32, delta: int32, input: T -> output: T",
      .attrs = "T: list(type), body: func",
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .infer = for_infer,
      .kernels = for_kernels },
    { .name = "Switch",
      .sig = "data: T, pred: bool -> output_false: T, output_true: T",
      .attrs = "T: type",
      .flags = TD_OP_BY_REF | TD_OP_CONTROL,
      .infer = switch_infer,
      .kernels = switch_kernels },
    /* Of references: of handles, under other names, after passes/deref. */
    { .name = "RefIdentity", .sig = "input: &T -> output: &T", .attrs = "T: type" },
    { .name = "RefSwitch",
      .sig = "data: &T, pred: bool -> output_false: &T, output_true: &T",
      .attrs = "T: type" },
    { .name = "RefMerge",
      .sig = "inputs: &N*T -> output: &T, value_index: int32",
      .attrs = "T: type, N: int" },
    { .name = "RefSelect", .sig = "index: int32, inputs: &N*T -> output: &T", .attrs = "T: type, N: int" },
    { .name = "Merge",
      .sig = "inputs: N*T -> output: T, value_index: int32",
      .attrs = "T: type, N: int",
      .flags = TD_OP_DYNAMIC | TD_OP_CONTROL,
      .kernels = merge_kernels },
    /* Of TF1's loops; passes/raise leaves none. */
    { .name = "Enter",
      .sig = "data: T -> output: T",
      .attrs = "T: type, frame_name: string, is_constant: bool = false, parallel_iterations: int = 10" },
    { .name = "Exit", .sig = "data: T -> output: T", .attrs = "T: type" },
    { .name = "NextIteration", .sig = "data: T -> output: T", .attrs = "T: type" },
    { .name = "LoopCond", .sig = "input: bool -> output: bool" },
    { .name = "_Gate",
      .sig = "value: T, when: U -> output: T",
      .attrs = "T: type, U: type",
      .flags = TD_OP_BY_REF,
      .infer = gate_infer,
      .kernels = gate_kernels },
    { 0 },
};
