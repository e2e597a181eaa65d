/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c -- a list of packed forms behind one lock; building holds no lock. Two that make the same at the same time both
 * keep theirs: it is rare, and what points to the one that came second must not move. */
#include "ops/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/file_map.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/slabs.h"
#include "base/vec.h"

typedef struct pack {
    td_pack_key key;
    const void *data;
    size_t size, source; /* bytes of the form; of key.data[0] */
    bool is_mapped;      /* in the file */
    struct pack *next;
} pack;

struct td_packs {
    td_mutex mu;
    pack *first; /* guarded by mu, as the next */
    td_slabs slabs;
    td_account *account;
    td_pack_file *file; /* NULL: none */
    const char *dir;    /* NULL: nobody asks for pieces */
};

typedef struct job {
    td_pack_key key;
    td_pack_way way; /* its ctx is a copy */
    void *data;
    const char *node;
    td_status error;
    bool is_done;
} job;

struct td_pack_jobs {
    td_packs *packs;
    td_vec jobs;
};

/* ---------------------------------------------------------------- memory */

static td_status take(td_packs *p, const char *node, size_t size, void **out)
{
    TD_TRY(td_status_prefix(td_account_take(p->account, size, "a packed form of weights"), "%s: ", node));
    td_mutex_lock(&p->mu);
    void *const data = td_slabs_take(&p->slabs, size ? size : 1);
    td_mutex_unlock(&p->mu);
    if (!data) {
        td_account_give(p->account, size);
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for %zu bytes of packed weights", node, size);
    }
    *out = data;
    return NULL;
}

static void give(td_packs *p, void *data, size_t size)
{
    td_mutex_lock(&p->mu);
    td_slabs_give(&p->slabs, data, size ? size : 1);
    td_mutex_unlock(&p->mu);
    td_account_give(p->account, size);
}

/* ---------------------------------------------------------------- the list */

static bool is_same(const td_pack_key *a, const td_pack_key *b)
{
    return memcmp(a->data, b->data, sizeof a->data) == 0 && a->params == b->params &&
           strcmp(a->kind, b->kind) == 0;
}

static const void *find(td_packs *p, const td_pack_key *key, size_t size)
{
    const void *data = NULL;

    td_mutex_lock(&p->mu);
    for (const pack *e = p->first; e && !data; e = e->next)
        if (e->size == size && is_same(&e->key, key)) data = e->data;
    td_mutex_unlock(&p->mu);
    return data;
}

static void publish(td_packs *p, const td_pack_key *key, const td_pack_way *way, const void *data,
                    bool is_mapped)
{
    pack *const e = TD_NEW(pack);

    td_mutex_lock(&p->mu);
    *e = (pack){ *key, data, way->size, way->source, is_mapped, p->first };
    p->first = e;
    td_mutex_unlock(&p->mu);
}

/* The packed form takes their place. */
static void forget_source(const td_pack_key *key, const td_pack_way *way)
{
    if (way->source) td_file_map_forget(key->data[0], way->source);
}

td_packs *td_packs_make(td_account *account)
{
    td_packs *const p = TD_NEW(td_packs);

    p->account = account;
    td_slabs_init(&p->slabs);
    td_mutex_init(&p->mu, TD_LOCK_ops_packs);
    return p;
}

void td_packs_free(td_packs *p)
{
    if (!p) return;
    for (pack *e = p->first, *next; e; e = next) {
        next = e->next;
        if (!e->is_mapped) td_account_give(p->account, e->size);
        td_free(e);
    }
    td_pack_file_free(p->file);
    td_slabs_fini(&p->slabs);
    td_mutex_fini(&p->mu);
    td_free(p);
}

void td_packs_expect(td_packs *p, size_t bytes)
{
    td_mutex_lock(&p->mu);
    td_slabs_expect(&p->slabs, bytes);
    td_mutex_unlock(&p->mu);
}

size_t td_packs_bytes(td_packs *p)
{
    size_t bytes = 0;

    td_mutex_lock(&p->mu);
    for (const pack *e = p->first; e; e = e->next)
        bytes += e->is_mapped ? 0 : e->size;
    td_mutex_unlock(&p->mu);
    return bytes;
}

/* ---------------------------------------------------------------- the file */

/* Weights of a file by their place in it; what was made of them by its elements. */
static bool make_id(const td_packs *p, const td_pack_key *key, size_t source, size_t size, td_pack_id *out)
{
    const uint64_t words[] = { td_hash_bytes(key->kind, strlen(key->kind), 2), key->params };
    td_pack_id id = { .form = td_hash_bytes(words, sizeof words, 3), .size = size };

    if (key->data[1] || !source) return false; /* made of more than one, which nobody is so far */
    if (!td_file_map_where(key->data[0], source, p->dir, &id.source[0], &id.source[1])) {
        id.source[0] = td_hash_bytes(key->data[0], source, 4);
        id.source[1] = td_hash_bytes(key->data[0], source, 5);
    }
    *out = id;
    return true;
}

static const void *find_in_file(td_packs *p, const td_pack_key *key, const td_pack_way *way)
{
    td_pack_id id;

    if (!p->file || !make_id(p, key, way->source, way->size, &id)) return NULL;
    const void *const data = td_pack_file_find(p->file, &id);

    if (data) publish(p, key, way, data, true);
    return data;
}

void td_packs_read_from(td_packs *p, td_pack_file *f, const char *dir)
{
    p->file = f;
    p->dir = dir;
}

static size_t count_locked(const td_packs *p) TD_REQUIRES(p->mu)
{
    size_t n = 0;

    for (const pack *e = p->first; e; e = e->next)
        n++;
    return n;
}

