/* SPDX-License-Identifier: Apache-2.0 */
/* read.c -- a TFLite file: maps it, verifies it, and has it lowered. */
#include "base/file_map.h"
#include "base/mem.h"
#include "formats/tflite/tflite.h"

/* What a model keeps besides its arena. */
typedef struct owned {
    td_file_map map;
    td_library library;
    const td_tfl_graph *functions; /* in the model's arena */
    size_t n_functions;
} owned;

static void release_owned(void *p)
{
    owned *const o = p;

    td_file_map_close(&o->map);
    td_free(o);
}

static td_status find_function(td_library *lib, const char *name, td_arena *arena, td_graph **out)
{
    const owned *const o = lib->ctx;

    return td_tfl_function_copy(o->functions, o->n_functions, name, arena, out);
}

static td_status open_model(td_tfl *l)
{
    TD_TRY(td_tfl_verify(l->bytes, l->size, l->file));
    if (!td_flat_root(l->bytes, l->size, &l->model) ||
        !td_flat_vector_of(&l->model, MODEL_CODES, 4, &l->codes) ||
        !td_flat_vector_of(&l->model, MODEL_BUFFERS, 4, &l->buffers) ||
        !td_flat_vector_of(&l->model, MODEL_SUBGRAPHS, 4, &l->subgraphs))
        return TD_ERR(DATA_LOSS, "%s: damaged Model", l->file);
    if (!l->subgraphs.n) return TD_ERR(INVALID_ARGUMENT, "%s: there is no subgraph in it", l->file);
    l->graphs = TD_ARENA_NEW_N(l->arena, td_tfl_graph, l->subgraphs.n);
    l->functions = TD_ARENA_NEW_N(l->arena, td_tfl_graph, l->subgraphs.n);
    return NULL;
}

static td_status read_into(td_tfl *l, td_model_file *m)
{
    TD_TRY(open_model(l));
    l->g = m->graph;
    return td_tfl_signatures_read(l, m);
}

/* Takes o. */
static td_status read_bytes(owned *o, const uint8_t *bytes, size_t size, const char *path, const char *file,
                            td_budget *budget, td_model_file **out)
{
    td_model_file *const m = TD_NEW(td_model_file);

    *m = (td_model_file){ .arena = td_arena_make(), .owned = o, .release = release_owned };
    m->path = td_arena_strdup(m->arena, path);
    m->mapped = o->map.data;
    m->mapped_size = o->map.size;
    m->graph = td_graph_make(m->arena, "");
    o->library = (td_library){ find_function, o };
    m->library = &o->library;
    td_tfl l = { .bytes = bytes,
                 .size = size,
                 .file = td_arena_strdup(m->arena, file),
                 .arena = m->arena,
                 .budget = budget };
    const td_status error = read_into(&l, m);

    o->functions = l.functions;
    o->n_functions = l.functions ? l.subgraphs.n : 0;

    td_map_fini(&l.names);
    td_map_fini(&l.missing);
    td_strbuf_fini(&l.text);
    if (error) {
        td_model_file_free(m);
        return error;
    }
    *out = m;
    return NULL;
}

td_status td_tflite_parse(const uint8_t *bytes, size_t size, const char *path, const char *file,
                          td_budget *budget, td_model_file **out)
{
    return read_bytes(TD_NEW(owned), bytes, size, path, file, budget, out);
}

td_status td_tflite_read(const char *file, const char *path, td_budget *budget, td_model_file **out)
{
    td_file_map map;

    TD_TRY(td_file_map_open(file, &map));
    owned *const o = TD_NEW(owned);
    o->map = map;
    return read_bytes(o, map.data, map.size, path, file, budget, out);
}
