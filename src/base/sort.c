/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void td_sort_texts(const char **texts, size_t n)
{
    if (n) qsort(texts, n, sizeof *texts, compare_texts);
}
