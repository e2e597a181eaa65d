/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c -- HandleReloadConfigRequest. It waits for the models on a thread of its own kind (api/flow.h). */
#include "codec/pb/reload.h"
#include "net/grpc/run.h"
#include "obs/log.h"
#include "obs/page.h"

static bool has_model(void *manager, const char *name)
{
    return td_manager_has_model(manager, name);
}

static bool is_unwanted(void *flow)
{
    return td_flow_is_unwanted(flow);
}

static void read_counters(td_grpc_reload *r, bool is_over)
{
    for (size_t i = 0; i < r->n_counters; i++) {
        td_grpc_counter *const c = &r->counters[i];

        *(is_over ? &c->after : &c->before) = td_counter_total(c->name.data, c->name.size);
    }
}

static td_status reload(td_flow *f, td_grpc_reload *r)
{
    const td_patience patience = { f->deadline_ns, is_unwanted, f };
    td_manager *const m = td_flows_manager(f->shared);

    td_info("grpc", "event=reload models=%zu", r->n);
    read_counters(r, false);
    const td_status error = td_manager_reload(m, r->models, r->n, &patience);

    read_counters(r, true);
    if (error)
        td_warning("grpc", "event=reload_incomplete code=%s error=\"%s\"",
                   td_code_name(td_status_code(error)), td_status_text(error));
    return error;
}

static td_status reload_write(td_flow *f)
{
    td_grpc_job *const j = f->request;
    td_grpc_reload *const r = j->message;
    const td_known_models known = { has_model, td_flows_manager(f->shared) };
    td_strbuf b = { 0 };

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_reload_parse(j->call->bytes, j->call->size, &known, f->arena, r));
    const td_status error = reload(f, r);

    td_models_free(r->models, r->n);
    if (error) return error;
    td_grpc_reload_put(r, &b);
    return td_grpc_job_put(j, &b);
}

void td_grpc_serve_reload(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_RELOAD,
                                       .asks = TD_FLOW_ORDER,
                                       .write = reload_write };

    td_grpc_run(c, &verb, sizeof(td_grpc_reload));
}
