/* SPDX-License-Identifier: Apache-2.0 */
/* head.c -- what a request's head says about its body, and the heads that are refused.
 *
 * libmicrohttpd takes one of two Content-Lengths, prefers Transfer-Encoding to both, and waits for ever for the
 * end of a coding that it does not know. A proxy before us may read such a head in another way, and take for
 * the next request what we take for a body, or the other way round: what can be read in two ways is refused,
 * and its connection ends.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/rest/server.h"

typedef struct head {
    td_rest_head *out;
    const char *length, *coding; /* the first of each */
    bool has_odd_name, has_other_length, has_other_coding;
} head;

static bool is_named(const char *name, size_t size, const char *want)
{
    return size == strlen(want) && !strcasecmp(name, want);
}

/* "Content-Length : 5" is a length to some. */
static bool is_odd(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == 127) return true;
    return size == 0;
}

static void take_first(const char **first, bool *has_other, const char *value)
{
    *has_other |= *first && strcmp(*first, value) != 0;
    if (!*first) *first = value;
}

static enum MHD_Result take_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                  const char *value, size_t value_size)
{
    head *const h = cls;

    (void)kind;
    (void)value_size;
    h->has_odd_name |= is_odd(name, name_size);
    if (!value) value = "";
    if (is_named(name, name_size, "Content-Length"))
        take_first(&h->length, &h->has_other_length, value);
    else if (is_named(name, name_size, "Transfer-Encoding"))
        take_first(&h->coding, &h->has_other_coding, value);
    else if (is_named(name, name_size, "Content-Encoding"))
        h->out->is_gzip |= strstr(value, "gzip") != NULL;
    else if (is_named(name, name_size, "Content-Type"))
        h->out->sends = td_rest_media_of(value);
    else if (is_named(name, name_size, "Accept"))
        h->out->wants = td_rest_media_wanted(value);
    else if (is_named(name, name_size, "Accept-Encoding"))
        h->out->codings = value;
    else if (is_named(name, name_size, "X-Tensord-Tensor"))
        h->out->tensor = value;
    else if (is_named(name, name_size, "X-Request-Id"))
        h->out->request_id = value;
    else if (is_named(name, name_size, "Authorization"))
        h->out->authorization = value;
    else if (is_named(name, name_size, "traceparent"))
        h->out->traceparent = value;
    else if (is_named(name, name_size, "X-Tensord-Trace"))
        h->out->is_traced = !strcmp(value, "1");
    else if (is_named(name, name_size, "Origin"))
        h->out->has_origin |= !strncmp(value, "http://", 7) || !strncmp(value, "https://", 8);
    return MHD_YES;
}

static td_status check(const head *h, const char *version)
{
    if (h->has_odd_name) return TD_ERR(INVALID_ARGUMENT, "A header field's name is malformed");
    if (h->has_other_length) return TD_ERR(INVALID_ARGUMENT, "Two Content-Length headers differ");
    if (!h->coding) return NULL;
    if (h->length) return TD_ERR(INVALID_ARGUMENT, "Both Content-Length and Transfer-Encoding are given");
    if (h->has_other_coding || strcasecmp(h->coding, "chunked") != 0)
        return TD_ERR(UNIMPLEMENTED, "Transfer-Encoding %.64s is not implemented", h->coding);
    if (!strcmp(version, "HTTP/1.0")) return TD_ERR(INVALID_ARGUMENT, "HTTP/1.0 has no Transfer-Encoding");
    return NULL;
}

td_status td_rest_head_read(const td_rest_request *r, const char *version, td_rest_head *out)
{
    head h = { .out = out, .has_odd_name = r->link->condenser.verdict == TD_HEAD_ODD };

    *out = (td_rest_head){
        .bytes = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size
    };
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, take_field, &h);
    TD_TRY(check(&h, version));
    out->takes_interim = !strcmp(version, "HTTP/1.1");
    if (h.length) out->size = strtoull(h.length, NULL, 10);
    return NULL;
}
