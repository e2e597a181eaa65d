/* SPDX-License-Identifier: Apache-2.0 */
/* tflite.h -- a TFLite file while it is turned into a td_model_file.
 *
 * The file is a FlatBuffer, verified as a whole before anything here looks into it (schema.c). Its operators become ops of
 * TensorFlow, of which each takes the values that TFLite's takes: sizes are those of a request, not the file's. A value is
 * an edge of the graph; tensors of the file are only where operators look for them.
 *
 * For the files of this directory only. */
#ifndef TD_FORMATS_TFLITE_TFLITE_H
#define TD_FORMATS_TFLITE_TFLITE_H

#include "base/map.h"
#include "base/strbuf.h"
#include "formats/flatbuffer.h"
#include "formats/model.h"

/* Fields by their numbers in the schema, as far as they are read. */
enum { MODEL_CODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4, MODEL_METADATA = 6, MODEL_SIGNATURES = 7 };
enum { CODE_OLD = 0, CODE_CUSTOM = 1, CODE_VERSION = 2, CODE_BUILTIN = 3 };
enum { GRAPH_TENSORS = 0, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS };
enum {
    TENSOR_SHAPE = 0,
    TENSOR_TYPE,
    TENSOR_BUFFER,
    TENSOR_NAME,
    TENSOR_QUANTIZATION,
    TENSOR_VARIABLE,
    TENSOR_SPARSITY,
    TENSOR_SIGNATURE,
    TENSOR_HAS_RANK,
};
enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO, QUANTIZATION_AXIS = 6 };
enum { OP_CODE = 0, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS = 4, OP_CUSTOM, OP_BETWEEN = 8 };
enum { BUFFER_DATA = 0, BUFFER_OFFSET, BUFFER_SIZE };
enum { METADATA_NAME = 0, METADATA_BUFFER };
enum { SIGNATURE_INPUTS = 0, SIGNATURE_OUTPUTS, SIGNATURE_KEY, SIGNATURE_GRAPH = 4 };
enum { MAP_NAME = 0, MAP_TENSOR };

typedef struct td_tfl_tensor {
    const char *name;
    uint8_t type;   /* TFLite's number of it */
    td_dtype dtype; /* TD_DTYPE_NONE: of no type that tensors here have */
    td_shape shape; /* -1: a size that a request brings; rank -1: so is that */
    bool is_quantized, is_sparse, is_variable;
    td_flat_vector scales, zeros; /* floats and int64s; steps.h reads them */
    int32_t axis;                 /* along which there are several */
    const uint8_t *data;          /* NULL: no constant */
    size_t size;
    td_edge value; /* node NULL: nobody made it yet */
} td_tfl_tensor;

typedef struct td_tfl_graph {
    td_tfl_tensor *tensors;
    size_t n_tensors;
    td_flat_vector inputs, outputs, operators;
    bool is_read, is_checked; /* lowered; its tensors are there, and what is missing is told */
    bool is_open;             /* being lowered */
    td_graph *body;           /* of a function; NULL: not lowered yet, or into the main graph */
    bool keeps_state;         /* in tensors: batches are of the size that it has */
    td_node *last_state;      /* the last that reads or changes state; NULL: none does */
} td_tfl_graph;

/* The file, and what is made of it. */
typedef struct td_tfl {
    const uint8_t *bytes;
    size_t size;
    const char *file; /* its path, for texts */
    td_arena *arena;
    td_budget *budget;
    td_flat_table model;
    td_flat_vector codes, buffers, subgraphs;
    td_tfl_graph *graphs;    /* one each, as signatures name them */
    td_tfl_graph *functions; /* likewise, as operators call them */
    int depth;               /* of calls */
    td_node *once;           /* waits for what runs once, before all else; NULL: nothing does */
    td_graph *g;             /* where nodes go */
    td_map names;            /* of nodes */
    td_map missing;          /* operators that are told already */
    td_strbuf text;          /* of those */
    size_t n_named;          /* numbers behind names */
    bool assigns;            /* a request changes what the next one reads */
} td_tfl;

/* schema.c: DATA_LOSS, INVALID_ARGUMENT: no TFLite file. */
TD_MUST_USE td_status td_tfl_verify(const uint8_t *bytes, size_t size, const char *file);

/* tensor.c */
const char *td_tfl_type_name(uint8_t type); /* "INT8" */
td_dtype td_tfl_dtype(uint8_t type);        /* TD_DTYPE_NONE: of none that tensors here have */
TD_MUST_USE td_status td_tfl_tensors_read(td_tfl *l, const td_flat_table *subgraph, td_tfl_graph *out);
/* The bytes of a buffer: in the file's FlatBuffer, or behind it. size 0: none. */
TD_MUST_USE td_status td_tfl_buffer(const td_tfl *l, uint32_t index, td_string *out);
/* What a constant holds; its elements are used where they lie if they are aligned there. */
TD_MUST_USE td_status td_tfl_constant(td_tfl *l, const td_tfl_tensor *t, td_tensor *out);

/* lower.c: the operators of a subgraph into l->g. What is missing is added to l->text. */
TD_MUST_USE td_status td_tfl_graph_lower(td_tfl *l, size_t index);
/* The operators of g into l->g, whose inputs have their values. */
TD_MUST_USE td_status td_tfl_operators_lower(td_tfl *l, td_tfl_graph *g);
/* subgraph.c: reads the tensors of subgraph `index` as g, and tells what is missing in it and in those it calls. */
TD_MUST_USE td_status td_tfl_graph_check(td_tfl *l, td_tfl_graph *g, size_t index);
/* What is missing among the operators of g, and of those that it calls. */
TD_MUST_USE td_status td_tfl_missing_find(td_tfl *l, const td_tfl_graph *g);
/* A copy of function "subgraph N"; NOT_FOUND: nobody calls it. */
TD_MUST_USE td_status td_tfl_function_copy(const td_tfl_graph *functions, size_t n, const char *name,
                                           td_arena *arena, td_graph **out);

/* A name that no node has yet: `wish`, or with a number behind it. Takes it. */
const char *td_tfl_name(td_tfl *l, const char *wish);

/* A node for a constant that the arena keeps. */
td_edge td_tfl_constant_value(td_tfl *l, const char *name, const td_tensor *t);

/* signature.c: into m, lowering what they name. */
TD_MUST_USE td_status td_tfl_signatures_read(td_tfl *l, td_model_file *m);

/* read.c: as td_tflite_read(), from bytes that must live as long as the model. */
TD_MUST_USE td_status td_tflite_parse(const uint8_t *bytes, size_t size, const char *path, const char *file,
                                      td_budget *budget, td_model_file **out);

#endif
