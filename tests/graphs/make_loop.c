/* SPDX-License-Identifier: Apache-2.0 */
/* make_loop.c -- While and For, of no, one, few and many rounds, whose variables are numbers and strings, grow, stay
 * as they are, or are lists that a round reads from or writes to; and TensorFlow 1's loops, over arrays. */
#include <string.h>

#include "element.h"
#include "make.h"

enum { MANY = 30 };

/* ---------------------------------------------------------------- rounds */

typedef enum loop_form { UP, UP_BY_TWO, DOWN, FOR } loop_form;

typedef struct loop {
    loop_form form;
    td_dtype counter;
    int64_t rounds[FZ_FEEDS], most;
    fz_id vars[FZ_MAX_IN];
    uint32_t n;          /* of vars */
    uint32_t first;      /* of those that are neither counter nor limit */
    fz_id written, read; /* variables that are lists; -1: none */
    td_dtype type;       /* of the list's elements */
    fz_id like;          /* the body's variable that they are like */
    bool pushes;
    bool is_apart; /* each round sets an element of its own, of what all rounds have */
} loop;

static int64_t any_rounds(const fz_maker *m, fz_random *r)
{
    if (fz_chance(r, 15)) return 0;
    if (fz_chance(r, 15)) return 1;
    return m->depth == 0 && fz_chance(r, 10) ? fz_between(r, 5, MANY) : fz_between(r, 2, 4);
}

static void choose_rounds(fz_maker *m, loop *l)
{
    l->most = 0;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        l->rounds[feed] = feed && (m->is_body || fz_chance(&m->r, 60)) ? l->rounds[0] : any_rounds(m, &m->r);
        l->most = TD_MAX(l->most, l->rounds[feed]);
    }
}

/* Numbers made of the rounds, mostly such that the plan cannot know them. */
static fz_id bound(fz_maker *m, const loop *l, int64_t times, int64_t plus)
{
    int64_t v[FZ_FEEDS][TD_MAX_RANK * 2];

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        v[feed][0] = l->rounds[feed] * times + plus;
    return fz_ints_of(m, l->counter, 0, 1, (const int64_t(*)[TD_MAX_RANK * 2]) v);
}

static fz_id whole(fz_maker *m, td_dtype type, int64_t v)
{
    td_tensor t = fz_alloc(m, type, &(td_shape){ 0 });

    if (type == TD_I64)
        *(int64_t *)t.data = v;
    else
        *(int32_t *)t.data = (int32_t)v;
    return fz_const(m, &t);
}

/* The counter, and what it is compared with; or For's bounds. */
static bool choose_bounds(fz_maker *m, loop *l)
{
    const int64_t from = fz_chance(&m->r, 80) ? 0 : fz_between(&m->r, -3, 3);

    l->form = fz_chance(&m->r, 25) ? FOR : (loop_form)fz_below(&m->r, FOR);
    l->counter = l->form != FOR && fz_chance(&m->r, 20) ? TD_I64 : TD_I32;
    l->n = l->first = l->form == FOR ? 3 : 2;
    if (l->form == FOR) {
        const int64_t step = fz_chance(&m->r, 60) ? 1 : fz_chance(&m->r, 50) ? 2 : -1;
        l->vars[0] = whole(m, TD_I32, from);
        l->vars[1] = bound(m, l, step, from);
        l->vars[2] = whole(m, TD_I32, step);
        return l->vars[0] >= 0 && l->vars[1] >= 0 && l->vars[2] >= 0;
    }
    const int64_t step = l->form == UP_BY_TWO ? 2 : 1;
    l->vars[0] = l->form == DOWN ? bound(m, l, 1, from) : whole(m, l->counter, from);
    l->vars[1] = l->form == DOWN ? whole(m, l->counter, from) : bound(m, l, step, from);
    return l->vars[0] >= 0 && l->vars[1] >= 0;
}

/* ---------------------------------------------------------------- lists */

/* The shape of v's elements: all of it, what the feeds have in common, or nothing. */
static fz_id shape_of(fz_maker *m, fz_id v, int from)
{
    int64_t dims[TD_MAX_RANK];
    const int n = fz_rank(m, v) - from;
    const bool hides = fz_chance(&m->r, 20);

    if (fz_chance(&m->r, 15)) return fz_int(m, -1);
    for (int d = 0; d < n; d++)
        dims[d] = hides || fz_dim_varies(m, v, d + from) ? -1 : fz_dim(m, v, d + from);
    return fz_const_ints(m, 1, (size_t)n, dims);
}

