/* file.c -- reading and mapping files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

/* errno as a status, worded as TensorFlow does: "/a/b; No such file or directory". */
static td_status file_error(const char *path, int error)
{
    char buf[128] = "unknown error";
    const char *text = buf;

    if (strerror_r(error, buf, sizeof buf)) text = "unknown error";
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return TD_ERR(NOT_FOUND, "%s; %s", path, text);
    case EACCES:
    case EPERM:
        return TD_ERR(PERMISSION_DENIED, "%s; %s", path, text);
    default:
        return TD_ERR(INTERNAL, "%s; %s", path, text);
    }
}

static void close_fd(const int *fd)
{
    if (*fd >= 0) close(*fd);
}

/* Opens a regular file and tells its size. */
static td_status open_regular(const char *path, int *out, size_t *size)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) return file_error(path, errno);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        const int error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;

        close(fd);
        return file_error(path, error);
    }
    *out = fd;
    *size = (size_t)st.st_size;
    return NULL;
}

/* The mappings there are, so that td_file_map_forget() never drops memory that is not a file's. */
static pthread_mutex_t maps_mu = PTHREAD_MUTEX_INITIALIZER;
static td_file_map *maps;
static size_t n_maps, cap_maps;

static void remember_map(const td_file_map *m)
{
    pthread_mutex_lock(&maps_mu);
    if (n_maps == cap_maps) {
        cap_maps = cap_maps ? 2 * cap_maps : 8;
        maps = td_realloc(maps, cap_maps * sizeof *maps);
    }
    maps[n_maps++] = *m;
    pthread_mutex_unlock(&maps_mu);
}

static void drop_map(const td_file_map *m)
{
    pthread_mutex_lock(&maps_mu);
    for (size_t i = 0; i < n_maps; i++)
        if (maps[i].data == m->data) {
            maps[i] = maps[--n_maps];
            break;
        }
    if (!n_maps) {
        td_free(maps);
        maps = NULL;
        cap_maps = 0;
    }
    pthread_mutex_unlock(&maps_mu);
}

td_status td_file_map_open(const char *path, td_file_map *out)
{
    TD_AUTO(close_fd) int fd = -1;
    size_t size;

    TD_TRY(open_regular(path, &fd, &size));
    void *data = NULL;
    if (size) {
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) return file_error(path, errno);
    }
    *out = (td_file_map){ data, size };
    if (data) remember_map(out);
    return NULL;
}

void td_file_map_close(td_file_map *m)
{
    if (m->data) {
        drop_map(m); /* before its addresses can be anything else's */
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
    pthread_mutex_lock(&maps_mu);
    for (size_t i = 0; i < n_maps; i++)
        if (first >= (uintptr_t)maps[i].data && last <= (uintptr_t)maps[i].data + maps[i].size)
            madvise((void *)first, last - first, MADV_DONTNEED);
    pthread_mutex_unlock(&maps_mu);
}

/* Reads until the end or until size bytes are there. */
static td_status read_fully(int fd, const char *path, char *data, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        const ssize_t n = read(fd, data + *got, size - *got);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_error(path, errno);
        if (!n) break;
        *got += (size_t)n;
    }
    return NULL;
}

td_status td_file_read(const char *path, size_t limit, char **data, size_t *size)
{
    TD_AUTO(close_fd) int fd = -1;
    size_t expected, got = 0;

    TD_TRY(open_regular(path, &fd, &expected));
    if (expected > limit)
        return TD_ERR(RESOURCE_EXHAUSTED, "%s; the file has %zu bytes, the limit is %zu", path, expected,
                      limit);
    char *const bytes = td_try_alloc(expected + 1, 1);

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "%s; no memory for its %zu bytes", path, expected);
    const td_status s = read_fully(fd, path, bytes, expected, &got);
    if (s) {
        td_free(bytes);
        return s;
    }
    bytes[got] = 0;
    *data = bytes;
    *size = got;
    return NULL;
}

char *td_path_join(const char *a, const char *b)
{
    const size_t n = strlen(a);

    return td_format("%s%s%s", a, !n || a[n - 1] == '/' ? "" : "/", b);
}
