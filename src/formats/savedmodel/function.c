/* SPDX-License-Identifier: Apache-2.0 */
/* function.c -- the function library: an index of names now, bodies when they are asked for. Most of a Keras
 * file's library is never served.
 *
 * FunctionDef { signature = 1 (an OpDef); node_def = 3; ret = 4; control_ret = 6 }. The signature's input_arg
 * become "_Arg" nodes, its output_arg in order, through the map `ret`, the values returned.
 *
 * What neither ret nor control_ret needs never runs, stateful or not: tf.function lists everything that must
 * run in control_ret. Keras leaves the random ops of its dropout and augmentation in bodies, unused; they go
 * here, before anybody asks which ops there are.
 */
#include "formats/savedmodel/source.h"

#include <string.h>

#include "base/mem.h"

enum { LIBRARY_FUNCTION = 1 };
enum { DEF_SIGNATURE = 1, DEF_NODE = 3, DEF_RET = 4, DEF_CONTROL_RET = 6 };
enum { OP_NAME = 1, OP_INPUT_ARG = 2, OP_OUTPUT_ARG = 3 };
enum {
    ARG_NAME = 1,
    ARG_TYPE = 3,
    ARG_TYPE_ATTR = 4,
    ARG_NUMBER_ATTR = 5,
    ARG_TYPE_LIST_ATTR = 6,
    ARG_IS_REF = 16
};

typedef struct function {
    td_wire_field def, signature;
} function;

typedef struct function_library {
    td_library base;
    td_source *source;
    td_arena *arena; /* the index: functions by their names */
    td_map by_name;
} function_library;

/* ---- the index ----------------------------------------------------------------------------------------- */

/* The last BYTES field of that number; cleared (data NULL) when there is none. */
static td_status find_field(const td_source *s, const td_wire_field *message, uint32_t number,
                            td_wire_field *out)
{
    td_wire w = td_wire_inside(message);

    *out = (td_wire_field){ .type = TD_WIRE_BYTES };
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, number, TD_WIRE_BYTES)) *out = f;
    return w.bad ? td_source_damage(s, message->data, "FunctionDef") : NULL;
}

static td_status add_function(function_library *lib, const td_wire_field *def)
{
    function *const fn = TD_ARENA_NEW(lib->arena, function);
    td_wire_field name;
    const char *key;

    fn->def = *def;
    TD_TRY(find_field(lib->source, def, DEF_SIGNATURE, &fn->signature));
    TD_TRY(find_field(lib->source, &fn->signature, OP_NAME, &name));
    TD_TRY(td_source_name(lib->source, &name, lib->arena, &key));
    if (td_map_put(&lib->by_name, key, fn))
        return TD_ERR(INVALID_ARGUMENT, "%s: function '%s' is defined twice", lib->source->file, key);
    return NULL;
}

/* ---- one body ------------------------------------------------------------------------------------------ */

typedef struct arg {
    const char *name;
    uint64_t type;
    bool is_list, is_ref;
} arg;

static td_status read_arg(td_source *s, const td_wire_field *message, td_arena *arena, arg *out)
{
    td_wire w = td_wire_inside(message);
    arg a = { .name = "" };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ARG_NAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, arena, &a.name));
        if (td_wire_is(&f, ARG_TYPE, TD_WIRE_VARINT)) a.type = f.value;
        if (td_wire_is(&f, ARG_IS_REF, TD_WIRE_VARINT)) a.is_ref = f.value != 0;
        if (f.type == TD_WIRE_BYTES && f.size &&
            (f.number == ARG_NUMBER_ATTR || f.number == ARG_TYPE_LIST_ATTR))
            a.is_list = true;
    }
    if (w.bad || !*a.name) return td_source_damage(s, message->data, "function argument");
    *out = a;
    return NULL;
}

static size_t count_fields(const td_wire_field *message, uint32_t number)
{
    td_wire w = td_wire_inside(message);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        n += td_wire_is(&f, number, TD_WIRE_BYTES);
    return n;
}

static td_status add_arg(td_lowering *l, const td_wire_field *message)
{
    td_graph *const g = l->g;
    arg a;

    TD_TRY(read_arg(l->source, message, g->arena, &a));
    if (a.is_list) return TD_ERR(UNIMPLEMENTED, "argument '%s' is a list", a.name);
    if (a.type >= TD_DTYPE_COUNT || !td_dtype_is_valid((int64_t)a.type)) a.type = TD_DTYPE_NONE;
    if (a.is_ref && a.type) a.type += TD_DTYPE_REF;
    td_node *const node = td_graph_add(g, a.name, "_Arg", 0, 2);
    td_node_add_attr(g, node, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = (td_dtype)a.type });
    td_node_add_attr(g, node, "index", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = (int64_t)g->n_args });
    g->args[g->n_args++] = node;
    return td_lowering_add_node(l, node);
}

static td_status add_args(td_lowering *l, const td_wire_field *signature)
{
    td_wire w = td_wire_inside(signature);

    const size_t n = count_fields(signature, OP_INPUT_ARG);
    l->g->args = TD_ARENA_NEW_N(l->g->arena, td_node *, n);
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, OP_INPUT_ARG, TD_WIRE_BYTES)) TD_TRY(add_arg(l, &f));
    return NULL;
}

static td_status add_nodes(td_lowering *l, const td_wire_field *def)
{
    td_wire w = td_wire_inside(def);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, DEF_NODE, TD_WIRE_BYTES)) TD_TRY(td_lowering_add(l, &f));
    return td_lowering_link(l);
}

