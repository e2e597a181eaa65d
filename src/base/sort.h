/* SPDX-License-Identifier: Apache-2.0 */
/* sort.h -- texts in order. */
#ifndef TD_BASE_SORT_H
#define TD_BASE_SORT_H

#include <stddef.h>

/* By their bytes; n 0 is fine, texts NULL then, too. */
void td_sort_texts(const char **texts, size_t n);

#endif
