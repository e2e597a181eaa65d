/* SPDX-License-Identifier: Apache-2.0 */
/* labels.h -- labels as a page of metrics has them: name="value",name="value". */
#ifndef TD_OBS_LABELS_H
#define TD_OBS_LABELS_H

#include "base/strbuf.h"

/* names: "model,version"; values: one for each of them. Backslashes, quotes and ends of lines are escaped; a byte that
 * makes no UTF-8 becomes "?", for who reads a page refuses all of it otherwise. */
void td_labels_put(td_strbuf *out, const char *names, const char *const *values);

/* Bytes of the UTF-8 character at p, of at most size bytes; 0: there is none. */
size_t td_utf8_size(const char *p, size_t size);

#endif
