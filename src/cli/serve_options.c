/* SPDX-License-Identifier: Apache-2.0 */
/* serve_options.c -- flags to options. */
#include "cli/serve_options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/pb/replay.h"
#include "config/precision.h"
#include "config/model_config.h"
#include "config/monitoring.h"
#include "obs/log.h"
#include "serve/models_dir.h"

static const int64_t NS_PER_S = 1000000000, MS_PER_S = 1000;

enum { MOST_HEAD_KIB = 1 << 20 };

static bool is_set(const char *text)
{
    return text[0] != '\0';
}

/* Infinity is some thirty years. */
static int64_t to_ns(float seconds)
{
    const float longest = 1e9f;

    return (int64_t)((double)TD_MAX(TD_MIN(seconds, longest), -longest) * 1e9);
}

static td_status check_flags(const td_flags *f)
{
    td_log_format format;
    td_precision precision = TD_PRECISION_OF_FLAG;

    TD_TRY(td_flags_check(f));
    TD_TRY(td_precision_parse("precision", f->precision, &precision));
    if (!(f->max_error >= 0.0f))
        return TD_ERR(INVALID_ARGUMENT, "max_error is %g, which is no error", (double)f->max_error);
    if (f->max_tensor_rank < 1 || f->max_tensor_rank > TD_MAX_RANK)
        return TD_ERR(INVALID_ARGUMENT, "max_tensor_rank is %d; there are 1 to %d", (int)f->max_tensor_rank,
                      (int)TD_MAX_RANK);
    if (!td_log_format_named(f->log_format, &format))
        return TD_ERR(INVALID_ARGUMENT, "log_format is \"%s\"; there are auto, text, json and terminal",
                      f->log_format);
    if (f->port == 0 && !is_set(f->grpc_socket_path))
        return TD_ERR(INVALID_ARGUMENT, "At least one of server_options.grpc_port or "
                                        "server_options.grpc_socket_path must be set.");
    if (f->port < 0 || f->port > UINT16_MAX)
        return TD_ERR(INVALID_ARGUMENT, "port %d is no TCP port", (int)f->port);
    if (f->rest_api_port < 0 || f->rest_api_port > UINT16_MAX)
        return TD_ERR(INVALID_ARGUMENT, "rest_api_port %d is no TCP port", (int)f->rest_api_port);
    if (f->admin_port < 0 || f->admin_port > UINT16_MAX || f->admin_rest_api_port < 0 ||
        f->admin_rest_api_port > UINT16_MAX)
        return TD_ERR(INVALID_ARGUMENT, "admin_port or admin_rest_api_port is no TCP port");
    if (is_set(f->ssl_config_file) && f->use_alts_credentials)
        return TD_ERR(INVALID_ARGUMENT, "ssl_config_file and use_alts_credentials are set together");
    if (!is_set(f->model_base_path) && !is_set(f->model_config_file) && !is_set(f->models_dir))
        return TD_ERR(INVALID_ARGUMENT, "Both server_options.model_base_path and "
                                        "server_options.model_config_file are empty!");
    if (is_set(f->models_dir) && (is_set(f->model_base_path) || is_set(f->model_config_file)))
        return TD_ERR(INVALID_ARGUMENT,
                      "models_dir is set together with %s: there is one place that names the models",
                      is_set(f->model_config_file) ? "model_config_file" : "model_base_path");
    if (is_set(f->batching_parameters_file) && !f->enable_batching)
        return TD_ERR(INVALID_ARGUMENT, "server_options.batching_parameters_file is set without setting "
                                        "server_options.enable_batching to true.");
    if (!(f->batch_latency_slo_ms >= 0))
        return TD_ERR(INVALID_ARGUMENT, "batch_latency_slo_ms is %g, which is no time",
                      (double)f->batch_latency_slo_ms);
    if (f->tensorflow_session_parallelism > 0 && f->tensorflow_intra_op_parallelism > 0 &&
        f->tensorflow_inter_op_parallelism > 0)
        return TD_ERR(INVALID_ARGUMENT, "server_options.tensorflow_session_parallelism is set together with "
                                        "server_options.tensorflow_intra_op_parallelism and "
                                        "server_options.tensorflow_inter_op_parallelism");
    return NULL;
}

