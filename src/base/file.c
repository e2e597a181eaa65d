/* SPDX-License-Identifier: Apache-2.0 */
/* file.c -- reading files. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

td_status td_file_error(const char *path)
{
    const int error = errno;
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
    case EMFILE:
    case ENFILE:
    case EIO:
    case ESTALE:
    case EAGAIN:
    case ENOMEM:
    case ETIMEDOUT:
        return TD_ERR(UNAVAILABLE, "%s; %s", path, text); /* another time, maybe */
    default:
        return TD_ERR(INTERNAL, "%s; %s", path, text);
    }
}

static void close_fd(const int *fd)
{
    if (*fd >= 0) close(*fd);
}

td_status td_file_open(const char *path, int *out, struct stat *st)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *st = (struct stat){ 0 };
    if (fd < 0) return td_file_error(path);
    if (fstat(fd, st) || !S_ISREG(st->st_mode)) {
        close(fd);
        errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
        return td_file_error(path);
    }
    *out = fd;
    return NULL;
}

/* Reads until the end or until size bytes are there. */
static td_status read_fully(int fd, const char *path, char *data, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        const ssize_t n = read(fd, data + *got, size - *got);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return td_file_error(path);
        if (!n) break;
        *got += (size_t)n;
    }
    return NULL;
}

td_status td_file_read(const char *path, size_t limit, char **data, size_t *size)
{
    TD_AUTO(close_fd) int fd = -1;
    struct stat st;
    size_t got = 0;

    TD_TRY(td_file_open(path, &fd, &st));
    const size_t expected = (size_t)st.st_size;
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

int64_t td_folder_bytes(const char *path)
{
    DIR *const dir = opendir(path);
    int64_t bytes = 0;

    if (!dir) return 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;

        if (fstatat(dirfd(dir), entry->d_name, &st, 0) || !S_ISREG(st.st_mode)) continue;
        if (!td_add_i64(bytes, (int64_t)st.st_size, &bytes)) break;
    }
    closedir(dir);
    return bytes;
}
