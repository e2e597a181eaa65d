/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c -- the pages of metrics: tensord's own, and TensorFlow Serving's, each where its flag says; both on one
 * path are one page. Making one may take milliseconds: no work for an event thread. */
#include <string.h>

#include "net/rest/server.h"

/* What stands behind the path: nothing or a query; NULL: it is another path. */
static const char *behind(const char *target, const char *path)
{
    const size_t n = path ? strlen(path) : 0;

    return n && !strncmp(target, path, n) && (!target[n] || target[n] == '?') ? target + n : NULL;
}

/* TensorFlow Serving's takes any method. */
static bool is_monitoring(const td_rest_request *r)
{
    return behind(td_rest_route_path(r->path), r->server->monitoring_path) != NULL;
}

static bool is_metrics(const td_rest_request *r)
{
    const bool is_read = !strcmp(r->method, "GET") || !strcmp(r->method, "HEAD");

    return is_read && behind(td_rest_route_path(r->path), r->server->metrics_path) != NULL;
}

bool td_rest_is_metrics(const td_rest_request *r)
{
    return is_monitoring(r) || is_metrics(r);
}

static void put_page(td_rest_request *r, td_page_kind kind)
{
    const td_rest_server *const s = r->server;
    td_page *const p = td_page_make(kind);
    td_strbuf out = { 0 };

    td_page_tell(p, TD_READING_connections, (const char *const[]){ td_protocol_name(TD_PROTOCOL_REST) },
                 (double)td_rest_links_count(s->links));
    if (s->tell_metrics) s->tell_metrics(s->tell_ctx, p);
    td_page_write(p, &out);
    td_json_put_bytes(&r->reply, out.data, out.size);
    td_strbuf_fini(&out);
    td_page_free(p);
}

static td_status put_pages(td_flow *f)
{
    td_rest_request *const r = f->request;

    if (is_monitoring(r)) put_page(r, TD_PAGE_TF);
    if (is_metrics(r)) put_page(r, TD_PAGE_TENSORD);
    return td_json_out_check(&r->reply);
}

/* As TensorFlow Serving does. */
static void refuse_query(td_rest_request *r)
{
    td_json_put_text(&r->reply, "Unexpected path: ");
    td_json_put_text(&r->reply, td_rest_route_path(r->path));
    td_json_put_text(&r->reply, ". Should be ");
    td_json_put_text(&r->reply, r->server->monitoring_path);
    r->code = 400;
    td_rest_end(r, td_json_out_check(&r->reply));
}

void td_rest_serve_metrics(td_rest_request *r)
{
    static const td_flow_verb verb = { .asks = TD_FLOW_NOTHING, .write = put_pages };

    r->content_type = is_metrics(r) ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain";
    if (!is_metrics(r) && *behind(td_rest_route_path(r->path), r->server->monitoring_path))
        refuse_query(r);
    else
        td_rest_flow(r, &verb);
}
