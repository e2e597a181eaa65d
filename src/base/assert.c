/* SPDX-License-Identifier: Apache-2.0 */
/* assert.c -- the end of a process that found a bug of its own. */
#include "base/macros.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void td_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "tensord: bug: %s:%d: assertion failed: %s\n", file, line, cond);
    fflush(stderr);
    abort();
}
