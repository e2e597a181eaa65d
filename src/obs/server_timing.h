/* SPDX-License-Identifier: Apache-2.0 */
/* server_timing.h -- where a request's time went, as HTTP's Server-Timing header has it:
 *
 *     total;dur=0.2310, parse;dur=0.0121, ..., run;dur=0.1803;desc="8 rows", segment1;dur=0.1512;desc="ops 1-8", ...,
 *     op1;dur=0.0901;desc="MatMul model/dense/MatMul", ...
 *
 * Milliseconds. Of segments that are more than a dozen the slowest are told, in order; of ops the slowest that there is
 * room for, slowest first; and what the rest of them took together.
 */
#ifndef TD_OBS_SERVER_TIMING_H
#define TD_OBS_SERVER_TIMING_H

#include "obs/requests.h"
#include "obs/trace.h"

typedef struct td_timing {
    td_request_times times;
    size_t batch;          /* rows of the run; 0: there was none */
    const td_trace *trace; /* of the run; NULL: there is none */
} td_timing;

/* The text, with a NUL. What every client, and libmicrohttpd beside the largest head, has room for. */
enum { TD_SERVER_TIMING = 3 << 10 };
void td_server_timing(const td_timing *t, char out[TD_SERVER_TIMING]);

#endif
