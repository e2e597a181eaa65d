/* SPDX-License-Identifier: Apache-2.0 */
/* echo_http.c -- a server that does nothing but what libmicrohttpd does: each POST is answered with its own body.
 *
 * echo_http THREADS: says its port on standard output and serves until it is killed.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

typedef struct body {
    char *data;
    size_t size, capacity;
} body;

static void must(int is_fine, const char *what)
{
    if (is_fine) return;
    fprintf(stderr, "echo_http: %s\n", what);
    exit(1);
}

static void add(body *b, const char *data, size_t size)
{
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = realloc(b->data, b->capacity);
        must(b->data != NULL, "no memory");
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    body *b = *context;

    (void)cls, (void)url, (void)method, (void)version;
    if (!b) {
        *context = calloc(1, sizeof(body));
        return *context ? MHD_YES : MHD_NO;
    }
    if (*upload_size) {
        add(b, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *const response =
        MHD_create_response_from_buffer(b->size, b->data, MHD_RESPMEM_MUST_FREE);

    must(response != NULL, "no response");
    b->data = NULL;
    MHD_add_response_header(response, "Content-Type", "application/json");
    const enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static void end(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode why)
{
    body *const b = *context;

    (void)cls, (void)connection, (void)why;
    if (b) free(b->data);
    free(b);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 0;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    must(threads > 0, "usage: echo_http THREADS");
    struct MHD_Daemon *const daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
        &address, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
        threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (unsigned)threads, MHD_OPTION_END);
    must(daemon != NULL, "libmicrohttpd does not start");
    printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    for (;;)
        pause();
}
