/* SPDX-License-Identifier: Apache-2.0 */
/* message.c -- a request's bytes in one piece.
 *
 * A small message lies in one slice of the read buffer and is used there. A large one comes in many slices
 * and is put together once, each slice going as it is copied; where its first tensor_content will lie is told from the
 * first slice, and the copy is placed so that the content is aligned and can be used as a tensor with no second copy. A
 * compressed one is inflated here.
 */
#include <stdatomic.h>
#include <string.h>

#include <grpc/slice_buffer.h>

#include "base/mem.h"
#include "base/size.h"
#include "codec/pb/predict.h"
#include "net/inflate.h"
#include "net/grpc/server.h"

enum { LARGE = 1 << 20 };

/* The slices of a large message leave holes in the heap, which keeps them. The next message fills them again, so they
 * stay while there are few: pages that come and go with each one cost a large message a tenth of its time. */
static void give_back_holes(size_t freed)
{
    enum { WORTH_IT = 16 << 20, FEW = 40 << 20 };
    static atomic_size_t holes;

    /* relaxed: it only counts */
    if (freed < LARGE || atomic_fetch_add_explicit(&holes, freed, memory_order_relaxed) + freed < WORTH_IT)
        return;
    atomic_store_explicit(&holes, 0, memory_order_relaxed);
    if (td_heap_holes() > FEW) td_heap_trim();
}

/* By itself, as TSan does not see the core count (tests/tsan.supp). */
static void drop_slice(grpc_slice slice)
{
    grpc_slice_unref(slice);
}

static td_status gather(td_grpc_call *c, grpc_slice_buffer *slices)
{
    const grpc_slice *const first = &slices->slices[0];
    const size_t content_at =
        td_grpc_predict_content_at(GRPC_SLICE_START_PTR(*first), GRPC_SLICE_LENGTH(*first));
    const size_t shift = (TD_ALIGN - content_at % TD_ALIGN) % TD_ALIGN, size = slices->length;

    TD_TRY(td_workspace_take_other(NULL, size + TD_ALIGN, "a request", &c->memory));
    uint8_t *const start = (uint8_t *)c->memory.data + shift, *at = start;

    while (slices->count) {
        const grpc_slice slice = grpc_slice_buffer_take_first(slices);

        memcpy(at, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice));
        at += GRPC_SLICE_LENGTH(slice);
        drop_slice(slice);
    }
    TD_ASSERT(at == start + size);
    give_back_holes(size);
    c->bytes = start;
    c->size = size;
    return NULL;
}

/* Compressed: the core leaves that to us, as it knows no limit. */
static td_status inflate_message(td_grpc_call *c)
{
    enum { SMALL = 4 << 20 }; /* on event threads: more than any question but those that run models */
    const size_t limit = c->server->max_inflated;
    const size_t max = c->is_offloaded ? limit : TD_MIN(limit, (size_t)SMALL);
    char *out;
    td_status error = td_inflate(c->bytes, c->size, max, 0, &out, &c->size, &c->inflated_size);

    c->inflated = out;
    c->bytes = (const uint8_t *)out;
    td_workspace_give(&c->memory);
    if (td_status_code(error) != TD_OUT_OF_RANGE) return error;
    td_status_free(error);
    return TD_ERR(RESOURCE_EXHAUSTED,
                  "The message inflates to more than %zu bytes (--max_inflated_megabytes)", max);
}

static td_status read_message(td_grpc_call *c)
{
    grpc_slice_buffer *const slices = &c->payload->data.raw.slice_buffer;

    if (TD_UNLIKELY(slices->count > 1)) return gather(c, slices);
    /* payload keeps it */
    c->bytes = slices->count ? GRPC_SLICE_START_PTR(slices->slices[0]) : (const uint8_t *)"";
    c->size = slices->length;
    return NULL;
}

static bool is_compressed(const td_grpc_call *c)
{
    return c->payload && c->payload->type == GRPC_BB_RAW &&
           c->payload->data.raw.compression != GRPC_COMPRESS_NONE;
}

td_status td_grpc_message_open(td_grpc_call *c)
{
    if (!c->payload || c->payload->type != GRPC_BB_RAW)
        return TD_ERR(INVALID_ARGUMENT, "The call has no readable message");
    TD_TRY(read_message(c));
    return TD_UNLIKELY(is_compressed(c)) ? inflate_message(c) : NULL;
}

size_t td_grpc_message_size(const td_grpc_call *c)
{
    return c->payload ? grpc_byte_buffer_length(c->payload) : 0;
}

bool td_grpc_message_is_slow(const td_grpc_call *c)
{
    enum { QUICK = 4 << 10 }; /* a thousand times as much at most: some milliseconds */

    return TD_UNLIKELY(is_compressed(c)) && grpc_byte_buffer_length(c->payload) > QUICK;
}

void td_grpc_message_close(td_grpc_call *c)
{
    if (c->payload) grpc_byte_buffer_destroy(c->payload);
    td_workspace_give(&c->memory);
    td_free_grown(c->inflated, c->inflated_size);
    c->payload = NULL;
    c->inflated = NULL;
    c->bytes = NULL;
    c->size = 0;
}
