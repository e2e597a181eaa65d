/* SPDX-License-Identifier: Apache-2.0 */
/* macros.h -- the few compiler extensions the code leans on, each behind one name. */
#ifndef TENSORD_MACROS_H
#define TENSORD_MACROS_H

/* What stands between them is what libtensord.so exports. */
#ifdef __cplusplus
#define TD_BEGIN_DECLS                                                                                       \
    _Pragma("GCC visibility push(default)") extern "C"                                                       \
    {
#define TD_END_DECLS                                                                                         \
    }                                                                                                        \
    _Pragma("GCC visibility pop")
#else
#define TD_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define TD_END_DECLS   _Pragma("GCC visibility pop")
#endif

#define TD_MUST_USE          __attribute__((warn_unused_result))
#define TD_NONNULL_RETURN    __attribute__((returns_nonnull))
#define TD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
