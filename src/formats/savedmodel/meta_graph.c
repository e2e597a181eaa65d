/* SPDX-License-Identifier: Apache-2.0 */
/* meta_graph.c -- MetaGraphDef: which of a file's graphs is meant, and everything in it but the nodes.
 *
 * How variables, assets and tables come to life is written in three ways, by the age of the writer: init is a
 * signature's output, or a collection of one of two names; assets are a field, or a collection.
 */
#include <string.h>

#include "base/mem.h"
#include "formats/savedmodel/source.h"

enum { SAVED_META_GRAPHS = 2 };
enum { META_INFO = 1, META_GRAPH, META_SAVER, META_COLLECTION, META_SIGNATURE, META_ASSET, META_OBJECTS };
enum { INFO_TAGS = 4, GRAPH_NODE = 1, GRAPH_LIBRARY = 2, SAVER_FILENAME = 1, SAVER_RESTORE = 3 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2, COLLECTION_NODES = 1, LIST_VALUE = 1 };

/* ---- tags ---------------------------------------------------------------------------------------------- */

static bool has_tag(const char *tags, td_string tag)
{
    for (const char *at = tags;; at++) {
        const size_t size = strcspn(at, ",");
        if (size == tag.size && memcmp(at, tag.data, size) == 0) return true;
        at += size;
        if (!*at) return false;
    }
}

static bool info_has_tag(const td_wire_field *info, const char *tag, size_t size)
{
    td_wire w = td_wire_inside(info);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, INFO_TAGS, TD_WIRE_BYTES) && f.size == size && memcmp(f.data, tag, size) == 0)
            return true;
    return false;
}

/* Are the tags of a MetaInfoDef, as a set, those of the comma-separated list? */
static bool tags_match(const td_wire_field *info, const char *tags)
{
    td_wire w = td_wire_inside(info);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, INFO_TAGS, TD_WIRE_BYTES) && f.size && !has_tag(tags, td_wire_text(&f)))
            return false;
    for (const char *at = tags; *at; at += *at == ',') {
        const size_t size = strcspn(at, ",");
        if (size && !info_has_tag(info, at, size)) return false;
        at += size;
    }
    return true;
}

static td_status no_meta_graph(const char *tags)
{
    char *const list = td_strdup(tags);

    for (char *c = list; *c; c++)
        if (*c == ',') *c = ' ';
    const td_status status =
        TD_ERR(NOT_FOUND,
               "Could not find meta graph def matching supplied tags: { %s }. To inspect "
               "available tag-sets in the SavedModel, please use the SavedModel CLI: "
               "`saved_model_cli`",
               list);
    td_free(list);
    return status;
}

static td_status meta_graph_matches(const td_source *s, const td_wire_field *meta_graph, const char *tags,
                                    bool *out)
{
    td_wire w = td_wire_inside(meta_graph);
    td_wire_field info = { .type = TD_WIRE_BYTES };

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, META_INFO, TD_WIRE_BYTES)) info = f;
    if (w.bad) return td_source_damage(s, meta_graph->data, "MetaGraphDef");
    *out = tags_match(&info, tags);
    return NULL;
}

td_status td_meta_graph_find(const td_source *s, const char *tags, td_wire_field *out)
{
    td_wire w = td_wire_of(s->bytes, s->size);
    bool is_match = false;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, SAVED_META_GRAPHS, TD_WIRE_BYTES)) continue;
        TD_TRY(meta_graph_matches(s, &f, tags, &is_match));
        if (is_match) {
            *out = f;
            return NULL;
        }
    }
    return w.bad ? td_source_damage(s, s->bytes, "SavedModel") : no_meta_graph(tags);
}

/* "serve,gpu" */
static const char *tag_set(const td_wire_field *meta_graph, td_arena *arena)
{
    td_wire w = td_wire_inside(meta_graph);
    const char *set = "";

    for (td_wire_field info; td_wire_next(&w, &info);) {
        if (!td_wire_is(&info, META_INFO, TD_WIRE_BYTES)) continue;
        td_wire inside = td_wire_inside(&info);

        for (td_wire_field f; td_wire_next(&inside, &f);)
            if (td_wire_is(&f, INFO_TAGS, TD_WIRE_BYTES))
                set = td_arena_format(arena, "%s%s%.*s", set, *set ? "," : "",
                                      (int)TD_MIN(f.size, (size_t)1024), (const char *)f.data);
    }
    return set;
}

