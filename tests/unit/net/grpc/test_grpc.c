/* SPDX-License-Identifier: Apache-2.0 */
/* test_grpc.c -- the gRPC server over real sockets, with a manager that obeys the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "assert_status.h"
#include "base/wire.h"
#include "../fake_manager.h"
#include "client.h"
#include "net/grpc.h"

#define PREDICTION "/tensorflow.serving.PredictionService/"
#define MODELS     "/tensorflow.serving.ModelService/"
#define HEALTH     "/grpc.health.v1.Health/"

static td_grpc_server *server;
static td_flows *flows;
static client here;

/* ---------------------------------------------------------------- requests */

/* PredictRequest { model_spec { name }, inputs { x: [1.5] } } */
static size_t predict_request(const char *model, uint8_t *out)
{
    static const char input[] = "\x0a\x01x\x12\x0e\x08\x01\x12\x04\x12\x02\x08\x01\x22\x04\x00\x00\xc0\x3f";
    const size_t name = strlen(model);
    uint8_t *p = td_wire_put_head(out, 1, td_wire_bytes_size(1, name));

    p = td_wire_put_bytes(p, 1, model, name);
    p = td_wire_put_bytes(p, 2, input, sizeof input - 1);
    return (size_t)(p - out);
}

static client_reply predict(const client *c, const char *model, int deadline_ms)
{
    uint8_t request[2200];

    return client_ask(c, PREDICTION "Predict", request, predict_request(model, request), deadline_ms);
}

static void assert_echo(const client_reply *r)
{
    static const char want[] =
        "\x0a\x13\x0a\x01y\x12\x0e\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x04\x00\x00\xc0\x3f"
        "\x12\x1b\x0a\x04"
        "echo\x12\x02\x08\x07\x1a\x0fserving_default";

    assert_string_equal(r->text, "");
    assert_int_equal(r->code, TD_OK);
    assert_int_equal(r->size, sizeof want - 1);
    assert_memory_equal(r->body, want, sizeof want - 1);
}

static int ask_health(const client *c, const char *service)
{
    uint8_t request[64];
    const size_t size = (size_t)(td_wire_put_bytes(request, 1, service, strlen(service)) - request);
    const client_reply r = client_ask(c, HEALTH "Check", request, size, 20000);

    if (r.code) return -r.code;
    assert_int_equal(r.size, 2);
    assert_int_equal(r.body[0], 8);
    return r.body[1];
}

/* ---------------------------------------------------------------- set-up */

static td_net_options any_port(void)
{
    return (td_net_options){ .grpc_port = TD_PORT_ANY, .grpc_health = true };
}

static client connect_to(const td_grpc_server *s)
{
    char target[64];

    snprintf(target, sizeof target, "ipv4:127.0.0.1:%d", td_grpc_port(s));
    return client_open(target);
}

static int64_t soon(void)
{
    return td_now_ns() + INT64_C(20000000000);
}

static int setup(void **state)
{
    const td_net_options options = any_port();

    (void)state;
    atomic_store(&fake_is_loaded, false);
    fake_run = fake_take_time;
    if (!flows) flows = td_flows_make(NULL, 8);
    grpc_init();
    assert_null(td_grpc_start(&options, flows, &server));
    assert_true(td_grpc_port(server) > 0);
    here = connect_to(server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_close(&here);
    assert_true(td_grpc_stop(server, soon()));
    grpc_shutdown();
    assert_int_equal(atomic_load(&fake_servables), 0);
    return 0;
}

/* ---------------------------------------------------------------- tests */

static void predicts(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) { /* more than are asked for ahead: calls are recycled */
        const client_reply r = predict(&here, "quick", 20000);

        assert_echo(&r);
    }
}

static void long_runs_work_elsewhere(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const client_reply r = predict(&here, "slow", 20000);

        assert_echo(&r);
    }
}

static void *load_later(void *arg)
{
    td_sleep_ns(50000000);
    atomic_store(&fake_is_loaded, true);
    return arg;
}

static void waits_for_a_first_version(void **state)
{
    pthread_t loader;

    (void)state;
    const int code = predict(&here, "loading", 30).code; /* whose clock is first? */
    assert_true(code == TD_DEADLINE_EXCEEDED || code == TD_UNAVAILABLE);
    assert_int_equal(pthread_create(&loader, NULL, load_later, NULL), 0);
    const client_reply r = predict(&here, "loading", 20000);
    assert_echo(&r);
    pthread_join(loader, NULL);
}