td_pack_piece *td_packs_pieces(td_packs *p, size_t *n, size_t *n_new)
{
    *n = *n_new = 0;
    td_mutex_lock(&p->mu);
    td_pack_piece *const pieces = TD_NEW_N(td_pack_piece, count_locked(p));
    const pack *const first = p->first;
    td_mutex_unlock(&p->mu);
    for (const pack *e = first; e; e = e->next) { /* what is in the list does not change any more */
        td_pack_piece *const x = &pieces[*n];

        if (!make_id(p, &e->key, e->source, e->size, &x->id)) continue;
        x->data = e->data;
        (*n)++;
        if (!e->is_mapped) (*n_new)++;
    }
    return pieces;
}

/* ---------------------------------------------------------------- jobs */

td_pack_jobs *td_pack_jobs_make(td_packs *packs)
{
    td_pack_jobs *const j = TD_NEW(td_pack_jobs);

    j->packs = packs;
    j->jobs = TD_VEC(job);
    return j;
}

size_t td_pack_jobs_count(const td_pack_jobs *j)
{
    return j->jobs.size;
}

size_t td_pack_jobs_bytes(const td_pack_jobs *j)
{
    size_t bytes = 0;

    for (size_t i = 0; i < j->jobs.size; i++)
        bytes += TD_VEC_AT(&j->jobs, job, i)->way.size;
    return bytes;
}

static void drop(td_packs *p, const job *x)
{
    give(p, x->data, x->way.size);
    td_free((void *)(uintptr_t)x->way.ctx);
    td_status_free(x->error);
}

void td_pack_jobs_cut(td_pack_jobs *j, size_t n)
{
    while (j->jobs.size > n)
        drop(j->packs, td_vec_pop(&j->jobs));
}

void td_pack_jobs_free(td_pack_jobs *j)
{
    if (!j) return;
    td_pack_jobs_cut(j, 0);
    td_vec_fini(&j->jobs);
    td_free(j);
}

static const void *find_job(const td_pack_jobs *j, const td_pack_key *key, size_t size)
{
    for (size_t i = 0; i < j->jobs.size; i++) {
        const job *const x = TD_VEC_AT(&j->jobs, job, i);

        if (x->way.size == size && is_same(&x->key, key)) return x->data;
    }
    return NULL;
}

static void add_job(td_pack_jobs *j, const char *node, const td_pack_key *key, const td_pack_way *way,
                    void *data)
{
    job *const x = td_vec_push(&j->jobs);
    void *const ctx = td_alloc(way->ctx_size);

    memcpy(ctx, way->ctx, way->ctx_size);
    *x = (job){ .key = *key, .way = *way, .data = data, .node = node };
    x->way.ctx = ctx;
}

static void run_job(void *ctx, size_t shard, int thread)
{
    const td_pack_jobs *const j = ctx;
    job *const x = TD_VEC_AT(&j->jobs, job, shard);

    (void)thread;
    x->error = x->way.build(x->way.ctx, x->data);
    if (!x->error) forget_source(&x->key, &x->way);
    x->is_done = true;
}

/* Large ones first: who comes last has little left to do alone. */
static int by_size(const void *a, const void *b)
{
    const size_t x = ((const job *)a)->way.size, y = ((const job *)b)->way.size;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Takes over what was made, and the first error. */
static td_status end_jobs(td_pack_jobs *j)
{
    td_status first = NULL;

    for (; j->jobs.size;) {
        job *const x = td_vec_pop(&j->jobs);
        const td_status error = td_status_prefix(x->error, "%s: ", x->node);

        x->error = NULL;
        if (!error) {
            publish(j->packs, &x->key, &x->way, x->data, false);
            td_free((void *)(uintptr_t)x->way.ctx);
            continue;
        }
        drop(j->packs, x);
        if (first)
            td_status_free(error);
        else
            first = error;
    }
    return first;
}

td_status td_pack_jobs_run(td_pack_jobs *j, td_team *team)
{
    if (!j->jobs.size) return NULL;
    qsort(j->jobs.data, j->jobs.size, sizeof(job), by_size);
    td_team_run(team, j->jobs.size, run_job, j);
    for (size_t i = 0; i < j->jobs.size; i++) /* a team leaves out what comes after a stop */
        if (!TD_VEC_AT(&j->jobs, job, i)->is_done) run_job(j, i, 0);
    return end_jobs(j);
}

/* ---------------------------------------------------------------- one of them */

static td_status make_now(td_call *c, const td_pack_key *key, const td_pack_way *way, const void **out)
{
    td_packs *const p = c->env->packs;
    void *data;

    TD_TRY(take(p, c->node, way->size, &data));
    const td_status s = way->build(way->ctx, data);

    if (s) {
        give(p, data, way->size);
        return s;
    }
    publish(p, key, way, data, false);
    forget_source(key, way);
    *out = data;
    return NULL;
}

td_status td_pack_get(td_call *c, const td_pack_key *key, const td_pack_way *way, const void **out)
{
    const void *const made = find(c->env->packs, key, way->size);
    const void *const old = made ? made : find_in_file(c->env->packs, key, way);
    const void *const coming = old || !c->packs_later ? old : find_job(c->packs_later, key, way->size);
    void *data;

    if (coming) {
        if (old) forget_source(key, way);
        *out = coming;
        return NULL;
    }
    if (!c->packs_later) return make_now(c, key, way, out);
    TD_TRY(take(c->env->packs, c->node, way->size, &data));
    add_job(c->packs_later, c->node, key, way, data);
    *out = data;
    return NULL;
}