static void add_var(loop *l, fz_id v, fz_id *place)
{
    if (v < 0 || l->n + 1 >= FZ_MAX_IN) return;
    *place = (fz_id)l->n;
    l->vars[l->n++] = v;
}

/* A list of elements as variable `like` is. */
static void add_written(fz_maker *m, loop *l)
{
    const uint32_t k = l->first + fz_below(&m->r, l->n - l->first);
    const fz_id like = l->vars[k];
    const fz_id shape = shape_of(m, like, 0);
    const bool has_limit = l->form == UP && l->counter == TD_I32 && fz_chance(&m->r, 50);

    l->type = fz_type(m, like);
    l->like = (fz_id)k - (l->form == FOR ? 2 : 0);
    l->is_apart = fz_chance(&m->r, 40);
    l->pushes = !l->is_apart && fz_chance(&m->r, 50);
    const fz_id size = l->pushes   ? fz_int(m, -1)
                       : has_limit ? l->vars[1]
                                   : fz_int(m, l->most + fz_below(&m->r, 2));
    add_var(l,
            FZ_ADD(m, 0, ((fz_id[]){ shape, size }), "%s element_dtype=%%%s shape_type=%%int32",
                   l->pushes ? "EmptyTensorList" : "TensorListReserve", fz_type_name(m, like)),
            &l->written);
}

static void add_read(fz_maker *m, loop *l)
{
    const fz_id x = fz_find(m, FZ_ANY_TYPE, 1, 4);

    if (x < 0 || !fz_lives(m, x) || fz_dim(m, x, 0) == 0 || fz_dim_varies(m, x, 0)) return;
    add_var(l,
            FZ_ADD(m, 0, ((fz_id[]){ x, shape_of(m, x, 1) }),
                   "TensorListFromTensor element_dtype=%%%s shape_type=%%int32", fz_type_name(m, x)),
            &l->read);
    if (l->read < 0) return;
    l->vars[FZ_MAX_IN - 1] = x; /* what was listed: its type and length */
}

/* The round's number from 0 on, as an index below n. */
static fz_id round_of(fz_maker *b, const loop *l, int64_t n)
{
    fz_id at = 0;

    if (l->counter == TD_I64) at = FZ_ADD(b, 0, ((fz_id[]){ 0 }), "Cast SrcT=%%int64 DstT=%%int32");
    return FZ_ADD(b, 0, ((fz_id[]){ at, fz_int(b, n) }), "FloorMod T=%%int32");
}

static void read_list(fz_maker *m, fz_maker *b, const loop *l, fz_id list)
{
    const fz_id x = l->vars[FZ_MAX_IN - 1], at = round_of(b, l, fz_dim(m, x, 0));
    const fz_id got = FZ_ADD(b, 0, ((fz_id[]){ list, at, fz_int(b, -1) }),
                             "TensorListGetItem element_dtype=%%%s", td_dtype_name(fz_type(m, x)));

    if (got >= 0 && fz_chance(&b->r, 20)) (void)FZ_ADD(b, 0, ((fz_id[]){ list }), "TensorListLength");
}

static bool same_shapes(const fz_maker *b, fz_id v, fz_id like)
{
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        const td_tensor *const x = &b->pool[v].data[feed][0], *const y = &b->pool[like].data[feed][0];
        if (x->dtype != y->dtype || !td_shape_equal(&x->shape, &y->shape)) return false;
    }
    return true;
}

/* What list variable `list` becomes: with one more element, of the body's values. */
static fz_id write_list(fz_maker *b, const loop *l, fz_id list)
{
    fz_id v = fz_find(b, TD_DTYPE_BIT(l->type), 0, 6);

    for (fz_id k = b->n_pool;
         k-- > 0 && fz_chance(&b->r, 90);) /* mostly of the shape that the list declares */
        if (same_shapes(b, k, l->like)) {
            v = k;
            break;
        }
    if (v < 0) return list;
    if (l->pushes) {
        const fz_id out = FZ_ADD(b, 0, ((fz_id[]){ list, v }), "TensorListPushBack element_dtype=%%%s",
                                 td_dtype_name(l->type));
        return out < 0 ? list : out;
    }
    const bool counts = l->form == UP && l->counter == TD_I32;
    const fz_id at = counts && (l->is_apart || fz_chance(&b->r, 70)) ? 0 : round_of(b, l, l->most);
    const fz_id out = FZ_ADD(b, 0, ((fz_id[]){ list, at, v }), "TensorListSetItem element_dtype=%%%s",
                             td_dtype_name(l->type));
    return out < 0 ? list : out;
}

