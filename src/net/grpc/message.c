/* SPDX-License-Identifier: Apache-2.0 */
/* message.c -- a request's bytes in one piece.
 *
 * A small message lies in one slice of the read buffer and is used there. A large one comes in many slices
 * and is put together once; where its first tensor_content will lie is told from the first slice, and the
 * copy is placed so that the content is aligned and can be used as a tensor with no second copy. A compressed
 * one is inflated here.
 */
#include <string.h>

#include <grpc/byte_buffer_reader.h>

#include "base/mem.h"
#include "base/size.h"
#include "codec/pb/predict.h"
#include "net/inflate.h"
#include "net/grpc/server.h"

static td_status gather(td_grpc_call *c, grpc_byte_buffer_reader *reader, grpc_slice *slice, size_t size)
{
    const size_t content_at =
        td_grpc_predict_content_at(GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
    const size_t shift = (TD_ALIGN - content_at % TD_ALIGN) % TD_ALIGN;

    c->gathered = td_try_alloc(size + TD_ALIGN, TD_ALIGN);
    if (!c->gathered) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a request of %zu bytes", size);

    uint8_t *const start = (uint8_t *)c->gathered + shift;
    size_t done = 0;
    do {
        const size_t n = GRPC_SLICE_LENGTH(*slice);

        TD_ASSERT(n <= size - done);
        memcpy(start + done, GRPC_SLICE_START_PTR(*slice), n);
        done += n;
    } while (grpc_byte_buffer_reader_peek(reader, &slice));
    c->bytes = start;
    c->size = done;
    return NULL;
}

/* Compressed: the core leaves that to us, as it knows no limit. */
static td_status inflate_message(td_grpc_call *c)
{
    enum { SMALL = 4 << 20 }; /* on event threads: more than any question but those that run models */
    const size_t limit = c->queue->server->max_inflated;
    const size_t max = c->is_offloaded ? limit : TD_MIN(limit, (size_t)SMALL);
    void *const compressed = c->gathered;
    size_t capacity;
    char *out;
    td_status error = td_inflate(c->bytes, c->size, max, 0, &out, &c->size, &capacity);

    c->gathered = out;
    c->bytes = (const uint8_t *)out;
    td_free(compressed);
    if (td_status_code(error) != TD_OUT_OF_RANGE) return error;
    td_status_free(error);
    return TD_ERR(RESOURCE_EXHAUSTED,
                  "The message inflates to more than %zu bytes (--max_inflated_megabytes)", max);
}

static td_status read_message(td_grpc_call *c, grpc_byte_buffer_reader *reader)
{
    const size_t size = grpc_byte_buffer_length(reader->buffer_out);
    grpc_slice *first;

    if (!grpc_byte_buffer_reader_peek(reader, &first)) {
        c->bytes = (const uint8_t *)"";
        c->size = 0;
        return NULL;
    }
    if (TD_UNLIKELY(GRPC_SLICE_LENGTH(*first) != size)) return gather(c, reader, first, size);
    c->bytes = GRPC_SLICE_START_PTR(*first); /* payload keeps it */
    c->size = size;
    return NULL;
}

static bool is_compressed(const td_grpc_call *c)
{
    return c->payload && c->payload->type == GRPC_BB_RAW &&
           c->payload->data.raw.compression != GRPC_COMPRESS_NONE;
}

td_status td_grpc_message_open(td_grpc_call *c)
{
    grpc_byte_buffer_reader reader;

    if (!c->payload || !grpc_byte_buffer_reader_init(&reader, c->payload))
        return TD_ERR(INVALID_ARGUMENT, "The call has no readable message");
    td_status error = read_message(c, &reader);
    grpc_byte_buffer_reader_destroy(&reader);
    if (TD_UNLIKELY(!error && is_compressed(c))) error = inflate_message(c);
    return error;
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
    td_free(c->gathered);
    c->payload = NULL;
    c->gathered = NULL;
    c->bytes = NULL;
    c->size = 0;
}