static void refuses(void **state)
{
    client_reply r = predict(&here, "nope", 20000);

    (void)state;
    assert_int_equal(r.code, TD_NOT_FOUND);
    assert_string_equal(r.text, "Servable not found for request: Latest(nope)");
    r = client_ask(&here, PREDICTION "Predict", "", 0, 20000);
    assert_int_equal(r.code, TD_INVALID_ARGUMENT);
    assert_string_equal(r.text, "Missing ModelSpec");
    r = client_ask(&here, PREDICTION "Predict", "\xff\xff", 2, 20000);
    assert_int_equal(r.code, TD_INVALID_ARGUMENT);
    r = client_ask(&here, "/a.B/C", "", 0, 20000);
    assert_int_equal(r.code, TD_UNIMPLEMENTED);
    assert_string_equal(r.text, "Unknown method /a.B/C");
}

static void long_texts_are_cut(void **state)
{
    char name[2001] = { 0 };

    (void)state;
    memset(name, 'a', sizeof name - 1);
    const client_reply r = predict(&here, name, 20000);
    assert_int_equal(r.code, TD_NOT_FOUND);
    assert_int_equal(strlen(r.text), 1024 + strlen("...TRUNCATED"));
    assert_string_equal(r.text + 1024, "...TRUNCATED");
}

static void gathers_large_messages(void **state)
{
    enum { COUNT = 1 << 19 }; /* the client takes 4 MiB at most */
    static const char head[] = "\x0a\x07\x0a\x05quick\x12";
    float *const v = TD_NEW_N(float, COUNT);
    uint8_t *const message = TD_NEW_N(uint8_t, COUNT * sizeof(float) + 100);
    const size_t content = COUNT * sizeof(float), tensor = 2 + 2 + 6 + 5 + content, input = 3 + 5 + tensor;
    uint8_t *p = message;
    (void)state;

    for (size_t i = 0; i < COUNT; i++)
        v[i] = (float)i;
    memcpy(p, head, sizeof head - 1);
    p = td_wire_put_varint(p + sizeof head - 1, input);
    p = td_wire_put_bytes(p, 1, "x", 1);
    p = td_wire_put_head(p, 2, tensor);
    p = td_wire_put_number(p, 1, TD_F32);
    p = td_wire_put_bytes(p, 2, "\x12\x04\x08\x80\x80\x20", 6);
    p = td_wire_put_bytes(p, 4, v, content);
    const client_reply r = client_ask(&here, PREDICTION "Predict", message, (size_t)(p - message), 20000);
    assert_string_equal(r.text, "");
    assert_true(r.size > content);
    td_free(v);
    td_free(message);
}

static void tells_status_and_metadata(void **state)
{
    client_reply r = client_ask(&here, MODELS "GetModelStatus", "\x0a\x07\x0a\x05quick", 9, 20000);

    (void)state;
    assert_int_equal(r.code, TD_OK);
    assert_int_equal(r.size, 8); /* { version: 7, state: 30, status {} } */
    assert_memory_equal(r.body, "\x0a\x06\x08\x07\x10\x1e\x1a\x00", 8);
    r = client_ask(&here, PREDICTION "GetModelMetadata", "\x0a\x07\x0a\x05quick\x12\x0dsignature_def", 24,
                   20000);
    assert_int_equal(r.code, TD_OK);
    assert_true(r.size > 100);
}

static void tells_health(void **state)
{
    (void)state;
    assert_int_equal(ask_health(&here, "quick"), 1);
    assert_int_equal(ask_health(&here, "loading"), 2);
    assert_int_equal(ask_health(&here, ""), 2);
    assert_int_equal(ask_health(&here, "nope"), -TD_NOT_FOUND);
    atomic_store(&fake_is_loaded, true);
    assert_int_equal(ask_health(&here, "PredictionService"), 1);
    assert_int_equal(ask_health(&here, "tensorflow.serving.ModelService"), 1);
}

/* The next health of a stream; -1 when it has ended. */
static int next_health(const client *c, grpc_call *call)
{
    static int tag;
    grpc_byte_buffer *reply = NULL;
    client_reply out = { 0 };
    grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &reply };

    assert_int_equal(grpc_call_start_batch(call, &op, 1, &tag, NULL), GRPC_CALL_OK);
    assert_ptr_equal(client_next(c), &tag);
    if (!reply) return -1;
    client_take(reply, &out);
    return out.size == 2 ? out.body[1] : 0;
}

static grpc_call *watch(const client *c, const char *service, grpc_metadata_array *initial)
{
    static int tag;
    uint8_t request[64];
    const size_t size = (size_t)(td_wire_put_bytes(request, 1, service, strlen(service)) - request);
    grpc_call *const call = client_call(c, HEALTH "Watch", 20000);
    grpc_byte_buffer *const body = client_buffer(request, size);
    grpc_op ops[4];

    memset(ops, 0, sizeof ops);
    grpc_metadata_array_init(initial);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = body;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = initial;
    assert_int_equal(grpc_call_start_batch(call, ops, 4, &tag, NULL), GRPC_CALL_OK);
    assert_ptr_equal(client_next(c), &tag);
    grpc_byte_buffer_destroy(body);
    return call;
}

