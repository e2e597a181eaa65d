/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tflite.c -- any bytes as a TFLite file: verified and lowered; what comes of it is dumped, resolved, and evaluated where its
 * inputs are constants. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "driver.h"
#include "formats/tflite/tflite.h"
#include "passes/pass.h"

enum { EXPAND_MAX = 1 << 20, NODES_MAX = 4000 };

/* As a load does, up to the constants: each signature's graph by itself. */
static td_status use_signature(td_pass *p, const td_model_file *m, const td_signature *s)
{
    td_feed *const feeds = TD_ARENA_NEW_N(m->arena, td_feed, s->n_inputs);
    const char **const fetches = TD_ARENA_NEW_N(m->arena, const char *, s->n_outputs);
    td_strbuf text = { NULL, 0, 0 };
    td_graph *g;

    for (size_t i = 0; i < s->n_inputs; i++)
        feeds[i] = (td_feed){ s->inputs[i].tensor, s->inputs[i].dtype };
    for (size_t i = 0; i < s->n_outputs; i++)
        fetches[i] = s->outputs[i].tensor;
    TD_TRY(td_pass_extract(p, m->graph, feeds, s->n_inputs, fetches, s->n_outputs, NULL, 0, &g));
    td_graph_dump(g, &text);
    td_strbuf_fini(&text);
    return td_pass_resolve(p, g);
}

static void use_model(td_model_file *m, td_budget *budget)
{
    td_env env = { .cpu = TD_CPU_ref, .threads = 1, .model_arena = m->arena, .budget = budget };
    td_pass p = { .arena = m->arena, .library = m->library, .env = &env };

    for (size_t i = 0; i < m->n_signatures; i++)
        (void)fuzz_end(use_signature(&p, m, &m->signatures[i]));
    td_pass_fini(&p);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_budget budget;
    td_model_file *m;

    td_budget_begin(&budget, NODES_MAX, 0, EXPAND_MAX, 0);
    if (!fuzz_end(td_tflite_parse(data, size, "/model", "/model/model.tflite", &budget, &m))) return;
    use_model(m, &budget);
    td_model_file_free(m);
}
