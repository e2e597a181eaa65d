/* SPDX-License-Identifier: Apache-2.0 */
/* platform.c -- see platform.h. */
#include "config/platform.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "config/text_config.h"
#include "config/unpack.h"
#include "tensorflow/core/protobuf/config.pb-c.h"
#include "tensorflow_serving/config/platform_config.pb-c.h"
#include "tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter.pb-c.h"

typedef Tensorflow__ConfigProto config_proto;
typedef Tensorflow__Serving__PlatformConfigMap config_map;
typedef Tensorflow__Serving__SavedModelBundleSourceAdapterConfig adapter_config;
typedef Tensorflow__Serving__SessionBundleConfig bundle_config;

static const ProtobufCMessageDescriptor *const adapters[] = {
    &tensorflow__serving__saved_model_bundle_source_adapter_config__descriptor, NULL
};
static const td_textproto_options lenient = { .skip_unknown = true, .any_types = adapters };

/* ---- ConfigProto ---- */

static int threads_of(const config_proto *c)
{
    return c && c->intra_op_parallelism_threads > 0 ? c->intra_op_parallelism_threads : 0;
}

td_status td_session_config_read(const char *path, int *threads)
{
    ProtobufCMessage *message;

    TD_TRY(td_text_config_read_by(path, &tensorflow__config_proto__descriptor, &lenient, &message));
    *threads = threads_of((const config_proto *)(const void *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return NULL;
}

/* ---- PlatformConfigMap ---- */

static char *join_tags(char *const *tags, size_t n)
{
    td_strbuf joined = { 0 };

    if (!n) td_strbuf_puts(&joined, "serve");
    for (size_t i = 0; i < n; i++)
        td_strbuf_printf(&joined, "%s%s", i ? "," : "", tags[i]);
    return td_strbuf_take(&joined);
}

static td_status take_bundle(const bundle_config *c, td_platform *out)
{
    const Tensorflow__Serving__ModelWarmupOptions *const warmup = c->model_warmup_options;

    *out = (td_platform){ .tags = join_tags(c->saved_model_tags, c->n_saved_model_tags),
                          .threads = threads_of(c->session_config),
                          .enable_model_warmup = c->enable_model_warmup };
    if (warmup && warmup->num_request_iterations)
        out->warmup_iterations = warmup->num_request_iterations->value;
    return c->batching_parameters ? td_batching_take(&c->batching_parameters->base, &out->batching) : NULL;
}

static td_status take_adapter(const Google__Protobuf__Any *any, const char *path, td_platform *out)
{
    static const bundle_config nothing = TENSORFLOW__SERVING__SESSION_BUNDLE_CONFIG__INIT;
    const char *const name = any ? strrchr(any->type_url, '/') : NULL;
    ProtobufCMessage *message;

    if (!name || strcmp(name + 1, adapters[0]->name) != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: the source_adapter_config of platform tensorflow is no %s", path,
                      adapters[0]->name);
    TD_TRY(td_message_unpack(adapters[0], any->value.data, any->value.len, &message));
    const adapter_config *const c = (const adapter_config *)(const void *)message;
    const td_status error = take_bundle(c->legacy_config ? c->legacy_config : &nothing, out);

    protobuf_c_message_free_unpacked(message, NULL);
    if (error) td_platform_fini(out);
    return error;
}

static td_status take_map(const config_map *m, const char *path, td_platform *out)
{
    for (size_t i = 0; i < m->n_platform_configs; i++)
        if (!strcmp(m->platform_configs[i]->key, "tensorflow"))
            return take_adapter(
                m->platform_configs[i]->value ? m->platform_configs[i]->value->source_adapter_config : NULL,
                path, out);
    return TD_ERR(INVALID_ARGUMENT, "%s says nothing of the platform tensorflow", path);
}

td_status td_platform_read(const char *path, td_platform *out)
{
    ProtobufCMessage *message;

    TD_TRY(td_text_config_read_by(path, &tensorflow__serving__platform_config_map__descriptor, &lenient,
                                  &message));
    const td_status error = take_map((const config_map *)(const void *)message, path, out);

    protobuf_c_message_free_unpacked(message, NULL);
    return error;
}

void td_platform_fini(td_platform *p)
{
    td_batching_free(p->batching);
    td_free(p->tags);
    *p = (td_platform){ 0 };
}