/* What comes of a list. */
static void use_list(fz_maker *m, const loop *l, fz_id list)
{
    const char *const type = td_dtype_name(l->type);
    const fz_id any = fz_int(m, -1);
    const td_tensor none = fz_alloc(m, TD_I64, &(td_shape){ 1, { 0 } });

    if (fz_chance(&m->r, 20)) (void)FZ_ADD(m, 0, ((fz_id[]){ list }), "TensorListLength");
    switch (fz_below(&m->r, 5)) {
    case 0:
        (void)FZ_ADD(m, 0, ((fz_id[]){ list, any, fz_const(m, &none) }),
                     "TensorListConcatV2 element_dtype=%%%s shape_type=%%int32", type);
        break;
    case 1:
        (void)FZ_ADD(m, 0, ((fz_id[]){ list, fz_int(m, 0), any }), "TensorListGetItem element_dtype=%%%s",
                     type);
        break;
    case 2:
        (void)FZ_ADD(m, 0, ((fz_id[]){ list, any }), "TensorListPopBack element_dtype=%%%s", type);
        break;
    default:
        (void)FZ_ADD(m, 0, ((fz_id[]){ list, any }), "TensorListStack element_dtype=%%%s", type);
    }
}

/* ---------------------------------------------------------------- condition and body */

/* Also: while a sum over a variable, whose rank may change, is small. */
static fz_id and_small(fz_maker *b, fz_id less)
{
    const fz_id x = fz_find(b, TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_I32), 0, 4);

    if (x < 2) return less;
    const fz_id rank = FZ_ADD(b, 0, ((fz_id[]){ x }), "Rank T=%%%s", fz_type_name(b, x));
    const fz_id all = FZ_ADD(b, 0, ((fz_id[]){ fz_int(b, 0), rank, fz_int(b, 1) }), "Range Tidx=%%int32");
    const fz_id sum = FZ_ADD(b, 3, ((fz_id[]){ x, all }), "Sum T=%%%s Tidx=%%int32", fz_type_name(b, x));
    const fz_id limit = fz_type(b, x) == TD_F32 ? fz_scalar(b, 20.0f) : fz_int(b, 30);
    const fz_id small = sum < 0 ? -1 : fz_binary(b, "Less", sum, limit);
    if (small < 0 || fz_rank(b, small) != 0) return less;
    const fz_id both = FZ_ADD(b, 0, ((fz_id[]){ less, small }), "LogicalAnd");
    return both < 0 ? less : both;
}

static fz_maker *make_cond(fz_maker *m, const loop *l)
{
    fz_maker *const b = fz_open_body(m, l->vars, l->n);

    if (!b) return NULL;
    fz_id goes_on = l->form == DOWN        ? fz_binary(b, "Greater", 0, 1)
                    : fz_chance(&b->r, 80) ? fz_binary(b, "Less", 0, 1)
                                           : fz_binary(b, "Greater", 1, 0);
    if (goes_on < 0) return NULL;
    if (fz_chance(&b->r, 20)) goes_on = and_small(b, goes_on);
    fz_return(b, goes_on);
    fz_close_body(m, b);
    return b;
}

/* Longer by what it was: twice as many rows, or bytes. */
static fz_id grown(fz_maker *b, fz_id i)
{
    if (fz_type(b, i) == TD_STRING && fz_chance(&b->r, 70))
        return FZ_ADD(b, 0, ((fz_id[]){ i, fz_noise_const(b, TD_STRING, &(td_shape){ 0 }, FZ_USUAL) }),
                      "StringJoin N=2 separator='-");
    if (fz_rank(b, i) == 0) return -1;
    const fz_id more = fz_chance(&b->r, 70) ? fz_noise_like(b, fz_type(b, i), i) : i;
    return more < 0 ? -1
                    : FZ_ADD(b, 0, ((fz_id[]){ i, more, fz_int(b, 0) }), "ConcatV2 N=2 T=%%%s Tidx=%%int32",
                             fz_type_name(b, i));
}

/* What variable i becomes: mostly something new of its type and shape. */
static fz_id next_value(fz_maker *b, fz_id i)
{
    const bool any_shape = fz_chance(&b->r, 10);

    if (fz_chance(&b->r, 12)) return i;
    if (fz_chance(&b->r, fz_type(b, i) == TD_STRING ? 40 : 12)) {
        const fz_id more = grown(b, i);
        if (more >= 0) return more;
    }
    for (fz_id v = b->n_pool; v-- > 0;)
        if (v != i && (same_shapes(b, v, i) || (any_shape && fz_type(b, v) == fz_type(b, i))) &&
            fz_chance(&b->r, 70))
            return v;
    return i;
}

