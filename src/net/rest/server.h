/* SPDX-License-Identifier: Apache-2.0 */
/* server.h -- inside the REST server: requests and who has them. Only src/net/rest*.c include it.
 *
 * A request's life:
 *
 *   request line -> taken from the spares -> head -> body, piece by piece -> served -> reply out -> spares
 *                                                                         \-> other thread -^
 *
 * It belongs to its connection's event thread, but for the time between td_rest_sleep() and
 * td_rest_end(), when the connection sleeps and its flow is another thread's. Buffers stay with the request when
 * it goes back to the spares, so that a small request allocates nothing here.
 */
#ifndef TD_NET_REST_SERVER_H
#define TD_NET_REST_SERVER_H

#include <stdatomic.h>

#include <microhttpd.h>

#include "api/flow.h"
#include "base/mutex.h"
#include "codec/array/note.h"
#include "codec/json/examples.h"
#include "codec/json/predict.h"
#include "net/acceptor.h"
#include "net/rest.h"
#include "net/rest/gone.h"
#include "net/rest/links.h"
#include "net/rest/media.h"
#include "net/rest/route.h"
#include "net/tls/relay.h"
#include "net/tokens.h"

typedef struct td_rest_request td_rest_request;

typedef struct td_rest_head {
    size_t bytes;            /* of it, as libmicrohttpd has read it */
    unsigned long long size; /* Content-Length; 0: none */
    bool is_gzip;
    const char *codings;                  /* Accept-Encoding; NULL: not sent */
    bool has_origin;                      /* an Origin of http or https */
    bool is_traced;                       /* asks where its time goes */
    bool takes_interim;                   /* replies of 100: HTTP/1.1 */
    const char *request_id, *traceparent; /* NULL: not sent */
    const char *authorization;            /* likewise, or not asked for */
    td_rest_media sends, wants;
    const char *tensor; /* codec/array/note.h; NULL: not sent */
} td_rest_head;

struct td_rest_request {
    td_rest_server *server;
    struct MHD_Connection *connection;
    td_rest_link *link; /* its connection's */
    td_arena *arena;
    const char *path; /* as it came, in the arena */
    const char *method;
    td_rest_route route;
    td_rest_head head;
    const td_request_ids *ids; /* NULL: it sent none, and there is no access log */
    const char *content_type;  /* NULL: JSON */
    const char *note;          /* of a reply that is one tensor; else NULL */
    bool has_version;          /* a model was asked, if it answered or not */
    int64_t version;           /* that one's */
    bool is_packed;            /* the reply is gzip */
    bool varies;               /* by what codings the client takes */
    bool has_head;             /* it was looked at */
    bool is_gzip;              /* the body is still to be inflated */
    bool must_close;           /* nothing behind it is to be trusted */
    bool is_cut;               /* its reply is out, the rest of its body is dropped */

    char *body; /* TD_JSON_PAD zero bytes behind it once it is complete */
    size_t size, capacity;

    bool wants_sleep;  /* the flow is to go on elsewhere */
    bool is_suspended; /* another thread has it, or had */
    td_rest_watch watch;
    bool is_done; /* code and reply are what the client gets */
    unsigned code;
    int64_t retry_ns; /* of an error: when it may go better; 0: nobody knows */
    td_json_out reply;

    td_json_predict json;
    td_json_examples examples; /* :classify, :regress */
    td_array_note tensor;      /* of head.tensor */
    void *message;             /* of a body that is one: body_message.c */
    td_flow flow;
    int64_t arrived_ns; /* of what is counted and asks no model; else 0 */

    td_rest_request *next; /* spare list */
    size_t spare_bytes;    /* what it holds there */
};

struct td_rest_server {
    struct MHD_Daemon *daemon;
    td_rest_links *links;
    td_manager *manager;
    td_flows *flows;
    td_acceptor *acceptor; /* NULL: no more connections */
    td_tls *tls;           /* NULL: they come unencrypted; likewise */
    td_relay *relay;
    td_tokens *tokens; /* NULL: who asks need show none */
    bool is_admin;     /* probes, metrics, and what is told of models; nothing runs */
    int port;
    bool with_cors;
    bool lists_models;
    bool packs;
    bool as_content;    /* tensors of messages */
    int64_t timeout_ns; /* 0: none */
    size_t max_body, max_inflated;
    uint32_t max_head;
    const char *metrics_path, *monitoring_path;
    void (*tell_metrics)(void *ctx, td_page *p);
    void *tell_ctx;
    atomic_bool is_draining;      /* not ready */
    atomic_bool is_closing;       /* replies end their connection */
    atomic_int in_flight;         /* requests between their first line and their end */
    atomic_int offloaded;         /* those that other threads have */
    _Atomic(int64_t) last_run_ns; /* when a request for a model came last; 0: never */

    td_mutex mu;
    td_rest_request *spare; /* guarded by mu */
    size_t spare_bytes;     /* likewise */
};

/* ---- requests (rest_request.c) ---- */

td_rest_request *td_rest_request_take(td_rest_server *s);
void td_rest_request_give(td_rest_request *r);
void td_rest_free_spares(td_rest_server *s);
/* Adds a piece of the body, which is not too large with it. False: no memory. */
bool td_rest_add_body(td_rest_request *r, const char *data, size_t size);
bool td_rest_reserve_body(td_rest_request *r, size_t size);
/* Completes the body: inflates it, puts zeros behind it. */
TD_MUST_USE td_status td_rest_end_body(td_rest_request *r);
/* It is not needed any more; a small one stays for the next request. */
void td_rest_drop_body(td_rest_request *r);

/* Ends a request that is no flow with what is in reply, or (error; takes it) with an error's text and code. */
void td_rest_end(td_rest_request *r, td_status error);

/* The connection sleeps, and the flow goes on elsewhere. */
void td_rest_sleep(td_rest_request *r);
/* Starts a flow for r, which asks r->route.model. */
void td_rest_flow(td_rest_request *r, const td_flow_verb *verb);

/* ---- heads (head.c) ---- */

/* INVALID_ARGUMENT, UNIMPLEMENTED: the connection must end with the reply. version: "HTTP/1.1".
 * Fields that it does not ask for, nor libmicrohttpd, do not come: a new one is to be named in condense.c. */
TD_MUST_USE td_status td_rest_head_read(const td_rest_request *r, const char *version, td_rest_head *out);

/* ---- compressed replies (pack.c) ---- */

/* Packs a reply that was written, if it is worth it and the client takes it. False: that takes too long for an event
 * thread, and r's flow is not away. */
bool td_rest_pack(td_rest_request *r);

/* ---- what requests ask for ---- */

void td_rest_serve(td_rest_request *r);         /* rest_info.c */
void td_rest_serve_predict(td_rest_request *r); /* rest_predict.c */

/* ---- metrics (metrics.c, count.c) ---- */

bool td_rest_is_metrics(const td_rest_request *r); /* asks for a page of them */
void td_rest_serve_metrics(td_rest_request *r);

/* Around the work for a request that is no flow, which counts itself. */
void td_rest_count_begin(td_rest_request *r);
void td_rest_count_end(td_rest_request *r, td_code code);
/* Of one that is answered before all of it has come. */
void td_rest_count_refusal(const td_rest_request *r, td_code code);

#endif
