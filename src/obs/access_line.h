/* SPDX-License-Identifier: Apache-2.0 */
/* access_line.h -- what the access log says of one request, as text or JSON:
 *
 *     time=2026-01-31T23:59:59.123456Z model="m" version=2 signature="serving_default" protocol="rest" ...
 *     {"time":"2026-01-31T23:59:59.123456Z","model":"m","version":2,"signature":"serving_default","protocol":"rest",...}
 */
#ifndef TD_OBS_ACCESS_LINE_H
#define TD_OBS_ACCESS_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "obs/metrics.h"

typedef enum td_access_format { TD_ACCESS_OFF, TD_ACCESS_TEXT, TD_ACCESS_JSON } td_access_format;

/* Texts that are "" are left out. */
typedef struct td_access {
    int64_t now_ns; /* since 1970 */
    const char *model, *version, *signature, *protocol, *method, *code, *request_id, *trace_id;
    uint64_t bytes_in, bytes_out, rows, batch;
    uint64_t total_ns, stage_ns[TD_STAGE_COUNT];
} td_access;

/* The line with its end; its size, or 0: no memory for the JSON. Of a text no more than 128 bytes are shown. */
enum { TD_ACCESS_LINE = 8192 };
size_t td_access_line(td_access_format format, const td_access *a, char out[TD_ACCESS_LINE]);

#endif
