/* SPDX-License-Identifier: Apache-2.0 */
/* op_elementwise.c -- _FusedElementwise: a chain of elementwise ops as one (passes/fuse_elementwise makes
 * it).
 *
 * `code` has eight numbers for each link: function, operand type, result type, count of operands (and, from bit 2 on, the
 * rule of their shapes), three operands (k >= 0: input k; -1 - j: link j), and the bits of alpha. The last link is the result. Links whose
 * shape is smaller than the result's (a mean's square root, say) are worked out once, into scratch, before
 * the pass over the big ones. `names` are the nodes that the links were, for errors; it may be empty. Files can
 * hold such a node, so everything is checked.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/elt/bcast.h"
#include "kernels/elt/chain.h"
#include "ops/math/elementwise.h"
#include "ops/math/elementwise_info.h"

enum { WORDS = 8 };

typedef struct link_code {
    td_elementwise_info info;
    int from[TD_ELT_MAX_IN];
} link_code;

typedef struct chain_attrs {
    unsigned n;
    link_code links[TD_CHAIN_LINKS];
    const td_attr_value *names; /* NULL: not known */
} chain_attrs;

static bool read_link(const int64_t *w, unsigned i, link_code *out)
{
    const int32_t bits = (int32_t)w[7];

    for (unsigned k = 0; k < 7; k++)
        if (w[k] < INT16_MIN || w[k] > INT16_MAX) return false;
    const int64_t n_in = w[3] & 3, rule = w[3] >> 2;

    if (n_in < 1 || n_in > TD_ELT_MAX_IN || rule < 0 || rule >= TD_RULE_COUNT || !td_dtype_is_valid(w[1]) ||
        !td_dtype_is_valid(w[2]))
        return false;
    out->info = (td_elementwise_info){ .id = (int)w[0],
                                       .in = (td_dtype)w[1],
                                       .out = (td_dtype)w[2],
                                       .n_in = (unsigned)n_in,
                                       .rule = (td_elementwise_rule)rule };
    memcpy(&out->info.alpha, &bits, sizeof bits);
    for (unsigned k = 0; k < out->info.n_in; k++) {
        out->from[k] = (int)w[4 + k];
        if (-1 - out->from[k] >= (int)i) return false;
    }
    return true;
}

static td_status chain_parse(td_parse *p)
{
    chain_attrs *const a = p->attrs;
    int64_t words[TD_CHAIN_LINKS * WORDS];
    size_t n;

    TD_TRY(td_attr_ints(p, "code", words, TD_COUNT(words), &n));
    if (n == 0 || n % WORDS) return TD_ERR(INVALID_ARGUMENT, "%s: %zu words of code", p->node->name, n);
    a->n = (unsigned)(n / WORDS);
    if (td_attr_list(p, "names", &a->names) != a->n) a->names = NULL;
    for (unsigned i = 0; i < a->n; i++)
        if (!read_link(words + (size_t)i * WORDS, i, &a->links[i]))
            return TD_ERR(INVALID_ARGUMENT, "%s: link %u makes no sense", p->node->name, i);
    return NULL;
}

/* Which of the fused nodes it was; the chain itself when nobody knows. */
static td_string node_of_link(const td_call *c, unsigned i)
{
    const chain_attrs *const a = c->attrs;

    return a->names ? a->names[i].u.s : (td_string){ c->node, strlen(c->node) };
}

/* Says which of the fused nodes it was; takes error. */
static td_status name_link(const td_call *c, unsigned i, td_status error)
{
    const chain_attrs *const a = c->attrs;

    if (!a->names) return error;
    return td_status_suffix(error, "\n\t [[{{node %.*s}}]]", (int)TD_MIN(a->names[i].u.s.size, (size_t)1000),
                            a->names[i].u.s.data);
}

static td_status shape_of_link(td_call *c, unsigned i, td_shape *shapes)
{
    const chain_attrs *const a = c->attrs;
    const link_code *const l = &a->links[i];
    const td_shape *in[TD_ELT_MAX_IN] = { 0 };

    for (unsigned k = 0; k < l->info.n_in; k++) {
        const int from = l->from[k];
        if (from >= (int)c->n_in) return TD_ERR(INVALID_ARGUMENT, "%s: no input %d", c->node, from);
        const td_dtype type = from >= 0 ? td_in(c, (uint32_t)from)->dtype : a->links[-1 - from].info.out;
        if (type != td_elementwise_in_type(&l->info, k))
            return TD_ERR(INVALID_ARGUMENT, "%s: operand %u of link %u is %s", c->node, k, i,
                          td_dtype_name(type));
        in[k] = from >= 0 ? &td_in(c, (uint32_t)from)->shape : &shapes[-1 - from];
    }
    const td_status error = td_elementwise_shape(l->info.rule, node_of_link(c, i),
                                                 td_elementwise_op(&l->info), in, l->info.n_in, &shapes[i]);

    return error ? name_link(c, i, error) : NULL;
}

