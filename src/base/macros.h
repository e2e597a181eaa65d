/* SPDX-License-Identifier: Apache-2.0 */
/* macros.h -- compiler extensions and small helpers for every room; see also tensord/macros.h. */
#ifndef TD_BASE_MACROS_H
#define TD_BASE_MACROS_H

#include "tensord/macros.h"

#define TD_LIKELY(x)    __builtin_expect(!!(x), 1)
#define TD_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define TD_COUNT(array) (sizeof(array) / sizeof *(array))
#define TD_TARGET(isa)  __attribute__((target(isa)))
#define TD_UNUSED       __attribute__((unused))
#define TD_MAX(a, b)    ((a) > (b) ? (a) : (b)) /* arguments are evaluated twice */
#define TD_MIN(a, b)    ((a) < (b) ? (a) : (b))

/* Runs fn(&variable) when the variable leaves its scope. */
#define TD_AUTO(fn) __attribute__((cleanup(fn)))

/* Lock annotations for clang -Wthread-safety. */
#if defined(__clang__)
#define TD_CAPABILITY(x)       __attribute__((capability(x)))
#define TD_REQUIRES(mu)        __attribute__((requires_capability(mu)))
#define TD_ACQUIRE(...)        __attribute__((acquire_capability(__VA_ARGS__)))
#define TD_RELEASE(...)        __attribute__((release_capability(__VA_ARGS__)))
#define TD_ACQUIRE_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define TD_RELEASE_ANY(...)    __attribute__((release_generic_capability(__VA_ARGS__)))
#else
#define TD_CAPABILITY(x)
#define TD_REQUIRES(mu)
#define TD_ACQUIRE(...)
#define TD_RELEASE(...)
#define TD_ACQUIRE_SHARED(...)
#define TD_RELEASE_ANY(...)
#endif

/* Our own bugs, never a client's or a model's: stays on in release. */
#define TD_ASSERT(cond)                                                                                      \
    do {                                                                                                     \
        if (TD_UNLIKELY(!(cond))) td_assert_failed(#cond, __FILE__, __LINE__);                               \
    } while (0)

_Noreturn void td_assert_failed(const char *cond, const char *file, int line);

#endif