static void watchers_see_changes(void **state)
{
    grpc_metadata_array initial[2];
    grpc_call *const all = watch(&here, "", &initial[0]), *const none = watch(&here, "nope", &initial[1]);

    (void)state;
    assert_int_equal(next_health(&here, all), 2);
    assert_int_equal(next_health(&here, none), 3);
    atomic_store(&fake_is_loaded, true);
    assert_int_equal(next_health(&here, all), 1);
    grpc_call_cancel(none, NULL); /* one client goes, the other is told when the server does */
    td_grpc_close(server);
    const int last = next_health(&here, all);
    if (last == 2)
        assert_int_equal(next_health(&here, all), -1); /* it may say so before it ends */
    else
        assert_int_equal(last, -1);
    grpc_metadata_array_destroy(&initial[0]);
    grpc_metadata_array_destroy(&initial[1]);
    grpc_call_unref(all);
    grpc_call_unref(none);
}

static void *ask_slow(void *arg)
{
    client_reply *const r = arg;
    client c = connect_to(server);

    *r = predict(&c, "slow", 20000);
    client_close(&c);
    return NULL;
}

static void drains(void **state)
{
    client_reply slow;
    pthread_t asker;

    (void)state;
    assert_int_equal(predict(&here, "quick", 20000).code, TD_OK);
    assert_int_equal(pthread_create(&asker, NULL, ask_slow, &slow), 0);
    while (!atomic_load(&fake_servables))
        td_sleep_ns(1000000);
    td_grpc_close(server);
    pthread_join(asker, NULL);
    assert_echo(&slow);
    assert_int_equal(predict(&here, "quick", 20000).code, TD_UNAVAILABLE);
}

static void a_taken_port_is_refused(void **state)
{
    td_net_options options = any_port();
    td_grpc_server *second = NULL;

    (void)state;
    options.grpc_port = td_grpc_port(server);
    const td_status error = td_grpc_start(&options, flows, &second);
    assert_int_equal(td_status_code(error), TD_UNAVAILABLE);
    assert_null(second);
    td_status_free(error);
}

static void serves_a_socket_path(void **state)
{
    char folder[] = "/tmp/tensord-grpc-XXXXXX", path[64], target[80];
    td_net_options options = { .grpc_health = true, .grpc_socket_path = path };
    struct sockaddr_un stale = { .sun_family = AF_UNIX };
    td_grpc_server *second;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(target, sizeof target, "unix:%s", path);
    snprintf(stale.sun_path, sizeof stale.sun_path, "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&stale, sizeof stale),
                     0); /* left by a dead server */
    close(fd);

    assert_null(td_grpc_start(&options, flows, &second));
    assert_int_equal(td_grpc_port(second), 0);
    client c = client_open(target);
    const client_reply r = predict(&c, "quick", 20000);
    assert_echo(&r);
    client_close(&c);
    assert_true(td_grpc_stop(second, soon()));
    unlink(path);
    rmdir(folder);
}

static void takes_channel_arguments(void **state)
{
    td_net_options options = any_port();
    td_grpc_server *second = NULL;

    (void)state;
    options.grpc_channel_arguments = "grpc.max_concurrent_streams=10,unknown.key=text,,grpc.so_reuseport=0";
    assert_null(td_grpc_start(&options, flows, &second));
    assert_true(td_grpc_stop(second, soon()));

    options.grpc_channel_arguments = "grpc.max_concurrent_streams=10,nothing";
    assert_status(td_grpc_start(&options, flows, &second), TD_INVALID_ARGUMENT,
                  "grpc_channel_arguments: \"nothing\" is not of the form key=value");
}

static void health_can_be_left_out(void **state)
{
    td_net_options options = any_port();
    td_grpc_server *second;

    (void)state;
    options.grpc_health = false;
    assert_null(td_grpc_start(&options, flows, &second));
    client c = connect_to(second);
    assert_int_equal(ask_health(&c, ""), -TD_UNIMPLEMENTED);
    client_close(&c);
    assert_true(td_grpc_stop(second, soon()));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(predicts),
        CASE(long_runs_work_elsewhere),
        CASE(waits_for_a_first_version),
        CASE(refuses),
        CASE(long_texts_are_cut),
        CASE(gathers_large_messages),
        CASE(tells_status_and_metadata),
        CASE(tells_health),
        CASE(watchers_see_changes),
        CASE(drains),
        CASE(a_taken_port_is_refused),
        CASE(serves_a_socket_path),
        CASE(takes_channel_arguments),
        CASE(health_can_be_left_out),
    };

    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    td_flows_free(flows);
    return failed;
}