static td_status shapes_of_links(td_call *c, td_shape *shapes)
{
    const chain_attrs *const a = c->attrs;

    for (unsigned i = 0; i < a->n; i++)
        TD_TRY(shape_of_link(c, i, shapes));
    return NULL;
}

static td_status chain_infer(td_call *c)
{
    const chain_attrs *const a = c->attrs;
    td_shape shapes[TD_CHAIN_LINKS];

    TD_TRY(shapes_of_links(c, shapes));
    if (td_out(c, 0)->dtype != a->links[a->n - 1].info.out)
        return TD_ERR(INVALID_ARGUMENT, "%s: the last link makes another type", c->node);
    td_out(c, 0)->shape = shapes[a->n - 1];
    return NULL;
}

/* ---------------------------------------------------------------- prepare */

/* Where an operand of a link or of the big pass comes from: an input, or a result in scratch. */
typedef struct source {
    bool is_scratch;
    uint32_t input;
    size_t offset;
} source;

/* A link that is worked out on its own, before the big pass. */
typedef struct stage {
    td_elt elt;
    td_elt_arg arg;
    td_bcast bcast;
    td_bcast_operand operands[TD_ELT_MAX_IN];
    source from[TD_ELT_MAX_IN];
    size_t offset;
} stage;

typedef struct chain_state {
    td_chain chain;
    td_bcast bcast;
    td_bcast_operand operands[TD_BCAST_MAX_IN];
    source from[TD_BCAST_MAX_IN];
    size_t grain;
    unsigned n_stages;
    stage *stages;
} chain_state;

/* What prepare knows while it builds. */
typedef struct builder {
    td_call *c;
    chain_state *s;
    td_shape shapes[TD_CHAIN_LINKS];
    td_elt elts[TD_CHAIN_LINKS];
    bool is_staged[TD_CHAIN_LINKS];
    size_t offset[TD_CHAIN_LINKS]; /* of staged results in scratch */
    int index[TD_CHAIN_LINKS];     /* of the others, in the chain */
} builder;

static source source_of(const builder *b, int from)
{
    if (from >= 0) return (source){ .input = (uint32_t)from };
    return (source){ .is_scratch = true, .offset = b->offset[-1 - from] };
}

static const td_shape *shape_of(const builder *b, int from)
{
    return from >= 0 ? &td_in(b->c, (uint32_t)from)->shape : &b->shapes[-1 - from];
}

static void add_stage(builder *b, unsigned i, size_t *scratch)
{
    const chain_attrs *const a = b->c->attrs;
    const link_code *const l = &a->links[i];
    stage *const st = &b->s->stages[b->s->n_stages++];
    const td_shape *in[TD_ELT_MAX_IN] = { 0 };

    *st = (stage){ .elt = b->elts[i], .arg.alpha = (double)l->info.alpha, .offset = *scratch };
    for (unsigned k = 0; k < l->info.n_in; k++) {
        in[k] = shape_of(b, l->from[k]);
        st->from[k] = source_of(b, l->from[k]);
        st->operands[k].size = st->elt.in_size[k];
    }
    td_bcast_make(&st->bcast, st->operands, &b->shapes[i], in, l->info.n_in);
    b->offset[i] = *scratch;
    *scratch += (st->bcast.count * st->elt.out_size + 63) & ~(size_t)63;
}

/* The big pass's operand for `from`; -1: there are too many. */
static int operand_of(builder *b, int from, size_t size, const td_shape **shapes, unsigned *n)
{
    const source want = source_of(b, from);

    for (unsigned k = 0; k < *n; k++) {
        const source *const have = &b->s->from[k];
        if (have->is_scratch == want.is_scratch && have->input == want.input && have->offset == want.offset)
            return (int)k;
    }
    if (*n == TD_BCAST_MAX_IN) return -1;
    b->s->from[*n] = want;
    b->s->operands[*n].size = size;
    shapes[*n] = shape_of(b, from);
    return (int)(*n)++;
}

/* The big pass over all links that are not staged; false: it needs too many operands or slots. */
static bool build_chain(builder *b)
{
    const chain_attrs *const a = b->c->attrs;
    chain_state *const s = b->s;
    int sources[TD_CHAIN_LINKS][TD_ELT_MAX_IN];
    const td_shape *shapes[TD_BCAST_MAX_IN];
    unsigned n_operands = 0;

    s->chain.n = 0;
    for (unsigned i = 0; i < a->n; i++) {
        if (b->is_staged[i]) continue;
        const link_code *const l = &a->links[i];
        for (unsigned k = 0; k < l->info.n_in; k++) {
            const int from = l->from[k];
            const bool is_link = from < 0 && !b->is_staged[-1 - from];
            sources[s->chain.n][k] = is_link
                                         ? -1 - b->index[-1 - from]
                                         : operand_of(b, from, b->elts[i].in_size[k], shapes, &n_operands);
            if (!is_link && sources[s->chain.n][k] < 0) return false;
        }
        s->chain.links[s->chain.n] = (td_chain_link){ .elt = b->elts[i], .arg.alpha = (double)l->info.alpha };
        b->index[i] = (int)s->chain.n++;
    }
    if (!td_chain_finish(&s->chain, sources)) return false;
    td_bcast_make(&s->bcast, s->operands, &b->shapes[a->n - 1], shapes, n_operands);
    return true;
}