/* Who names a directory of models, which TensorFlow Serving does not know, wants to ask it: REST has a port then. */
static int rest_port(const td_flags *f)
{
    if (is_set(f->models_dir) && !f->is_said[TD_FLAG_rest_api_port]) return TD_USUAL_REST_PORT;
    return f->rest_api_port ? f->rest_api_port : TD_PORT_NONE;
}

static void fill_net(const td_flags *f, td_net_options *out)
{
    const size_t max_inflated = (size_t)TD_MAX(f->max_inflated_megabytes, 1) << 20;

    *out = (td_net_options){
        .token_file = f->auth_token_file,
        .grpc_port = f->port ? f->port : TD_PORT_NONE,
        .grpc_socket_path = f->grpc_socket_path,
        .grpc_channel_arguments = f->grpc_channel_arguments,
        .grpc_max_threads = f->grpc_max_threads,
        .grpc_max_connections = f->grpc_max_connections,
        .grpc_max_streams = TD_MAX(f->grpc_max_streams, 0),
        .grpc_max_age_s = f->grpc_max_connection_age_seconds,
        .grpc_max_age_grace_s = f->grpc_max_connection_age_grace_seconds,
        .grpc_memory =
            f->grpc_memory_megabytes > 0 ? (size_t)f->grpc_memory_megabytes << 20 : td_memory_limit() / 2,
        .grpc_max_inflated = max_inflated,
        .grpc_ssl_config_file = f->ssl_config_file,
        .rest_ssl_config_file = f->rest_api_ssl_config_file,
        .grpc_health = f->enable_grpc_healthcheck_service,
        .grpc_session_run = f->enable_session_run,
        .grpc_reflection = f->enable_grpc_reflection,
        .serialize_as_tensor_content = f->enable_serialization_as_tensor_content,
        .rest_api_port = rest_port(f),
        .rest_threads = f->rest_api_num_threads,
        .rest_timeout_ms = f->rest_api_timeout_in_ms,
        .rest_max_body = (size_t)TD_MAX(f->rest_api_max_body_megabytes, 1) << 20,
        .rest_max_head = (uint32_t)TD_MIN(TD_MAX(f->rest_api_max_header_kilobytes, 1), MOST_HEAD_KIB) << 10,
        .rest_max_inflated = max_inflated,
        .rest_idle_ms = f->rest_api_idle_timeout_seconds * MS_PER_S,
        .rest_head_ms = f->rest_api_header_timeout_seconds * MS_PER_S,
        .rest_body_ms = f->rest_api_body_timeout_seconds * MS_PER_S,
        .rest_write_ms = f->rest_api_write_timeout_seconds * MS_PER_S,
        .rest_max_connections = f->rest_api_max_connections,
        .rest_packs = f->rest_api_enable_compression,
        .rest_cors = f->rest_api_enable_cors_support,
        .rest_lists_models = f->rest_api_list_models,
        .metrics_path = f->metrics_path,
    };
    if (f->rest_api_port && f->rest_api_port == f->port) {
        td_error("serve",
                 "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST "
                 "API. Skipped exporting HTTP/REST API.");
        out->rest_api_port = TD_PORT_NONE;
    }
}

/* What changes or watches the server may have ports of its own. */
static void split_roles(const td_flags *f, td_net_options *net, td_net_options *admin)
{
    *admin = *net;
    admin->grpc_port = f->admin_port ? f->admin_port : TD_PORT_NONE;
    admin->grpc_socket_path = "";
    admin->rest_api_port = f->admin_rest_api_port ? f->admin_rest_api_port : TD_PORT_NONE;
    admin->grpc_role = admin->rest_role = TD_ROLE_ADMIN;
    if (f->admin_port) net->grpc_role = TD_ROLE_DATA;
    if (f->admin_rest_api_port) net->rest_role = TD_ROLE_DATA;
}

