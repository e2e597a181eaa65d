/* SPDX-License-Identifier: Apache-2.0 */
/* table.h -- the immutable picture that readers see: name -> versions that serve, and labels.
 *
 * The manager makes a new table for every change and swaps it in. A table holds a reference to each of its
 * servables, so a reader may take one of its own as long as it may look at the table (rcu.h).
 */
#ifndef TD_SERVE_TABLE_H
#define TD_SERVE_TABLE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "obs/loads.h"
#include "obs/requests.h"
#include "serve/manager.h"

struct td_servable {
    atomic_uint refs;
    char *name; /* owned */
    int64_t version;
    td_session *session;
    td_request_set *requests; /* owned; NULL: nobody counts */
    td_batcher *batcher;      /* owned; NULL: none */
    td_load_series warmups;   /* of its warm-up file */
    td_request_log *log;      /* the model's; NULL: none */
    /* called with the last reference, on whatever thread drops it; frees s */
    void (*on_last)(td_servable *s);
    void *owner;
    bool is_replaced; /* its version serves on with another; the manager's lock */
};

/* One reference, the caller's. */
td_servable *td_servable_make(const char *name, int64_t version, td_session *session,
                              void (*on_last)(td_servable *s), void *owner);
/* Its requests count there; takes it. Before anybody else has s. */
void td_servable_count(td_servable *s, td_request_set *requests);
/* Its calls are joined there; takes it. Before anybody else has s. */
void td_servable_join(td_servable *s, td_batcher *batcher);
td_servable *td_servable_ref(td_servable *s); /* returns s */
void td_servable_free(td_servable *s);        /* the struct, not the session; for on_last */

typedef struct td_table_label {
    const char *name;
    int64_t version;
} td_table_label;

typedef struct td_table_model {
    const char *name;
    td_servable **servables; /* highest version first */
    size_t n_servables;
    td_table_label *labels;
    size_t n_labels;
    td_request_set *requests; /* for requests that find no version; lives as long as the manager */
    bool is_pending;          /* its first round of loads is going on */
    bool has_latest;          /* servables[0] is what Latest will mean when the round is over */
    bool has_open_labels;     /* some labels wait for their version */
} td_table_model;

typedef struct td_table {
    td_arena *arena; /* everything but servables */
    td_map models;   /* name -> td_table_model */
} td_table;

td_table *td_table_make(void);
/* A model to be filled, with room for so many. */
td_table_model *td_table_add_model(td_table *t, const char *name, size_t max_servables, size_t max_labels);
void td_table_add_servable(td_table_model *m, td_servable *s); /* takes a reference of its own */
void td_table_add_label(td_table *t, td_table_model *m, const char *name, int64_t version);
void td_table_free(td_table *t); /* gives the references back; NULL is fine */

typedef enum td_verdict {
    TD_VERDICT_FOUND,    /* servable is set, borrowed from the table */
    TD_VERDICT_WAIT,     /* it may come: the model's first round is going on */
    TD_VERDICT_ABSENT,   /* no such model or version */
    TD_VERDICT_NO_LABEL, /* no such label */
} td_verdict;

typedef struct td_lookup {
    td_verdict verdict;
    td_servable *servable;
    bool is_specific; /* ABSENT: a version was named, by number or label */
    int64_t version;
} td_lookup;

td_lookup td_table_find(const td_table *t, const td_model_spec *spec);

/* The error for a lookup that found nothing: TensorFlow Serving's text, and what there is instead. */
TD_MUST_USE td_status td_table_absence(const td_table *t, const td_model_spec *spec, const td_lookup *found);

#endif
