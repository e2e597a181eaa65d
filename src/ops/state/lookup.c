/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.c -- open addressing over dense arrays of keys and values.
 * A removed entry is swapped with the last one. Many keys are looked up in groups: first all their slots are asked of memory,
 * then all entries, then keys are compared, so that a group waits for memory about as long as one key would. */
#include "ops/state/lookup.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/size.h"

typedef struct slot {
    uint32_t entry; /* + 1; 0: free */
    uint32_t hash;  /* the half of it that does not say where the slot is */
} slot;

struct td_lookup {
    td_object base;
    td_lookup_kind kind;
    char *name;
    td_rwlock mu; /* guards all below */
    bool is_filled;
    size_t key_size, value_size; /* bytes of a key, of a value */
    size_t value_count;          /* elements of a value */
    size_t n, cap;
    unsigned char *keys, *values; /* strings own their bytes */
    unsigned char *reserved;      /* NULL, or two keys that no entry may have */
    slot *slots;
    size_t n_slots; /* a power of two */
};

static void free_strings(void *data, size_t n)
{
    td_string *const s = data;

    for (size_t i = 0; i < n; i++)
        td_free((void *)(uintptr_t)s[i].data);
}

static void clear_locked(td_lookup *t)
{
    if (t->kind.key == TD_STRING) free_strings(t->keys, t->n);
    if (t->kind.value == TD_STRING) free_strings(t->values, t->n * t->value_count);
    t->n = 0;
    if (t->slots) memset(t->slots, 0, t->n_slots * sizeof *t->slots);
}

static void table_free(td_object *o)
{
    td_lookup *const t = (td_lookup *)o;

    clear_locked(t);
    if (t->reserved && t->kind.key == TD_STRING) free_strings(t->reserved, 2);
    td_free(t->reserved);
    td_free(t->keys);
    td_free(t->values);
    td_free(t->slots);
    td_free(t->name);
    td_rwlock_fini(&t->mu);
    td_free(t);
}

static const char *table_lacks(td_object *o)
{
    td_lookup *const t = (td_lookup *)o;

    return t->kind.is_mutable || td_lookup_is_filled(t) ? NULL : t->name;
}

const td_object_class td_lookup_class = { .name = "LookupTable",
                                          .free = table_free,
                                          .lacks_value = table_lacks };

td_lookup *td_lookup_make(const td_lookup_kind *kind, const char *name)
{
    td_lookup *const t = TD_NEW(td_lookup);

    td_object_init(&t->base, &td_lookup_class);
    t->kind = *kind;
    t->name = td_strdup(name);
    td_rwlock_init(&t->mu, TD_LOCK_ops_resource);
    t->key_size = td_dtype_size(kind->key);
    t->value_count = (size_t)td_shape_count(&kind->value_shape);
    t->value_size = t->value_count * td_dtype_size(kind->value);
    return t;
}

const td_lookup_kind *td_lookup_kind_of(const td_lookup *t)
{
    return &t->kind;
}

td_status td_lookup_of(const td_tensor *handle, td_lookup **out)
{
    td_object *const o = handle->data ? *(td_object **)handle->data : NULL;

    if (handle->dtype != TD_RESOURCE || !td_object_as(o, &td_lookup_class))
        return TD_ERR(INVALID_ARGUMENT, "Trying to access a lookup table through a handle of a %s",
                      o ? o->cls->name : "resource that is not there");
    *out = (td_lookup *)o;
    return NULL;
}

static uint64_t hash_key(const td_lookup *t, const void *key)
{
    const td_string *const s = key;

    return t->kind.key == TD_STRING ? td_hash_bytes(s->data, s->size, 0) : td_hash_bytes(key, t->key_size, 0);
}

static bool same_key(const td_lookup *t, const void *a, const void *b)
{
    const td_string *const x = a, *const y = b;

    if (t->kind.key != TD_STRING) return memcmp(a, b, t->key_size) == 0;
    return x->size == y->size && (x->size == 0 || memcmp(x->data, y->data, x->size) == 0);
}

