/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h -- the predict verb, free of protocol words. One td_predict per request, on one thread at a time:
 *
 *   open    spec + signature name -> a referenced version and its signature
 *   (codec) fills inputs[] (order of sig->inputs), dtypes as the signature says, from its own bytes
 *   run     checks what is missing, runs
 *   (codec) encodes td_predict_output(p, i) for i in want order
 *   close   gives everything back
 */
#ifndef TD_API_PREDICT_H
#define TD_API_PREDICT_H

#include "tensord/session.h"

#include "base/arena.h"
#include "batch/gather.h"
#include "serve/manager.h"

/* Which protocol's texts a client compares. */
typedef enum td_wording { TD_WORDING_GRPC, TD_WORDING_REST } td_wording;

typedef struct td_predict td_predict;
struct td_predict {
    td_servable *servable;
    const td_signature *sig;
    td_arena *arena;   /* the request's; the caller makes and frees it */
    td_tensor *inputs; /* sig->n_inputs, cleared by open; dtype TD_DTYPE_NONE: not given */
    size_t *want;      /* indices into sig->outputs; open fills in all of them */
    size_t n_want;
    /* As in td_run_options; the caller's to set behind open. NULL: it cannot be. */
    bool (*cancelled)(void *ctx);
    void *cancelled_ctx;
    bool never_waits; /* likewise: without a free core td_predict_run() does nothing, and leaves no outputs */
    bool is_traced;   /* likewise: the client asks where the time of the run goes */
    const td_tensor *outputs; /* in want's order, after a run */
    bool is_apart;            /* the caller knows that none of them lies in the inputs' memory */
    td_batch_call call;       /* the run: its times and its results */
    void (*began)(td_predict *p);
    void (*done)(td_predict *p, td_status error);
    void (*elsewhere)(td_predict *p);
    void *done_ctx; /* the caller's */
};

/* Opens on a servable that the caller acquired; p owns the reference from here on, also when open fails
 * (close it). Unknown signature: FAILED_PRECONDITION (gRPC) or INVALID_ARGUMENT (REST), texts of
 * tfserving.md 3.2, 2.8. signature_name of size 0 is "serving_default". */
TD_MUST_USE td_status td_predict_open(td_servable *servable, td_string signature_name, td_wording wording,
                                      td_arena *arena, td_predict *p);

/* The same on a signature of the servable's session, as it is, and it cannot fail. */
void td_predict_open_on(td_servable *servable, const td_signature *sig, td_arena *arena, td_predict *p);

/* Index of the input named alias in sig->inputs, or SIZE_MAX. */
size_t td_predict_input(const td_predict *p, td_string alias);
/* Replaces want by the named outputs. INVALID_ARGUMENT as tfserving.md 3.2 item 7. */
TD_MUST_USE td_status td_predict_filter(td_predict *p, const td_string *names, size_t n);

/* What the run takes, its inputs being filled, in nanoseconds; 0: not known. */
int64_t td_predict_expect(const td_predict *p);
/* Is that too long for a thread that others wait for, or may it be? An event loop hands such runs to another thread, which
 * costs about 10 us, and does the rest itself. */
bool td_predict_is_long(const td_predict *p, int64_t expected_ns);

/* Types must agree with the signature ("Expects arg[0] to be float but int32 is provided"). deadline_ns as in
 * td_run_options. DEADLINE_EXCEEDED, CANCELLED, or what the model's ops say. */
TD_MUST_USE td_status td_predict_run(td_predict *p, int64_t deadline_ns);
/* The same by the servable's batcher: began(p) is called when the run begins, or several times as it is tried again, and
 * done(p, error), which takes error, when it is over, by any thread and
 * maybe before this returns. */
void td_predict_start(td_predict *p, int64_t deadline_ns, void (*began)(td_predict *p),
                      void (*done)(td_predict *p, td_status error));
/* The same by the thread's own gather, with those that come right behind: when td_gather_run() is called, on this
 * thread. elsewhere(p): it is not to run on this thread after all, and may be started anew. False: it is better run at
 * once; nothing was done. */
bool td_predict_gather(td_predict *p, td_gather *g, int64_t expected_ns, int64_t deadline_ns,
                       void (*began)(td_predict *p), void (*done)(td_predict *p, td_status error),
                       void (*elsewhere)(td_predict *p));
/* Rows that the client sent: the first dimension of the first input that it gave; a scalar is one. */
size_t td_predict_rows(const td_predict *p);
const td_tensor *td_predict_output(const td_predict *p, size_t i);
void td_predict_close(td_predict *p); /* cleared structs are fine */

/* What holds the outputs of a p whose is_apart is set, beyond its close. Any thread gives it back, once for each. */
typedef struct td_predict_hold td_predict_hold;
td_predict_hold *td_predict_keep(td_predict *p); /* one reference, the caller's; once */
td_predict_hold *td_predict_hold_ref(td_predict_hold *h);
void td_predict_hold_unref(td_predict_hold *h);
/* Closes p but for its servable, which is the caller's again. */
td_servable *td_predict_detach(td_predict *p);

#endif
