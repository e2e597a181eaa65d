/* read.c -- a SavedModel directory: finds the file, maps it, and has it read. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "formats/savedmodel/source.h"

/* What a model keeps besides its arena. */
typedef struct owned {
    td_source source;
    td_file_map map;
    td_library *library;
} owned;

static void release_owned(void *p)
{
    owned *const o = p;

    td_library_free(o->library);
    td_file_map_close(&o->map);
    td_free(o);
}

void td_model_file_free(td_model_file *m)
{
    if (!m) return;
    if (m->release) m->release(m->owned);
    td_arena_free(m->arena);
    td_free(m);
}

static bool is_there(const char *dir, const char *name)
{
    char *const path = td_path_join(dir, name);
    const bool yes = access(path, F_OK) == 0;

    td_free(path);
    return yes;
}

static td_status read_into(owned *o, const char *tags, td_model_file *m)
{
    td_wire_field meta_graph;

    TD_TRY(td_meta_graph_find(&o->source, tags, &meta_graph));
    const td_status status = td_meta_graph_read(&o->source, &meta_graph, m);
    o->library = m->library;
    return status;
}

/* Takes map (which may be cleared: then somebody else keeps the bytes). */
static td_status read_bytes(const uint8_t *bytes, size_t size, td_file_map *map, const char *path,
                            const char *file, const char *tags, size_t expand_max, td_model_file **out)
{
    td_model_file *const m = TD_NEW(td_model_file);
    owned *const o = TD_NEW(owned);

    *m = (td_model_file){ .arena = td_arena_make(), .owned = o, .release = release_owned };
    if (map) o->map = *map;
    m->path = td_arena_strdup(m->arena, path);
    o->source = (td_source){ .bytes = bytes,
                             .size = size,
                             .file = td_arena_format(m->arena, "%s/%s", path, file),
                             .expand_left = expand_max };
    const td_status status = read_into(o, tags && *tags ? tags : "serve", m);
    if (status) {
        td_model_file_free(m);
        return status;
    }
    *out = m;
    return NULL;
}

td_status td_savedmodel_parse(const uint8_t *bytes, size_t size, const char *path, const char *tags,
                              size_t expand_max, td_model_file **out)
{
    return read_bytes(bytes, size, NULL, path, "saved_model.pb", tags, expand_max, out);
}

static td_status read_binary(const char *path, const char *tags, td_model_file **out)
{
    char *const file = td_path_join(path, "saved_model.pb");
    td_file_map map;
    const td_status status = td_file_map_open(file, &map);

    td_free(file);
    TD_TRY(status);
    return read_bytes(map.data, map.size, &map, path, "saved_model.pb", tags, TD_SOURCE_EXPAND_MAX, out);
}

static td_status no_model(const char *path)
{
    if (is_there(path, "export.meta"))
        return TD_ERR(UNIMPLEMENTED, "Session Bundle is deprecated and removed.");
    return TD_ERR(NOT_FOUND,
                  "Specified file path does not appear to contain a SavedModel bundle (should have a file "
                  "called `saved_model.pb`) Specified file path: %s",
                  path);
}

td_status td_savedmodel_read(const char *path, const char *tags, td_model_file **out)
{
    td_model_file *m;

    if (is_there(path, "saved_model.pb"))
        TD_TRY(read_binary(path, tags, &m));
    else
        return no_model(path);
    if (is_there(path, "variables/variables.index"))
        m->variables_prefix = td_arena_format(m->arena, "%s/variables/variables", path);
    *out = m;
    return NULL;
}
