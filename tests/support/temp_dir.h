/* SPDX-License-Identifier: Apache-2.0 */
/* temp_dir.h -- a folder for the running test, which may leave in it what it likes. */
#ifndef TD_TESTS_SUPPORT_TEMP_DIR_H
#define TD_TESTS_SUPPORT_TEMP_DIR_H

#include <stddef.h>

extern char temp_dir[]; /* its path, absolute */

/* Setup and teardown of cmocka, for one test or a group. */
int temp_dir_make(void **state);
int temp_dir_remove(void **state);

/* Writes <temp_dir>/<name>, after making the folders it lies in; those alone when name ends in a slash. */
void temp_dir_write(const char *name, const void *bytes, size_t size);

#endif