/* Which of the two reserved keys it is; NULL: none. */
static const char *reserved_as(const td_lookup *t, const void *key)
{
    static const char *const names[] = { "empty", "deleted" };

    for (size_t k = 0; t->reserved && k < 2; k++)
        if (same_key(t, key, t->reserved + k * t->key_size)) return names[k];
    return NULL;
}

static td_status check_keys_locked(const td_lookup *t, const td_tensor *keys)
{
    const size_t n = t->reserved ? (size_t)td_shape_count(&keys->shape) : 0;

    for (size_t i = 0; i < n; i++) {
        const char *const name = reserved_as(t, (const char *)keys->data + i * t->key_size);

        if (name) return TD_ERR(INVALID_ARGUMENT, "Using the %s_key as a table key is not allowed", name);
    }
    return NULL;
}

/* The slot of key: where it is, or where it would go. There is always a free slot. */
static slot *find_slot(const td_lookup *t, const void *key, uint64_t hash)
{
    size_t i = hash & (t->n_slots - 1);

    while (t->slots[i].entry && (t->slots[i].hash != (uint32_t)(hash >> 32) ||
                                 !same_key(t, key, t->keys + (t->slots[i].entry - 1) * t->key_size)))
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static slot slot_of(size_t entry, uint64_t hash)
{
    return (slot){ (uint32_t)entry + 1, (uint32_t)(hash >> 32) };
}

static void fill_slots(td_lookup *t)
{
    memset(t->slots, 0, t->n_slots * sizeof *t->slots);
    for (size_t e = 0; e < t->n; e++) {
        const void *const key = t->keys + e * t->key_size;
        const uint64_t hash = hash_key(t, key);

        *find_slot(t, key, hash) = slot_of(e, hash);
    }
}

static bool grow_slots(td_lookup *t, size_t n_slots)
{
    slot *const slots = td_try_alloc(n_slots * sizeof *slots, _Alignof(slot));

    if (!slots) return false;
    td_free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    fill_slots(t);
    return true;
}

/* What is there moves to a place of `bytes`. */
static bool resize(unsigned char **data, size_t bytes)
{
    unsigned char *const more = td_try_realloc(*data, bytes);

    if (more) *data = more;
    return more != NULL;
}

/* Room for so many more entries; without memory the table stays as it is. */
static bool grow(td_lookup *t, size_t more)
{
    const size_t want = t->n + more;
    size_t n_slots = t->n_slots ? t->n_slots : 16, values;

    if (want > t->cap) {
        const size_t cap = TD_MAX(2 * t->cap, want);

        if (!td_mul_size(cap, t->value_size, &values) || !resize(&t->keys, cap * t->key_size + 1) ||
            !resize(&t->values, values + 1))
            return false;
        t->cap = cap;
    }
    while (2 * want > n_slots)
        n_slots *= 2;
    return n_slots == t->n_slots || grow_slots(t, n_slots);
}

static td_string own(td_string s)
{
    return (td_string){ td_strndup(s.size ? s.data : "", s.size), s.size };
}

static void set_value(td_lookup *t, size_t e, const void *value, bool is_new)
{
    td_string *const to = (td_string *)(void *)(t->values + e * t->value_size);
    const td_string *const from = value;

    if (t->kind.value != TD_STRING) {
        memcpy(t->values + e * t->value_size, value, t->value_size);
        return;
    }
    if (!is_new) free_strings(to, t->value_count);
    for (size_t i = 0; i < t->value_count; i++)
        to[i] = own(from[i]);
}

static void put_one(td_lookup *t, const void *key, const void *value)
{
    const uint64_t hash = hash_key(t, key);
    slot *const at = find_slot(t, key, hash);

    if (at->entry) {
        set_value(t, at->entry - 1, value, false);
        return;
    }
    const size_t e = t->n++;
    if (t->kind.key == TD_STRING)
        ((td_string *)(void *)t->keys)[e] = own(*(const td_string *)key);
    else
        memcpy(t->keys + e * t->key_size, key, t->key_size);
    set_value(t, e, value, true);
    *at = slot_of(e, hash);
}

/* Keys and values as this table's, one value a key. */
static td_status check_entries(const td_lookup *t, const td_tensor *keys, const td_tensor *values)
{
    const int64_t n = td_shape_count(&keys->shape);
    int64_t n_values;

    if (keys->dtype != t->kind.key || values->dtype != t->kind.value)
        return TD_ERR(INVALID_ARGUMENT, "table %s maps %s to %s, not %s to %s", t->name,
                      td_dtype_name(t->kind.key), td_dtype_name(t->kind.value), td_dtype_name(keys->dtype),
                      td_dtype_name(values->dtype));
    if (!td_mul_i64(n, (int64_t)t->value_count, &n_values) || td_shape_count(&values->shape) != n_values)
        return TD_ERR(INVALID_ARGUMENT, "table %s: %lld keys and %lld values do not fit", t->name,
                      (long long)n, (long long)td_shape_count(&values->shape));
    if (n > UINT32_MAX / 4) return TD_ERR(RESOURCE_EXHAUSTED, "table %s: too many keys", t->name);
    return NULL;
}

static td_status no_room(const td_lookup *t, int64_t n)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "table %s: no memory for %lld more keys", t->name, (long long)n);
}

