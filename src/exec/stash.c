/* SPDX-License-Identifier: Apache-2.0 */
/* stash.c -- see stash.h. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "exec/stash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_map.h"
#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "obs/log.h"
#include "ops/pack.h"

#define PACK_END ".tdpack"
#define SEEN_END ".seen"

enum { FORMAT = 1, MOST_SEEN = 256, OLD_TEMP_S = 3600 };

struct td_stash {
    char *dir, *model_path, *file, *seen;
    td_pack_file_key key;
    uint64_t looks; /* of the model's files when the load began */
    bool knows_files, is_read;
};

/* ---------------------------------------------------------------- the key */

static const char key_of_code[] = PACK_END; /* lies where this code does */

static void mix(td_pack_file_key *k, const void *data, size_t size)
{
    k->word[0] = td_hash_bytes(data, size, k->word[0]);
    k->word[1] = td_hash_bytes(data, size, ~k->word[1]);
}

static void mix_text(td_pack_file_key *k, const char *text)
{
    if (text) mix(k, text, strlen(text));
    mix(k, "", 1);
}

/* The file's name in the model, and its bytes. Missing ones differ from empty ones. */
static void mix_file(td_pack_file_key *k, const char *path)
{
    td_file_map m;
    const td_status s = td_file_map_open(path, &m);
    const uint64_t size = s ? UINT64_MAX : m.size;

    mix(k, &size, sizeof size);
    if (!s) {
        mix(k, m.data, m.size);
        td_file_map_close(&m);
    }
    td_status_free(s);
}

static bool holds(const struct dl_phdr_info *o, const void *at)
{
    for (size_t i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *const h = &o->dlpi_phdr[i];
        const uintptr_t from = o->dlpi_addr + h->p_vaddr, here = (uintptr_t)at;

        if (h->p_type == PT_LOAD && here >= from && here - from < h->p_memsz) return true;
    }
    return false;
}

/* The notes of the program, or library, that this code is in: the linker's hash of all of it is among them. */
static int mix_build(struct dl_phdr_info *o, size_t size, void *key)
{
    (void)size;
    if (!holds(o, key_of_code)) return 0;
    for (size_t i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *const h = &o->dlpi_phdr[i];

        if (h->p_type == PT_NOTE) mix(key, (const char *)o->dlpi_addr + h->p_vaddr, h->p_memsz);
    }
    return 1;
}

static td_pack_file_key key_of(const char *path, const td_env *env)
{
    static const char *const names[] = { "saved_model.pb", "saved_model.pbtxt", "model.tflite",
                                         "variables/variables.index" };
    td_pack_file_key k = { { FORMAT, FORMAT } };
    const uint64_t settings[] = { env->cpu, env->is_bf16, env->precision, env->passes_off };
    struct stat st;

    mix_text(&k, TENSORD_VERSION);
    mix_text(&k, getenv("TENSORD_BODY"));
    mix(&k, settings, sizeof settings);
    (void)dl_iterate_phdr(mix_build, &k); /* builds of one version differ, too */
    if (!stat(path, &st) && S_ISREG(st.st_mode)) mix_file(&k, path);
    for (size_t i = 0; i < TD_COUNT(names); i++) {
        char *const file = td_path_join(path, names[i]);

        mix_file(&k, file);
        td_free(file);
    }
    return k;
}

/* ---------------------------------------------------------------- what files look like */

static uint64_t look(const struct stat *st)
{
    const uint64_t words[] = { st->st_dev,
                               st->st_ino,
                               (uint64_t)st->st_size,
                               (uint64_t)st->st_mtim.tv_sec,
                               (uint64_t)st->st_mtim.tv_nsec,
                               (uint64_t)st->st_ctim.tv_sec,
                               (uint64_t)st->st_ctim.tv_nsec };

    return td_hash_bytes(words, sizeof words, 7);
}

