/* SPDX-License-Identifier: Apache-2.0 */
/* model.h -- what every reader of a model file hands to the engine. */
#ifndef TD_FORMATS_MODEL_H
#define TD_FORMATS_MODEL_H

#include "tensord/session.h"

#include "base/budget.h"
#include "base/wire.h"
#include "formats/savedmodel/bundle.h"
#include "graph/graph.h"

typedef struct td_asset {
    const char *tensor; /* "asset_path_initializer:0" */
    const char *path;   /* the real file */
} td_asset;

typedef struct td_model_file {
    td_arena *arena;  /* everything below lives here, graphs included */
    const char *path; /* the version directory */
    td_graph *graph;  /* the main graph, as in the file */
    td_library *library;
    const td_signature *signatures; /* sorted by name; TensorInfo.name in .tensor */
    size_t n_signatures;
    const td_asset *assets; /* in place already: graph has their paths as constants */
    size_t n_assets;
    const char *restore_op;       /* node name to run; NULL: nothing to restore */
    const char *filename_tensor;  /* "saver_filename:0", fed with variables_prefix */
    const char *variables_prefix; /* "<dir>/variables/variables"; NULL when there is no index file */
    const char *init_op;          /* node name to run after restore; NULL: none */
    bool runs_in_turn;            /* what changes variables runs alone */
    const uint8_t *object_graph;  /* SavedObjectGraph, for td_savedmodel_variables(); size 0: none */
    size_t object_graph_size;
    const uint8_t *graph_def; /* GraphDef, for td_savedmodel_op_names() */
    size_t graph_def_size;
    const uint8_t *mapped; /* the file, as far as it is mapped */
    size_t mapped_size;
    void *owned; /* the reader's own */
    void (*release)(void *owned);
} td_model_file;

#define TD_TFLITE_NAME "model.tflite"

/* Reads what is at path: a TFLite file, or a directory with a SavedModel, a model.tflite, or both: then prefers_tflite says
 * which. Errors are the reader's. */
TD_MUST_USE td_status td_model_read(const char *path, const char *tags, bool prefers_tflite,
                                    td_budget *budget, td_model_file **out);
/* dir has a file of a SavedModel, or a model.tflite. */
bool td_model_is_there(const char *dir);
/* Bytes of weights in the files of a model, which are mapped. */
int64_t td_model_weight_bytes(const char *path);
/* As td_savedmodel_tag_sets(); a TFLite file's is "serve". */
TD_MUST_USE td_status td_model_tag_sets(const char *path, td_arena *arena, const char ***out, size_t *n);

/* Reads a TFLite file; path is what the model says it is of. Its operators become nodes of the main graph, whose constants stay
 * views of the mapped file where alignment allows. INVALID_ARGUMENT: it is none. DATA_LOSS: damage. NOT_FOUND: operators that are
 * not built yet, all of them, with versions and types. */
TD_MUST_USE td_status td_tflite_read(const char *file, const char *path, td_budget *budget,
                                     td_model_file **out);

/* Reads <path>/saved_model.pb (or .pbtxt). tags: comma-separated, compared as a set; NULL or "": "serve".
 *
 * Nodes, signatures and assets are read here; functions when the library is asked for them. Constants stay
 * views of the mapped file. The model takes from budget (NULL: no limits) as long as it lives. NOT_FOUND: no file, or no graph with the tags. DATA_LOSS: damage, with file and
 * offset. INVALID_ARGUMENT: a graph that is wrong, with the node. UNIMPLEMENTED: a Session Bundle of TF 0.x. */
TD_MUST_USE td_status td_savedmodel_read(const char *path, const char *tags, td_budget *budget,
                                         td_model_file **out);
void td_model_file_free(td_model_file *m); /* NULL is fine */
/* All graphs are read: the file's pages leave memory, those that a run asks for come back. */
void td_model_file_rest(const td_model_file *m);

/* A variable as the object graph has it: the VarHandleOp of the main graph, and the key of its value. */
typedef struct td_saved_variable {
    const char *node, *key;
} td_saved_variable;

/* The variables that functions called from the main graph capture, by the object graphs of the model and of its
 * checkpoint b. *out is td_free()d by the caller; texts live as long as the model. DATA_LOSS: a damaged graph. */
TD_MUST_USE td_status td_savedmodel_variables(td_model_file *m, td_bundle *b, td_saved_variable **out,
                                              size_t *n);

/* The ops that nodes of the graph and of functions it calls name, sorted, in m's arena; the restoring's and saving's, too.
 * What is damaged in functions that nobody has read yet is passed over. */
void td_savedmodel_op_names(const td_model_file *m, const char ***out, size_t *n);

/* A Python function that the model's root object has, and what each of its traces takes: a StructuredValue, a tuple of a tuple of
 * arguments and a dict of named ones. */
typedef struct td_python_function {
    const char *name;
    const td_wire_field *signatures;
    size_t n;
} td_python_function;

/* All of them, sorted, their traces in the order in which TensorFlow's Python shows them; in m's arena, views of the file. What is
 * damaged is passed over. */
void td_savedmodel_functions(const td_model_file *m, const td_python_function **out, size_t *n);

/* The tag set of each meta graph at path, in file order: "serve", "serve,gpu", "" for none. In arena. */
TD_MUST_USE td_status td_savedmodel_tag_sets(const char *path, td_arena *arena, const char ***out, size_t *n);

#endif