static td_status put_locked(td_lookup *t, const td_tensor *keys, const td_tensor *values, bool replace)
{
    const int64_t n = td_shape_count(&keys->shape);

    if (!replace) TD_TRY(check_keys_locked(t, keys));
    if (replace) clear_locked(t);
    if (!grow(t, (size_t)n)) return no_room(t, n);
    for (size_t i = 0; i < (size_t)n; i++) {
        const char *const key = (const char *)keys->data + i * t->key_size;

        if (replace && reserved_as(t, key)) continue; /* TensorFlow saves its free buckets, too */
        put_one(t, key, (const char *)values->data + i * t->value_size);
    }
    return NULL;
}

td_status td_lookup_put(td_lookup *t, const td_tensor *keys, const td_tensor *values, bool replace)
{
    if (!t->kind.is_mutable)
        return TD_ERR(UNIMPLEMENTED, "Insert not supported by InitializableLookupTable implementations");
    TD_TRY(check_entries(t, keys, values));
    td_rwlock_write(&t->mu);
    const td_status s = put_locked(t, keys, values, replace);
    td_rwlock_unlock(&t->mu);
    return s;
}

static void reserve_one(td_lookup *t, size_t k, const void *key)
{
    if (t->kind.key == TD_STRING)
        ((td_string *)(void *)t->reserved)[k] = own(*(const td_string *)key);
    else
        memcpy(t->reserved + k * t->key_size, key, t->key_size);
}

static td_status reserve_locked(td_lookup *t, const void *empty, const void *deleted)
{
    if (t->reserved)
        return same_key(t, t->reserved, empty) && same_key(t, t->reserved + t->key_size, deleted)
                   ? NULL
                   : TD_ERR(INVALID_ARGUMENT, "table %s: has other empty and deleted keys", t->name);
    if (same_key(t, empty, deleted))
        return TD_ERR(INVALID_ARGUMENT, "Empty and deleted keys cannot be equal");
    t->reserved = TD_NEW_N(unsigned char, 2 * t->key_size);
    reserve_one(t, 0, empty);
    reserve_one(t, 1, deleted);
    return NULL;
}

td_status td_lookup_reserve(td_lookup *t, const td_tensor *empty, const td_tensor *deleted)
{
    if (empty->dtype != t->kind.key || deleted->dtype != t->kind.key || td_shape_count(&empty->shape) != 1 ||
        td_shape_count(&deleted->shape) != 1)
        return TD_ERR(INVALID_ARGUMENT, "table %s: empty_key and deleted_key must each be one key", t->name);
    td_rwlock_write(&t->mu);
    const td_status s = reserve_locked(t, empty->data, deleted->data);
    td_rwlock_unlock(&t->mu);
    return s;
}

