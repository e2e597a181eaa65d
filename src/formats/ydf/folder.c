/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c -- the files of a model, mapped while it is read. */
#include "base/file.h"
#include "base/file_map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "formats/ydf/ydf.h"

typedef struct folder {
    const char *dir;
    td_string prefix;
    td_vec maps; /* of td_file_map */
} folder;

static td_status map_file(void *ctx, const char *name, td_string *bytes)
{
    folder *const f = ctx;
    char *const file = td_format("%.*s%s", (int)f->prefix.size, f->prefix.data, name);
    char *const path = td_path_join(f->dir, file);
    td_file_map map;
    const td_status s = td_file_map_open(path, &map);

    td_free(file);
    td_free(path);
    if (s) return s;
    *(td_file_map *)td_vec_push(&f->maps) = map;
    *bytes = (td_string){ map.size ? (const char *)map.data : "", map.size };
    return NULL;
}

td_status td_ydf_load(const char *dir, td_string prefix, bool asks_each_node, td_arena *arena,
                      const td_ydf_model **out)
{
    folder f = { .dir = dir, .prefix = prefix, .maps = TD_VEC(td_file_map) };
    const td_ydf_source from = { map_file, &f, asks_each_node };
    const td_status s = td_ydf_read(&from, arena, out);

    for (size_t i = 0; i < f.maps.size; i++)
        td_file_map_close(TD_VEC_AT(&f.maps, td_file_map, i));
    td_vec_fini(&f.maps);
    return s;
}
