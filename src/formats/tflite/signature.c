/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c -- what a TFLite file can be asked: by its table of signatures, else by the metadata that TensorFlow Serving reads,
 * else by its first subgraph's inputs and outputs. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "formats/savedmodel/source.h"
#include "formats/tflite/flex.h"
#include "formats/tflite/tflite.h"

static const char predict_method[] = "tensorflow/serving/predict";

/* What converters write where a size is any, if they do not say -1: requests bring as many rows as they like. */
static td_shape shape_of(const td_tfl_graph *g, const td_tfl_tensor *t)
{
    td_shape shape = t->shape;

    if (!g->keeps_state && shape.rank > 0 && shape.dims[0] == 1) shape.dims[0] = -1;
    return shape;
}

static td_status check_type(const td_tfl *l, const td_tfl_tensor *t)
{
    if (t->dtype && t->dtype != TD_RESOURCE) return NULL;
    return TD_ERR(UNIMPLEMENTED, "%s: '%s' is of type %s, which is not built yet", l->file, t->name,
                  td_tfl_type_name(t->type));
}

static td_status input_info(td_tfl *l, const td_tfl_graph *g, td_tfl_tensor *t, td_tensor_info *info)
{
    TD_TRY(check_type(l, t));
    if (!t->value.node || strcmp(t->value.node->op_name, "Placeholder") != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: input '%s' is none of its subgraph's", l->file, t->name);
    info->tensor = td_arena_format(l->arena, "%s:0", t->value.node->name);
    info->dtype = t->dtype;
    info->shape = shape_of(g, t);
    return NULL;
}

/* An output gets a node of its own, which says of which type the file has it, and waits for what changes state. */
static td_status output_info(td_tfl *l, td_tfl_graph *g, td_tfl_tensor *t, td_tensor_info *info)
{
    TD_TRY(check_type(l, t));
    if (!t->value.node && t->data) {
        td_tensor *const c = TD_ARENA_NEW(l->arena, td_tensor);

        TD_TRY(td_tfl_constant(l, t, c));
        t->value = td_tfl_constant_value(l, t->name, c);
    }
    if (!t->value.node) return TD_ERR(INVALID_ARGUMENT, "%s: nothing makes output '%s'", l->file, t->name);
    TD_TRY(td_budget_take(l->budget, TD_BUDGET_NODES, 1, t->name));
    td_node *const node = td_graph_add(l->g, td_tfl_name(l, t->name), "Identity", 1, 1);

    node->in[0] = t->value;
    if (g->last_state) td_node_add_ctrl(l->g, node, g->last_state);
    td_node_add_attr(l->g, node, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
    info->tensor = td_arena_format(l->arena, "%s:0", node->name);
    info->dtype = t->dtype;
    info->shape = shape_of(g, t);
    return NULL;
}

static td_status set_info(td_tfl *l, td_tfl_graph *g, uint32_t index, bool is_input, td_tensor_info *info)
{
    if (index >= g->n_tensors) return TD_ERR(INVALID_ARGUMENT, "%s: there is no tensor %u", l->file, index);
    return is_input ? input_info(l, g, &g->tensors[index], info)
                    : output_info(l, g, &g->tensors[index], info);
}

static int by_alias(const void *a, const void *b)
{
    return strcmp(((const td_tensor_info *)a)->alias, ((const td_tensor_info *)b)->alias);
}

static td_status sort_infos(const td_tfl *l, td_tensor_info *infos, size_t n)
{
    if (n) qsort(infos, n, sizeof *infos, by_alias);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(infos[i - 1].alias, infos[i].alias))
            return TD_ERR(INVALID_ARGUMENT, "%s: alias '%s' is there twice", l->file, infos[i].alias);
    return NULL;
}

static void add_infos(td_signature *s, bool is_input, const td_tensor_info *infos, size_t n)
{
    if (is_input)
        s->inputs = infos, s->n_inputs = n;
    else
        s->outputs = infos, s->n_outputs = n;
}

static td_status copy_name(const td_tfl *l, td_string text, const char **out)
{
    if (text.size && memchr(text.data, 0, text.size))
        return TD_ERR(DATA_LOSS, "%s: a name holds a NUL", l->file);
    *out = td_arena_strndup(l->arena, text.size ? text.data : "", text.size);
    return NULL;
}

/* ---- the file's table ---------------------------------------------------------------------------------- */

static td_status read_maps(td_tfl *l, td_tfl_graph *g, const td_flat_table *from, bool is_input,
                           td_signature *s)
{
    td_flat_vector list;

    if (!td_flat_vector_of(from, is_input ? SIGNATURE_INPUTS : SIGNATURE_OUTPUTS, 4, &list))
        return TD_ERR(DATA_LOSS, "%s: damaged signature '%s'", l->file, s->name);
    td_tensor_info *const infos = TD_ARENA_NEW_N(l->arena, td_tensor_info, list.n);

    for (size_t i = 0; i < list.n; i++) {
        td_flat_table map;
        td_string name;
        uint32_t index;

        if (!td_flat_table_at(&list, i, &map) || !td_flat_string(&map, MAP_NAME, &name) ||
            !td_flat_u32(&map, MAP_TENSOR, 0, &index))
            return TD_ERR(DATA_LOSS, "%s: damaged signature '%s'", l->file, s->name);
        TD_TRY(copy_name(l, name, &infos[i].alias));
        TD_TRY(set_info(l, g, index, is_input, &infos[i]));
    }
    add_infos(s, is_input, infos, list.n);
    return sort_infos(l, infos, list.n);
}

static td_status read_one(td_tfl *l, const td_flat_table *t, td_signature *s)
{
    td_string key;
    uint32_t graph;

    if (!td_flat_string(t, SIGNATURE_KEY, &key) || !td_flat_u32(t, SIGNATURE_GRAPH, 0, &graph))
        return TD_ERR(DATA_LOSS, "%s: damaged signature", l->file);
    TD_TRY(copy_name(l, key, &s->name));
    if (!*s->name) s->name = "serving_default";
    if (graph >= l->subgraphs.n)
        return TD_ERR(INVALID_ARGUMENT, "%s: signature '%s' is of subgraph %u, which is not there", l->file,
                      s->name, graph);
    TD_TRY(td_tfl_graph_lower(l, graph));
    if (l->text.size) return NULL;
    s->method = predict_method;
    TD_TRY(read_maps(l, &l->graphs[graph], t, true, s));
    return read_maps(l, &l->graphs[graph], t, false, s);
}

static td_status read_table(td_tfl *l, const td_flat_vector *list, td_signature **out, size_t *n)
{
    td_signature *const all = TD_ARENA_NEW_N(l->arena, td_signature, list->n);

    for (size_t i = 0; i < list->n; i++) {
        td_flat_table t;

        if (!td_flat_table_at(list, i, &t)) return TD_ERR(DATA_LOSS, "%s: damaged signature %zu", l->file, i);
        TD_TRY(read_one(l, &t, &all[i]));
    }
    *out = all;
    *n = list->n;
    return NULL;
}

/* ---- TensorFlow Serving's metadata --------------------------------------------------------------------- */

/* "x:0" is tensor x, unless one is called so. */
static bool find_tensor(const td_tfl_graph *g, const char *name, uint32_t *out)
{
    const size_t size = strlen(name), stem = size > 2 && !strcmp(name + size - 2, ":0") ? size - 2 : size;
    bool is_found = false;

    for (size_t i = 0; i < g->n_tensors; i++) {
        const char *const have = g->tensors[i].name;

        if (!strcmp(have, name)) {
            *out = (uint32_t)i;
            return true;
        }
        if (!is_found && strlen(have) == stem && !strncmp(have, name, stem))
            *out = (uint32_t)i, is_found = true;
    }
    return is_found;
}

static td_status place_infos(td_tfl *l, td_tfl_graph *g, bool is_input, td_signature *s)
{
    const td_tensor_info *const have = is_input ? s->inputs : s->outputs;
    const size_t n = is_input ? s->n_inputs : s->n_outputs;
    td_tensor_info *const infos = TD_ARENA_NEW_N(l->arena, td_tensor_info, n);

    for (size_t i = 0; i < n; i++) {
        uint32_t index;

        infos[i].alias = have[i].alias;
        if (!find_tensor(g, have[i].tensor, &index))
            return TD_ERR(INVALID_ARGUMENT, "%s: signature '%s' names tensor '%s', which is not there",
                          l->file, s->name, have[i].tensor);
        TD_TRY(set_info(l, g, index, is_input, &infos[i]));
    }
    add_infos(s, is_input, infos, n);
    return NULL; /* sorted, as they were */
}

static td_status read_serialized(td_tfl *l, td_flex_entry *e, td_signature *s)
{
    td_source source = { .bytes = l->bytes, .size = l->size, .file = l->file, .budget = l->budget };
    const td_wire_field f = { .type = TD_WIRE_BYTES,
                              .data = (const uint8_t *)e->text.data,
                              .size = e->text.size };

    TD_TRY(copy_name(l, e->key, &s->name));
    TD_TRY(td_signature_of_message(&source, &f, l->arena, s));
    if (!*s->method) s->method = predict_method;
    TD_TRY(place_infos(l, &l->graphs[0], true, s));
    return place_infos(l, &l->graphs[0], false, s);
}

/* A flexible buffer: a map of names to serialized SignatureDefs. */
static td_status read_metadata(td_tfl *l, td_string bytes, td_signature **out, size_t *n)
{
    td_flex_entry *entries;

    TD_TRY(td_status_prefix(td_flex_map(bytes, l->arena, &entries, n),
                            "%s: signature_defs_metadata: ", l->file));
    td_signature *const all = TD_ARENA_NEW_N(l->arena, td_signature, *n);

    for (size_t i = 0; i < *n; i++)
        TD_TRY(read_serialized(l, &entries[i], &all[i]));
    *out = all;
    return NULL;
}

static td_status find_metadata(const td_tfl *l, td_string *out)
{
    td_flat_vector list;

    *out = (td_string){ NULL, 0 };
    if (!td_flat_vector_of(&l->model, MODEL_METADATA, 4, &list))
        return TD_ERR(DATA_LOSS, "%s: damaged Metadata", l->file);
    for (size_t i = 0; i < list.n; i++) {
        td_flat_table t;
        td_string name;
        uint32_t buffer;

        if (!td_flat_table_at(&list, i, &t) || !td_flat_string(&t, METADATA_NAME, &name) ||
            !td_flat_u32(&t, METADATA_BUFFER, 0, &buffer))
            return TD_ERR(DATA_LOSS, "%s: damaged Metadata", l->file);
        if (td_string_is(name, "signature_defs_metadata")) return td_tfl_buffer(l, buffer, out);
    }
    return NULL;
}

/* ---- neither ------------------------------------------------------------------------------------------- */

/* Names without ":0"; of two that are alike, the second with its number. */
static td_status name_infos(td_tfl *l, td_tfl_graph *g, bool is_input, td_signature *s)
{
    const td_flat_vector *const list = is_input ? &g->inputs : &g->outputs;
    td_tensor_info *const infos = TD_ARENA_NEW_N(l->arena, td_tensor_info, list->n);
    td_map seen = { 0 };
    td_status error = NULL;

    for (size_t i = 0; i < list->n && !error; i++) {
        const uint32_t index = td_flat_u32_at(list, i);
        const char *const name = index < g->n_tensors ? g->tensors[index].name : "";
        const size_t size = strlen(name), stem = size > 2 && !strcmp(name + size - 2, ":0") ? size - 2 : size;
        const char *const wish = stem       ? td_arena_strndup(l->arena, name, stem)
                                 : is_input ? "input"
                                            : "output";

        infos[i].alias = td_map_has(&seen, wish) ? td_arena_format(l->arena, "%s_%zu", wish, i) : wish;
        (void)td_map_put(&seen, infos[i].alias, l);
        error = set_info(l, g, index, is_input, &infos[i]);
    }
    td_map_fini(&seen);
    TD_TRY(error);
    add_infos(s, is_input, infos, list->n);
    return sort_infos(l, infos, list->n);
}

static td_status make_default(td_tfl *l, td_signature **out, size_t *n)
{
    td_signature *const s = TD_ARENA_NEW(l->arena, td_signature);

    *s = (td_signature){ .name = "serving_default", .method = predict_method };
    TD_TRY(name_infos(l, &l->graphs[0], true, s));
    TD_TRY(name_infos(l, &l->graphs[0], false, s));
    *out = s;
    *n = 1;
    return NULL;
}

static td_status check_names(const td_tfl *l, const td_signature *all, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!strcmp(all[i - 1].name, all[i].name))
            return TD_ERR(INVALID_ARGUMENT, "%s: signature '%s' is there twice", l->file, all[i].name);
    return NULL;
}

