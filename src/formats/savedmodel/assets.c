/* SPDX-License-Identifier: Apache-2.0 */
/* assets.c -- files that a graph names: vocabularies, mostly.
 *
 * An AssetFileDef says which tensor holds the path of which file; old files keep them in a collection, as
 * Anys. The tensor's node is a constant with the path the exporter had (TF1), or a Placeholder that
 * TensorFlow feeds in every run that may need it (TF2). Here the node becomes a constant of the real path
 * once, so that init, restore, and every signature see it.
 */
#include <string.h>

#include "base/mem.h"
#include "formats/savedmodel/source.h"

enum { COLLECTION_ANYS = 5, LIST_VALUE = 1, ANY_VALUE = 2 };
enum { ASSET_INFO = 1, ASSET_FILENAME = 2, INFO_NAME = 1 };

/* ---- reading them -------------------------------------------------------------------------------------- */

/* Files stay below assets/: no absolute path, no "..". */
static bool is_plain_path(const char *path)
{
    if (!*path || *path == '/') return false;
    for (const char *at = path; *at; at += *at == '/') {
        const size_t size = strcspn(at, "/");
        if (size == 2 && at[0] == '.' && at[1] == '.') return false;
        at += size;
    }
    return true;
}

static td_status read_asset_name(const td_source *s, const td_wire_field *info, td_arena *arena,
                                 const char **out)
{
    td_wire w = td_wire_inside(info);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, INFO_NAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, arena, out));
    return NULL;
}

td_status td_asset_read(const td_source *s, const td_wire_field *message, td_model_file *m, td_asset *out)
{
    td_wire w = td_wire_inside(message);
    const char *file = "";
    td_asset asset = { .tensor = "" };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ASSET_INFO, TD_WIRE_BYTES))
            TD_TRY(read_asset_name(s, &f, m->arena, &asset.tensor));
        if (td_wire_is(&f, ASSET_FILENAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, m->arena, &file));
    }
    if (w.bad || !*asset.tensor) return td_source_damage(s, message->data, "AssetFileDef");
    if (!is_plain_path(file))
        return TD_ERR(INVALID_ARGUMENT, "%s: asset '%s' is not inside the model's assets", s->file, file);
    asset.path = td_arena_format(m->arena, "%s/assets/%s", m->path, file);
    *out = asset;
    return NULL;
}

/* The AssetFileDef inside an Any. */
static td_status unwrap_any(const td_source *s, const td_wire_field *any, td_wire_field *out)
{
    td_wire w = td_wire_inside(any);

    *out = (td_wire_field){ .type = TD_WIRE_BYTES, .data = any->data };
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, ANY_VALUE, TD_WIRE_BYTES)) *out = f;
    return w.bad ? td_source_damage(s, any->data, "Any") : NULL;
}

/* Fills assets[] (room is given by the count of a first walk with assets NULL). */
static td_status read_asset_list(const td_source *s, const td_wire_field *collection, td_model_file *m,
                                 td_asset *assets, size_t *count)
{
    td_wire w = td_wire_inside(collection);

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, COLLECTION_ANYS, TD_WIRE_BYTES)) continue;
        td_wire list = td_wire_inside(&f);
        for (td_wire_field any; td_wire_next(&list, &any);) {
            td_wire_field def;
            if (!td_wire_is(&any, LIST_VALUE, TD_WIRE_BYTES)) continue;
            TD_TRY(unwrap_any(s, &any, &def));
            if (assets) TD_TRY(td_asset_read(s, &def, m, &assets[*count]));
            ++*count;
        }
    }
    return NULL;
}

td_status td_assets_of_collection(const td_source *s, const td_wire_field *collection, td_model_file *m)
{
    size_t n = 0;

    TD_TRY(read_asset_list(s, collection, m, NULL, &n));
    td_asset *const assets = TD_ARENA_NEW_N(m->arena, td_asset, n);
    n = 0;
    TD_TRY(read_asset_list(s, collection, m, assets, &n));
    m->assets = assets;
    m->n_assets = n;
    return NULL;
}

/* ---- placing them -------------------------------------------------------------------------------------- */

/* The name in "asset_path_initializer:0"; NULL when the tensor is not a node's first output. */
static const char *node_name(const char *tensor, td_arena *arena)
{
    const char *const colon = strrchr(tensor, ':');

    if (!colon) return tensor;
    if (strcmp(colon, ":0") != 0) return NULL;
    return td_arena_strndup(arena, tensor, (size_t)(colon - tensor));
}

/* Makes the node a constant, whatever it was. */
static void place(td_graph *g, td_node *node, const char *path)
{
    td_string *const text = TD_ARENA_NEW(g->arena, td_string);
    td_tensor *const value = TD_ARENA_NEW(g->arena, td_tensor);

    *text = (td_string){ path, strlen(path) };
    *value = (td_tensor){ .dtype = TD_STRING, .data = text };
    node->op_name = "Const";
    node->n_in = node->n_ctrl = node->n_attrs = 0;
    td_node_add_attr(g, node, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = TD_STRING });
    td_node_add_attr(g, node, "value", (td_attr_value){ .kind = TD_ATTR_TENSOR, .u.tensor = value });
}

void td_assets_place(td_model_file *m)
{
    td_map paths;

    if (!m->n_assets) return;
    td_map_init(&paths);
    for (size_t i = 0; i < m->n_assets; i++) {
        const char *const name = node_name(m->assets[i].tensor, m->arena);
        if (name) td_map_put(&paths, name, (void *)(uintptr_t)m->assets[i].path);
    }
    for (size_t i = 0; i < m->graph->n_nodes; i++) {
        const char *const path = td_map_get(&paths, m->graph->nodes[i]->name);
        if (path) place(m->graph, m->graph->nodes[i], path);
    }
    td_map_fini(&paths);
}
