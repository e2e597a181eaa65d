/* SPDX-License-Identifier: Apache-2.0 */
/* session.h -- one loaded version of one model, ready to run.
 *
 * A session is immutable once loaded: any number of threads may run it at the same time. Variables and tables
 * that the model itself assigns are guarded inside. It is reference counted, so the manager can drop a
 * version while requests on it are in flight; the last td_session_unref() unloads it.
 */
#ifndef TENSORD_SESSION_H
#define TENSORD_SESSION_H

#include "tensord/precision.h"
#include "tensord/status.h"
#include "tensord/tensor.h"

TD_BEGIN_DECLS

typedef struct td_session td_session;
typedef struct td_result td_result;
struct td_trace;
struct td_layers;

typedef struct td_session_options {
    const char *tags; /* comma-separated tag set, compared as a set; NULL: "serve" */
    int threads;      /* compute threads for one run; 0: one per core this process may use */
    double weight;    /* how many times the core time of others it gets where they compete; 0: 1 */
    /* Convolutions and products of floats by constant weights round both to bfloat16 and sum as floats, where the CPU has
     * instructions for it (td_session_has_bfloat16()); answers differ by about 1 %. */
    bool uses_bfloat16;
    td_precision precision;   /* TD_PRECISION_BFLOAT16 is uses_bfloat16 */
    struct td_layers *layers; /* inside tensord: what becomes of each layer (ops/layers.h) */
    bool prefers_tflite;      /* where a directory has a model.tflite and a SavedModel */
    bool gives_way;           /* others compute: one core is enough for the load */
    bool skip_warmup;         /* do not run the signatures with rows of zeros before returning */
    /* Besides one row, the warm-up runs as many as batches will have. NULL: powers of two, as far as they take little
     * beside the rest of the load. */
    const int64_t *batch_rows;
    size_t n_batch_rows;

    /* The most that the load may take, all its parts together; 0: the default, negative: no limit. */
    int64_t max_nodes;   /* of graphs, after inlining */
    int64_t max_bodies;  /* of control flow, compiled */
    int64_t max_bytes;   /* of constants, beyond what the files hold in full; and what init ops take */
    int64_t max_seconds; /* warm-up included */

    /* Where packed weights are kept for loads to come, and how many bytes of all models; NULL: nowhere. */
    const char *cache_dir;
    uint64_t cache_bytes;
} td_session_options;

/* Defaults, far above what real models take. Bytes: or four times the model's files, 16 times
 * for init ops, if that is more. */
enum { TD_LOAD_NODES = 500000, TD_LOAD_BODIES = 20000, TD_LOAD_BYTES = 768 << 20, TD_LOAD_SECONDS = 3600 };

bool td_session_has_bfloat16(void); /* whether this CPU does */

/* One input or output of a signature. Shapes may hold unknown dims; a server does not enforce them. */
typedef struct td_tensor_info {
    const char *alias;  /* "x" */
    const char *tensor; /* "serving_default_x:0" */
    td_dtype dtype;     /* TD_DTYPE_NONE when the model gives none */
    bool is_ref;        /* the file says a reference type (TF1 variables) */
    td_shape shape;
    const char *const *dim_names;   /* shape.rank strings, "" mostly; NULL: none */
    const td_tensor *default_value; /* SignatureDef.defaults; NULL: none */
} td_tensor_info;

typedef struct td_signature {
    const char *name;
    const char *method;                     /* "tensorflow/serving/predict" */
    const td_tensor_info *inputs, *outputs; /* sorted by alias */
    size_t n_inputs, n_outputs;
} td_signature;

/* Loads the SavedModel directory or the TFLite file at path, or the model.tflite of a directory. opts may be NULL for the defaults.
 *
 * On success *out holds one reference; on failure it is left as it was. NOT_FOUND: nothing is at path, no
 * meta graph has the tags, or no signature can be served for ops that tensord lacks (the message names each; while
 * one signature can be served the others say so when they are run, by UNIMPLEMENTED). DATA_LOSS, INVALID_ARGUMENT: a
 * damaged file, or one that takes more than the options allow. May block on disk for seconds. */
