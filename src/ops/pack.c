/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c -- a list of packed forms behind one lock; building holds no lock, the first to finish wins. */
#include "ops/pack.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutex.h"

typedef struct pack {
    td_pack_key key;
    void *data;
    size_t size;
    struct pack *next;
} pack;

struct td_packs {
    td_mutex mu;
    pack *first;
    td_account *account;
};

td_packs *td_packs_make(td_account *account)
{
    td_packs *const p = TD_NEW(td_packs);

    p->account = account;
    td_mutex_init(&p->mu, TD_LOCK_ops_packs);
    return p;
}

static void drop(td_packs *p, void *data, size_t size)
{
    td_free(data);
    td_account_give(p->account, size);
}

void td_packs_free(td_packs *p)
{
    if (!p) return;
    for (pack *e = p->first, *next; e; e = next) {
        next = e->next;
        drop(p, e->data, e->size);
        td_free(e);
    }
    td_mutex_fini(&p->mu);
    td_free(p);
}

size_t td_packs_bytes(td_packs *p)
{
    size_t bytes = 0;

    td_mutex_lock(&p->mu);
    for (const pack *e = p->first; e; e = e->next)
        bytes += e->size;
    td_mutex_unlock(&p->mu);
    return bytes;
}

static const pack *find_locked(const td_packs *p, const td_pack_key *key, size_t size) TD_REQUIRES(p->mu)
{
    for (const pack *e = p->first; e; e = e->next)
        if (memcmp(e->key.data, key->data, sizeof key->data) == 0 && e->key.params == key->params &&
            e->size == size && strcmp(e->key.kind, key->kind) == 0)
            return e;
    return NULL;
}

static td_status make(td_call *c, size_t size, td_status (*build)(void *ctx, void *data), void *ctx,
                      void **out)
{
    td_packs *const p = c->env->packs;

    TD_TRY(td_status_prefix(td_account_take(p->account, size, "a packed form of weights"), "%s: ", c->node));
    void *const data = td_try_alloc(size ? size : 1, TD_ALIGN);
    const td_status s =
        data ? build(ctx, data)
             : TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for %zu bytes of packed weights", c->node, size);

    if (s)
        drop(p, data, size);
    else
        *out = data;
    return s;
}

td_status td_pack_get(td_call *c, const td_pack_key *key, size_t size,
                      td_status (*build)(void *ctx, void *data), void *ctx, const void **out)
{
    td_packs *const p = c->env->packs;

    td_mutex_lock(&p->mu);
    const pack *old = find_locked(p, key, size);
    td_mutex_unlock(&p->mu);
    if (old) {
        *out = old->data;
        return NULL;
    }
    void *data;

    TD_TRY(make(c, size, build, ctx, &data));
    td_mutex_lock(&p->mu);
    old = find_locked(p, key, size);
    if (!old) {
        pack *const e = TD_NEW(pack);

        *e = (pack){ *key, data, size, p->first };
        p->first = e;
    }
    td_mutex_unlock(&p->mu);
    if (old) drop(p, data, size);
    *out = old ? old->data : data;
    return NULL;
}