td_status td_meta_graph_tag_sets(const td_source *s, td_arena *arena, const char ***out, size_t *n)
{
    td_wire w = td_wire_of(s->bytes, s->size);
    const char **sets = NULL;
    size_t count = 0, capacity = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, SAVED_META_GRAPHS, TD_WIRE_BYTES)) continue;
        if (count == capacity) {
            const char **const more = TD_ARENA_NEW_N(arena, const char *, capacity ? 2 * capacity : 4);

            if (count) memcpy(more, sets, count * sizeof *sets);
            sets = more;
            capacity = capacity ? 2 * capacity : 4;
        }
        sets[count++] = tag_set(&f, arena);
    }
    if (w.bad) return td_source_damage(s, s->bytes, "SavedModel");
    *out = sets;
    *n = count;
    return NULL;
}

/* ---- the graph ----------------------------------------------------------------------------------------- */

static td_status lower_nodes(td_lowering *l, const td_wire_field *graph)
{
    td_wire w = td_wire_inside(graph);

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, GRAPH_NODE, TD_WIRE_BYTES)) TD_TRY(td_lowering_add(l, &f));
    if (w.bad) return td_source_damage(l->source, graph->data, "GraphDef");
    return td_lowering_link(l);
}

static td_status read_graph(td_source *s, const td_wire_field *graph, td_model_file *m)
{
    td_wire w = td_wire_inside(graph);
    td_wire_field library = { .type = TD_WIRE_BYTES };
    td_lowering l;

    td_lowering_begin(&l, s, m->graph, false);
    const td_status status = lower_nodes(&l, graph);
    td_lowering_end(&l);
    TD_TRY(td_status_prefix(status, "%s: ", s->file));
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, GRAPH_LIBRARY, TD_WIRE_BYTES)) library = f;
    return td_library_make(s, &library, &m->library);
}

/* ---- restore and init ---------------------------------------------------------------------------------- */

/* A node's name out of a tensor's ("init:0", "^init"). */
static const char *node_of(const char *tensor, td_arena *arena)
{
    if (*tensor == '^') tensor++;
    const char *const colon = strchr(tensor, ':');
    return colon ? td_arena_strndup(arena, tensor, (size_t)(colon - tensor)) : tensor;
}

static td_status read_saver(const td_source *s, const td_wire_field *saver, td_model_file *m)
{
    td_wire w = td_wire_inside(saver);
    const char *restore = "", *filename = "";

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, SAVER_RESTORE, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, m->arena, &restore));
        if (td_wire_is(&f, SAVER_FILENAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, m->arena, &filename));
    }
    if (w.bad) return td_source_damage(s, saver->data, "SaverDef");
    m->restore_op = *restore ? node_of(restore, m->arena) : NULL;
    m->filename_tensor = *filename ? filename : NULL;
    return NULL;
}

/* Collections that mean something here, and how much each is worth. */
typedef struct collections {
    const char *main_op, *legacy_op;
    td_wire_field assets; /* data NULL: none */
} collections;

/* The one node of a CollectionDef's node_list. */
static td_status read_one_node(const td_source *s, const td_wire_field *collection, const char *name,
                               td_arena *arena, const char **out)
{
    td_wire w = td_wire_inside(collection);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, COLLECTION_NODES, TD_WIRE_BYTES)) continue;
        td_wire list = td_wire_inside(&f);
        for (td_wire_field x; td_wire_next(&list, &x);) {
            if (!td_wire_is(&x, LIST_VALUE, TD_WIRE_BYTES)) continue;
            TD_TRY(td_source_name(s, &x, arena, out));
            n++;
        }
    }
    if (n > 1)
        return TD_ERR(FAILED_PRECONDITION, "%s: Expected exactly one main op in: collection %s; it has %zu",
                      s->file, name, n);
    return NULL;
}

