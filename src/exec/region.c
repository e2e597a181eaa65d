/* region.c -- bodies of If, Case and While as programs of their own.
 *
 * Arguments that are known constants when the region is made (weights that a loop hands through) become
 * constants of the body, so its kernels can pack them; callers still hand all values over.
 */
#include <string.h>

#include "base/mem.h"
#include "exec/plan.h"
#include "ops/signature.h"

typedef struct region {
    td_region base;
    td_program *prog;
} region;

/* The frame of one body run; td_region_frame is a td_frame. */
static td_status region_enter(td_region *r, td_call *c, const td_tensor *in, td_tensor *out,
                              td_region_frame **frame)
{
    td_program *const prog = ((region *)r)->prog;
    const td_run_context run = { c->team, c->run_options, c->arena };
    td_frame *f;

    TD_TRY(td_frame_enter(prog, in, &f));
    const td_status s = td_frame_run(f, &run);
    if (s) {
        td_frame_leave(f);
        return s;
    }
    for (uint32_t i = 0; i < r->n_out; i++)
        out[i] = *td_frame_ret(f, i);
    *frame = (td_region_frame *)f;
    return NULL;
}

static void region_leave(td_region *r, td_region_frame *frame)
{
    (void)r;
    td_frame_leave((td_frame *)frame);
}

static td_status region_infer(td_region *r, td_call *c, const td_tensor *in, td_tensor *out)
{
    td_program *const prog = ((region *)r)->prog;
    td_frame *f;

    (void)c;
    TD_TRY(td_frame_enter(prog, in, &f));
    for (uint32_t i = 0; i < r->n_out; i++) {
        out[i] = f->plan->values[prog->rets[i]];
        out[i].data = NULL;
        out[i].buffer = NULL;
    }
    td_frame_leave(f);
    return NULL;
}

static td_status set_consts(td_pass *p, td_graph *g, const td_tensor *const *consts, size_t n)
{
    for (size_t i = 0; i < n && i < g->n_args; i++) {
        if (!consts || !consts[i]) continue;
        td_tensor value = *consts[i];

        value.buffer = NULL; /* the model keeps it already */
        td_node *const node = td_pass_const(p, g, g->args[i]->name, value);
        td_pass_replace(g, (td_edge){ g->args[i], 0, NULL }, (td_edge){ node, 0, NULL });
    }
    return NULL;
}

/* Bodies within bodies, as deep as real models go; a body that contains itself goes deeper. */
enum { MAX_DEPTH = 64 };

static td_status make_program(td_pass *p, const char *name, const td_tensor *const *consts, size_t n_consts,
                              bool serve, td_program **out)
{
    td_graph *g;

    if (p->region_depth >= MAX_DEPTH)
        return TD_ERR(INVALID_ARGUMENT, "function %s: control flow nests deeper than %d", name, MAX_DEPTH);
    TD_TRY(td_function_graph(p, name, &g));
    TD_TRY(set_consts(p, g, consts, n_consts));
    p->region_depth++;
    const td_status s = td_program_make(p, g, serve, out);
    p->region_depth--;
    return s;
}

td_status td_region_make(td_pass *p, const char *name, const td_tensor *const *consts, size_t n_consts,
                         bool serve, td_region **out)
{
    region *const r = TD_ARENA_NEW(p->arena, region);

    TD_TRY(make_program(p, name, consts, n_consts, serve, &r->prog));
    r->base = (td_region){ region_infer, region_enter, region_leave, (uint32_t)r->prog->n_args,
                           (uint32_t)r->prog->n_rets };
    *out = &r->base;
    return NULL;
}

void td_region_free(td_region *r)
{
    if (r) td_program_free(((region *)r)->prog);
}

bool td_region_has_state(const td_region *r)
{
    return ((const region *)r)->prog->has_state;
}

td_status td_region_check_types(const td_region *r, const td_node *n, uint32_t first, bool is_cond)
{
    const td_program *const prog = ((const region *)r)->prog;

    for (uint32_t i = 0; i < r->n_in; i++) {
        const td_edge *const e = &n->in[i + first];

        if (prog->values[prog->args[i]].dtype != e->node->out_type[e->index] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s (op %s): argument %u of %s has another type", n->name,
                          n->op_name, i, prog->name);
    }
    for (uint32_t i = 0; !is_cond && i < r->n_out; i++)
        if (prog->values[prog->rets[i]].dtype != n->out_type[i] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s (op %s): result %u of %s has another type", n->name,
                          n->op_name, i, prog->name);
    return NULL;
}