static int threads_of(const td_flags *f)
{
    const int64_t wish = f->tensorflow_session_parallelism > 0 ? f->tensorflow_session_parallelism
                                                               : f->tensorflow_intra_op_parallelism;

    return (int)TD_MIN(TD_MAX(wish, 0), (int64_t)INT_MAX);
}

/* Weights that are mapped, requests and replies need the rest. */
static size_t max_memory_of(const td_flags *f)
{
    if (f->max_memory_bytes < 0) return SIZE_MAX;
    return f->max_memory_bytes ? (size_t)f->max_memory_bytes : td_memory_limit() / 4 * 3;
}

/* Where 0 of a flag means no limit, and 0 of the option its default. */
static int64_t no_zero(int64_t limit)
{
    return limit ? limit : -1;
}

/* TENSORD_BATCH_HOLD, for tests. */
static size_t calls_to_hold(void)
{
    const char *const text = getenv("TENSORD_BATCH_HOLD");

    return text ? strtoul(text, NULL, 10) : 0;
}

/* They were checked. */
static td_precision precision_of_flags(const td_flags *f)
{
    td_precision p = TD_PRECISION_OF_FLAG;

    td_status_free(td_precision_parse("", f->precision, &p));
    if (p == TD_PRECISION_OF_FLAG && !strcmp(f->mixed_precision, "bfloat16")) p = TD_PRECISION_BFLOAT16;
    return p;
}

static void fill_serve(const td_flags *f, td_serve_options *out)
{
    *out = (td_serve_options){
        .tags = f->saved_model_tags,
        .threads = threads_of(f),
        .num_load_threads = f->num_load_threads,
        .num_unload_threads = f->num_unload_threads,
        .max_num_load_retries = f->max_num_load_retries,
        .load_retry_interval_micros = f->load_retry_interval_micros,
        .file_system_poll_wait_seconds = f->file_system_poll_wait_seconds,
        .allow_version_labels_for_unavailable_models = f->allow_version_labels_for_unavailable_models,
        .prefers_tflite = f->prefer_tflite_model,
        .precision = precision_of_flags(f),
        .max_error = (double)f->max_error,
        .enable_model_warmup = f->enable_model_warmup,
        .synthetic_warmup = f->synthetic_warmup,
        .warmup_iterations = f->num_request_iterations_for_warmup,
        .replay = td_replay_file,
        .request_log_bytes = (size_t)TD_MAX(f->request_log_file_megabytes, 1) << 20,
        .plan_cache_dir = f->plan_cache_dir,
        .plan_cache_bytes = (uint64_t)TD_MAX(f->plan_cache_megabytes, 0) << 20,
        .max_load_nodes = no_zero(f->max_load_nodes),
        .max_load_bodies = no_zero(f->max_load_bodies),
        .max_load_bytes = f->max_load_bytes,
        .max_load_seconds = no_zero(f->max_load_seconds),
        .batch = { .is_off = f->is_said[TD_FLAG_enable_batching] && !f->enable_batching,
                   .slo_ns = td_batch_slo_ns(f->batch_latency_slo_ms),
                   .hold = calls_to_hold() },
        .reads_batching = f->enable_batching && f->enable_per_model_batching_parameters,
    };
}

static td_status find_access_format(const char *name, td_access_format *out)
{
    static const char *const names[] = {
        [TD_ACCESS_OFF] = "off", [TD_ACCESS_TEXT] = "text", [TD_ACCESS_JSON] = "json"
    };

    for (size_t i = 0; i < TD_COUNT(names); i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *out = (td_access_format)i;
        return NULL;
    }
    return TD_ERR(INVALID_ARGUMENT, "access_log is \"%s\"; there are off, text and json", name);
}

