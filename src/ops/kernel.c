/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c -- kernel choice, and calls outside of a plan. */
#include "ops/kernel.h"

#include <string.h>

#include "base/mem.h"
#include "base/mem_forbid.h"
#include "base/size.h"
#include "device/stop.h"
#include "ops/list_hint.h"
#include "ops/signature.h"

td_status td_node_parse(const td_node *node, td_arena *arena, const void **attrs)
{
    td_parse p = { node, NULL, arena };

    if (node->op->attrs_size) p.attrs = td_arena_alloc(arena, node->op->attrs_size);
    if (node->op->parse) TD_TRY(td_status_prefix(node->op->parse(&p), "%s: ", node->name));
    *attrs = p.attrs;
    return NULL;
}

static td_dtype key_type(const td_node *node)
{
    if (node->op->key) {
        const td_attr_value *const v = td_node_attr(node, node->op->key);

        return v && v->kind == TD_ATTR_TYPE ? v->u.type : TD_DTYPE_NONE;
    }
    if (node->n_in > 0) {
        const td_edge *const e = &node->in[0];
        const td_dtype t = e->node->out_type[e->index];

        return t >= TD_DTYPE_REF ? t - TD_DTYPE_REF : t;
    }
    return node->n_out > 0 ? node->out_type[0] : TD_DTYPE_NONE;
}

const td_kernel *td_node_kernel(const td_node *node, td_device_kind device)
{
    const td_dtype key = key_type(node);

    for (const td_kernel *k = node->op->kernels; k && k->run; k++)
        if (k->device == device && (!k->dtypes || (k->dtypes >> key & 1))) return k;
    return NULL;
}

td_status td_node_no_kernel(const td_node *node)
{
    return TD_ERR(
        NOT_FOUND,
        "No OpKernel was registered to support Op '%s' of type %s on CPU in tensord\n\t [[{{node %s}}]]",
        node->op_name, td_dtype_name(key_type(node)), node->name);
}

#ifdef TD_DEBUG
static bool takes_memory(const td_call *c)
{
    const uint32_t takers = TD_OP_DYNAMIC | TD_OP_BY_REF | TD_OP_ASSIGNS | TD_OP_ALLOCATES;
    bool takes = (c->op->flags & takers) != 0 || c->n_regions > 0;

    for (uint32_t i = 0; !takes && i < c->n_out; i++)
        takes =
            td_out_is_used(c, i) && (td_out(c, i)->dtype == TD_VARIANT || td_out(c, i)->dtype == TD_RESOURCE);
    return takes;
}
#endif

td_status td_call_run(td_call *c, const td_kernel *kernel)
{
#ifdef TD_DEBUG
    const bool before = td_mem_forbid(!takes_memory(c));
    const td_status s = kernel->run(c);

    (void)td_mem_forbid(before);
    return s;
#else
    return kernel->run(c);
#endif
}

static td_status make_outputs(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++) {
        if (!td_out_is_used(c, i)) continue;
        td_tensor *const out = td_out(c, i);
        const td_shape shape = out->shape;

        TD_TRY(td_shape_check(&shape));
        TD_TRY(td_out_make(c, i, &shape));
    }
    return NULL;
}

static td_status alias_now(td_call *c)
{
    const td_shape shape = td_out(c, 0)->shape;
    const td_dtype dtype = td_out(c, 0)->dtype;

    TD_TRY(td_out_set(c, 0, td_in(c, 0)));
    td_out(c, 0)->shape = shape;
    td_out(c, 0)->dtype = dtype;
    return NULL;
}

/* Decides how to run: c->state and c->scratch_size. What they need lives in `arena`. */
static td_status prepare_now(td_call *c, const td_kernel *kernel, td_arena *arena)
{
    td_arena *const old = c->arena;

    c->state = kernel->state_size ? td_arena_alloc(arena, kernel->state_size) : NULL;
    c->scratch_size = 0;
    if (!kernel->prepare) return NULL;
    c->arena = arena;
    td_stop *const stop = td_stop_swap(NULL); /* packed weights outlive the run */
    const td_status s = kernel->prepare(c);
    (void)td_stop_swap(stop);
    c->arena = old;
    if (s && kernel->release) kernel->release(c->state);
    return s;
}