TD_MUST_USE td_status td_session_load(const char *path, const td_session_options *opts, td_session **out);

/* Writes what was packed to the cache_dir of its options, if it is not there. Takes its time, and says in the log what came of
 * it. Any thread, but one at a time. */
void td_session_save(td_session *s);

td_session *td_session_ref(td_session *s); /* returns s */
void td_session_unref(td_session *s);      /* NULL is fine */

/* All signatures of the meta graph, sorted by name, with those that only describe init ops
 * ("__saved_model_init_op"). Live as long as the session. */
const td_signature *td_session_signatures(const td_session *s, size_t *count);
const td_signature *td_session_find_signature(const td_session *s, const char *name); /* NULL: none */

/* Why sig cannot be run, for want of ops for one; NULL: it can. Lives as long as s. */
const char *td_session_trouble(const td_session *s, const td_signature *sig);

typedef struct td_run_options {
    int64_t deadline_ns; /* td_now_ns() time after which the run may stop with DEADLINE_EXCEEDED; 0: none */
    bool (*cancelled)(void *ctx); /* NULL, or asked between pieces of work, by several threads: CANCELLED */
    void *cancelled_ctx;
    /* For a thread that others wait for: without a free core nothing is done, and *out is NULL. */
    bool never_waits;
    /* NULL; inside tensord: where the time goes is written there (obs/trace.h). */
    struct td_trace *trace;
} td_run_options;

/* Runs one signature. in[i] feeds sig->inputs[i]; in[i].dtype == TD_DTYPE_NONE means "not given": the default
 * value is taken, and without one the run fails. in[] is borrowed until the last td_result_free(). want[] lists
 * indices into sig->outputs: what only others need is not computed, if the model has no state. On success *out holds one reference, to be given back with td_result_free(); opts may be
 * NULL. */
TD_MUST_USE td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in,
                                     const size_t *want, size_t n_want, const td_run_options *opts,
                                     td_result **out);

/* The nanoseconds that a run with inputs of these shapes takes, by earlier ones of the same shapes. 0: nobody knows: there
 * was none, and to prepare for new shapes can take many milliseconds by itself. in[] as for td_session_run(); elements
 * are not looked at. Costs less than 100 ns. */
int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in);

/* May rows of several callers be put together, run once, and split again? Yes when row i (of dimension 0) of every output
 * is made of row i of every input only, however many rows there are, as the load has proved; and every input and output has
 * a first dimension of any size. Then all inputs of a run must have the same number of rows, none left to its default,
 * and so has every output. Else *why_not says what is against it, by the first node that mixes rows or of which that cannot
 * be told; it lives as long as s. Any thread, no cost. */
bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not);

/* Compares the model's files with what they were when they were loaded: sizes and times, no content.
 * DATA_LOSS names one that somebody has written to in place; from then on runs fail with the same. A file
 * that was replaced or removed is no trouble: the loaded one lives on. A few system calls. Any thread. */
TD_MUST_USE td_status td_session_check(td_session *s);

/* What a run answered. It keeps the run's memory, so it should not be kept for long. Any thread may hold a reference. */
td_result *td_result_ref(td_result *r); /* returns r */
void td_result_free(td_result *r);      /* gives a reference back; NULL is fine */

/* The outputs in want's order, readable while r is (they may lie in the executor's workspace, or be the caller's own
 * input). */
const td_tensor *td_result_outputs(const td_result *r);

/* Rows [first, first + n) of every output, by its first dimension: out[i] is a view of td_result_outputs(r)[i] that
 * takes no reference. OUT_OF_RANGE when an output has not so many rows, or none because it is a scalar. */
TD_MUST_USE td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out);

TD_END_DECLS

#endif
