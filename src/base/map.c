/* SPDX-License-Identifier: Apache-2.0 */
/* map.c -- slots in order of insertion, and beside them a table of their numbers, probed linearly.
 *
 *   index: [ 0 | 2 | 0 | 1 | 3 | 0 | 0 | 0 ]   at most 3/4 full, capacity a power of two
 *   slots: [ a | b | c ]
 *
 * Keys come from clients and from model files, so the hash has a seed that nobody outside the process knows:
 * without it one could send keys that all fall into one place.
 */
#include "base/map.h"

#include <string.h>
#include <sys/auxv.h>

#include "base/macros.h"
#include "base/mem.h"

enum { MAP_FIRST = 16 };

static uint64_t load8(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load4(const unsigned char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* The two halves of a 128-bit product, folded: every bit of a and b reaches every bit of the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ const unsigned __int128 p = (unsigned __int128)a * b;

    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t td_hash_bytes(const void *data, size_t size, uint64_t seed)
{
    const uint64_t k0 = 0xa0761d6478bd642fu, k1 = 0xe7037ed1a0b428dbu, k2 = 0x8ebc6af09c88c6e3u;
    const unsigned char *p = data;
    uint64_t h = seed ^ k0, a = 0, b = 0;
    size_t left = size;

    for (; left > 16; left -= 16, p += 16)
        h = mix(load8(p) ^ k1, load8(p + 8) ^ h);
    if (left >= 8) {
        a = load8(p);
        b = load8(p + left - 8);
    } else if (left >= 4) {
        a = load4(p);
        b = load4(p + left - 4);
    } else if (left) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[left >> 1] << 8 | p[left - 1];
    }
    return mix(mix(a ^ k1, b ^ h) ^ k2, (uint64_t)size ^ k1);
}

/* The kernel hands every process 16 random bytes. */
static uint64_t map_seed(void)
{
    const unsigned char *const random = (const unsigned char *)getauxval(AT_RANDOM);

    return random ? load8(random) : 0;
}

static uint64_t map_hash(const char *key, size_t size)
{
    static _Thread_local uint64_t seed; /* 0: not read yet; a copy a thread saves an atomic */

    if (TD_UNLIKELY(!seed)) seed = map_seed() | 1;
    return td_hash_bytes(key, size, seed);
}

void td_map_init(td_map *m)
{
    memset(m, 0, sizeof *m);
}

void td_map_fini(td_map *m)
{
    td_free(m->slots);
    td_free(m->index);
    td_map_init(m);
}

static td_map_slot *find(const td_map *m, const char *key, size_t size, uint64_t hash)
{
    if (!m->count) return NULL;
    for (size_t i = hash & (m->capacity - 1); m->index[i]; i = (i + 1) & (m->capacity - 1)) {
        td_map_slot *const s = &m->slots[m->index[i] - 1];

        if (s->hash == hash && s->key_size == size && !memcmp(s->key, key, size)) return s;
    }
    return NULL;
}

static void index_put(td_map *m, uint64_t hash, size_t place)
{
    size_t i = hash & (m->capacity - 1);

    while (m->index[i])
        i = (i + 1) & (m->capacity - 1);
    m->index[i] = (uint32_t)(place + 1);
}

static void grow(td_map *m)
{
    const size_t capacity = m->capacity ? m->capacity * 2 : MAP_FIRST;

    TD_ASSERT(capacity < UINT32_MAX);
    td_free(m->index);
    m->index = TD_NEW_N(uint32_t, capacity);
    m->slots = td_realloc(m->slots, capacity / 4 * 3 * sizeof *m->slots);
    m->capacity = capacity;
    for (size_t i = 0; i < m->count; i++)
        index_put(m, m->slots[i].hash, i);
}

void *td_map_get_n(const td_map *m, const char *key, size_t size)
{
    if (!m->count) return NULL;
    const td_map_slot *const s = find(m, key, size, map_hash(key, size));

    return s ? s->value : NULL;
}

void *td_map_get(const td_map *m, const char *key)
{
    return td_map_get_n(m, key, strlen(key));
}

bool td_map_has(const td_map *m, const char *key)
{
    const size_t size = strlen(key);

    return find(m, key, size, map_hash(key, size)) != NULL;
}

void *td_map_put_n(td_map *m, const char *key, size_t size, void *value)
{
    const uint64_t hash = map_hash(key, size);
    td_map_slot *const s = find(m, key, size, hash);

    if (s) {
        void *const old = s->value;

        s->value = value;
        return old;
    }
    if (m->count == m->capacity / 4 * 3) grow(m);
    m->slots[m->count] = (td_map_slot){ key, size, hash, value };
    index_put(m, hash, m->count++);
    return NULL;
}

void *td_map_put(td_map *m, const char *key, void *value)
{
    return td_map_put_n(m, key, strlen(key), value);
}

bool td_map_next(const td_map *m, size_t *i, const char **key, void **value)
{
    if (*i >= m->count) return false;
    *key = m->slots[*i].key;
    *value = m->slots[*i].value;
    ++*i;
    return true;
}