/* A sum: directories have no order. */
static uint64_t look_at_files(const char *dir)
{
    DIR *const d = opendir(dir);
    uint64_t sum = 0;

    for (const struct dirent *e; d && (e = readdir(d));) {
        struct stat st;

        if (!fstatat(dirfd(d), e->d_name, &st, 0) && S_ISREG(st.st_mode))
            sum += td_hash_bytes(e->d_name, strlen(e->d_name), look(&st));
    }
    if (d) closedir(d);
    return sum;
}

static uint64_t look_at_model(const char *path)
{
    char *const variables = td_path_join(path, "variables");
    const uint64_t sum = look_at_files(path) + 3 * look_at_files(variables);

    td_free(variables);
    return sum;
}

static bool format_seen(const td_stash *s, char *out, size_t size)
{
    struct stat st;

    if (stat(s->file, &st)) return false;
    const int n = snprintf(out, size, "tensord %016" PRIx64 " %016" PRIx64 "\n", s->looks, look(&st));

    return n > 0 && (size_t)n < size;
}

static bool was_seen(const td_stash *s)
{
    char want[MOST_SEEN], *have = NULL;
    size_t size = 0;
    const td_status error = td_file_read(s->seen, MOST_SEEN, &have, &size);
    const bool is_same = !error && format_seen(s, want, sizeof want) && strcmp(have, want) == 0;

    td_status_free(error);
    td_free(have);
    return is_same;
}

/* Whole, or not at all. */
static void write_seen(const td_stash *s)
{
    char text[MOST_SEEN], *const temp = td_format("%s" TD_PACK_FILE_TEMP "XXXXXX", s->seen);
    const int fd = format_seen(s, text, sizeof text) ? mkstemp(temp) : -1;

    if (fd >= 0) {
        const ssize_t size = (ssize_t)strlen(text);
        const bool is_written = write(fd, text, (size_t)size) == size && fchmod(fd, 0644) == 0;
        if (close(fd) || !is_written || rename(temp, s->seen)) (void)unlink(temp);
    }
    td_free(temp); /* without it, checksums are compared again the next time */
}

/* ---------------------------------------------------------------- open */

static void warn(const td_stash *s, const char *event, td_status why)
{
    td_warning("exec", "event=%s model_dir=%s file=%s why=\"%s\"", event, s->model_path, s->file,
               td_status_text(why));
}

static td_status read_file(td_stash *s, td_env *env, td_team *team)
{
    td_pack_file *f;

    TD_TRY(td_pack_file_open(s->file, &s->key, &f));
    s->knows_files = was_seen(s);
    const td_status bad = s->knows_files ? NULL : td_pack_file_check(f, team);

    if (bad) {
        td_pack_file_free(f);
        return bad;
    }
    td_packs_read_from(env->packs, f, s->model_path);
    s->is_read = true;
    td_info("exec", "event=plan_cache_read model_dir=%s file=%s bytes=%zu checked=%s", s->model_path, s->file,
            td_pack_file_bytes(f), s->knows_files ? "before" : "now");
    return NULL;
}

td_stash *td_stash_open(const char *dir, const char *path, td_env *env, td_team *team)
{
    if (!dir || !*dir) return NULL;
    td_stash *const s = TD_NEW(td_stash);

    s->dir = td_strdup(dir);
    s->model_path = td_strdup(path);
    s->looks = look_at_model(path);
    s->key = key_of(path, env);
    s->file = td_format("%s/%016" PRIx64 "%016" PRIx64 PACK_END, dir, s->key.word[0], s->key.word[1]);
    s->seen = td_format("%s" SEEN_END, s->file);
    const td_status error = read_file(s, env, team);

    if (!s->is_read) td_packs_read_from(env->packs, NULL, s->model_path);
    if (error && td_status_code(error) != TD_NOT_FOUND) warn(s, "plan_cache_refused", error);
    td_status_free(error);
    return s;
}

void td_stash_free(td_stash *s)
{
    if (!s) return;
    td_free(s->dir);
    td_free(s->model_path);
    td_free(s->file);
    td_free(s->seen);
    td_free(s);
}

bool td_stash_knows_files(const td_stash *s)
{
    return s && s->knows_files;
}

const char *td_stash_file(const td_stash *s)
{
    return s && s->is_read ? s->file : NULL;
}

