/* SPDX-License-Identifier: Apache-2.0 */
/* map.h -- string -> pointer, open addressing; iterates in the order of insertion, so that
 * whatever walks a map is the same in every process. Keys are borrowed: they must outlive
 * the map. One thread writes, or many read. */
#ifndef TD_BASE_MAP_H
#define TD_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_map_slot {
    const char *key; /* may have NULs when it was put with a size */
    size_t key_size;
    uint64_t hash;
    void *value;
} td_map_slot;

typedef struct td_map {
    td_map_slot *slots; /* the first `count`, in order of insertion; NULL while empty */
    uint32_t *index;    /* [capacity] hash -> place in slots + 1; 0 is free */
    size_t capacity, count;
} td_map;

void td_map_init(td_map *m);                        /* all zeros is an empty map, too */
void td_map_fini(td_map *m);                        /* leaves an empty map */
void *td_map_get(const td_map *m, const char *key); /* NULL: not there */
void *td_map_get_n(const td_map *m, const char *key, size_t size);
/* Returns the value that was there before (and is replaced; the old key stays), or NULL. */
void *td_map_put(td_map *m, const char *key, void *value);
void *td_map_put_n(td_map *m, const char *key, size_t size, void *value);
bool td_map_has(const td_map *m, const char *key); /* tells a NULL value from none */
/* Iterates: for (size_t i = 0; td_map_next(m, &i, &key, &value);) */
bool td_map_next(const td_map *m, size_t *i, const char **key, void **value);

/* For tables in memory: not stable across versions. */
uint64_t td_hash_bytes(const void *data, size_t size, uint64_t seed);

#endif
