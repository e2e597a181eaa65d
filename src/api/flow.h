/* SPDX-License-Identifier: Apache-2.0 */
/* flow.h -- the way of a request for a model, the same for every protocol and verb.
 *
 *   arrived -> parsed -> acquired -> filled -> queued -> ran -> written
 *
 * The protocol is the host of a flow: it owns its memory and its connection, and hears of the end. The verb knows
 * what the bytes mean. The flow alone knows threads: it begins on the host's event thread and stays there while all
 * is quick; a large message, a model that is still loading, or a run that takes long moves it to a thread of its own
 * pools, for good. From then on only that thread touches it, until the host's end() is called. Of the largest messages only
 * so many are taken up at a time; others wait as they came. It counts what it does (obs/requests.h).
 */
#ifndef TD_API_FLOW_H
#define TD_API_FLOW_H

#include "api/predict.h"
#include "base/arena.h"
#include "base/gate.h"
#include "obs/requests.h"
#include "serve/manager.h"

typedef struct td_flow td_flow;
typedef struct td_flows td_flows; /* what all flows share: the models and the threads */

typedef enum td_flow_asks {
    TD_FLOW_RUN,     /* a run of a model */
    TD_FLOW_MODEL,   /* a model, of which write tells: f->predict.servable */
    TD_FLOW_NOTHING, /* no model: write is all there is, too slow for an event thread, and nobody counts it */
    TD_FLOW_ORDER, /* no model: write is all there is, and waits until an order to the server is carried out; one at a time */
} td_flow_asks;

typedef struct td_flow_verb {
    td_method method;
    td_flow_asks asks;
    /* The message -> f->model, and what open needs. NULL: the host knows it. */
    td_status (*parse)(td_flow *f);
    /* Takes servable. -> f->predict, opened and filled. */
    td_status (*open)(td_flow *f, td_servable *servable);
    /* What a client must hear when the model cannot be had: takes error. NULL: just that. */
    td_status (*explain)(td_flow *f, td_status error);
    /* The result -> the reply, in the host's memory. */
    td_status (*write)(td_flow *f);
    /* Behind write, for runs that the model's configuration wants recorded: into td_servable_log(). NULL: none is. */
    void (*record)(const td_flow *f);
    /* Behind that: is another run of that version to follow, with f->predict opened anew on it, and written behind this
     * one? NULL: one run is all. */
    td_status (*go_on)(td_flow *f, bool *has_more);
} td_flow_verb;

typedef struct td_flow_host {
    td_protocol protocol;
    /* The event thread lets go of the request and calls td_flow_go(f), now or later; f is another thread's then. */
    void (*suspend)(td_flow *f);
    /* Does nobody wait for the answer any more? Asked by any thread once f is suspended, again and again. NULL: nobody knows. */
    bool (*is_unwanted)(const td_flow *f);
    /* Nothing points into the message any more: it need not be kept. Called after a run, ahead of write. NULL: it is kept. */
    void (*forget)(td_flow *f);
    /* Makes what write left ready to be sent, and says so in f->times.written where that takes time. False: it is no work for
     * the host's thread; it is called again on another. NULL: it is ready. */
    bool (*pack)(td_flow *f);
    /* Puts the reply together, with f->timing: what write left, or an error's (borrowed). Its bytes. */
    size_t (*seal)(td_flow *f, td_status error);
    /* It is over, by what was sealed; takes error; f is the host's again. From any thread. Nothing of
     * f is open by then. */
    void (*end)(td_flow *f, td_status error);
} td_flow_host;

/* One lies in each request of a host, cleared but for the first block when it starts. */
struct td_flow {
    td_flows *shared;
    const td_flow_host *host;
    const td_flow_verb *verb;
    void *request;             /* the host's */
    td_arena *arena;           /* the request's */
    size_t size;               /* bytes that parse and open have to look at */
    bool is_slow;              /* or more work than bytes tell: they are compressed */
    int64_t deadline_ns;       /* td_now_ns() time; 0: none */
    td_gather *gather;         /* of the host's event thread; NULL: it has none */
    const td_request_ids *ids; /* for the access log; NULL: none */
    bool is_traced;            /* the client asks where the time goes */

    td_model_spec model; /* views, which live as long as the request */
    td_predict predict;
    int64_t expected_ns; /* of the run, when it was still on the host's thread; 0: not known */
    td_request_times times;
    bool is_away;             /* not on the host's thread any more */
    void (*next)(td_flow *f); /* what waits for a thread */
    bool waits_for_model;     /* ... which may sleep for long */
    bool is_open;             /* begun, and not over */
    bool is_queued;           /* counted among those that wait for their run */
    bool is_limited;          /* counted among those that there may be */
    const char *timing;       /* for one that is traced: Server-Timing's text, in arena; from seal on */
    bool is_gated;            /* a very large one: it has a pass */
    td_gate_pass pass;
};

/* max_threads: those that take up runs and large messages. manager is borrowed. */
td_flows *td_flows_make(td_manager *manager, int max_threads);
void td_flows_free(td_flows *fs); /* no flow may be left; NULL is fine */
td_manager *td_flows_manager(const td_flows *fs);
/* For who waits in write: nobody is there for the answer any more. */
bool td_flow_is_unwanted(const td_flow *f);
/* Bytes of very large messages (1 MiB and more) that are worked on at a time; at least one always is. At first 16 MiB a core. */
void td_flows_limit(td_flows *fs, size_t bytes);
/* Flows that ask for a run and are not over, at a time; one more ends with UNAVAILABLE. 0, as at first: any number. Before the
 * first flow. */
void td_flows_limit_runs(td_flows *fs, int most);

/* Takes the request on its way, on the host's event thread. Never blocks, parses no more than 64 KiB and runs
 * nothing that is known to take more than 200 us: end() may have been called on return, or f was suspended, or it waits in
 * f->gather until the host, having nothing else to do at once, calls td_gather_run(). */
void td_flow_start(td_flow *f);
/* Goes on with a flow that its host has suspended. f may be over on return. */
void td_flow_go(td_flow *f);
/* Nobody waits any more for the answer of a flow that its host has suspended: it need not stand in line. f may be over
 * before this returns, and after it. */
void td_flow_hurry(td_flow *f);
/* Ends a flow that its host has suspended and will not go on with, as its client is gone: end() is not called. Others,
 * over or never begun, are left alone. */
void td_flow_abandon(td_flow *f);

#endif
