/* SPDX-License-Identifier: Apache-2.0 */
/* temp_dir.c -- see temp_dir.h. */
#include "temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char pattern[] = "/tmp/tensord-test-XXXXXX";
char temp_dir[sizeof pattern];

int temp_dir_make(void **state)
{
    (void)state;
    memcpy(temp_dir, pattern, sizeof pattern);
    return mkdtemp(temp_dir) ? 0 : -1;
}

int temp_dir_remove(void **state)
{
    char command[sizeof pattern + 16];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", temp_dir);
    return system(command);
}

void temp_dir_write(const char *name, const void *bytes, size_t size)
{
    char path[512];
    const int n = snprintf(path, sizeof path, "%s/%s", temp_dir, name);

    assert_true(n > 0 && (size_t)n < sizeof path);
    for (char *p = path + sizeof pattern; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0777); /* may be there */
        *p = '/';
    }
    if (path[n - 1] == '/') return;
    FILE *const f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}
