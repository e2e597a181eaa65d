/* SPDX-License-Identifier: Apache-2.0 */
/* make.h -- makes random graphs, a node at a time. Each node is tried first: it stays when its op takes it and when its
 * values are such that rounding decides nothing (judge.h). What does not stay is counted by reason.
 *
 * Productions (make_*.c) pick values made so far and add one node, or a pattern that a pass looks for.
 */
#ifndef TD_TESTS_GRAPHS_MAKE_H
#define TD_TESTS_GRAPHS_MAKE_H

#include <math.h>

#include "base/macros.h"

#include "eval.h"
#include "judge.h"
#include "tensor/type_sets.h"

/* One value that nodes may use. Elements are for each feed; data[feed][0].dtype 0: the feed has failed before. */
typedef struct fz_value {
    fz_ref ref;
    td_tensor data[FZ_FEEDS][FZ_VARIANTS];
} fz_value;

/* Why nodes did not stay; the text is an op's name or one of judge.h's. */
typedef struct fz_counts {
    td_map refused; /* reason -> a size_t of arena */
    td_map made;    /* op -> the same */
    td_arena *arena;
} fz_counts;

void fz_count(td_map *m, td_arena *arena, const char *what, size_t n);

enum { FZ_POOL = 160 };

/* What a graph is mostly made of. */
typedef enum fz_subject { FZ_ANY, FZ_TEXT, FZ_RAGGED, FZ_LOOPS, FZ_MATRICES, FZ_SUBJECTS } fz_subject;

typedef struct fz_maker fz_maker;
struct fz_maker {
    fz_random r;
    fz_model *model;
    fz_graph *f;
    fz_eval *eval;
    fz_counts *counts;
    bool is_within; /* a production that has others made in its middle */
    bool is_body;   /* of a function: new arguments cannot be made */
    int depth;      /* of functions */
    int max_depth;
    bool allows_nan;    /* infinities and NaNs may stay */
    bool allows_errors; /* a node that fails on another feed may stay */
    bool is_big;        /* some values have thousands of elements */
    fz_subject subject;
    unsigned wants_new;  /* percent: new values where old ones would do */
    unsigned wants_text; /* percent: new values of any type are strings */
    int64_t batch[FZ_FEEDS];
    fz_value *pool; /* FZ_POOL */
    int n_pool;
};

/* The graph of a seed. */
fz_model *fz_make(td_arena *arena, uint64_t seed, fz_eval *e, fz_counts *counts, bool *allows_nan);

/* ---------------------------------------------------------------- for productions */

typedef int fz_id; /* in the pool; -1: none */

static inline td_dtype fz_type(const fz_maker *m, fz_id v)
{
    return m->pool[v].data[0][0].dtype;
}
static inline const char *fz_type_name(const fz_maker *m, fz_id v)
{
    return td_dtype_name(fz_type(m, v));
}
static inline const td_shape *fz_shape(const fz_maker *m, fz_id v)
{
    return &m->pool[v].data[0][0].shape;
}
static inline int fz_rank(const fz_maker *m, fz_id v)
{
    return fz_shape(m, v)->rank;
}
static inline int64_t fz_dim(const fz_maker *m, fz_id v, int d)
{
    return fz_shape(m, v)->dims[d];
}
/* Last places by which a sum of n terms may be off when they nearly cancel: they grow as its partial sums do. */
static inline unsigned fz_sum_noise(int64_t n)
{
    return 3 + (unsigned)(sqrt((double)n) / 2.0);
}

bool fz_dim_varies(const fz_maker *m, fz_id v, int d); /* another batch has another */

/* Tries a node: op and attributes as text. The id of its first output (the others follow), or -1. */
fz_id fz_add(fz_maker *m, unsigned noise, const fz_id *in, uint32_t n_in, const char *fmt, ...)
    TD_PRINTF(5, 6);
#define FZ_ADD(m, noise, in, ...) fz_add((m), (noise), (in), (uint32_t)TD_COUNT(in), __VA_ARGS__)
fz_id fz_unary(fz_maker *m, const char *op, fz_id x);           /* noise 1, T of x */
fz_id fz_binary(fz_maker *m, const char *op, fz_id x, fz_id y); /* the same */

/* A value made so far of one of these types and a rank in [lo, hi]; -1: there is none. Later ones are likelier. */
fz_id fz_find(fz_maker *m, uint64_t types, int lo, int hi);
/* The same, or a new one: an argument, or a constant. Never -1. */
fz_id fz_pick(fz_maker *m, uint64_t types, int lo, int hi);

