/* SPDX-License-Identifier: Apache-2.0 */
/* server.h -- inside the gRPC server: its threads and calls. Only src/net/grpc*.c include it.
 *
 * A call's life:
 *
 *   asked for -> NEW -> served -> reply batch -> DONE -> asked for again (a thread's free list)
 *                          \-> let go, another thread has it -> reply batch --^
 *
 * Any event thread may get any event, and two of them two of one call at once: what is left in a call for the next is
 * published by td_grpc_begin(), and the last of its holds recycles it. Events carry the call and, in the low bits of
 * the tag, what happened.
 */
#ifndef TD_NET_GRPC_SERVER_H
#define TD_NET_GRPC_SERVER_H

#include <stdatomic.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

#include "api/flow.h"
#include "base/arena.h"
#include "base/mutex.h"
#include "exec/workspace.h"
#include "net/acceptor.h"
#include "net/grpc.h"
#include "net/grpc/arrivals.h"
#include "net/grpc/turns.h"
#include "net/tls/relay.h"
#include "net/tokens.h"

#define TD_GRPC_SERVING    "/tensorflow.serving."
#define TD_GRPC_MODELS     TD_GRPC_SERVING "ModelService/"
#define TD_GRPC_HEALTH     "/grpc.health.v1.Health/"
#define TD_GRPC_REFLECTION "/grpc.reflection."
#define TD_GRPC_SESSIONS   "/tensorflow.serving.SessionService/"

typedef enum td_grpc_event {
    TD_GRPC_NEW,     /* a call has arrived (or, without success, never will) */
    TD_GRPC_DONE,    /* the reply batch has ended */
    TD_GRPC_CLOSED,  /* the call is over for the client: answered or cancelled */
    TD_GRPC_SENT,    /* a message of a stream is out (and of reflection, the next one is there) */
    TD_GRPC_DRAINED, /* no call is left; the tag is the server */
    TD_GRPC_EVENT_MASK = 7,
} td_grpc_event;

typedef struct td_grpc_thread td_grpc_thread;
typedef struct td_grpc_call td_grpc_call;
typedef struct td_grpc_watch td_grpc_watch;
typedef struct td_grpc_watchers td_grpc_watchers;
typedef struct td_grpc_talks td_grpc_talks;

typedef struct td_grpc_method {
    const char *path; /* NULL: whatever no other method takes */
    void (*serve)(td_grpc_call *c);
    int ahead;
} td_grpc_method;

enum {
#define TD_GRPC_METHOD(path, serve, ahead) +1
    TD_GRPC_METHODS = 0
#include "net/grpc/methods.inc"
#undef TD_GRPC_METHOD
};

struct td_grpc_call {
    td_grpc_server *server;
    td_grpc_thread *thread; /* that it came to; of use while it is served there */
    size_t method;          /* index; TD_GRPC_METHODS: the catch-all */
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    grpc_call_details details; /* of the catch-all */

    const uint8_t *bytes; /* the request, contiguous: in payload's slice or in one of: */
    size_t size;
    td_workspace memory; /* of a message in many slices */
    void *inflated;      /* or of one that was compressed */
    size_t inflated_size;

    td_arena *arena;           /* the request's */
    const td_request_ids *ids; /* in arena; NULL: it sent none, and there is no access log */
    bool is_traced;            /* asks where its time goes */
    const char *timing;        /* in arena; then the answer to that */
    int64_t pushback_ms;    /* there is too much to do: when a client is to try again; 0: nothing is said */
    grpc_byte_buffer reply; /* reused: start_batch takes the slices out of it */
    td_flow *flow;          /* of a call that was let go; in arena */
    bool is_offloaded;
    bool is_served;        /* nothing needs the arena any more, although serve() has yet to return */
    bool is_large;         /* counted in large_replies */
    atomic_bool is_closed; /* offloaded calls: nobody waits for the answer any more */
    atomic_uint begun;     /* operations; publishes what a thread left in the call */
    atomic_int holds;      /* serve() and each event still to come */
    int cancelled;         /* core writes it with CLOSED */
    td_grpc_watch *watch;  /* Health.Watch only */
    bool is_talk;          /* reflection only */
    bool has_begun;        /* likewise: initial metadata is out */
    td_grpc_call *next;    /* free list, or that of all talks */
};

enum { TD_GRPC_SPARE_ARENAS = 8, TD_GRPC_SPARE_CALLS = 256 };

struct td_grpc_thread {
    td_grpc_server *server;
    pthread_t thread;
    bool has_thread;
    _Atomic(int64_t) last_run_ns; /* when a call that runs a model came last; 0: never */
    td_grpc_call *idle;           /* the rest: this thread only */
    size_t n_idle;
    td_arena *spare[TD_GRPC_SPARE_ARENAS];
    size_t n_spare;
    td_gather gather;
    int64_t paused_ns; /* when it last had nothing to do, or has called for help since */
    _Atomic(uint64_t) begun,
        ended; /* calls; relaxed, by this thread: others only see whether something moves */
};

