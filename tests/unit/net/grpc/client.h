/* SPDX-License-Identifier: Apache-2.0 */
/* client.h -- a small client on the gRPC C core, for tests of the server. */
#ifndef TEST_GRPC_CLIENT_H
#define TEST_GRPC_CLIENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

typedef struct client {
    grpc_channel *channel;
    grpc_completion_queue *cq;
} client;

typedef struct client_reply {
    int code;
    char text[2048];
    char body[4096];
    size_t size;
} client_reply;

static inline client client_open(const char *target)
{
    grpc_channel_credentials *const creds = grpc_insecure_credentials_create();
    const client c = { grpc_channel_create(target, creds, NULL),
                       grpc_completion_queue_create_for_next(NULL) };

    grpc_channel_credentials_release(creds);
    return c;
}

static inline gpr_timespec client_time(int ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

/* The next event's tag; NULL after 20 s. */
static inline void *client_next(const client *c)
{
    const grpc_event e = grpc_completion_queue_next(c->cq, client_time(20000), NULL);

    return e.type == GRPC_OP_COMPLETE ? e.tag : NULL;
}

static inline void client_close(client *c)
{
    grpc_completion_queue_shutdown(c->cq);
    while (grpc_completion_queue_next(c->cq, client_time(20000), NULL).type != GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(c->cq);
    grpc_channel_destroy(c->channel);
}

static inline grpc_byte_buffer *client_buffer(const void *data, size_t size)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(data, size);
    grpc_byte_buffer *const b = grpc_raw_byte_buffer_create(&slice, 1);

    grpc_slice_unref(slice);
    return b;
}

static inline void client_take(grpc_byte_buffer *b, client_reply *out)
{
    grpc_byte_buffer_reader reader;

    if (!b) return;
    if (grpc_byte_buffer_reader_init(&reader, b)) {
        grpc_slice all = grpc_byte_buffer_reader_readall(&reader);

        out->size = GRPC_SLICE_LENGTH(all);
        memcpy(out->body, GRPC_SLICE_START_PTR(all),
               out->size < sizeof out->body ? out->size : sizeof out->body);
        grpc_slice_unref(all);
        grpc_byte_buffer_reader_destroy(&reader);
    }
    grpc_byte_buffer_destroy(b);
}

static inline grpc_call *client_call(const client *c, const char *path, int deadline_ms)
{
    const grpc_slice host = grpc_slice_from_static_string("test"),
                     method = grpc_slice_from_copied_string(path);
    grpc_call *const call =
        grpc_channel_create_call(c->channel, NULL, 0, c->cq, method, &host, client_time(deadline_ms), NULL);

    grpc_slice_unref(method);
    return call;
}

/* One unary call, start to end. */
static inline client_reply client_ask(const client *c, const char *path, const void *data, size_t size,
                                      int deadline_ms)
{
    static int tag;
    client_reply out = { .code = -1 };
    grpc_call *const call = client_call(c, path, deadline_ms);
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *const request = client_buffer(data, size), *reply = NULL;
    grpc_slice details;
    grpc_status_code code = GRPC_STATUS_UNKNOWN;
    grpc_op ops[6];

    grpc_metadata_array_init(&initial);
    grpc_metadata_array_init(&trailing);
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &reply;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &trailing;
    ops[5].data.recv_status_on_client.status = &code;
    ops[5].data.recv_status_on_client.status_details = &details;
    if (grpc_call_start_batch(call, ops, 6, &tag, NULL) == GRPC_CALL_OK && client_next(c) == &tag) {
        const size_t n = GRPC_SLICE_LENGTH(details);

        out.code = (int)code;
        snprintf(out.text, sizeof out.text, "%.*s", (int)n, (const char *)GRPC_SLICE_START_PTR(details));
        client_take(reply, &out);
        grpc_slice_unref(details);
    }
    grpc_metadata_array_destroy(&initial);
    grpc_metadata_array_destroy(&trailing);
    grpc_byte_buffer_destroy(request);
    grpc_call_unref(call);
    return out;
}

#endif