/* An entry of a map<string, string>. */
static td_status read_pair(const td_source *s, const td_wire_field *entry, td_string *key, td_string *value)
{
    td_wire w = td_wire_inside(entry);

    *key = *value = (td_string){ "", 0 };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) *key = td_wire_text(&f);
        if (td_wire_is(&f, 2, TD_WIRE_BYTES)) *value = td_wire_text(&f);
    }
    return w.bad ? td_source_damage(s, entry->data, "function result") : NULL;
}

/* The map `ret` by key: values point at the texts' td_string in arena. */
static td_status read_rets(td_lowering *l, const td_wire_field *def, td_map *rets)
{
    td_wire w = td_wire_inside(def);

    for (td_wire_field f; td_wire_next(&w, &f);) {
        td_string key, value;
        if (!td_wire_is(&f, DEF_RET, TD_WIRE_BYTES)) continue;
        TD_TRY(read_pair(l->source, &f, &key, &value));
        td_string *const text = TD_ARENA_NEW(l->g->arena, td_string);
        *text = value;
        td_map_put_n(rets, key.data, key.size, text);
    }
    return NULL;
}

static td_status add_ret(td_lowering *l, const td_wire_field *message, const td_map *rets)
{
    td_graph *const g = l->g;
    arg a;

    TD_TRY(read_arg(l->source, message, g->arena, &a));
    if (a.is_list) return TD_ERR(UNIMPLEMENTED, "result '%s' is a list", a.name);
    const td_string *const text = td_map_get(rets, a.name);
    if (!text) return TD_ERR(INVALID_ARGUMENT, "Return %s missing.", a.name);
    return td_lowering_edge(l, *text, a.name, &g->rets[g->n_rets++]);
}

static td_status add_rets(td_lowering *l, const td_wire_field *signature, const td_map *rets)
{
    td_wire w = td_wire_inside(signature);

    const size_t n = count_fields(signature, OP_OUTPUT_ARG);
    l->g->rets = TD_ARENA_NEW_N(l->g->arena, td_edge, n);
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, OP_OUTPUT_ARG, TD_WIRE_BYTES)) TD_TRY(add_ret(l, &f, rets));
    return NULL;
}

static td_status add_control_rets(td_lowering *l, const td_wire_field *def)
{
    td_graph *const g = l->g;
    td_wire w = td_wire_inside(def);

    const size_t n = count_fields(def, DEF_CONTROL_RET);
    g->ctrl_rets = TD_ARENA_NEW_N(g->arena, td_node *, n);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        td_string key, value;
        if (!td_wire_is(&f, DEF_CONTROL_RET, TD_WIRE_BYTES)) continue;
        TD_TRY(read_pair(l->source, &f, &key, &value));
        td_node *const node = td_map_get_n(&l->by_name, value.data, value.size);
        if (!node)
            return TD_ERR(INVALID_ARGUMENT, "control result '%.*s' is no node", (int)TD_MIN(value.size, 200),
                          value.data);
        g->ctrl_rets[g->n_ctrl_rets++] = node;
    }
    return NULL;
}

static td_status lower_body(td_lowering *l, const function *fn)
{
    td_map rets;

    TD_TRY(add_args(l, &fn->signature));
    TD_TRY(add_nodes(l, &fn->def));
    td_map_init(&rets);
    td_status status = read_rets(l, &fn->def, &rets);
    if (!status) status = add_rets(l, &fn->signature, &rets);
    td_map_fini(&rets);
    TD_TRY(status);
    TD_TRY(add_control_rets(l, &fn->def));
    td_graph_drop_unneeded(l->g);
    return NULL;
}

static td_status library_lower(td_library *base, const char *name, td_arena *arena, td_graph **out)
{
    function_library *const lib = base->ctx;
    const function *const fn = td_map_get(&lib->by_name, name);
    td_lowering l;

    if (!fn) return TD_ERR(NOT_FOUND, "Function %s is not defined.", name);
    td_graph *const g = td_graph_make(arena, td_arena_strdup(arena, name));
    td_lowering_begin(&l, lib->source, g, true);
    const td_status status = lower_body(&l, fn);
    td_lowering_end(&l);
    TD_TRY(td_status_prefix(status, "function '%s': ", name));
    *out = g;
    return NULL;
}

td_status td_library_make(td_source *s, const td_wire_field *f, td_library **out)
{
    function_library *const lib = TD_NEW(function_library);
    td_status status = NULL;

    lib->base = (td_library){ .lower = library_lower, .ctx = lib };
    lib->source = s;
    lib->arena = td_arena_make();
    td_map_init(&lib->by_name);
    td_wire w = f ? td_wire_inside(f) : td_wire_of(NULL, 0);
    for (td_wire_field x; !status && td_wire_next(&w, &x);)
        if (td_wire_is(&x, LIBRARY_FUNCTION, TD_WIRE_BYTES)) status = add_function(lib, &x);
    if (!status && w.bad) status = td_source_damage(s, f->data, "FunctionDefLibrary");
    if (status) {
        td_library_free(&lib->base);
        return status;
    }
    *out = &lib->base;
    return NULL;
}

void td_library_free(td_library *base)
{
    if (!base) return;
    function_library *const lib = base->ctx;
    td_map_fini(&lib->by_name);
    td_arena_free(lib->arena);
    td_free(lib);
}
