/* SPDX-License-Identifier: Apache-2.0 */
/* serve_options.h -- what the flags say, checked and sorted by the room that wants to know. */
#ifndef TD_CLI_SERVE_OPTIONS_H
#define TD_CLI_SERVE_OPTIONS_H

#include "config/flags.h"
#include "config/platform.h"
#include "net/options.h"
#include "obs/access_line.h"
#include "serve/options.h"

enum { TD_USUAL_REST_PORT = 8501 }; /* of TensorFlow Serving's image */

typedef struct td_server_options {
    td_serve_options serve;
    td_net_options net, admin; /* admin: of the servers that are for it, if there are */
    td_model_options *models;  /* owned, n_models; serve.models points to it */
    size_t n_models;
    td_batching *batching; /* owned; serve.batching points to it */
    td_platform platform;  /* of --platform_config_file; no tags: there is none. serve.tags points into it */
    int session_threads;   /* of --tensorflow_session_config_file; 0: it says nothing */
    char *monitoring_path; /* owned; net.monitoring_path points to it */
    const char *config_file; /* "": none */
    const char *models_dir;  /* "": none */
    int64_t config_poll_ns;  /* of either; 0: read once */
    td_access_format access_format;
    const char *access_path;     /* "": standard error */
    const char *mixed_precision; /* "": none */
    bool counts_methods;         /* td_methods_count() */
    size_t max_memory;           /* SIZE_MAX: no limit */
    int max_rank;                /* of tensors in requests */
    int64_t max_elements;        /* likewise; 0 or less: any number */
    int max_requests;            /* at a time; 0: any number */
    size_t large_requests;       /* bytes of them at a time; 0: chosen */
    int64_t drain_ns;
    int64_t shutdown_delay_ns; /* negative: by whether there are clients */
} td_server_options;

/* Reads --model_config_file, too. Texts point into flags. INVALID_ARGUMENT: settings that contradict each
 * other or lead nowhere, with TensorFlow Serving's texts. */
TD_MUST_USE td_status td_server_options_make(const td_flags *flags, td_server_options *out);
void td_server_options_fini(td_server_options *o);

#endif