/* ---------------------------------------------------------------- static tables */

td_status td_lookup_fillable(const td_lookup *t)
{
    if (t->kind.is_mutable) return TD_ERR(INVALID_ARGUMENT, "Table %s is not initializable", t->name);
    return NULL;
}

/* As numbers: -0 is 0, a NaN nothing's equal. */
static bool same_value(const td_lookup *t, const void *a, const void *b)
{
    const td_string *const x = a, *const y = b;

    if (t->kind.value == TD_F32) return *(const float *)a == *(const float *)b;
    if (t->kind.value == TD_F64) return *(const double *)a == *(const double *)b;
    if (t->kind.value != TD_STRING) return memcmp(a, b, t->value_size) == 0;
    return x->size == y->size && (x->size == 0 || memcmp(x->data, y->data, x->size) == 0);
}

enum { ELEMENT_TEXT = 64 };

static const char *element_text(td_dtype dtype, const void *p, char *buf)
{
    const td_string *const s = p;

    if (dtype == TD_STRING)
        (void)snprintf(buf, ELEMENT_TEXT, "%.*s", (int)TD_MIN(s->size, ELEMENT_TEXT), s->data);
    else if (dtype == TD_F32)
        (void)snprintf(buf, ELEMENT_TEXT, "%g", (double)*(const float *)p);
    else if (dtype == TD_F64)
        (void)snprintf(buf, ELEMENT_TEXT, "%g", *(const double *)p);
    else if (dtype == TD_I64)
        (void)snprintf(buf, ELEMENT_TEXT, "%lld", (long long)*(const int64_t *)p);
    else if (dtype == TD_I32)
        (void)snprintf(buf, ELEMENT_TEXT, "%d", (int)*(const int32_t *)p);
    else if (dtype == TD_BOOL)
        (void)snprintf(buf, ELEMENT_TEXT, "%d", *(const bool *)p);
    else
        (void)snprintf(buf, ELEMENT_TEXT, "a %s", td_dtype_name(dtype));
    return buf;
}

static td_status fill_one(td_lookup *t, const void *key, const void *value)
{
    const slot *const at = find_slot(t, key, hash_key(t, key));

    if (!at->entry) {
        put_one(t, key, value);
        return NULL;
    }
    const void *const old = t->values + (at->entry - 1) * t->value_size;
    if (same_value(t, old, value)) return NULL;
    char k[ELEMENT_TEXT], a[ELEMENT_TEXT], b[ELEMENT_TEXT];
    return TD_ERR(FAILED_PRECONDITION,
                  "HashTable has different value for same key. Key %s has %s and trying to add value %s",
                  element_text(t->kind.key, key, k), element_text(t->kind.value, old, a),
                  element_text(t->kind.value, value, b));
}

static td_status fill_locked(td_lookup *t, const td_tensor *keys, const td_tensor *values)
{
    const int64_t n = td_shape_count(&keys->shape);
    td_status s = NULL;

    if (t->is_filled)
        return (int64_t)t->n == n
                   ? NULL
                   : TD_ERR(FAILED_PRECONDITION, "Table was already initialized with different data.");
    if (!grow(t, (size_t)n)) return no_room(t, n);
    for (size_t i = 0; i < (size_t)n && !s; i++)
        s = fill_one(t, (const char *)keys->data + i * t->key_size,
                     (const char *)values->data + i * t->value_size);
    if (s) clear_locked(t);
    t->is_filled = !s;
    return s;
}

