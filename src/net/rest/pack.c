/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c -- replies are gzipped where that is worth it: text, of some length, for a client that takes it. */
#include "base/clock.h"
#include "net/deflate.h"
#include "net/rest/server.h"
#include "net/rest/weigh.h"

enum {
    LEAST = 2 << 10, /* bytes; fewer leave in one or two packets, anyway */
    HERE = 8 << 10,  /* at most on an event thread, some 100 us */
};

/* "*" stands for what has no name in the list. Beside "identity" the one that is wanted more. */
static bool takes_gzip(const char *codings)
{
    const int named = td_rest_weigh(codings, "gzip");
    const int gzip = named != TD_WEIGHT_NONE ? named : td_rest_weigh(codings, "*");

    return gzip > 0 && gzip >= td_rest_weigh(codings, "identity");
}

/* Elements as they lie in memory hardly get smaller. */
static bool is_text(const td_rest_request *r)
{
    return r->head.wants == TD_REST_JSON || !r->content_type;
}

static bool is_unwanted(void *request)
{
    td_rest_request *const r = request;

    return r->is_suspended && td_rest_is_gone(&r->watch);
}

bool td_rest_pack(td_rest_request *r)
{
    td_json_out packed = { 0 };

    r->varies = r->server->packs && r->reply.size >= LEAST && is_text(r);
    if (TD_LIKELY(!r->varies) || !r->head.codings || !takes_gzip(r->head.codings)) return true;
    if (r->reply.size > HERE && !r->is_suspended) return false;
    r->is_packed =
        td_gzip(r->reply.data, r->reply.size, is_unwanted, r, &packed.data, &packed.size, &packed.capacity);
    r->flow.times.written = td_now_ns();
    if (!r->is_packed) return true;
    td_json_out_fini(&r->reply);
    r->reply = packed;
    return true;
}
