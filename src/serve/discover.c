/* SPDX-License-Identifier: Apache-2.0 */
/* discover.c -- reading directories. Only the watcher and loaders come here: it may block on a slow disk. */
#include "serve/discover.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"

enum { PRINT_DEPTH = 5, PRINT_ENTRIES = 20000 }; /* a directory loop through links must end */
static const int64_t NS_PER_S = 1000000000;

bool td_version_parse(const char *name, int64_t *out)
{
    const char *p = name;
    char *end;

    while (isspace((unsigned char)*p))
        p++;
    if (!isdigit((unsigned char)p[*p == '+' || *p == '-'])) return false;
    errno = 0;
    const long long value = strtoll(p, &end, 10);
    if (errno) return false;
    while (isspace((unsigned char)*end))
        end++;
    if (*end != '\0') return false;
    *out = value;
    return true;
}

static int by_version_and_name(const void *a, const void *b)
{
    const td_found *const x = a, *const y = b;

    if (x->version != y->version) return x->version < y->version ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Keeps the last of each run of equal versions. Returns how many are left. */
static size_t drop_doubles(td_found *found, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept && found[kept - 1].version == found[i].version) {
            td_free(found[kept - 1].name);
            found[kept - 1] = found[i];
            found[kept - 1].is_double = true;
        } else {
            found[kept++] = found[i];
        }
    }
    return kept;
}

static td_status open_base(const char *base, DIR **out)
{
    char text[128] = "unknown error";

    *out = opendir(base);
    if (*out) return NULL;
    const int error = errno;

    if (strerror_r(error, text, sizeof text)) strcpy(text, "unknown error");
    if (error == ENOENT || error == ENOTDIR) return TD_ERR(NOT_FOUND, "%s; %s", base, text);
    return TD_ERR(UNAVAILABLE, "%s; %s", base, text);
}

td_status td_discover(const char *base, td_found **out, size_t *n)
{
    td_found *found = NULL;
    size_t count = 0, capacity = 0;
    DIR *dir;

    TD_TRY(open_base(base, &dir));
    for (const struct dirent *entry; (entry = readdir(dir));) {
        int64_t version;

        if (!td_version_parse(entry->d_name, &version)) continue;
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 8;
            found = td_realloc(found, capacity * sizeof *found);
        }
        found[count++] = (td_found){ .version = version, .name = td_strdup(entry->d_name) };
    }
    closedir(dir);
    if (count) qsort(found, count, sizeof *found, by_version_and_name);
    *n = drop_doubles(found, count);
    *out = found;
    return NULL;
}

td_status td_discover_flat(const char *base, td_found **out, size_t *n)
{
    DIR *dir;

    TD_TRY(open_base(base, &dir));
    closedir(dir);
    *out = TD_NEW(td_found);
    **out = (td_found){ .version = 1, .name = td_strdup(".") };
    *n = 1;
    return NULL;
}

void td_found_free(td_found *found, size_t n)
{
    for (size_t i = 0; i < n; i++)
        td_free(found[i].name);
    td_free(found);
}

static void add_entry(td_print *print, uint64_t where, const char *name, const struct stat *st)
{
    const int64_t modified = (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
    const int64_t changed = (int64_t)st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec;
    const int64_t facts[] = { modified, (int64_t)st->st_size, (int64_t)st->st_ino, (int64_t)st->st_mode,
                              (int64_t)st->st_uid };

    /* a sum, because directories list their entries in no order */
    print->hash += td_hash_bytes(facts, sizeof facts, td_hash_bytes(name, strlen(name), where));
    /* the change time: `cp -p` sets the other one to what it likes */
    if (S_ISREG(st->st_mode) && changed > print->newest_ns) print->newest_ns = changed;
}

/* Takes over fd. */
static void print_directory(td_print *print, uint64_t where, int fd, int depth, int *left)
{
    DIR *const dir = fdopendir(fd);

    if (!dir) {
        close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) && *left > 0;) {
        const char *const name = entry->d_name;
        struct stat st;

        if (!strcmp(name, ".") || !strcmp(name, "..") || fstatat(dirfd(dir), name, &st, 0)) continue;
        (*left)--;
        if (S_ISDIR(st.st_mode) && depth < PRINT_DEPTH) {
            const int child = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

            if (child >= 0)
                print_directory(print, td_hash_bytes(name, strlen(name), where), child, depth + 1, left);
        } else {
            add_entry(print, where, name, &st);
        }
    }
    closedir(dir);
}

td_print td_print_take(const char *path)
{
    td_print print = { .hash = 1 };
    struct stat st;
    int left = PRINT_ENTRIES;

    if (stat(path, &st)) return (td_print){ 0 };
    print.exists = true;
    if (!S_ISDIR(st.st_mode)) {
        add_entry(&print, 0, "", &st);
        return print;
    }
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) print_directory(&print, 0, fd, 0, &left);
    return print;
}