static td_status read_collection(const td_source *s, const td_wire_field *entry, td_arena *arena,
                                 collections *out)
{
    td_wire w = td_wire_inside(entry);
    td_string key = { "", 0 };
    td_wire_field value = { .type = TD_WIRE_BYTES };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ENTRY_KEY, TD_WIRE_BYTES)) key = td_wire_text(&f);
        if (td_wire_is(&f, ENTRY_VALUE, TD_WIRE_BYTES)) value = f;
    }
    if (w.bad) return td_source_damage(s, entry->data, "CollectionDef");
    if (td_string_is(key, "saved_model_main_op"))
        return read_one_node(s, &value, "saved_model_main_op", arena, &out->main_op);
    if (td_string_is(key, "legacy_init_op"))
        return read_one_node(s, &value, "legacy_init_op", arena, &out->legacy_op);
    if (td_string_is(key, "saved_model_assets")) out->assets = value;
    return NULL;
}

/* The signature that only says which node is init; NULL: none. */
static const char *init_of_signatures(const td_model_file *m)
{
    for (size_t i = 0; i < m->n_signatures; i++) {
        const td_signature *const sig = &m->signatures[i];
        if (strcmp(sig->name, "__saved_model_init_op") != 0) continue;
        for (size_t k = 0; k < sig->n_outputs; k++)
            if (strcmp(sig->outputs[k].alias, "__saved_model_init_op") == 0) return sig->outputs[k].tensor;
    }
    return NULL;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* Arrays with the room that the meta graph's fields ask for, to be filled by read_field(). */
typedef struct parts {
    td_signature *signatures;
    td_asset *assets;
    size_t n_signatures, n_assets;
    td_wire_field graph;
    collections collections;
} parts;

static td_status read_field(td_source *s, const td_wire_field *f, td_model_file *m, parts *p)
{
    if (f->type != TD_WIRE_BYTES) return NULL;
    switch (f->number) {
    case META_GRAPH:
        p->graph = *f;
        m->graph_def = f->data;
        m->graph_def_size = f->size;
        return NULL;
    case META_SAVER:
        return read_saver(s, f, m);
    case META_COLLECTION:
        return read_collection(s, f, m->arena, &p->collections);
    case META_SIGNATURE:
        return td_signature_read(s, f, m->arena, &p->signatures[p->n_signatures++]);
    case META_ASSET:
        return td_asset_read(s, f, m, &p->assets[p->n_assets++]);
    case META_OBJECTS:
        m->object_graph = f->data;
        m->object_graph_size = f->size;
        return NULL;
    default:
        return NULL;
    }
}

static void make_room(const td_wire_field *meta_graph, td_arena *arena, parts *p)
{
    td_wire w = td_wire_inside(meta_graph);
    size_t n_signatures = 0, n_assets = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        n_signatures += td_wire_is(&f, META_SIGNATURE, TD_WIRE_BYTES);
        n_assets += td_wire_is(&f, META_ASSET, TD_WIRE_BYTES);
    }
    p->signatures = TD_ARENA_NEW_N(arena, td_signature, n_signatures);
    p->assets = TD_ARENA_NEW_N(arena, td_asset, n_assets);
}

static void set_init(const parts *p, td_model_file *m)
{
    const char *init = init_of_signatures(m);

    if (!init || !*init) init = p->collections.main_op;
    if (!init || !*init) init = p->collections.legacy_op;
    m->init_op = init && *init ? node_of(init, m->arena) : NULL;
}

td_status td_meta_graph_read(td_source *s, const td_wire_field *meta_graph, td_model_file *m)
{
    td_wire w = td_wire_inside(meta_graph);
    parts p = { .graph = { .type = TD_WIRE_BYTES } };

    make_room(meta_graph, m->arena, &p);
    m->graph = td_graph_make(m->arena, "");
    for (td_wire_field f; td_wire_next(&w, &f);)
        TD_TRY(read_field(s, &f, m, &p));
    td_signatures_sort(p.signatures, p.n_signatures);
    m->signatures = p.signatures;
    m->n_signatures = p.n_signatures;
    m->assets = p.assets;
    m->n_assets = p.n_assets;
    if (!m->n_assets && p.collections.assets.data)
        TD_TRY(td_assets_of_collection(s, &p.collections.assets, m));
    set_init(&p, m);
    TD_TRY(read_graph(s, &p.graph, m));
    td_assets_place(m);
    return NULL;
}