/* The body takes l's variables; For's only its counter of the bounds. */
static fz_maker *make_body(fz_maker *m, const loop *l)
{
    const uint32_t skip = l->form == FOR ? 2 : 0, n = l->n - skip;
    fz_id args[FZ_MAX_IN], next[FZ_MAX_IN];
    static const char *const steps[] = { "AddV2", "AddV2", "Sub" };

    args[0] = l->vars[0];
    for (uint32_t i = 1; i < n; i++)
        args[i] = l->vars[i + skip];
    fz_maker *const b = fz_open_body(m, args, n);
    if (!b) return NULL;
    if (l->form != FOR) {
        next[0] = fz_binary(b, steps[l->form], 0, whole(b, l->counter, l->form == UP_BY_TWO ? 2 : 1));
        next[1] = 1;
        if (next[0] < 0) return NULL;
    }
    if (l->read >= 0) read_list(m, b, l, l->read - (fz_id)skip);
    fz_grow(b, 1 + fz_below(&b->r, 4));
    for (fz_id i = (fz_id)(l->first - skip); i < (fz_id)n; i++)
        next[i] = i == l->read - (fz_id)skip      ? i
                  : i == l->written - (fz_id)skip ? write_list(b, l, i)
                  : l->is_apart                   ? i
                                                  : next_value(b, i);
    for (uint32_t i = l->form == FOR ? 1 : 0; i < n; i++)
        fz_return(b, next[i]);
    fz_close_body(m, b);
    return b;
}

/* ---------------------------------------------------------------- loops */

static void use_lists(fz_maker *m, const loop *l, fz_id out)
{
    const fz_id lead = l->form == FOR ? 3 : 0;

    if (out < 0) return;
    if (l->written >= 0) use_list(m, l, out + l->written - lead);
    if (l->read >= 0 && fz_chance(&m->r, 30))
        (void)FZ_ADD(m, 0, ((fz_id[]){ out + l->read - lead }), "TensorListLength");
}

static void any_loop(fz_maker *m)
{
    loop l = { .written = -1, .read = -1 };
    char types[256];

    choose_rounds(m, &l);
    if (!choose_bounds(m, &l)) return;
    l.n += fz_choose_args(m, l.vars + l.first);
    if (fz_chance(&m->r, 15)) { /* a text that grows */
        const fz_id text = fz_pick(m, TD_DTYPE_BIT(TD_STRING), 0, 1);
        if (text >= 0 && fz_lives(m, text)) l.vars[l.n++] = text;
    }
    if (l.n == l.first) return;
    if (l.most > 0 && fz_chance(&m->r, 45)) add_written(m, &l);
    if (fz_chance(&m->r, 30)) add_read(m, &l);
    const fz_maker *const cond = l.form == FOR ? NULL : make_cond(m, &l);
    const fz_maker *const body = l.form == FOR || cond ? make_body(m, &l) : NULL;
    if (!body) return;
    if (l.form == FOR) {
        fz_put_types(m, l.vars + l.first, l.n - l.first, types, sizeof types);
        use_lists(m, &l, fz_add(m, 0, l.vars, l.n, "For T={%s} body=@%s", types, body->f->name));
        return;
    }
    fz_put_types(m, l.vars, l.n, types, sizeof types);
    const fz_id out =
        fz_add(m, 0, l.vars, l.n, "%s T={%s} cond=@%s body=@%s",
               fz_chance(&m->r, 50) ? "While" : "StatelessWhile", types, cond->f->name, body->f->name);
    if (out < 0) return;
    m->f->nodes[m->f->n_nodes - 1].is_lowered = fz_chance(&m->r, 40);
    use_lists(m, &l, out);
}

/* ---------------------------------------------------------------- arrays */

enum { COUNTER, LIMIT, FROM, FROM_FLOW, TO, TO_FLOW, STATE, N_VARS };

static fz_id new_array(fz_maker *m, td_dtype type, fz_id size)
{
    return FZ_ADD(m, 0, ((fz_id[]){ size }), "TensorArrayV3 dtype=%%%s dynamic_size=%s", td_dtype_name(type),
                  fz_chance(&m->r, 30) ? "true" : "false");
}