/* What moving elements about does not ask for. */
#define FZ_ANY_TYPE (TD_NUMBER_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING))
td_dtype fz_any_type(fz_maker *m, uint64_t types); /* float mostly */
td_shape fz_any_shape(fz_maker *m, int lo, int hi);

typedef enum fz_style { FZ_USUAL, FZ_POSITIVE, FZ_SMALL } fz_style;
fz_id fz_noise_const(fz_maker *m, td_dtype type, const td_shape *shape, fz_style style);
/* shapes: for each feed. A constant when this is a function's body and the feeds have one shape; else -1. */
fz_id fz_noise_arg(fz_maker *m, td_dtype type, const td_shape *shapes);
/* Of the shape that v has in each feed. */
fz_id fz_noise_like(fz_maker *m, td_dtype type, fz_id v);

/* int32s (mostly) as a constant, or an argument whose elements the plan cannot know: values[feed]. rank 0: n is 1. */
fz_id fz_ints(fz_maker *m, int rank, size_t n, const int64_t values[FZ_FEEDS][TD_MAX_RANK * 2]);
fz_id fz_ints_of(fz_maker *m, td_dtype type, int rank, size_t n,
                 const int64_t values[FZ_FEEDS][TD_MAX_RANK * 2]);
fz_id fz_same_ints(fz_maker *m, int rank, size_t n, const int64_t *values);
fz_id fz_const_ints(fz_maker *m, int rank, size_t n, const int64_t *values); /* int32, constant */
fz_id fz_int(fz_maker *m, int64_t v);                                        /* int32, constant */
fz_id fz_scalar(fz_maker *m, float v);                                       /* constant */
fz_id fz_const(fz_maker *m, const td_tensor *t);
fz_id fz_arg(fz_maker *m, const td_tensor *data); /* elements for each feed; -1 in bodies */

/* Bytes of a string; all of a tensor are of one kind. */
typedef enum fz_text {
    FZ_WORDS,   /* few letters: many are the same */
    FZ_SPACED,  /* words with separators between and around them */
    FZ_DIGITS,  /* numbers */
    FZ_UNICODE, /* UTF-8, of one to four bytes */
    FZ_BYTES,   /* any, NULs too */
    FZ_LONG,    /* up to thousands of bytes */
    FZ_TEXTS
} fz_text;
td_string fz_string(fz_maker *m, fz_text text);
fz_id fz_table(fz_maker *m, const td_tensor *keys, const td_tensor *values); /* its handle; of main only */
fz_id fz_strings(fz_maker *m, fz_text text, const td_shape *shapes); /* an argument or a constant; or -1 */

td_tensor fz_alloc(fz_maker *m, td_dtype type, const td_shape *shape);

typedef struct fz_production {
    const char *name;
    unsigned weight;
    void (*make)(fz_maker *m);
} fz_production;

/* Each ends with a cleared one. */
extern const fz_production fz_math[], fz_array[], fz_nn[], fz_flow[], fz_loops[], fz_rnn[], fz_text_ops[],
    fz_ragged[], fz_more[], fz_convs[];

/* Behind a product or convolution x of so many channels: a random row of what a fusion may take in, in an order that it may
 * not. */
void fz_epilogue(fz_maker *m, fz_id x, int64_t channels);

/* A maker for a function on arguments args[] of m; NULL: there are too many functions. What it returns is said by
 * fz_return(); m goes on after fz_close_body(). */
fz_maker *fz_open_body(fz_maker *m, const fz_id *args, uint32_t n);
void fz_return(fz_maker *body, fz_id v);
bool fz_return_all(fz_maker *body, const fz_id *vars, int n); /* false: one of them is missing */
void fz_close_body(fz_maker *m, const fz_maker *body);

/* Up to FZ_MAX_VARS values to hand over: those that are there on every feed. */
enum { FZ_MAX_VARS = 4 };
uint32_t fz_choose_args(fz_maker *m, fz_id *args);
bool fz_lives(const fz_maker *m, fz_id v);
void fz_put_types(const fz_maker *m, const fz_id *v, uint32_t n, char *out,
                  size_t size); /* as a list of types */

/* n random productions. */
void fz_grow(fz_maker *m, unsigned n);

#endif
