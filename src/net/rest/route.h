/* SPDX-License-Identifier: Apache-2.0 */
/* route.h -- what a request's method and path ask for.
 *
 *   POST  /v1/models/M[/versions/N|/labels/L]:predict|:classify|:regress
 *   GET   /v1/models[/M][/versions/N|/labels/L][/metadata]
 *   GET   /healthz, /readyz
 *
 * HEAD asks for what GET does. Letters match in either case; names and labels are percent-decoded and hold no NUL. A query string is part of the path, as
 * in TensorFlow Serving.
 */
#ifndef TD_NET_REST_ROUTE_H
#define TD_NET_REST_ROUTE_H

#include "base/arena.h"
#include "serve/manager.h"

typedef enum td_rest_verb {
    TD_REST_PREDICT,
    TD_REST_CLASSIFY,
    TD_REST_REGRESS,
    TD_REST_STATUS,
    TD_REST_METADATA,
    TD_REST_HEALTHZ,
    TD_REST_READYZ,
    TD_REST_METRICS,     /* by the flags, which td_rest_route_find() does not know */
    TD_REST_OPTIONS,     /* below /v1/ */
    TD_REST_MALFORMED,   /* below /v1/, but nothing of the above */
    TD_REST_NO_MODEL,    /* GET without a model's name: the list */
    TD_REST_BAD_VERSION, /* a version that is no 64-bit number */
    TD_REST_ELSEWHERE,   /* not below /v1/ */
    TD_REST_BAD_METHOD,  /* TRACE, CONNECT, and what nobody knows */
} td_rest_verb;

typedef struct td_rest_route {
    td_rest_verb verb;
    td_model_spec model; /* texts lie in the path or in the arena */
} td_rest_route;

/* target is the request's as it came, with its query, or with scheme and host before; it must live as long as
 * the route. */
void td_rest_route_find(const char *method, const char *target, td_arena *arena, td_rest_route *out);

/* The path and query of such a target. */
const char *td_rest_route_path(const char *target);

#endif