static td_status read_all(td_tfl *l, td_signature **out, size_t *n)
{
    td_flat_vector table;
    td_string metadata;

    if (!td_flat_vector_of(&l->model, MODEL_SIGNATURES, 4, &table))
        return TD_ERR(DATA_LOSS, "%s: damaged signatures", l->file);
    if (table.n) return read_table(l, &table, out, n);
    TD_TRY(td_tfl_graph_lower(l, 0));
    if (l->text.size) return NULL;
    TD_TRY(find_metadata(l, &metadata));
    return metadata.size ? read_metadata(l, metadata, out, n) : make_default(l, out, n);
}

td_status td_tfl_signatures_read(td_tfl *l, td_model_file *m)
{
    td_signature *all = NULL;
    size_t n = 0;

    TD_TRY(read_all(l, &all, &n));
    if (l->text.size)
        return TD_ERR(NOT_FOUND, "%s: TFLite operators that tensord lacks, needed by this model: %s", l->file,
                      td_strbuf_text(&l->text));
    if (n) td_signatures_sort(all, n);
    TD_TRY(check_names(l, all, n));
    m->runs_in_turn = l->assigns;
    m->init_op = l->once ? l->once->name : NULL;
    m->signatures = all;
    m->n_signatures = n;
    return NULL;
}