td_status td_lookup_fill(td_lookup *t, const td_tensor *keys, const td_tensor *values)
{
    TD_TRY(check_entries(t, keys, values));
    if (td_shape_count(&keys->shape) == 0)
        return TD_ERR(INVALID_ARGUMENT, "keys and values cannot be empty tensors.");
    td_rwlock_write(&t->mu);
    const td_status s = fill_locked(t, keys, values);
    td_rwlock_unlock(&t->mu);
    return s;
}

/* So many bytes of elements; strings with their own bytes. */
static td_status copy_strings(bool are_strings, void *out, const void *in, size_t size,
                              char *(*copy)(void *ctx, size_t size), void *ctx)
{
    const td_string *const from = in;
    td_string *const to = out;

    memcpy(out, in, size);
    for (size_t i = 0; are_strings && i < size / sizeof *from; i++) {
        char *const bytes = copy(ctx, from[i].size);

        if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string of %zu bytes", from[i].size);
        if (from[i].size) memcpy(bytes, from[i].data, from[i].size);
        to[i] = (td_string){ bytes, from[i].size };
    }
    return NULL;
}

/* value_count elements; strings of tables that change or go with the run are copied. */
static td_status copy_value(const td_lookup *t, void *out, const void *value,
                            char *(*copy)(void *ctx, size_t size), void *ctx)
{
    const bool may_go = t->kind.is_mutable || t->kind.is_own;

    return copy_strings(t->kind.value == TD_STRING && may_go, out, value, t->value_size, copy, ctx);
}

enum { GROUP = 16 }; /* as many cache lines as are asked for at a time */

typedef struct search {
    const td_tensor *keys, *fallback;
    bool per_key; /* each key has its own fallback */
    unsigned char *values;
} search;

static const void *key_at(const td_lookup *t, const search *s, size_t i)
{
    return (const char *)s->keys->data + i * t->key_size;
}

/* Hashes of n keys; what will be read to find them is on its way. */
static void fetch_group(const td_lookup *t, const search *s, size_t first, size_t n, uint64_t hash[GROUP])
{
    for (size_t i = 0; i < n; i++) {
        hash[i] = hash_key(t, key_at(t, s, first + i));
        __builtin_prefetch(&t->slots[hash[i] & (t->n_slots - 1)]);
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t entry = t->slots[hash[i] & (t->n_slots - 1)].entry;

        if (!entry) continue;
        __builtin_prefetch(t->keys + (entry - 1) * t->key_size);
        __builtin_prefetch(t->values + (entry - 1) * t->value_size);
    }
    for (size_t i = 0; t->kind.key == TD_STRING && i < n; i++) {
        const uint32_t entry = t->slots[hash[i] & (t->n_slots - 1)].entry;

        if (entry) __builtin_prefetch(((const td_string *)(const void *)t->keys)[entry - 1].data);
    }
}

static void find_group(const td_lookup *t, const search *s, size_t first, size_t n, const void *found[GROUP])
{
    uint64_t hash[GROUP];

    if (t->n) fetch_group(t, s, first, n, hash);
    for (size_t i = 0; i < n; i++) {
        const slot *const at = t->n ? find_slot(t, key_at(t, s, first + i), hash[i]) : NULL;

        found[i] = at && at->entry ? t->values + (at->entry - 1) * t->value_size : NULL;
    }
}

/* Keys [begin, end). */
static td_status find_some(const td_lookup *t, const search *s, size_t begin, size_t end,
                           char *(*copy)(void *ctx, size_t size), void *ctx)
{
    for (size_t first = begin; first < end; first += GROUP) {
        const size_t n = TD_MIN(end - first, GROUP);
        const void *found[GROUP];

        find_group(t, s, first, n, found);
        for (size_t i = first; i < first + n; i++) {
            unsigned char *const out = s->values + i * t->value_size;

            if (found[i - first])
                TD_TRY(copy_value(t, out, found[i - first], copy, ctx));
            else
                memcpy(out, (const char *)s->fallback->data + (s->per_key ? i * t->value_size : 0),
                       t->value_size);
        }
    }
    return NULL;
}

