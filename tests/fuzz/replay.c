/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c -- main() for fuzzers in ordinary builds: runs every file of the given directories once, and
 * (debug builds) once for each of its allocations that may fail, which then does.
 *
 * So a corpus is a regression test wherever ctest runs, with no libFuzzer needed.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver.h"

enum { SWEEP_MOST = 300 }; /* runs of one input: of more allocations, not all are tried */

/* Allocations 1, 2, 3, ...: each alone, and each with all that follow. */
static void sweep(const uint8_t *data, size_t size)
{
    const uint64_t asked = fuzz_run(data, size, 0, false), step = asked / SWEEP_MOST + 1;

    for (uint64_t n = 1; n <= asked; n += step) {
        (void)fuzz_run(data, size, n, false);
        (void)fuzz_run(data, size, n, true);
    }
}

static int replay_file(const char *path)
{
    FILE *const f = fopen(path, "rb");
    if (!f) return -1;

    /* Grown by reading, so that what is no regular file is fine;
     * exact at the end, so that ASan sees overruns. */
    uint8_t *data = NULL;
    size_t size = 0;
    uint8_t block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, f)) > 0; size += got) {
        data = realloc(data, size + got);
        if (!data) abort();
        for (size_t i = 0; i < got; i++)
            data[size + i] = block[i];
    }
    fclose(f);
    sweep(data, size);
    free(data);
    return 0;
}

static int replay_dir(const char *dir)
{
    DIR *const d = opendir(dir);
    if (!d) return 0; /* no corpus yet */

    int files = 0;
    for (const struct dirent *e; (e = readdir(d));) {
        char path[PATH_MAX];
        if (e->d_name[0] == '.') continue;
        const int n = snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (n < 0 || (size_t)n >= sizeof path) continue;
        if (replay_file(path) == 0) files++;
    }
    closedir(d);
    return files;
}

int main(int argc, char **argv)
{
    int files = 0;

    for (int i = 1; i < argc; i++)
        files += replay_dir(argv[i]);
    printf("%d inputs replayed\n", files);
    return 0;
}
