/* message.c -- a request's bytes in one piece.
 *
 * A small message lies in one slice of the read buffer and is used there. A large one comes in many slices
 * and is put together once; where its first tensor_content will lie is told from the first slice, and the
 * copy is placed so that the content is aligned and can be used as a tensor with no second copy.
 */
#include <string.h>

#include <grpc/byte_buffer_reader.h>

#include "base/mem.h"
#include "base/size.h"
#include "codec/pb/predict.h"
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

td_status td_grpc_message_open(td_grpc_call *c)
{
    grpc_byte_buffer_reader reader;
    grpc_slice *first;

    if (!c->payload || !grpc_byte_buffer_reader_init(&reader, c->payload))
        return TD_ERR(INVALID_ARGUMENT, "The call has no readable message");

    td_status error = NULL;
    const size_t size = grpc_byte_buffer_length(reader.buffer_out);
    if (!grpc_byte_buffer_reader_peek(&reader, &first)) {
        c->bytes = (const uint8_t *)"";
        c->size = 0;
    } else if (TD_LIKELY(GRPC_SLICE_LENGTH(*first) == size)) {
        c->bytes = GRPC_SLICE_START_PTR(*first); /* payload keeps it */
        c->size = size;
    } else {
        error = gather(c, &reader, first, size);
    }
    grpc_byte_buffer_reader_destroy(&reader);
    return error;
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
