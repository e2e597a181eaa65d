/* SPDX-License-Identifier: Apache-2.0 */
/* chaos.c -- a disk that fails, for chaos.py, which compiles and preloads it: below a directory named "flaky", one of three
 * opens and reads ends in EIO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static int is_flaky_fd(int fd)
{
    char link[64] = "/proc/self/fd/", path[4096];
    char digits[16], *d = digits + sizeof digits;

    if (fd < 0) return 0;
    *--d = 0;
    for (int n = fd; d == digits + sizeof digits - 1 || n; n /= 10)
        *--d = (char)('0' + n % 10);
    strcat(link, d);
    const ssize_t n = readlink(link, path, sizeof path - 1);

    if (n <= 0) return 0;
    path[n] = 0;
    return strstr(path, "/flaky/") != NULL;
}

static int fails(void)
{
    static _Thread_local unsigned state;

    if (!state) state = (unsigned)(size_t)&state;
    state = state * 1103515245u + 12345u;
    if ((state >> 16) % 3) return 0;
    errno = EIO;
    return 1;
}

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list args;

    va_start(args, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "open");
    if (strstr(path, "/flaky/") && fails()) return -1;
    return real(path, flags, mode);
}

ssize_t read(int fd, void *to, size_t n)
{
    static ssize_t (*real)(int, void *, size_t);

    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "read");
    if (n > 16 && is_flaky_fd(fd) && fails()) return -1;
    return real(fd, to, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    static ssize_t (*real)(int, void *, size_t, off_t);

    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pread");
    if (is_flaky_fd(fd) && fails()) return -1;
    return real(fd, to, n, at);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    static void *(*real)(void *, size_t, int, int, int, off_t);

    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "mmap");
    if (fd >= 0 && is_flaky_fd(fd) && fails()) return MAP_FAILED;
    return real(at, n, protection, flags, fd, offset);
}
