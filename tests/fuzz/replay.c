/* replay.c -- main() for fuzzers in ordinary builds: runs every file of the given directories once.
 *
 * So a corpus is a regression test wherever ctest runs, with no libFuzzer needed.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *const f = fopen(path, "rb");
    if (!f) return -1;

    /* Grown by reading, so that what is no regular file is fine; exact at the end, so that ASan sees
     * overruns. */
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
    (void)LLVMFuzzerTestOneInput(data, size);
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
