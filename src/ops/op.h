/* SPDX-License-Identifier: Apache-2.0 */
/* op.h -- what an op is to the engine, and what the engine is to an op.
 *
 * An op is declared by one td_op: a signature line in the words of TensorFlow's OpDef, shape inference, and
 * kernels. Its life:
 *
 *   bind     (passes/resolve)  the node's inputs, types and attributes are checked against the signature
 *                              line; absent attributes get their defaults. Nothing to write for it.
 *   parse    (once per node)   attributes -> a struct of the op's own, zeroed, `attrs_size` bytes.
 *   infer    (once per shape)  input shapes, and values where they are known -> output shapes.
 *   prepare  (once per shape)  picks the kernel's body, packs weights, sizes the scratch; writes the
 *                              kernel's state.
 *   run      (every request)   arithmetic only: no allocation, no locks, no look-ups.
 *
 * infer, prepare and run see the same td_call. While a plan is made, shapes of all inputs are known (infer is
 * not called otherwise), but elements mostly are not: in->data is NULL. An op that needs elements to say a
 * shape asks for them with td_need(); when they are not known until run time, the engine calls infer, prepare
 * and run again then, with everything known ("dynamic step"). The op's code is the same for both.
 *
 * An op whose pure inputs are all known while a plan is made is run there and then, and becomes a constant of
 * the plan; so chains like Shape -> StridedSlice -> Pack -> Reshape vanish with no code for it in the ops.
 */
#ifndef TD_OPS_OP_H
#define TD_OPS_OP_H

#include <stdatomic.h>

#include "tensord/precision.h"
#include "tensord/tensor.h"

#include "base/account.h"
#include "base/arena.h"
#include "base/budget.h"
#include "base/cpu.h"
#include "config/passes.h"
#include "device/team.h"
#include "graph/graph.h"

typedef struct td_call td_call;
typedef struct td_env td_env;
typedef struct td_region td_region;
struct td_trace; /* obs/trace.h */

enum {
    /* Reads or changes state, or answers differently each time: never folded, runs in order, runs inside
     * functions even when nobody uses its outputs. */
    TD_OP_STATEFUL = 1 << 0,
    /* Output 0 is the elements of input 0 under another shape (and maybe type of the same size): infer only,
     * no kernel. */
    TD_OP_ALIAS = 1 << 1,
    /* Output 0 may share memory with any input that has as many elements of the same width: element i is
     * written when only elements after i, or none, are still to be read. */
    TD_OP_INPLACE = 1 << 2,
    TD_OP_SHAPE_ONLY = 1 << 3,  /* run looks at its inputs' shapes, never at their elements */
    TD_OP_DYNAMIC = 1 << 4,     /* output shapes depend on elements: no infer; run makes outputs */
    TD_OP_ELEMENTWISE = 1 << 5, /* out[i] depends on in[i] only, after broadcasting */
    TD_OP_COMMUTATIVE = 1 << 6,
    TD_OP_NO_FOLD = 1 << 7, /* pure, but not worth a constant (makes big tensors of small ones) */
    /* infer says the shapes, but run makes or sets the outputs itself (td_out_make, td_out_set): they get no
     * place in the workspace. Outputs of type variant always work so. */
    TD_OP_BY_REF = 1 << 8,
    TD_OP_CALL = 1 << 9,          /* calls its function attribute: inlined, never run */
    TD_OP_ASSIGNS = 1 << 10,      /* changes the variable whose handle is input 0 */
    TD_OP_CONTROL = 1 << 11,      /* sees dead inputs (Merge) */
    TD_OP_SKIPS_UNUSED = 1 << 12, /* asks td_out_is_used() before it touches any output */
    TD_OP_READS = 1 << 13,        /* fails when the variable or table behind input 0 has no value */
    TD_OP_ALLOCATES = 1 << 14,    /* run takes memory from the heap, beyond what the flags above imply */
    TD_OP_PACKS = 1 << 15,        /* prepare makes a packed form of constant inputs (pack.h) */
};

typedef enum td_device_kind { TD_DEVICE_CPU = 0, TD_DEVICE_CUDA } td_device_kind;

typedef struct td_kernel {
    td_device_kind device;
    uint64_t dtypes;                  /* TD_DTYPE_BITs of the key type (td_op.key); 0: any */
    size_t state_size;                /* bytes of state, zeroed before prepare */
    td_status (*prepare)(td_call *c); /* NULL: nothing to prepare */
    td_status (*run)(td_call *c);
    void (*release)(void *state); /* gives back what prepare took beyond the arena; NULL: nothing */
} td_kernel;

/* What parse sees. Attributes are there and of the declared kind: bind saw to it. */
typedef struct td_parse {
    const td_node *node;
    void *attrs;     /* to fill */
    td_arena *arena; /* lives as long as the model */
} td_parse;

