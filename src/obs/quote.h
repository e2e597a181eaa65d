/* SPDX-License-Identifier: Apache-2.0 */
/* quote.h -- texts of clients and models as JSON has them, so that a line of a log stays one line, and one document. */
#ifndef TD_OBS_QUOTE_H
#define TD_OBS_QUOTE_H

#include <stddef.h>

enum { TD_QUOTE_MOST = 6 }; /* bytes that one byte may become; quotes come on top */

/* Writes text in quotes to out, which has room for TD_QUOTE_MOST * size + 2 bytes; how many it took. What is no UTF-8
 * becomes "?". Takes no memory. */
size_t td_quote(const char *text, size_t size, char *out);

#endif
