/* SPDX-License-Identifier: Apache-2.0 */
/* reflection.c -- grpc.reflection: a stream of questions, each answered before the next one is read.
 *
 * One operation at a time is under way on a stream: "this answer is out, and the next question is there". So only the
 * thread that has its event touches it, and no lock is needed but for the list of streams that are open. Its last
 * operation is its status, as with any call.
 */
#include "codec/pb/reflection.h"

#include <string.h>

#include "base/mem.h"
#include "net/grpc/server.h"

enum {
    MOST_STREAMS = 64,
    MOST_BYTES = 16 << 10, /* of a question */
};

struct td_grpc_talks {
    td_mutex mu;
    td_grpc_call *first; /* guarded by mu, as the rest */
    size_t n;
    bool is_ending;
};

td_grpc_talks *td_grpc_talks_make(void)
{
    td_grpc_talks *const t = TD_NEW(td_grpc_talks);

    td_mutex_init(&t->mu, TD_LOCK_leaf);
    return t;
}

void td_grpc_talks_free(td_grpc_talks *t)
{
    if (!t) return;
    TD_ASSERT(!t->first);
    td_mutex_fini(&t->mu);
    td_free(t);
}

static td_status add_locked(td_grpc_talks *t, td_grpc_call *c) TD_REQUIRES(t->mu)
{
    if (t->is_ending) return TD_ERR(UNAVAILABLE, "The server is going down");
    if (t->n == MOST_STREAMS)
        return TD_ERR(RESOURCE_EXHAUSTED, "%d streams of reflection are open, which is the most",
                      MOST_STREAMS);
    c->next = t->first;
    t->first = c;
    t->n++;
    return NULL;
}

static void remove_talk(td_grpc_talks *t, td_grpc_call *c)
{
    td_mutex_lock(&t->mu);
    td_grpc_call **at = &t->first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    t->n--;
    td_mutex_unlock(&t->mu);
}

/* Their streams end by the events of what this cancels. */
void td_grpc_talks_end(td_grpc_talks *t)
{
    grpc_call *calls[MOST_STREAMS];
    size_t n = 0;

    td_mutex_lock(&t->mu);
    t->is_ending = true;
    for (td_grpc_call *c = t->first; c; c = c->next) {
        grpc_call_ref(c->call);
        calls[n++] = c->call;
    }
    td_mutex_unlock(&t->mu);
    while (n) {
        grpc_call_cancel_with_status(calls[--n], GRPC_STATUS_UNAVAILABLE, "The server is going down", NULL);
        grpc_call_unref(calls[n]);
    }
}

/* ---- a stream ---- */

/* "/package.Service/Method" -> "package.Service" */
static td_string service_of(const char *path)
{
    return (td_string){ path + 1, (size_t)(strrchr(path, '/') - path - 1) };
}

/* Methods of a service stand together in methods.inc. */
static size_t list_services(const td_grpc_server *s, td_string *out)
{
    size_t n = 0;

    for (size_t i = 0; i < TD_GRPC_METHODS; i++) {
        const td_string name = service_of(td_grpc_methods[i].path);

        if (!s->handles[i]) continue;
        if (n && out[n - 1].size == name.size && !memcmp(out[n - 1].data, name.data, name.size)) continue;
        out[n++] = name;
    }
    return n;
}

static td_status answer(td_grpc_call *c, td_strbuf *out)
{
    td_string services[TD_GRPC_METHODS];
    td_grpc_question q;

    TD_TRY(td_grpc_message_open(c));
    if (c->size > MOST_BYTES)
        return TD_ERR(RESOURCE_EXHAUSTED, "A question of %zu bytes: the most is %d", c->size, MOST_BYTES);
    TD_TRY(td_grpc_question_parse(c->bytes, c->size, &q));
    td_grpc_answer_put(&q, services, list_services(c->server, services), out);
    return NULL;
}

static size_t begin_ops(td_grpc_call *c, grpc_op *ops, size_t n)
{
    memset(ops, 0, n * sizeof *ops);
    if (c->has_begun) return 0;
    c->has_begun = true;
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    return 1;
}

/* Takes error; NULL: the client has asked its last. */
static void end_talk(td_grpc_call *c, td_status error)
{
    grpc_slice details = grpc_slice_from_copied_string(td_status_text(error));
    grpc_op ops[3];
    size_t n = begin_ops(c, ops, 3);

    ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[n].data.send_status_from_server.status = (grpc_status_code)td_status_code(error);
    ops[n++].data.send_status_from_server.status_details = &details;
    ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[n++].data.recv_close_on_server.cancelled = &c->cancelled;
    td_grpc_begin(c, ops, n, TD_GRPC_DONE);
    grpc_slice_unref(details);
    td_status_free(error);
}

static void say_and_hear(td_grpc_call *c, const td_strbuf *text)
{
    grpc_slice_buffer *const b = &c->reply.data.raw.slice_buffer;
    grpc_op ops[3];
    size_t n = begin_ops(c, ops, 3);

    grpc_slice_buffer_reset_and_unref(b);
    grpc_slice_buffer_add(b, grpc_slice_from_copied_buffer(text->data, text->size));
    td_grpc_message_close(c);
    ops[n].op = GRPC_OP_SEND_MESSAGE;
    ops[n++].data.send_message.send_message = &c->reply;
    ops[n].op = GRPC_OP_RECV_MESSAGE;
    ops[n++].data.recv_message.recv_message = &c->payload;
    td_grpc_begin(c, ops, n, TD_GRPC_SENT);
}

/* A question has come, or the end of them. */
static void go_on(td_grpc_call *c)
{
    td_strbuf text = { 0 };
    const td_status error = c->payload ? answer(c, &text) : NULL;

    if (error || !c->payload)
        end_talk(c, error);
    else
        say_and_hear(c, &text);
    td_strbuf_fini(&text);
}

void td_grpc_serve_reflection(td_grpc_call *c)
{
    td_grpc_talks *const t = c->server->talks;

    td_mutex_lock(&t->mu);
    const td_status error = add_locked(t, c);
    td_mutex_unlock(&t->mu);
    if (error) {
        td_grpc_fail(c, error);
        return;
    }
    c->is_talk = true;
    c->has_begun = false;
    c->is_served = true; /* it needs no arena */
    go_on(c);
}

bool td_grpc_talk_event(td_grpc_call *c, td_grpc_event event)
{
    if (event == TD_GRPC_SENT) {
        go_on(c);
        return false;
    }
    remove_talk(c->server->talks, c);
    c->is_talk = false;
    return true;
}
