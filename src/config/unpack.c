/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c -- see unpack.h. */
#include "config/unpack.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

static void *unpack_alloc(void *is_out_of_memory, size_t size)
{
    void *const p = td_try_alloc(size, _Alignof(max_align_t));

    if (!p) *(bool *)is_out_of_memory = true;
    return p;
}

static void unpack_free(void *is_out_of_memory, void *p)
{
    (void)is_out_of_memory;
    td_free(p);
}

/* td_free() is free(), so that protobuf-c's own allocator can give back what this one took. */
td_status td_message_unpack(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                            ProtobufCMessage **out)
{
    bool is_out_of_memory = false;
    ProtobufCAllocator heap = { unpack_alloc, unpack_free, &is_out_of_memory };
    ProtobufCMessage *const m = protobuf_c_message_unpack(type, &heap, size, bytes);

    if (is_out_of_memory) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %s", type->name);
    if (!m) return TD_ERR(INVALID_ARGUMENT, "Damaged %s", type->name);
    *out = m;
    return NULL;
}
