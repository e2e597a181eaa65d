/* SPDX-License-Identifier: Apache-2.0 */
/* read.c -- a SavedModel directory: finds the file, maps it, and has it read.
 * A text file becomes the bytes of a binary one first. */
#include <string.h>
#include <unistd.h>

#include "tensorflow/core/protobuf/saved_model.pb-c.h"

#include "base/file.h"
#include "base/file_map.h"
#include "base/mem.h"
#include "config/textproto.h"
#include "formats/advice.h"
#include "formats/savedmodel/source.h"

#define TEXT_SIZE_MAX ((size_t)2 << 30)

/* What a model keeps besides its arena. */
typedef struct owned {
    td_source source;
    td_file_map map; /* of a binary file */
    char *text;      /* what a text file became */
    td_library *library;
} owned;

static void release_owned(void *p)
{
    owned *const o = p;

    td_library_free(o->library);
    td_file_map_close(&o->map);
    td_free(o->text);
    td_free(o);
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

/* Takes o, which holds what keeps the bytes, if anything here does. */
static td_status read_bytes(owned *o, const uint8_t *bytes, size_t size, const char *path, const char *file,
                            const char *tags, td_budget *budget, td_model_file **out)
{
    td_model_file *const m = TD_NEW(td_model_file);

    *m = (td_model_file){ .arena = td_arena_make(), .owned = o, .release = release_owned };
    m->path = td_arena_strdup(m->arena, path);
    m->mapped = o->map.data;
    m->mapped_size = o->map.size;
    o->source = (td_source){
        .bytes = bytes, .size = size, .file = td_arena_format(m->arena, "%s/%s", path, file), .budget = budget
    };
    const td_status status = read_into(o, tags && *tags ? tags : "serve", m);
    if (status) {
        td_model_file_free(m);
        return status;
    }
    *out = m;
    return NULL;
}

td_status td_savedmodel_parse(const uint8_t *bytes, size_t size, const char *path, const char *tags,
                              td_budget *budget, td_model_file **out)
{
    return read_bytes(TD_NEW(owned), bytes, size, path, "saved_model.pb", tags, budget, out);
}

static td_status read_binary(const char *path, const char *tags, td_budget *budget, td_model_file **out)
{
    char *const file = td_path_join(path, "saved_model.pb");
    td_file_map map;
    const td_status status = td_file_map_open(file, &map);

    td_free(file);
    TD_TRY(status);
    owned *const o = TD_NEW(owned);
    o->map = map;
    return read_bytes(o, map.data, map.size, path, "saved_model.pb", tags, budget, out);
}

static td_status encode_text(const char *file, td_strbuf *out)
{
    static const ProtobufCMessageDescriptor *const any_types[] = { &tensorflow__asset_file_def__descriptor,
                                                                   NULL };
    static const td_textproto_options options = { .skip_unknown = true, .any_types = any_types };
    size_t size;
    char *text;

    TD_TRY(td_file_read(file, TEXT_SIZE_MAX, &text, &size));
    const td_status status =
        td_textproto_encode(text, size, &tensorflow__saved_model__descriptor, &options, out);
    td_free(text);
    return td_status_prefix(status, "%s:", file);
}

static td_status read_text(const char *path, const char *tags, td_budget *budget, td_model_file **out)
{
    char *const file = td_path_join(path, "saved_model.pbtxt");
    td_strbuf bytes = { NULL, 0, 0 };
    const td_status status = encode_text(file, &bytes);

    td_free(file);
    if (status) {
        td_strbuf_fini(&bytes);
        return status;
    }
    owned *const o = TD_NEW(owned);
    const size_t size = bytes.size;
    o->text = td_strbuf_take(&bytes);
    return read_bytes(o, (const uint8_t *)o->text, size, path, "saved_model.pbtxt", tags, budget, out);
}

static td_status no_model(const char *path)
{
    if (is_there(path, "export.meta"))
        return TD_ERR(UNIMPLEMENTED, "Session Bundle is deprecated and removed.");
    td_strbuf advice = { NULL, 0, 0 };

    td_path_advise(path, TD_PATH_VERSION, &advice);
    const td_status error =
        TD_ERR(NOT_FOUND,
               "Specified file path does not appear to contain a SavedModel bundle (should have a file "
               "called `saved_model.pb`) Specified file path: %s%s%s",
               path, advice.size ? "." : "", td_strbuf_text(&advice));
    td_strbuf_fini(&advice);
    return error;
}

td_status td_savedmodel_read(const char *path, const char *tags, td_budget *budget, td_model_file **out)
{
    td_model_file *m;

    if (is_there(path, "saved_model.pb"))
        TD_TRY(read_binary(path, tags, budget, &m));
    else if (is_there(path, "saved_model.pbtxt"))
        TD_TRY(read_text(path, tags, budget, &m));
    else
        return no_model(path);
    if (is_there(path, "variables/variables.index"))
        m->variables_prefix = td_arena_format(m->arena, "%s/variables/variables", path);
    *out = m;
    return NULL;
}

/* Either file as the bytes of a binary one, with what keeps them. */
static td_status open_bytes(const char *path, td_file_map *map, td_strbuf *text, td_source *out)
{
    const bool is_binary = is_there(path, "saved_model.pb");

    if (!is_binary && !is_there(path, "saved_model.pbtxt")) return no_model(path);
    char *const file = td_path_join(path, is_binary ? "saved_model.pb" : "saved_model.pbtxt");
    const td_status status = is_binary ? td_file_map_open(file, map) : encode_text(file, text);

    td_free(file);
    TD_TRY(status);
    *out = (td_source){ .bytes = is_binary ? map->data : (const uint8_t *)td_strbuf_text(text),
                        .size = is_binary ? map->size : text->size,
                        .file = path };
    return NULL;
}

td_status td_savedmodel_tag_sets(const char *path, td_arena *arena, const char ***out, size_t *n)
{
    td_file_map map = { 0 };
    td_strbuf text = { 0 };
    td_source source;
    td_status status = open_bytes(path, &map, &text, &source);

    if (!status) status = td_meta_graph_tag_sets(&source, arena, out, n);
    td_file_map_close(&map);
    td_strbuf_fini(&text);
    return status;
}