_Alignas(TD_ALIGN) unsigned char td_no_scratch[TD_ALIGN];

static td_status run_prepared(td_call *c, const td_kernel *kernel, td_arena *temp)
{
    c->scratch = td_no_scratch;
    if (c->scratch_size) {
        c->scratch = td_arena_try_alloc(temp, c->scratch_size, TD_ALIGN);
        if (!c->scratch)
            return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for %zu bytes of scratch", c->node,
                          c->scratch_size);
    }
    return td_call_run(c, kernel);
}

static td_status infer_now(td_call *c, td_arena *temp)
{
    td_arena *const arena = c->arena;

    if (!c->op->infer || (c->op->flags & TD_OP_DYNAMIC)) return NULL;
    c->arena = temp;
    const td_status s = c->op->infer(c);
    c->arena = arena;
    return s;
}

/* An op that infers shapes and makes its outputs itself may have been deferred for good:
 * a loop whose shapes change. */
static bool is_by_ref(const td_call *c)
{
    bool by_ref = (c->op->flags & (TD_OP_DYNAMIC | TD_OP_BY_REF)) != 0;

    for (uint32_t i = 0; !by_ref && i < c->n_out; i++)
        by_ref = td_out_is_used(c, i) && td_out(c, i)->dtype == TD_VARIANT;
    return by_ref;
}

/* Output shapes; for ops that make their outputs themselves it may be impossible to tell. */
static td_status shapes_now(td_call *c, bool by_ref, td_arena *temp)
{
    c->is_deferred = false;
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape.rank = -1;
    const td_status s = infer_now(c, temp);
    if (s && !(by_ref && c->is_deferred)) return s;
    td_status_free(s);
    return NULL;
}

td_status td_call_now(td_call *c, const td_kernel *kernel, td_arena *temp)
{
    const bool by_ref = is_by_ref(c);

    TD_TRY(shapes_now(c, by_ref, temp));
    if (c->op->flags & TD_OP_ALIAS) return alias_now(c);
    if (!by_ref) TD_TRY(make_outputs(c));
    TD_TRY(prepare_now(c, kernel, temp));
    const td_status s = run_prepared(c, kernel, temp);
    if (kernel->release) kernel->release(c->state);
    return s;
}

static bool memo_fits(const td_memo *m, const td_call *c)
{
    if (!m->is_valid) return false;
    for (uint32_t i = 0; i < c->n_in; i++)
        if (!td_shape_equal(&m->in[i], &td_in(c, i)->shape) ||
            (td_in(c, i)->dtype == TD_VARIANT && !td_list_hint_equal(&m->in[i], &td_in(c, i)->shape)))
            return false;
    return true;
}

static void forget(td_memo *m, const td_kernel *kernel)
{
    if (m->is_valid && kernel->release) kernel->release(m->state);
    m->is_valid = false;
    if (m->arena) td_arena_reset(m->arena);
}

void td_memo_fini(td_memo *m, const td_kernel *kernel)
{
    if (kernel) forget(m, kernel);
    td_arena_free(m->arena);
    *m = (td_memo){ 0 };
}

/* Decides anew, and keeps the decision unless elements had a say in it.
 * On success m holds the state either way. */
static td_status decide(td_call *c, const td_kernel *kernel, td_memo *m, bool by_ref)
{
    forget(m, kernel);
    if (!m->arena) m->arena = td_arena_make();
    c->read_values = false;
    TD_TRY(shapes_now(c, by_ref, m->arena));
    TD_TRY(prepare_now(c, kernel, m->arena));
    m->in = TD_ARENA_NEW_N(m->arena, td_shape, c->n_in + 1);
    m->out = TD_ARENA_NEW_N(m->arena, td_shape, c->n_out + 1);
    for (uint32_t i = 0; i < c->n_in; i++)
        m->in[i] = td_in(c, i)->shape;
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) m->out[i] = td_out(c, i)->shape;
    m->state = c->state;
    m->scratch_size = c->scratch_size;
    m->is_valid = true;
    return NULL;
}

