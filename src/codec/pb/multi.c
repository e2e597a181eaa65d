/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c -- MultiInferenceRequest { tasks = 1 { model_spec = 1, method_name = 2 }, input = 2 }. */
#include "codec/pb/multi.h"

enum { TASKS = 1, INPUT = 2, MODEL_SPEC = 1, METHOD_NAME = 2 };

static td_status damaged(void)
{
    return TD_ERR(INVALID_ARGUMENT, "Damaged MultiInferenceRequest");
}

static bool count_tasks(td_wire w, size_t *n)
{
    td_wire_field f;

    while (td_wire_next(&w, &f))
        *n += td_wire_is(&f, TASKS, TD_WIRE_BYTES);
    return !w.bad;
}

static td_status read_task(const td_wire_field *task, td_grpc_spec *spec, td_task *out)
{
    td_wire w = td_wire_inside(task);
    td_wire_field f;

    *spec = (td_grpc_spec){ 0 };
    *out = (td_task){ 0 };
    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, MODEL_SPEC, TD_WIRE_BYTES)) TD_TRY(td_grpc_spec_read(&f, spec));
        if (td_wire_is(&f, METHOD_NAME, TD_WIRE_BYTES)) out->method_name = td_wire_text(&f);
    }
    out->model = spec->model.name;
    out->signature = spec->signature;
    return w.bad ? damaged() : NULL;
}

td_status td_grpc_multi_parse(const uint8_t *bytes, size_t size, td_arena *arena, td_grpc_multi *out)
{
    td_grpc_multi m = { 0 };
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;
    size_t n = 0;

    if (!count_tasks(w, &n)) return damaged();
    /* Below the message's size: a fixed factor, no amplification. */
    m.tasks = td_arena_try_alloc(arena, (n + 1) * sizeof *m.tasks, _Alignof(td_task));
    if (!m.tasks) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu tasks", n);
    while (td_wire_next(&w, &f)) {
        td_grpc_spec spec;

        if (td_wire_is(&f, INPUT, TD_WIRE_BYTES)) TD_TRY(td_grpc_input_read(&f, arena, &m.list));
        if (!td_wire_is(&f, TASKS, TD_WIRE_BYTES)) continue;
        TD_TRY(read_task(&f, &spec, &m.tasks[m.n_tasks++]));
        if (m.n_tasks == 1) m.spec = spec;
    }
    m.spec.is_given = true; /* a task without one is taken for one without a name */
    TD_TRY(td_grpc_spec_check(&m.spec));
    *out = m;
    return NULL;
}

td_tasks td_grpc_multi_tasks(const td_grpc_multi *m)
{
    return (td_tasks){ .all = m->tasks, .n = m->n_tasks, .examples = m->list.items, .n_examples = m->list.n };
}
