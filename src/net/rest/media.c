/* SPDX-License-Identifier: Apache-2.0 */
/* media.c -- see media.h. */
#include "net/rest/media.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "net/rest/weigh.h"

/* The first of a kind is the one that replies have. */
static const struct {
    td_rest_media media;
    const char *name;
} names[] = {
    { TD_REST_JSON, "application/json" },           { TD_REST_PROTOBUF, "application/x-protobuf" },
    { TD_REST_PROTOBUF, "application/protobuf" },   { TD_REST_PROTOBUF, "application/vnd.google.protobuf" },
    { TD_REST_OCTETS, "application/octet-stream" }, { TD_REST_NPY, "application/x-npy" },
};

td_rest_media td_rest_media_of(const char *content_type)
{
    const size_t n = strcspn(content_type, " \t;");

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (strlen(names[i].name) == n && !strncasecmp(content_type, names[i].name, n)) return names[i].media;
    return TD_REST_JSON;
}

/* What has the longest name that fits decides. */
static int weigh_json(const char *accept)
{
    static const char *const ranges[] = { "application/json", "application/*", "*/*" };

    for (size_t i = 0; i < TD_COUNT(ranges); i++) {
        const int weight = td_rest_weigh(accept, ranges[i]);

        if (weight != TD_WEIGHT_NONE) return weight;
    }
    return 0;
}

td_rest_media td_rest_media_wanted(const char *accept)
{
    if (!strcmp(accept, "*/*")) return TD_REST_JSON; /* what most clients send */
    /* a range that JSON falls under is no wish for it, beside a name */
    int most = TD_MAX(td_rest_weigh(accept, "application/json"), 0);
    td_rest_media wanted = TD_REST_JSON;

    for (size_t i = 1; i < TD_COUNT(names); i++) {
        const int weight = td_rest_weigh(accept, names[i].name);

        if (weight <= most) continue;
        most = weight;
        wanted = names[i].media;
    }
    return most >= weigh_json(accept) ? wanted : TD_REST_JSON;
}

const char *td_rest_media_name(td_rest_media media)
{
    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (names[i].media == media) return names[i].name;
    return names[0].name;
}