/* One round: reads an element, makes another of it and of the state, writes it. */
static fz_maker *make_step(fz_maker *m, const fz_id *vars, td_dtype type)
{
    fz_maker *const b = fz_open_body(m, vars, N_VARS);
    fz_id next[N_VARS];

    if (!b) return NULL;
    for (int i = 0; i < N_VARS; i++)
        next[i] = i;
    const fz_id x = FZ_ADD(b, 0, ((fz_id[]){ FROM, COUNTER, FROM_FLOW }), "TensorArrayReadV3 dtype=%%%s",
                           td_dtype_name(type));
    if (x < 0) return NULL;
    fz_grow(b, 1 + fz_below(&b->r, 3));
    /* Rounds apart, or one after the other. */
    next[STATE] = fz_chance(&b->r, 40) ? STATE : next_value(b, STATE);
    fz_id made = fz_find(b, TD_DTYPE_BIT(type), 0, 6);
    if (made < 0 || made < STATE) made = x;
    next[TO_FLOW] = FZ_ADD(b, 0, ((fz_id[]){ TO, COUNTER, made, TO_FLOW }), "TensorArrayWriteV3 T=%%%s",
                           td_dtype_name(type));
    next[COUNTER] = fz_binary(b, "AddV2", COUNTER, fz_int(b, 1));
    if (!fz_return_all(b, next, N_VARS)) return NULL;
    fz_close_body(m, b);
    return b;
}

static void use_array(fz_maker *m, td_dtype type, fz_id array, fz_id flow, fz_id all)
{
    const char *const name = td_dtype_name(type);

    if (fz_chance(&m->r, 30)) (void)FZ_ADD(m, 0, ((fz_id[]){ array, flow }), "TensorArraySizeV3");
    if (fz_chance(&m->r, 30))
        (void)FZ_ADD(m, 0, ((fz_id[]){ array, flow }), "TensorArrayConcatV3 dtype=%%%s", name);
    else
        (void)FZ_ADD(m, 0, ((fz_id[]){ array, all, flow }), "TensorArrayGatherV3 dtype=%%%s", name);
}

static void array_loop(fz_maker *m)
{
    const fz_id x = fz_pick(m, FZ_ANY_TYPE, 1, 4), state = x < 0 ? -1 : fz_pick(m, FZ_ANY_TYPE, 0, 3);
    const int64_t first = 0;
    fz_id vars[N_VARS];
    char types[128];

    if (x < 0 || state < 0 || m->is_body || !fz_lives(m, x) || !fz_lives(m, state)) return;
    const td_dtype type = fz_type(m, x);
    const fz_id shape = FZ_ADD(m, 0, ((fz_id[]){ x }), "Shape T=%%%s out_type=%%int32", fz_type_name(m, x));
    const fz_id from = fz_const_ints(m, 1, 1, &first), to = fz_unary(m, "OnesLike", from);
    const fz_id n = FZ_ADD(m, 0, ((fz_id[]){ shape, from, to, to }),
                           "StridedSlice T=%%int32 Index=%%int32 shrink_axis_mask=1");
    const fz_id all = FZ_ADD(m, 0, ((fz_id[]){ fz_int(m, 0), n, fz_int(m, 1) }), "Range Tidx=%%int32");
    const fz_id in = new_array(m, type, n), out = new_array(m, type, n);
    if (all < 0 || in < 0 || out < 0) return;
    vars[COUNTER] = fz_int(m, 0);
    vars[LIMIT] = n;
    vars[FROM] = in;
    vars[FROM_FLOW] =
        FZ_ADD(m, 0, ((fz_id[]){ in, all, x, in + 1 }), "TensorArrayScatterV3 T=%%%s", fz_type_name(m, x));
    vars[TO] = out;
    vars[TO_FLOW] = out + 1;
    vars[STATE] = state;
    loop l = { .form = UP, .n = N_VARS };
    memcpy(l.vars, vars, sizeof vars);
    if (vars[FROM_FLOW] < 0) return;
    const fz_maker *const cond = make_cond(m, &l), *const step = cond ? make_step(m, vars, type) : NULL;
    if (!step) return;
    fz_put_types(m, vars, N_VARS, types, sizeof types);
    const fz_id end =
        FZ_ADD(m, 0, vars, "While T={%s} cond=@%s body=@%s", types, cond->f->name, step->f->name);
    if (end < 0) return;
    m->f->nodes[m->f->n_nodes - 1].is_lowered = fz_chance(&m->r, 70);
    use_array(m, type, out, end + TO_FLOW, all);
}

const fz_production fz_loops[] = { { "loop", 6, any_loop }, { "array_loop", 1, array_loop }, { 0 } };
