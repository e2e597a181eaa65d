/* SPDX-License-Identifier: Apache-2.0 */
/* temp.c -- see temp.h. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "temp.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[PATH_MAX];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_dir(void)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *temp_dir(void)
{
    if (!dir[0]) {
        const char *const base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* memory, not disk */

        snprintf(dir, sizeof dir, "%s/tensord-fuzz-XXXXXX", base);
        if (!mkdtemp(dir)) abort();
        atexit(remove_dir);
    }
    return dir;
}

void temp_write(const char *name, const void *data, size_t size)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s", temp_dir(), name);

    if (n < 0 || (size_t)n >= sizeof path) abort();
    char *const slash = strrchr(path, '/');
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
    FILE *const f = fopen(path, "wb");
    if (!f || (size && fwrite(data, 1, size, f) != size) || fclose(f)) abort();
}