/* ---------------------------------------------------------------- bounds */

typedef struct kept {
    char *path;
    uint64_t bytes;
    time_t used;
} kept;

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

static time_t last_use(const char *path, const struct stat *st)
{
    char *const seen = td_format("%s" SEEN_END, path);
    struct stat other;
    const time_t used = !stat(seen, &other) ? TD_MAX(other.st_mtime, st->st_mtime) : st->st_mtime;

    td_free(seen);
    return used;
}

static bool is_temp(const char *name)
{
    return strstr(name, PACK_END TD_PACK_FILE_TEMP) || strstr(name, PACK_END SEEN_END TD_PACK_FILE_TEMP);
}

/* Files of ours; what processes left behind that were ended while they wrote is removed. */
static td_vec list_kept(const char *dir)
{
    td_vec list = TD_VEC(kept);
    DIR *const d = opendir(dir);

    for (const struct dirent *e; d && (e = readdir(d));) {
        char *const path = td_path_join(dir, e->d_name);
        struct stat st;
        const bool is_file = !lstat(path, &st) && S_ISREG(st.st_mode);

        if (is_file && is_temp(e->d_name) && st.st_mtime < time(NULL) - OLD_TEMP_S) (void)unlink(path);
        if (is_file && ends_with(path, PACK_END))
            *(kept *)td_vec_push(&list) = (kept){ path, (uint64_t)st.st_size, last_use(path, &st) };
        else
            td_free(path);
    }
    if (d) closedir(d);
    return list;
}

static int by_age(const void *a, const void *b)
{
    const time_t x = ((const kept *)a)->used, y = ((const kept *)b)->used;

    return x < y ? -1 : x > y ? 1 : 0;
}

static void remove_kept(const kept *k)
{
    char *const seen = td_format("%s" SEEN_END, k->path);

    if (!unlink(k->path))
        td_info("exec", "event=plan_cache_removed file=%s bytes=%" PRIu64, k->path, k->bytes);
    (void)unlink(seen);
    td_free(seen);
}

/* Makes room for `coming` bytes under s->file. */
static void make_room(const td_stash *s, uint64_t coming, uint64_t most)
{
    td_vec list = list_kept(s->dir);
    uint64_t sum = coming;

    if (list.size) qsort(list.data, list.size, sizeof(kept), by_age);
    for (size_t i = 0; i < list.size; i++)
        if (strcmp(TD_VEC_AT(&list, kept, i)->path, s->file) != 0) sum += TD_VEC_AT(&list, kept, i)->bytes;
    for (size_t i = 0; i < list.size; i++) {
        kept *const k = TD_VEC_AT(&list, kept, i);

        if (sum > most && strcmp(k->path, s->file) != 0) {
            remove_kept(k);
            sum -= k->bytes;
        }
        td_free(k->path);
    }
    td_vec_fini(&list);
}

/* ---------------------------------------------------------------- save */

static void save_pieces(const td_stash *s, const td_pack_piece *pieces, size_t n, uint64_t most)
{
    const uint64_t bytes = td_pack_file_size(pieces, n);

    if (bytes > most) {
        td_warning("exec", "event=plan_cache_not_written model_dir=%s bytes=%" PRIu64 " most=%" PRIu64,
                   s->model_path, bytes, most);
        return;
    }
    make_room(s, bytes, most);
    const td_status error = td_pack_file_write(s->file, &s->key, pieces, n);

    if (error) {
        warn(s, "plan_cache_not_written", error);
        td_status_free(error);
        return;
    }
    write_seen(s);
    td_info("exec", "event=plan_cache_written model_dir=%s file=%s bytes=%" PRIu64, s->model_path, s->file,
            bytes);
}

void td_stash_save(td_stash *s, td_packs *packs, uint64_t most)
{
    size_t n, n_new;
    td_pack_piece *const pieces = td_packs_pieces(packs, &n, &n_new);

    if (n_new)
        save_pieces(s, pieces, n, most);
    else if (s->is_read)
        write_seen(s);
    td_free(pieces);
}
