/* SPDX-License-Identifier: Apache-2.0 */
/* file_map.c -- mappings, and a list of those there are. */
#include "base/file_map.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bus.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/size.h"
#include "base/vec.h"

typedef struct mapped {
    td_file_map map;
    td_bus_range *range;
    uint64_t number; /* in the order they were made */
    char *path;
    struct stat print; /* when it was mapped */
} mapped;

static td_mutex maps_mu = TD_MUTEX_INIT(base_file_maps);
static td_vec maps = { .elem = sizeof(mapped) }; /* guarded by maps_mu, as is */
static uint64_t next_number = 1;

static void close_fd(const int *fd)
{
    if (*fd >= 0) close(*fd);
}

/* ---------------------------------------------------------------- open, close */

static void remember(const td_file_map *m, const char *path, const struct stat *print)
{
    td_mutex_lock(&maps_mu);
    *(mapped *)td_vec_push(&maps) =
        (mapped){ *m, td_bus_guard(m->data, m->size), next_number++, td_strdup(path), *print };
    td_mutex_unlock(&maps_mu);
}

/* Before its addresses can be anything else's. */
static void drop(const td_file_map *m)
{
    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size; i++) {
        mapped *const x = TD_VEC_AT(&maps, mapped, i);

        if (x->map.data != m->data) continue;
        td_bus_unguard(x->range);
        td_free(x->path);
        *x = *(mapped *)td_vec_pop(&maps);
        break;
    }
    if (!maps.size) td_vec_fini(&maps);
    td_mutex_unlock(&maps_mu);
}

td_status td_file_map_open(const char *path, td_file_map *out)
{
    TD_AUTO(close_fd) int fd = -1;
    struct stat print;

    TD_TRY(td_file_open(path, &fd, &print));
    td_file_map m = { .size = (size_t)print.st_size };
    if (m.size) {
        void *const data = mmap(NULL, m.size, PROT_READ, MAP_PRIVATE, fd, 0);

        if (data == MAP_FAILED) return td_file_error(path);
        m.data = data;
        remember(&m, path, &print);
    }
    *out = m;
    return NULL;
}

void td_file_map_close(td_file_map *m)
{
    if (m->data) {
        drop(m);
        munmap((void *)(uintptr_t)m->data, m->size);
    }
    *m = (td_file_map){ 0 };
}

void td_file_map_forget(const void *data, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = (uintptr_t)td_round_up((size_t)data, page);
    const uintptr_t last = ((uintptr_t)data + size) & ~(page - 1);

    if (first >= last) return;
    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size; i++) {
        const td_file_map m = TD_VEC_AT(&maps, mapped, i)->map;

        if (first >= (uintptr_t)m.data && last <= (uintptr_t)m.data + m.size)
            madvise((void *)first, last - first, MADV_DONTNEED);
    }
    td_mutex_unlock(&maps_mu);
}

/* ---------------------------------------------------------------- changes */

static size_t dir_length(const char *dir)
{
    size_t n = strlen(dir);

    while (n && dir[n - 1] == '/')
        n--;
    return n;
}

static bool is_meant(const mapped *m, const char *dir, uint64_t since)
{
    const size_t n = dir_length(dir);

    return m->number >= since && strncmp(m->path, dir, n) == 0 && (m->path[n] == '/' || !m->path[n]);
}

bool td_file_map_where(const void *data, size_t size, const char *dir, uint64_t *name, uint64_t *offset)
{
    const uintptr_t at = (uintptr_t)data;
    bool is_found = false;

    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size && !is_found; i++) {
        const mapped *const m = TD_VEC_AT(&maps, mapped, i);
        const uintptr_t first = (uintptr_t)m->map.data;

        if (at < first || at - first > m->map.size || size > m->map.size - (at - first) ||
            !is_meant(m, dir, 0))
            continue;
        const char *const below = m->path + dir_length(dir);

        *name = td_hash_bytes(below, strlen(below), 1);
        *offset = at - first;
        is_found = true;
    }
    td_mutex_unlock(&maps_mu);
    return is_found;
}

/* Another file under its name, or none: what is mapped is still the old one, whole. */
static bool has_changed(const mapped *m)
{
    struct stat now;

    if (stat(m->path, &now) || now.st_ino != m->print.st_ino || now.st_dev != m->print.st_dev) return false;
    return now.st_size != m->print.st_size || now.st_mtim.tv_sec != m->print.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != m->print.st_mtim.tv_nsec;
}

/* What is meant, as copies: the disk may take its time, and nobody must wait for it. */
static td_vec copy_meant(const char *dir, uint64_t since)
{
    td_vec copies = TD_VEC(mapped);

    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size; i++) {
        const mapped *const m = TD_VEC_AT(&maps, mapped, i);

        if (!is_meant(m, dir, since)) continue;
        mapped *const copy = td_vec_push(&copies);
        *copy = *m;
        copy->path = td_strdup(m->path);
    }
    td_mutex_unlock(&maps_mu);
    return copies;
}

/* If it is still mapped. */
static void mark(const mapped *copy)
{
    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size; i++) {
        const mapped *const m = TD_VEC_AT(&maps, mapped, i);

        if (m->number == copy->number && !td_bus_is_bad(m->range)) td_bus_mark(m->range);
    }
    td_mutex_unlock(&maps_mu);
}

uint64_t td_file_maps_mark(void)
{
    td_mutex_lock(&maps_mu);
    const uint64_t mark = next_number;
    td_mutex_unlock(&maps_mu);
    return mark;
}

unsigned td_file_maps_changes(void)
{
    return td_bus_count();
}

td_status td_file_maps_check(const char *dir, uint64_t since)
{
    td_status status = NULL;

    td_mutex_lock(&maps_mu);
    for (size_t i = 0; i < maps.size && !status; i++) {
        const mapped *const m = TD_VEC_AT(&maps, mapped, i);

        if (td_bus_is_bad(m->range) && is_meant(m, dir, since))
            status = TD_ERR(DATA_LOSS,
                            "%s changed (or could not be read) while it was in use; put new weights into a "
                            "new version directory",
                            m->path);
    }
    td_mutex_unlock(&maps_mu);
    return status;
}

td_status td_file_maps_look(const char *dir, uint64_t since)
{
    td_vec copies = copy_meant(dir, since);

    for (size_t i = 0; i < copies.size; i++) {
        mapped *const copy = TD_VEC_AT(&copies, mapped, i);

        if (has_changed(copy)) mark(copy);
        td_free(copy->path);
    }
    td_vec_fini(&copies);
    return td_file_maps_check(dir, since);
}
