/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_api.h -- libjpeg-turbo as the decoder and the encoder share it. */
#ifndef TD_KERNELS_CODEC_JPEG_API_H
#define TD_KERNELS_CODEC_JPEG_API_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include "tensord/status.h"

typedef struct td_jpeg_api {
#define X(name) __typeof__(jpeg_##name) *name;
#include "kernels/codec/jpeg_api.inc"
#undef X
} td_jpeg_api;

extern td_jpeg_api td_jpeg; /* filled by: */
TD_MUST_USE td_status td_jpeg_open(void);

/* The library ends calls that fail by a jump to where td_jpeg_guard() was called. */
typedef struct td_jpeg_errors {
    struct jpeg_error_mgr manager; /* first: the library's pointer to it is one to this struct */
    jmp_buf out;
    char text[JMSG_LENGTH_MAX]; /* what the last one was */
} td_jpeg_errors;

/* The manager to give to the library. */
struct jpeg_error_mgr *td_jpeg_errors_init(td_jpeg_errors *e);

/* fn(ctx); false when it ended by a jump. */
bool td_jpeg_guard(td_jpeg_errors *e, void (*fn)(void *ctx), void *ctx);

#endif