td_status td_call_again(td_call *c, const td_kernel *kernel, td_memo *m, td_arena *temp)
{
    const bool by_ref = is_by_ref(c);

    if ((c->op->flags & TD_OP_ALIAS) || !td_env_does(c->env, TD_PASS_memo))
        return td_call_now(c, kernel, temp);
    if (memo_fits(m, c)) {
        c->state = m->state;
        c->scratch_size = m->scratch_size;
        for (uint32_t i = 0; i < c->n_out; i++)
            if (td_out_is_used(c, i)) td_out(c, i)->shape = m->out[i];
    } else {
        TD_TRY(decide(c, kernel, m, by_ref));
    }
    td_status s = by_ref ? NULL : make_outputs(c);
    if (!s) s = run_prepared(c, kernel, temp);
    if (c->read_values) forget(m, kernel);
    return s;
}

static bool has_strings_of_more(const td_tensor *t, size_t most)
{
    const td_string *const strings = t->data;
    size_t bytes = 0;

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++)
        if (!td_add_size(bytes, strings[i].size, &bytes) || bytes > most) return true;
    return false;
}

/* Bytes of strings move into the tensor's own buffer: the arena they lie in goes. */
static td_status own_strings(const td_call *c, td_tensor *t)
{
    td_tensor copy;

    if (t->dtype != TD_STRING) return NULL;
    if (c->out_most && has_strings_of_more(t, c->out_most))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: strings of more than %zu bytes", c->node, c->out_most);
    TD_TRY(td_tensor_copy(t, &copy));
    td_tensor_unref(t);
    *t = copy;
    return NULL;
}

static td_status eval_with(const td_node *node, td_call *c)
{
    const td_kernel *const kernel = td_node_kernel(node, TD_DEVICE_CPU);

    if (!kernel && !(node->op->flags & TD_OP_ALIAS)) return td_node_no_kernel(node);
    TD_TRY(td_node_parse(node, c->arena, &c->attrs));
    TD_TRY(td_call_now(c, kernel, c->arena));
    for (uint32_t i = 0; i < c->n_out; i++)
        TD_TRY(own_strings(c, td_out(c, i)));
    return NULL;
}

td_status td_node_eval_within(const td_node *node, td_env *env, const td_tensor *in, size_t most,
                              td_tensor *out)
{
    td_arena *const arena = td_arena_make();
    const uint32_t n = node->n_in + node->n_out;
    td_tensor *const values = TD_ARENA_NEW_N(arena, td_tensor, n);
    uint32_t *const index = TD_ARENA_NEW_N(arena, uint32_t, n);
    td_call c = { .op = node->op,
                  .node = node->name,
                  .values = values,
                  .in = index,
                  .out = index + node->n_in,
                  .n_in = node->n_in,
                  .n_out = node->n_out,
                  .env = env,
                  .arena = arena,
                  .threads = 1,
                  .out_most = most };

    for (uint32_t i = 0; i < n; i++)
        index[i] = i;
    for (uint32_t i = 0; i < node->n_in; i++)
        values[i] = in[i];
    for (uint32_t i = 0; i < node->n_out; i++)
        values[node->n_in + i].dtype = node->out_type[i];
    const td_status s = eval_with(node, &c);

    for (uint32_t i = 0; i < node->n_out; i++) {
        td_tensor *const t = &values[node->n_in + i];

        if (s)
            td_tensor_unref(t);
        else
            out[i] = *t;
    }
    td_arena_free(arena);
    return s;
}

td_status td_node_eval(const td_node *node, td_env *env, const td_tensor *in, td_tensor *out)
{
    return td_node_eval_within(node, env, in, 0, out);
}
