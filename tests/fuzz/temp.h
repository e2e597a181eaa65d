/* SPDX-License-Identifier: Apache-2.0 */
/* temp.h -- for parsers that want files: a directory of this process, and a way to fill it. */
#ifndef TD_TESTS_FUZZ_TEMP_H
#define TD_TESTS_FUZZ_TEMP_H

#include <stddef.h>

/* Made on the first call, removed at exit; never NULL. Does not end in a slash. */
const char *temp_dir(void);

/* Writes <temp_dir()>/<name>, replacing what was there; name may hold one folder, which is made. */
void temp_write(const char *name, const void *data, size_t size);

#endif
