/* SPDX-License-Identifier: Apache-2.0 */
/* status.h -- how a function says that it failed.
 *
 * NULL is success. Anything else is an error that the receiver owns: it returns it to its own caller
 * (TD_TRY) or ends its life with td_status_free(). Codes are gRPC's, so that the wire needs no table.
 */
#ifndef TENSORD_STATUS_H
#define TENSORD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "tensord/macros.h"

TD_BEGIN_DECLS

/* Code, number as in gRPC. */
#define TD_CODES(X)                                                                                          \
    X(OK, 0)                                                                                                 \
    X(CANCELLED, 1)                                                                                          \
    X(UNKNOWN, 2)                                                                                            \
    X(INVALID_ARGUMENT, 3)                                                                                   \
    X(DEADLINE_EXCEEDED, 4)                                                                                  \
    X(NOT_FOUND, 5)                                                                                          \
    X(ALREADY_EXISTS, 6)                                                                                     \
    X(PERMISSION_DENIED, 7)                                                                                  \
    X(RESOURCE_EXHAUSTED, 8)                                                                                 \
    X(FAILED_PRECONDITION, 9)                                                                                \
    X(ABORTED, 10)                                                                                           \
    X(OUT_OF_RANGE, 11)                                                                                      \
    X(UNIMPLEMENTED, 12)                                                                                     \
    X(INTERNAL, 13)                                                                                          \
    X(UNAVAILABLE, 14)                                                                                       \
    X(DATA_LOSS, 15)                                                                                         \
    X(UNAUTHENTICATED, 16)

typedef enum td_code {
#define X(name, number) TD_##name = number,
    TD_CODES(X)
#undef X
} td_code;

typedef struct td_status_rec *td_status;

/* Makes an error; fmt as printf. Never returns NULL: without memory it returns a fixed RESOURCE_EXHAUSTED. */
TD_MUST_USE td_status td_status_make(td_code code, const char *file, int line, const char *fmt,
                                     ...) TD_NONNULL_RETURN TD_PRINTF(4, 5);

/* Puts text before an error's own ("model m: " ...). Takes s, returns the new one; NULL stays NULL. */
TD_MUST_USE td_status td_status_prefix(td_status s, const char *fmt, ...) TD_PRINTF(2, 3);
/* Puts text behind it, likewise. */
TD_MUST_USE td_status td_status_suffix(td_status s, const char *fmt, ...) TD_PRINTF(2, 3);

/* Says of an error that there is too much to do just now, and that it may go better in so many nanoseconds; 0: nobody knows
 * when. Copies and longer texts keep it. Returns s. */
TD_MUST_USE td_status td_status_overload(td_status s, int64_t retry_ns);
/* Whether that was said; then *retry_ns. */
bool td_status_is_overload(td_status s, int64_t *retry_ns);

td_code td_status_code(td_status s);     /* TD_OK for NULL */
const char *td_status_text(td_status s); /* "" for NULL; lives as long as s */
const char *td_code_name(td_code code);  /* "INVALID_ARGUMENT"; "UNKNOWN" for a number that is none */
const char *td_status_place(td_status s, int *line); /* the source file and line that made it; "" for NULL */
TD_MUST_USE td_status td_status_copy(td_status s);
void td_status_free(td_status s); /* NULL is fine */

#define TD_ERR(code, ...) td_status_make(TD_##code, __FILE__, __LINE__, __VA_ARGS__)

#define TD_TRY(expr)                                                                                         \
    do {                                                                                                     \
        const td_status td_try_ = (expr);                                                                    \
        if (td_try_) return td_try_;                                                                         \
    } while (0)

TD_END_DECLS

#endif