/* NULL without an error: no batch has rules. */
static td_status read_batching(const td_flags *f, td_batching **out)
{
    if (f->enable_per_model_batching_parameters && !f->enable_batching)
        td_warning("serve", "event=flag_without_effect flag=enable_per_model_batching_parameters "
                            "reason=\"--enable_batching is not set\"");
    if (is_set(f->batching_parameters_file)) return td_batching_read(f->batching_parameters_file, out);
    if (f->enable_batching && f->enable_per_model_batching_parameters) *out = td_batching_default();
    return NULL;
}

/* What a platform's configuration says takes the place of what flags say. */
static td_status read_platform(const td_flags *f, td_server_options *o)
{
    if (is_set(f->tensorflow_session_config_file))
        TD_TRY(td_session_config_read(f->tensorflow_session_config_file, &o->session_threads));
    if (!is_set(f->platform_config_file)) return read_batching(f, &o->batching);
    TD_TRY(td_platform_read(f->platform_config_file, &o->platform));
    o->batching = o->platform.batching;
    o->platform.batching = NULL;
    return NULL;
}

static void use_platform(const td_server_options *o, td_serve_options *serve)
{
    if (serve->threads == 0) serve->threads = o->session_threads;
    if (!o->platform.tags) return;
    serve->tags = o->platform.tags;
    serve->threads = o->platform.threads;
    serve->enable_model_warmup = o->platform.enable_model_warmup;
    serve->warmup_iterations = o->platform.warmup_iterations;
    serve->reads_batching = false;
}

static td_status read_files(const td_flags *f, td_server_options *o)
{
    if (is_set(f->monitoring_config_file))
        TD_TRY(td_monitoring_read(f->monitoring_config_file, &o->monitoring_path));
    TD_TRY(read_platform(f, o));
    if (is_set(f->models_dir)) return td_models_dir_read(f->models_dir, &o->models, &o->n_models);
    if (is_set(f->model_config_file))
        return td_model_config_read(f->model_config_file, &o->models, &o->n_models);
    return td_model_config_single(f->model_name, f->model_base_path, &o->models, &o->n_models);
}

static int64_t config_poll_ns(const td_flags *f)
{
    const int seconds = is_set(f->models_dir)          ? f->file_system_poll_wait_seconds
                        : is_set(f->model_config_file) ? f->model_config_file_poll_wait_seconds
                                                       : 0;

    return TD_MAX(seconds, 0) * NS_PER_S;
}

td_status td_server_options_make(const td_flags *flags, td_server_options *out)
{
    td_server_options o = { .config_file = flags->model_config_file,
                            .access_path = flags->access_log_file,
                            .mixed_precision = flags->mixed_precision,
                            .models_dir = flags->models_dir,
                            .config_poll_ns = config_poll_ns(flags),
                            .counts_methods = flags->enable_signature_method_name_check,
                            .max_memory = max_memory_of(flags),
                            .max_rank = flags->max_tensor_rank,
                            .max_elements = flags->max_tensor_elements,
                            .max_requests = TD_MAX(flags->max_requests_in_flight, 0),
                            .large_requests = (size_t)TD_MAX(flags->large_request_megabytes, 0) << 20,
                            .drain_ns = to_ns(TD_MAX(flags->drain_timeout_seconds, 0)),
                            .shutdown_delay_ns = to_ns(flags->shutdown_delay_seconds) };
    td_status error = check_flags(flags);

    if (!error) error = find_access_format(flags->access_log, &o.access_format);
    if (!error) error = read_files(flags, &o);
    if (error) {
        td_server_options_fini(&o);
        return error;
    }
    fill_net(flags, &o.net);
    o.net.monitoring_path = o.monitoring_path;
    split_roles(flags, &o.net, &o.admin);
    fill_serve(flags, &o.serve);
    use_platform(&o, &o.serve);
    o.serve.batching = o.batching;
    o.serve.models = o.models;
    o.serve.n_models = o.n_models;
    *out = o;
    return NULL;
}

void td_server_options_fini(td_server_options *o)
{
    td_models_free(o->models, o->n_models);
    td_free(o->monitoring_path);
    td_batching_free(o->batching);
    td_platform_fini(&o->platform);
    *o = (td_server_options){ 0 };
}
