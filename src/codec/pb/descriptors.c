/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c -- descriptor.proto as far as it is needed here: FileDescriptorSet { file = 1 }, FileDescriptorProto {
 * name = 1, package = 2, dependency = 3 }, and what the table of kinds says. The bytes are our own: they are well formed. */
#include "codec/pb/descriptors.h"

#include <string.h>

#include "base/mem.h"
#include "codec/pb/wire_buf.h"

extern const unsigned char td_proto_descriptors[];
extern const unsigned long td_proto_descriptors_size;

enum { NAME = 1, PACKAGE = 2, DEPENDENCY = 3 };

/* ---- symbols ---- */

typedef enum kind { FILE_SCOPE, MESSAGE, ENUM, SERVICE, LEAF, N_KINDS } kind;

/* What the fields of each kind declare; FILE_SCOPE: nothing. */
static const kind declared[N_KINDS][8] = {
    [FILE_SCOPE] = { [4] = MESSAGE, [5] = ENUM, [6] = SERVICE },
    [MESSAGE] = { [2] = LEAF, [3] = MESSAGE, [4] = ENUM },
    [SERVICE] = { [2] = LEAF },
};

/* The first text of that number; empty: there is none. */
static td_string text_of(td_wire w, uint32_t number)
{
    td_wire_field f;

    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, number, TD_WIRE_BYTES)) return td_wire_text(&f);
    return (td_string){ 0 };
}

static bool is_same(td_string a, td_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

/* "a.b.c" -> "a", leaving "b.c"; "a" -> "a", leaving no address. */
static td_string take_word(td_string *path)
{
    const char *const dot = path->size ? memchr(path->data, '.', path->size) : NULL;
    const td_string word = { path->data, dot ? (size_t)(dot - path->data) : path->size };

    *path = dot ? (td_string){ dot + 1, path->size - word.size - 1 } : (td_string){ 0 };
    return word;
}

/* No deeper than messages are nested in each other. */
static bool declares(td_wire scope, kind k, td_string path)
{
    const td_string word = take_word(&path);
    td_wire_field f;

    while (td_wire_next(&scope, &f)) {
        const kind inner = f.type == TD_WIRE_BYTES && f.number < 8 ? declared[k][f.number] : FILE_SCOPE;

        if (inner == FILE_SCOPE || !is_same(text_of(td_wire_inside(&f), NAME), word)) continue;
        if (!path.data || declares(td_wire_inside(&f), inner, path)) return true;
    }
    return false;
}

static bool file_declares(td_wire file, td_string symbol)
{
    const td_string package = text_of(file, PACKAGE);

    if (symbol.size <= package.size + 1 || memcmp(symbol.data, package.data, package.size) != 0 ||
        symbol.data[package.size] != '.')
        return false;
    return declares(file, FILE_SCOPE,
                    (td_string){ symbol.data + package.size + 1, symbol.size - package.size - 1 });
}

/* ---- files ---- */

typedef struct files {
    td_wire *all;
    size_t n;
    bool *is_wanted;
} files;

static td_wire whole_set(void)
{
    return td_wire_of(td_proto_descriptors, td_proto_descriptors_size);
}

static void open_files(files *out)
{
    td_wire_field f;
    size_t n = 0;

    for (td_wire w = whole_set(); td_wire_next(&w, &f);)
        n++;
    *out = (files){ .all = TD_NEW_N(td_wire, n), .is_wanted = TD_NEW_N(bool, n) };
    for (td_wire w = whole_set(); td_wire_next(&w, &f);)
        out->all[out->n++] = td_wire_inside(&f);
}

static void close_files(files *f)
{
    td_free(f->all);
    td_free(f->is_wanted);
}

/* Its index; n: there is none. */
static size_t find_file(const files *f, td_string name, bool by_symbol)
{
    size_t i = 0;

    while (i < f->n &&
           !(by_symbol ? file_declares(f->all[i], name) : is_same(text_of(f->all[i], NAME), name)))
        i++;
    return i;
}

/* A set lists what a file imports before it: from the last to the first each is asked once. */
static void want_imports(files *f, size_t last)
{
    td_wire_field dependency;

    f->is_wanted[last] = true;
    for (size_t i = last + 1; i-- > 0;)
        for (td_wire w = f->all[i]; f->is_wanted[i] && td_wire_next(&w, &dependency);)
            if (td_wire_is(&dependency, DEPENDENCY, TD_WIRE_BYTES))
                f->is_wanted[find_file(f, td_wire_text(&dependency), false)] = true;
}

bool td_descriptors_put(td_string name, bool by_symbol, uint32_t number, td_strbuf *out)
{
    files f;

    open_files(&f);
    const size_t found = find_file(&f, name, by_symbol);
    const bool is_there = found < f.n;

    if (is_there) want_imports(&f, found);
    for (size_t i = is_there ? found + 1 : 0; i-- > 0;)
        if (f.is_wanted[i]) td_wire_buf_bytes(out, number, f.all[i].at, (size_t)(f.all[i].end - f.all[i].at));
    close_files(&f);
    return is_there;
}
