/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_model_config.c -- any bytes as a model_config_file, as batching parameters, and as a request to reload; what is taken
 * keeps its promises. */
#include "base/macros.h"
#include "codec/pb/reload.h"
#include "config/batching.h"
#include "config/model_config.h"
#include "driver.h"
#include "obs/log.h"

static void read_batching(const char *text, size_t size)
{
    td_batching *b;

    if (!fuzz_end(td_batching_parse(text, size, "batching.txt", &b))) return;
    TD_ASSERT(b->max_batch_size > 0 && b->max_batch_size <= (size_t)1 << 40);
    TD_ASSERT(b->max_execution_batch_size > 0 && b->max_execution_batch_size <= b->max_batch_size);
    TD_ASSERT(b->batch_timeout_ns >= 0 && b->max_enqueued_batches > 0 && b->thread_pool_name);
    TD_ASSERT(!b->n_allowed || (size_t)b->allowed_batch_sizes[b->n_allowed - 1] == b->max_batch_size);
    td_batching_free(b);
}

static void check(td_model_options *models, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        TD_ASSERT(models[i].name && models[i].base_path && models[i].base_path[0]);
        TD_ASSERT(models[i].batch_slo_ns >= 0);
        TD_ASSERT(models[i].policy != TD_POLICY_LATEST || models[i].latest >= 0);
    }
    td_models_free(models, n);
}

static bool is_there(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'm';
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const td_known_models known = { is_there, NULL };
    td_arena *const arena = td_arena_make();
    td_model_options *models;
    td_grpc_reload reload;
    size_t n;

    td_log_set_level(TD_LOG_ERROR + 1);
    read_batching((const char *)data, size);
    if (fuzz_end(td_model_config_parse((const char *)data, size, "models.config", NULL, &models, &n)))
        check(models, n);
    if (fuzz_end(td_grpc_reload_parse(data, size, &known, arena, &reload))) check(reload.models, reload.n);
    td_arena_free(arena);
}
