/* SPDX-License-Identifier: Apache-2.0 */
/* requests.h -- counting requests: one call when one comes, one when it is answered.
 *
 *   td_request_begin(protocol)
 *   series = td_request_set_get(the servable's set, signature, protocol, method)   no look-up by name, no lock
 *   td_request_done(&record)                                                       all numbers of it, under 100 ns
 *
 * A set belongs to a version of a model. A model has one, too, for requests that find no version of it, and nobody has
 * one, for requests that find no model: labels are never what a client makes up.
 *
 * Any thread.
 */
#ifndef TD_OBS_REQUESTS_H
#define TD_OBS_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

#include "tensord/session.h"

#include "obs/request_ids.h"

typedef enum td_protocol { TD_PROTOCOL_REST, TD_PROTOCOL_GRPC, TD_PROTOCOL_COUNT } td_protocol;

typedef enum td_method {
    TD_METHOD_PREDICT,
    TD_METHOD_CLASSIFY,
    TD_METHOD_REGRESS,
    TD_METHOD_SESSION_RUN,
    TD_METHOD_MULTI, /* several runs, of as many signatures */
    TD_METHOD_METADATA,
    TD_METHOD_STATUS,
    TD_METHOD_RELOAD,
    TD_METHOD_OTHER, /* whatever nobody knows */
    TD_METHOD_COUNT
} td_method;

const char *td_protocol_name(td_protocol p); /* "rest" */

typedef struct td_request_set td_request_set;
typedef struct td_request_series td_request_series; /* lives as long as its set */

enum { TD_NO_VERSION = -1 };

/* signatures (n; may be NULL) and their names live longer than the set; model is copied. */
td_request_set *td_request_set_make(const char *model, int64_t version, const td_signature *signatures,
                                    size_t n);
void td_request_set_free(td_request_set *set); /* NULL is fine */

/* sig: one of the set's; NULL: none of them was found, or none is needed. */
td_request_series *td_request_set_get(td_request_set *set, const td_signature *sig, td_protocol protocol,
                                      td_method method);
td_request_set *td_requests_nobody(void); /* of no model; never freed */

/* td_now_ns() times; each is when that step was over, 0: it did not come to that. Steps that took no time may have the
 * same. `arrived` and `written` are always set. */
typedef struct td_request_times {
    int64_t arrived;  /* all of it is there */
    int64_t parsed;   /* its bytes are understood, as far as that goes without knowing the model */
    int64_t acquired; /* a version of the model is held */
    int64_t filled;   /* its rows lie where the model reads them */
    int64_t queued;   /* it has waited enough: the run begins */
    int64_t ran;      /* the model is done */
    int64_t written;  /* the answer's bytes are there */
} td_request_times;

typedef struct td_request_record {
    td_request_series *series; /* NULL: nothing is counted but that it has ended */
    td_protocol protocol;
    td_code code;
    td_request_times times;
    size_t bytes_in, bytes_out, rows;
    size_t batch;              /* rows of the run that it was part of */
    const td_request_ids *ids; /* NULL: none */
} td_request_record;

void td_request_begin(td_protocol protocol);
/* The end of every request that was begun, while what its series belongs to is still held. Writes its line of the access
 * log, too. */
void td_request_done(const td_request_record *r);

/* It begins to wait for its run (change 1), or has waited enough (-1). */
void td_request_queue(td_request_series *s, int change);
/* The model was run once on so many rows, for this request or several at once. */
void td_request_ran(td_request_series *s, size_t rows, int64_t ns);

/* A connection was let in. */
void td_connection_begin(td_protocol protocol);

#endif
