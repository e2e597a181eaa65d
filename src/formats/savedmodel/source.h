/* SPDX-License-Identifier: Apache-2.0 */
/* source.h -- the bytes of one saved_model.pb while it is turned into a td_model_file, and how its parts say
 * where they are damaged. Names and texts are copied into the model's arena; constants stay views of the
 * bytes.
 *
 * For the files of this directory, and for the parts of it that TFLite files hold. */
#ifndef TD_FORMATS_SAVEDMODEL_SOURCE_H
#define TD_FORMATS_SAVEDMODEL_SOURCE_H

#include "base/arena.h"
#include "base/budget.h"
#include "base/wire.h"
#include "formats/model.h"

typedef struct td_source {
    const uint8_t *bytes;
    size_t size;
    const char *file; /* its path, for texts */
    /* of nodes, and of what constants grow to when they are written out ("a million times 0") */
    td_budget *budget;
} td_source;

/* DATA_LOSS: "<file>: damaged <what> at byte <offset of at>". */
TD_MUST_USE td_status td_source_damage(const td_source *s, const void *at, const char *what);

/* A name: a copy in arena. Refused when it holds a NUL, which would hide what follows it. */
TD_MUST_USE td_status td_source_name(const td_source *s, const td_wire_field *f, td_arena *arena,
                                     const char **out);

/* A constant. */
TD_MUST_USE td_status td_source_tensor(td_source *s, const uint8_t *bytes, size_t size, td_arena *arena,
                                       td_tensor *out);

/* attr.c: a serialized AttrValue. The value's kind is NONE for placeholders, for no value, and for tensors of
 * types that no engine can hold. */
TD_MUST_USE td_status td_attr_value_read(td_source *s, const uint8_t *bytes, size_t size, td_arena *arena,
                                         td_attr_value *out);

/* lower.c: turns NodeDefs into nodes of a graph. Between begin and end: any number of add, then link. */
typedef struct td_lowering {
    td_source *source;
    td_graph *g;
    bool is_function; /* inputs are written "node:out_arg:0", and "arg" */
    td_map by_name;   /* td_node */
    struct td_pending *pending, **pending_end;
} td_lowering;

void td_lowering_begin(td_lowering *l, td_source *s, td_graph *g, bool is_function);
TD_MUST_USE td_status td_lowering_add(td_lowering *l, const td_wire_field *node_def);
TD_MUST_USE td_status td_lowering_add_node(td_lowering *l, td_node *node); /* already in the graph */
TD_MUST_USE td_status td_lowering_link(td_lowering *l);
/* The output that `text` names, as an input does. */
TD_MUST_USE td_status td_lowering_edge(td_lowering *l, td_string text, const char *user, td_edge *out);
void td_lowering_end(td_lowering *l);

/* function.c: a library over the FunctionDefLibrary at f, NULL for none.
 * Bodies stay bytes until asked for. */
TD_MUST_USE td_status td_library_make(td_source *s, const td_wire_field *f, td_library **out);
void td_library_free(td_library *lib); /* NULL is fine */

/* signature.c: adds one entry of MetaGraphDef.signature_def. */
TD_MUST_USE td_status td_signature_read(td_source *s, const td_wire_field *entry, td_arena *arena,
                                        td_signature *out);
/* The SignatureDef itself, into out, which has its name. */
TD_MUST_USE td_status td_signature_of_message(td_source *s, const td_wire_field *message, td_arena *arena,
                                              td_signature *out);
void td_signatures_sort(td_signature *signatures, size_t count);

/* assets.c: one AssetFileDef; those of a collection instead, into m; and, with the graph read, the real paths
 * in place of the nodes that m's assets name. */
TD_MUST_USE td_status td_asset_read(const td_source *s, const td_wire_field *message, td_model_file *m,
                                    td_asset *out);
TD_MUST_USE td_status td_assets_of_collection(const td_source *s, const td_wire_field *collection,
                                              td_model_file *m);
void td_assets_place(td_model_file *m);

/* meta_graph.c: the meta graph whose tags are those of `tags`, as a model. m->arena and m->path are set. */
TD_MUST_USE td_status td_meta_graph_find(const td_source *s, const char *tags, td_wire_field *out);
TD_MUST_USE td_status td_meta_graph_tag_sets(const td_source *s, td_arena *arena, const char ***out,
                                             size_t *n);
TD_MUST_USE td_status td_meta_graph_read(td_source *s, const td_wire_field *meta_graph, td_model_file *m);

/* read.c: as td_savedmodel_read(), from the bytes of saved_model.pb, which must live as long as the model. */
TD_MUST_USE td_status td_savedmodel_parse(const uint8_t *bytes, size_t size, const char *path,
                                          const char *tags, td_budget *budget, td_model_file **out);

#endif
