/* SPDX-License-Identifier: Apache-2.0 */
/* options.h -- what the net room is told: one struct for REST and gRPC, made from flags by cli.
 *
 * Strings are borrowed and must outlive the servers. All zeros opens nothing. */
#ifndef TD_NET_OPTIONS_H
#define TD_NET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "obs/page.h"

enum { TD_PORT_NONE = 0, TD_PORT_ANY = -1 }; /* ANY: the system picks one (tests) */

/* Of a pair of servers: all of it; all but what changes or watches the server, which the other one has; only that. */
typedef enum td_net_role { TD_ROLE_ALL, TD_ROLE_DATA, TD_ROLE_ADMIN } td_net_role;

typedef struct td_net_options {
    td_net_role grpc_role, rest_role;
    const char *token_file; /* --auth_token_file: whoever asks has to show one of them; NULL or "": nothing */

    /* gRPC. */
    int grpc_port;                      /* --port, on 0.0.0.0; TD_PORT_NONE: no TCP */
    const char *grpc_socket_path;       /* --grpc_socket_path; NULL or "": none */
    const char *grpc_channel_arguments; /* --grpc_channel_arguments, "k=v,k=v"; NULL or "": none */
    int grpc_threads;                   /* event threads, which share a queue; 0: one a core, at least 2 */
    int grpc_max_threads;               /* --grpc_max_threads, for runs that take long; 0: four a core */
    int grpc_max_connections;           /* on the TCP port; 0 or less: what the limit of descriptors leaves */
    int grpc_max_streams;               /* calls that a connection may have open; 0: any */
    int grpc_max_age_s;                 /* --grpc_max_connection_age_seconds; 0 or less: none */
    int grpc_max_age_grace_s; /* --grpc_max_connection_age_grace_seconds; 0 or less: as long as calls take */
    size_t grpc_memory;       /* bytes of messages on their way in, all connections together; 0: any */
    size_t grpc_max_inflated; /* bytes of a compressed message once inflated; 0: 100 MiB */
    const char *grpc_ssl_config_file; /* --ssl_config_file; NULL or "": no TLS */
    bool grpc_health;                 /* --enable_grpc_healthcheck_service */
    bool grpc_session_run;            /* --enable_session_run */
    bool grpc_reflection;             /* --enable_grpc_reflection */
    bool serialize_as_tensor_content; /* --enable_serialization_as_tensor_content */

    /* REST. */
    int rest_api_port;        /* --rest_api_port, on [::] and 0.0.0.0; TD_PORT_NONE: no REST */
    int rest_threads;         /* --rest_api_num_threads; 0: chosen */
    int64_t rest_timeout_ms;  /* --rest_api_timeout_in_ms; <= 0: none */
    int64_t rest_idle_ms;     /* --rest_api_idle_timeout_seconds; <= 0: none, as those that follow */
    int64_t rest_head_ms;     /* --rest_api_header_timeout_seconds */
    int64_t rest_body_ms;     /* --rest_api_body_timeout_seconds */
    int64_t rest_write_ms;    /* --rest_api_write_timeout_seconds */
    int rest_max_connections; /* --rest_api_max_connections; <= 0: what the limit of descriptors leaves */
    bool rest_packs;          /* --rest_api_enable_compression */
    bool rest_cors;           /* --rest_api_enable_cors_support */
    bool rest_lists_models;   /* --rest_api_list_models */
    size_t rest_max_body;     /* bytes of a request's body; 0: 2 GiB */
    uint32_t rest_max_head;   /* bytes of a request's head; 0: 64 KiB */
    const char *rest_ssl_config_file; /* --rest_api_ssl_config_file; NULL or "": no TLS */
    size_t rest_max_inflated; /* bytes of a gzip body once inflated; 0: 100 MiB, as TensorFlow Serving */

    /* Metrics, on the REST port. */
    const char *metrics_path;                    /* --metrics_path; NULL or "": none */
    const char *monitoring_path;                 /* of --monitoring_config_file; NULL: none */
    void (*tell_metrics)(void *ctx, td_page *p); /* what is known elsewhere; NULL: nothing is */
    void *tell_ctx;
} td_net_options;

#endif