struct td_grpc_server {
    grpc_server *core;
    grpc_completion_queue *cq;
    td_turns turns; /* at waiting for cq */
    grpc_server_credentials *credentials;
    td_acceptor *acceptor; /* NULL: no more connections */
    td_tls *tls;           /* NULL: they come unencrypted; likewise */
    td_relay *relay;
    td_tokens *tokens; /* NULL: who calls need show none */
    size_t max_connections;
    size_t connections;         /* no fewer than there are; the acceptor's thread only, as the next */
    int64_t counted_ns;         /* when they were counted last */
    td_grpc_arrivals *arrivals; /* NULL: the core ends no connection for its age */
    td_manager *manager;
    bool as_content;
    size_t max_inflated;
    bool is_closed; /* td_grpc_close() was called: by one thread */
    int port;
    char *socket_path; /* owned; NULL: none */
    void *handles[TD_GRPC_METHODS];
    td_flows *flows;
    td_grpc_watchers *watchers;
    td_grpc_talks *talks;
    td_grpc_thread *threads;
    size_t n_threads;
    atomic_bool is_draining;  /* not ready */
    atomic_int large_replies; /* on their way out; see goaway.c */
    atomic_int away;          /* calls that other threads have and will reply to */
    td_mutex mu;
    td_cond drained;
    bool is_drained; /* guarded by mu */
};

/* ---- calls (grpc_call.c) ---- */

extern const td_grpc_method td_grpc_methods[TD_GRPC_METHODS + 1];

void td_grpc_ask(td_grpc_thread *t, size_t method); /* for one more call of it */
void td_grpc_handle(td_grpc_thread *t, td_grpc_call *c, td_grpc_event event, bool is_good);
void td_grpc_free_calls(td_grpc_thread *t);

/* Begins what ends in that event. The call may be gone when this returns, unless the caller has a hold on it. */
void td_grpc_begin(td_grpc_call *c, const grpc_op *ops, size_t n, td_grpc_event event);

static inline void *td_grpc_tag(td_grpc_call *c, td_grpc_event event)
{
    return (char *)c + event;
}

/* A piece of a reply message, of `size` bytes; the result is where to write it before td_grpc_reply_add(). NULL without
 * memory. */
uint8_t *td_grpc_reply_make(size_t size, grpc_slice *out);
void td_grpc_reply_add(td_grpc_call *c, grpc_slice piece); /* takes piece */
size_t td_grpc_reply_size(const td_grpc_call *c);          /* of what was added */
void td_grpc_reply(td_grpc_call *c);                       /* ends the call with that */
void td_grpc_reply_bytes(td_grpc_call *c, const void *data, size_t size);
void td_grpc_fail(td_grpc_call *c, td_status error); /* takes error */

/* The call is to be another thread's, which ends it: this one hears if the client goes away meanwhile. */
void td_grpc_let_go(td_grpc_call *c);
int64_t td_grpc_deadline(const td_grpc_call *c); /* td_now_ns() time; 0: none */

/* ---- messages (grpc_message.c) ---- */

/* Makes c->bytes and c->size of c->payload, inflated if need be. INVALID_ARGUMENT: there is none, or damaged.
 * RESOURCE_EXHAUSTED without memory, or it inflates to more than the server takes. */
TD_MUST_USE td_status td_grpc_message_open(td_grpc_call *c);
void td_grpc_message_close(td_grpc_call *c);
size_t td_grpc_message_size(const td_grpc_call *c);  /* as it came */
bool td_grpc_message_is_slow(const td_grpc_call *c); /* too much to inflate for an event thread */

/* ---- the end (goaway.c) ---- */

/* Sends GOAWAY ahead of the core's, to those it can be sent to before deadline_ns. */
void td_grpc_tell_leaving(td_grpc_server *s, int64_t deadline_ns);

/* ---- methods ---- */

void td_grpc_serve_predict(td_grpc_call *c);
void td_grpc_serve_classify(td_grpc_call *c);
void td_grpc_serve_regress(td_grpc_call *c);
void td_grpc_serve_multi(td_grpc_call *c);
void td_grpc_serve_session_run(td_grpc_call *c);
void td_grpc_serve_metadata(td_grpc_call *c);
void td_grpc_serve_status(td_grpc_call *c);
void td_grpc_serve_reload(td_grpc_call *c);
void td_grpc_serve_health(td_grpc_call *c);
void td_grpc_serve_watch(td_grpc_call *c);
void td_grpc_serve_reflection(td_grpc_call *c);
void td_grpc_serve_unknown(td_grpc_call *c);
void td_grpc_refuse_call(td_grpc_call *c, td_status why); /* before it is served. Takes why */

/* ---- health (grpc_health.c, grpc_watch.c) ---- */

td_grpc_watchers *td_grpc_watchers_make(td_grpc_server *s);
void td_grpc_watchers_look(td_grpc_watchers *w); /* now: something has changed */
void td_grpc_watchers_end(td_grpc_watchers *w);  /* ends every stream, takes no more; returns at once */
void td_grpc_watchers_free(td_grpc_watchers *w); /* waits for the streams' ends; NULL is fine */
/* True: the call is over and may be recycled. */
bool td_grpc_watch_event(td_grpc_call *c, td_grpc_event event);

/* ---- reflection (reflection.c) ---- */

td_grpc_talks *td_grpc_talks_make(void);
void td_grpc_talks_end(td_grpc_talks *t);  /* ends every stream, takes no more; returns at once */
void td_grpc_talks_free(td_grpc_talks *t); /* none may be left; NULL is fine */
/* True: the call is over and may be recycled. */
bool td_grpc_talk_event(td_grpc_call *c, td_grpc_event event);

#endif