td_status td_lookup_find(td_lookup *t, const td_tensor *keys, const td_tensor *fallback, void *values,
                         char *(*copy)(void *ctx, size_t size), void *ctx)
{
    const size_t n = (size_t)td_shape_count(&keys->shape);
    const search what = { keys, fallback,
                          t->kind.is_mutable &&
                              (size_t)td_shape_count(&fallback->shape) == n * t->value_count && n > 1,
                          values };
    td_status s = NULL;

    td_rwlock_read(&t->mu);
    if (!t->is_filled && !t->kind.is_mutable) s = TD_ERR(FAILED_PRECONDITION, "Table not initialized.");
    if (!s) s = check_keys_locked(t, keys);
    if (!s) s = find_some(t, &what, 0, n, copy, ctx);
    td_rwlock_unlock(&t->mu);
    return s;
}

bool td_lookup_is_settled(td_lookup *t)
{
    return !t->kind.is_mutable && !t->kind.is_own && td_lookup_is_filled(t);
}

void td_lookup_find_settled(const td_lookup *t, const td_tensor *keys, const td_tensor *fallback,
                            void *values, size_t begin, size_t end)
{
    const search what = { keys, fallback, false, values };
    const td_status s = find_some(t, &what, begin, end, NULL, NULL);

    TD_ASSERT(!s); /* what fails is memory for copies, and nothing is copied */
}

static void remove_one(td_lookup *t, const void *key)
{
    const slot *const at = find_slot(t, key, hash_key(t, key));

    if (!at->entry) return;
    const size_t e = at->entry - 1, last = t->n - 1;
    if (t->kind.key == TD_STRING) free_strings(t->keys + e * t->key_size, 1);
    if (t->kind.value == TD_STRING) free_strings(t->values + e * t->value_size, t->value_count);
    memmove(t->keys + e * t->key_size, t->keys + last * t->key_size, t->key_size);
    memmove(t->values + e * t->value_size, t->values + last * t->value_size, t->value_size);
    t->n--;
    fill_slots(t); /* rare: removal is not what tables are for */
}

td_status td_lookup_remove(td_lookup *t, const td_tensor *keys)
{
    const size_t n = (size_t)td_shape_count(&keys->shape);

    if (!t->kind.is_mutable)
        return TD_ERR(UNIMPLEMENTED, "Remove not supported by InitializableLookupTable implementations");
    td_rwlock_write(&t->mu);
    const td_status s = check_keys_locked(t, keys);
    for (size_t i = 0; !s && i < n && t->n > 0; i++)
        remove_one(t, (const char *)keys->data + i * t->key_size);
    td_rwlock_unlock(&t->mu);
    return s;
}

int64_t td_lookup_size(td_lookup *t)
{
    td_rwlock_read(&t->mu);
    const size_t n = t->n;
    td_rwlock_unlock(&t->mu);
    return (int64_t)n;
}

td_status td_lookup_export(td_lookup *t, void *keys, void *values, int64_t n,
                           char *(*copy)(void *ctx, size_t size), void *ctx)
{
    td_status s = NULL;

    td_rwlock_read(&t->mu);
    if (t->n < (size_t)n) s = TD_ERR(ABORTED, "table %s shrank meanwhile", t->name);
    for (size_t i = 0; !s && i < (size_t)n; i++) {
        s = copy_strings(t->kind.key == TD_STRING, (char *)keys + i * t->key_size, t->keys + i * t->key_size,
                         t->key_size, copy, ctx);
        if (!s)
            s = copy_value(t, (char *)values + i * t->value_size, t->values + i * t->value_size, copy, ctx);
    }
    td_rwlock_unlock(&t->mu);
    return s;
}

bool td_lookup_is_filled(td_lookup *t)
{
    td_rwlock_read(&t->mu);
    const bool is_filled = t->is_filled;
    td_rwlock_unlock(&t->mu);
    return is_filled;
}