static size_t build_stages(builder *b)
{
    const chain_attrs *const a = b->c->attrs;
    size_t scratch = 0;

    b->s->n_stages = 0;
    for (unsigned i = 0; i < a->n; i++)
        if (b->is_staged[i]) add_stage(b, i, &scratch);
    return scratch;
}

enum { GRAIN = 32 * 1024 }; /* elements times links that are worth a thread */

static td_status chain_prepare(td_call *c)
{
    const chain_attrs *const a = c->attrs;
    builder b = { .c = c, .s = c->state };

    TD_TRY(shapes_of_links(c, b.shapes));
    for (unsigned i = 0; i < a->n; i++) {
        if (!td_elementwise_body(&a->links[i].info, c->env->cpu, &b.elts[i]))
            return TD_ERR(UNIMPLEMENTED, "%s: no body for link %u", c->node, i);
        b.is_staged[i] = td_shape_count(&b.shapes[i]) < td_shape_count(&b.shapes[a->n - 1]);
    }
    b.s->stages = td_arena_alloc_array(c->arena, TD_CHAIN_LINKS, sizeof(stage));
    c->scratch_size = build_stages(&b);
    for (unsigned next = 0; !build_chain(&b); next++) {
        while (b.is_staged[next])
            next++;
        TD_ASSERT(next + 1 < a->n); /* one link alone always fits */
        b.is_staged[next] = true;
        c->scratch_size = build_stages(&b);
    }
    b.s->grain = TD_MAX(GRAIN / b.s->chain.n, 1);
    return NULL;
}

/* ---------------------------------------------------------------- run */

static const void *data_of(const td_call *c, const source *s)
{
    return s->is_scratch ? (const char *)c->scratch + s->offset : td_in(c, s->input)->data;
}

static int run_stage_body(const void *ctx, void *out, const void *const in[], size_t n)
{
    const stage *const st = ctx;

    return td_elt_run(&st->elt, out, in, n, &st->arg);
}

static int run_stages(td_call *c)
{
    const chain_state *const s = c->state;
    int bits = 0;

    for (unsigned i = 0; i < s->n_stages; i++) {
        const stage *const st = &s->stages[i];
        const void *in[TD_ELT_MAX_IN] = { 0 };
        for (unsigned k = 0; k < st->elt.n_in; k++)
            in[k] = data_of(c, &st->from[k]);
        bits |= td_bcast_run(&st->bcast, (char *)c->scratch + st->offset, st->elt.out_size, in, 0,
                             st->bcast.count, run_stage_body, st);
    }
    return bits;
}

typedef struct shard {
    const chain_state *s;
    void *out;
    size_t out_size;
    const void *in[TD_BCAST_MAX_IN];
    atomic_int bits;
} shard;

static void run_shard(void *ctx, size_t begin, size_t end)
{
    shard *const r = ctx;
    const int bits =
        td_bcast_run(&r->s->bcast, r->out, r->out_size, r->in, begin, end, td_chain_run, &r->s->chain);

    if (bits) atomic_fetch_or_explicit(&r->bits, bits, memory_order_relaxed); /* the join orders it */
}

static td_status chain_run(td_call *c)
{
    const chain_state *const s = c->state;
    shard r = { .s = s, .out = td_out(c, 0)->data, .out_size = td_dtype_size(td_out(c, 0)->dtype) };

    atomic_init(&r.bits, run_stages(c));
    for (unsigned k = 0; k < s->bcast.n_in; k++)
        r.in[k] = data_of(c, &s->from[k]);
    td_call_parallel(c, s->bcast.count, s->grain, run_shard, &r);
    return td_elementwise_error(atomic_load_explicit(&r.bits, memory_order_relaxed));
}

static const td_kernel chain_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .state_size = sizeof(chain_state),
      .prepare = chain_prepare,
      .run = chain_run },
    { 0 },
};

const td_op td_ops_elementwise[] = {
    { .name = "_FusedElementwise",
      .sig = "args: Tin -> output: Tout",
      .attrs = "Tin: list(type), Tout: type, code: list(int), names: list(string) = []",
      .flags = TD_OP_INPLACE,
      .attrs_size = sizeof(chain_attrs),
      .parse = chain_parse,
      .infer = chain_infer,
      .kernels = chain_kernels },
    { 0 },
};