typedef struct td_op {
    const char *name;

    /* "x: T, y: T -> z: T". An argument is `name: type`: a type attribute, a fixed type ("int32"), `N*T` (N
     * of one type), a list(type) attribute ("Tin"), each with a leading "&" for references. Names are the
     * OpDef's: edges inside function bodies use those of outputs. */
    const char *sig;

    /* "T: type, axis: int = -1, padding: string, strides: list(int), data_format: string = 'NHWC'". Kinds:
     * int, float, bool, string, type, shape, tensor, func, list(...). No default: must be in the file.
     * Attributes of the file that are not named here are ignored. */
    const char *attrs;

    /* The attribute whose type picks the kernel; NULL: the type of input 0, or of output 0 without inputs. */
    const char *key;

    uint32_t flags;
    size_t attrs_size;
    td_status (*parse)(td_parse *p); /* NULL: nothing to parse */
    td_status (*infer)(td_call *c);  /* NULL: TD_OP_DYNAMIC, or no outputs */
    const td_kernel *kernels;        /* best first, ends with a cleared entry; NULL for TD_OP_ALIAS */
} td_op;

/* A list of one kernel that has nothing to prepare; mask 0: any types. */
#define TD_RUN_KERNEL(name, mask, run_fn)                                                                    \
    static const td_kernel name[] = { { .dtypes = mask, .run = run_fn }, { 0 } }

/* ---------------------------------------------------------------- attributes, in parse */

int64_t td_attr_int(const td_parse *p, const char *name);
float td_attr_float(const td_parse *p, const char *name);
bool td_attr_bool(const td_parse *p, const char *name);
td_dtype td_attr_type(const td_parse *p, const char *name);
td_string td_attr_string(const td_parse *p, const char *name);
bool td_attr_string_is(const td_parse *p, const char *name, const char *text);
const td_shape *td_attr_shape(const td_parse *p, const char *name);                    /* rank -1: unknown */
size_t td_attr_list(const td_parse *p, const char *name, const td_attr_value **items); /* returns the count */
/* A list(int) of exactly or at most `max` items; INVALID_ARGUMENT when longer. */
TD_MUST_USE td_status td_attr_ints(const td_parse *p, const char *name, int64_t *out, size_t max,
                                   size_t *count);

/* ---------------------------------------------------------------- the call */

/* One invocation. Fields are for the inline helpers below and for the engine; ops use the helpers. */
struct td_call {
    const td_op *op;
    const char *node;  /* its name, for error texts */
    const void *attrs; /* what parse filled */
    void *state;       /* prepare writes it, run reads it (threads may share it: run must not write it) */
    td_tensor *values; /* every value of the plan */
    const uint32_t *in, *out; /* indices into values; an out of UINT32_MAX is used by nobody */
    uint32_t n_in, n_out;
    uint64_t const_in; /* bit i: input i (of the first 64) is a constant of the program */
    td_env *env;       /* the session's: resources, packed weights */
    struct td_pack_jobs
        *packs_later;          /* prepare, while a plan is made: who packs weights when it is; pack.h */
    td_arena *arena;           /* infer: scratch; prepare: lives as long as the state; run: as the request */
    const char *body;          /* prepare may set it: which of several ways to compute this is; a literal */
    double work;               /* likewise: floating-point operations of a run */
    size_t scratch_size;       /* prepare sets it; bytes of 64-aligned memory that run finds in scratch */
    void *scratch;             /* never NULL in run: parts of nothing have an address, too */
    td_team *team;             /* run: who may share the work; NULL: nobody */
    int threads;               /* prepare: the most threads that a run may have */
    td_region *const *regions; /* function attributes of control flow ops, in the order of td_op.attrs */
    uint32_t n_regions;
    uint64_t fixed_in; /* bit i: the elements of input i are the same in every run of this plan */
    bool read_values;  /* td_need() saw elements that another run may bring otherwise */
    bool is_deferred;  /* td_need() found a value unknown */
    bool is_alias;     /* infer may set it: with these shapes output 0 is input 0, element for element */
    uint8_t *dead;     /* by value index: a Switch did not choose it; NULL when the program has no Switch */
    struct td_trace *trace; /* run: for bodies; NULL: nobody asks */
    size_t out_most;        /* bytes that outputs made on the heap may have, all together; 0: any number */
};

static inline const td_tensor *td_in(const td_call *c, uint32_t i)
{
    return &c->values[c->in[i]];
}

/* In infer: set ->shape (->dtype is set already, from the signature line). In run: the memory to fill. */
static inline td_tensor *td_out(const td_call *c, uint32_t i)
{
    return &c->values[c->out[i]];
}

/* False only for ops with TD_OP_SKIPS_UNUSED; for all others every output has a place. */
static inline bool td_out_is_used(const td_call *c, uint32_t i)
{
    return c->out[i] != UINT32_MAX;
}

/* May prepare keep a pointer to its elements, or a packed form of them, for as long as the model lives? */
static inline bool td_in_is_const(const td_call *c, uint32_t i)
{
    return i < 64 && (c->const_in >> i & 1) != 0;
}

/* infer, prepare: the elements of input i must be known.
 * Returns an error (to be propagated) when they are not. */
TD_MUST_USE td_status td_need(td_call *c, uint32_t i);

