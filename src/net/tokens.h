/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.h -- bearer tokens that clients have to show: a file with one in each line, as it is or as sha256:HEX of it. Empty
 * lines and lines that begin with # are none. Only hashes are kept and compared, all of them, in the same time. */
#ifndef TD_NET_TOKENS_H
#define TD_NET_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"
#include "tensord/tensor.h"

enum { TD_TOKEN_MOST = 4096 }; /* bytes of one */

typedef struct td_tokens td_tokens;

/* INVALID_ARGUMENT: a line that is none, or no token at all, which would let nobody in. */
TD_MUST_USE td_status td_tokens_make(const char *path, td_tokens **out);
TD_MUST_USE td_status td_tokens_parse(const char *text, size_t size, const char *path, td_tokens **out);
void td_tokens_free(td_tokens *t); /* NULL is fine */
/* Reads the file again. An error is logged, once, and changes nothing. NULL is fine. */
void td_tokens_look(td_tokens *t);

/* Whether what an Authorization header says ("Bearer TOKEN"; data NULL: there is none) lets its sender in; else NULL is not
 * returned, but UNAUTHENTICATED, and the log says why. Any thread. */
TD_MUST_USE td_status td_tokens_check(td_tokens *t, td_string authorization);

#endif
