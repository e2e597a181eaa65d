/* SPDX-License-Identifier: Apache-2.0 */
/* echo_grpc.c -- a server that does nothing but what the gRPC C core does: each Predict call is answered with its own
 * message.
 *
 * echo_grpc THREADS QUEUES: says its port on standard output and serves until it is killed. Threads wait for queues in
 * turn: 1 queue is shared by all.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

enum { MOST = 64, AHEAD = 64 };

typedef struct call {
    grpc_completion_queue *cq;
    grpc_call *call; /* NULL: none has come */
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *message;
    int cancelled;
    int is_answered;
} call;

static grpc_server *server;
static void *method;

static void must(int is_fine, const char *what)
{
    if (is_fine) return;
    fprintf(stderr, "echo_grpc: %s\n", what);
    exit(1);
}

static void ask(call *c)
{
    c->is_answered = 0;
    grpc_metadata_array_init(&c->metadata);
    must(grpc_server_request_registered_call(server, method, &c->call, &c->deadline, &c->metadata,
                                             &c->message, c->cq, c->cq, c) == GRPC_CALL_OK,
         "no call can be asked for");
}

static void answer(call *c)
{
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = c->message },
        { .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK },
        { .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &c->cancelled },
    };

    c->is_answered = 1;
    must(grpc_call_start_batch(c->call, ops, c->message ? 4 : 0, c, NULL) == GRPC_CALL_OK, "no answer");
}

static void forget(call *c)
{
    grpc_byte_buffer_destroy(c->message);
    grpc_metadata_array_destroy(&c->metadata);
    grpc_call_unref(c->call);
}

static void *serve(void *queue)
{
    for (;;) {
        const grpc_event e = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        call *const c = e.tag;

        if (e.type == GRPC_QUEUE_SHUTDOWN) return NULL;
        if (c->is_answered) {
            forget(c);
            ask(c);
        } else {
            answer(c);
        }
    }
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 0, queues = argc > 2 ? atoi(argv[2]) : 1;
    static call calls[MOST * AHEAD];
    grpc_completion_queue *cqs[MOST];
    pthread_t ids[MOST];

    must(threads > 0 && threads <= MOST && queues > 0 && queues <= threads,
         "usage: echo_grpc THREADS QUEUES");
    grpc_init();
    server = grpc_server_create(NULL, NULL);
    method = grpc_server_register_method(server, "/tensorflow.serving.PredictionService/Predict", NULL,
                                         GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    for (int i = 0; i < queues; i++) {
        cqs[i] = grpc_completion_queue_create_for_next(NULL);
        grpc_server_register_completion_queue(server, cqs[i], NULL);
    }
    grpc_server_credentials *const plain = grpc_insecure_server_credentials_create();
    const int port = grpc_server_add_http2_port(server, "127.0.0.1:0", plain);
    must(port > 0, "no port");
    grpc_server_start(server);
    for (int i = 0; i < queues * AHEAD; i++) {
        calls[i].cq = cqs[i % queues];
        ask(&calls[i]);
    }
    printf("%d\n", port);
    fflush(stdout);
    for (int i = 1; i < threads; i++)
        must(pthread_create(&ids[i], NULL, serve, cqs[i % queues]) == 0, "no thread");
    serve(cqs[0]);
    return 0;
}