/* td_need() and a read of an int32 or int64 scalar or vector of at most max elements.
 * INVALID_ARGUMENT names the node. */
TD_MUST_USE td_status td_need_ints(td_call *c, uint32_t i, int64_t *out, size_t max, size_t *count);
TD_MUST_USE td_status td_need_int(td_call *c, uint32_t i, int64_t *out); /* a scalar (or one element) */
/* td_need() and a read of a shape vector; checks dims and rank.
 * Dims of -1 are refused unless minus_one_ok. */
TD_MUST_USE td_status td_need_shape(td_call *c, uint32_t i, bool minus_one_ok, td_shape *out);

/* Run of dynamic ops: makes output i, of the dtype it already has. */
TD_MUST_USE td_status td_out_make(td_call *c, uint32_t i, const td_shape *shape);
/* Run of dynamic and BY_REF ops: output i becomes t: shares its buffer, or copies the elements when t has
 * none (they may lie in a workspace, which is reused). */
TD_MUST_USE td_status td_out_set(td_call *c, uint32_t i, const td_tensor *t);

/* String bytes for an output: lives as long as the request. NULL without memory. */
char *td_string_alloc(td_call *c, size_t size);

/* "node: text" errors, the form clients see:
 * the text, then TensorFlow's "\n\t [[{{node NAME}}]]" is added by the engine. */
#define TD_OP_ERR(c, code, ...) ((void)(c), TD_ERR(code, __VA_ARGS__))

/* Splits [0, n) into shards of about `grain` items and runs fn on each, on the call's team. */
void td_call_parallel(const td_call *c, size_t n, size_t grain,
                      void (*fn)(void *ctx, size_t begin, size_t end), void *ctx);

/* ---------------------------------------------------------------- shape inference that many ops share */

TD_MUST_USE td_status td_infer_same(td_call *c);   /* every output has input 0's shape */
TD_MUST_USE td_status td_infer_scalar(td_call *c); /* every output is a scalar */
/* Output 0: inputs 0 and 1 by numpy's rule; "Incompatible shapes: [2] vs. [3]". */
TD_MUST_USE td_status td_infer_broadcast(td_call *c);
/* The broadcast of two shapes; false when they do not fit. */
bool td_shape_broadcast(const td_shape *a, const td_shape *b, td_shape *out);

/* ---------------------------------------------------------------- control flow bodies */

typedef struct td_region_frame td_region_frame;

/* A function body as a program of its own; exec implements it. */
struct td_region {
    /* Output shapes and types for these input shapes; out[i].shape.rank = -1 where only a run can tell. */
    td_status (*infer)(td_region *r, td_call *c, const td_tensor *in, td_tensor *out);
    /* Runs the body. out[] are views that stay valid until leave(*frame). */
    td_status (*enter)(td_region *r, td_call *c, const td_tensor *in, td_tensor *out,
                       td_region_frame **frame);
    void (*leave)(td_region *r, td_region_frame *frame);
    void (*unref)(td_region *r); /* the last one frees it; while the model is loaded or unloaded */
    uint32_t n_in, n_out;
    uint32_t refs;
    bool has_state;    /* a run of it may change variables */
    bool is_pure;      /* a run of it does nothing beside its results, but that it may fail */
    const bool *reads; /* by argument: does any step, or a result, look at it? */
    /* By argument, of a body whose rounds in a loop may run side by side (flow/rounds.h); NULL: they may not. */
    const struct td_role *roles;
};

/* ---------------------------------------------------------------- the session, as ops see it */

typedef struct td_resources td_resources; /* resources.h */
typedef struct td_packs td_packs;         /* pack.h */

struct td_env {
    td_cpu cpu;
    int threads;
    bool is_bf16;             /* convolutions and products may round to bfloat16 */
    td_precision precision;   /* of those by constant weights */
    struct td_layers *layers; /* layers.h; NULL: nobody asks what becomes of them */
    uint32_t passes_off;      /* bits of config/passes.h: what is left out */
    td_resources *resources;
    td_packs *packs;
    td_account *account;    /* for what the session takes; NULL: nobody's */
    td_arena *model_arena;  /* load time only */
    td_budget *budget;      /* likewise; NULL: no limits */
    bool has_cores;         /* likewise: nobody else needs the cores */
    const char *dir;        /* where the model's files are mapped from; NULL: nowhere */
    uint64_t files_since;   /* td_file_maps_mark() before that */
    const char *packs_file; /* where some packed weights are mapped from; NULL: nowhere */
    bool files_are_known;   /* load time only: their checksums were right, and they are as they were then */
    atomic_uint files_ok;   /* td_file_maps_changes() when they were last known to be as they were */
};

static inline bool td_env_does(const td_env *env, td_pass_id id)
{
    return !(env->passes_off & TD_PASS_BIT(id));
}

/* ---------------------------------------------------------------- the table */

const td_op *td_op_find(const char *name); /* NULL: tensord lacks it */
/* Every op, sorted by name; for `show` and docs. */
size_t td_op_list(const td_op *const **ops);

#endif
