/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c -- ReloadConfigRequest { config = 1, metric_names = 2 }; ReloadConfigResponse { status = 1, metric = 2 { name =
 * 1, int64_value_increase = 2 } }. */
#include "codec/pb/reload.h"

#include "codec/pb/wire_buf.h"

/* The message in pieces is the pieces in a row. */
static td_status read_fields(td_wire w, td_strbuf *config, td_grpc_reload *out)
{
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) td_strbuf_add(config, f.data, f.size);
        if (td_wire_is(&f, 2, TD_WIRE_BYTES)) out->counters[out->n_counters++].name = td_wire_text(&f);
    }
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged ReloadConfigRequest") : NULL;
}

static size_t count_names(td_wire w)
{
    td_wire_field f;
    size_t n = 0;

    while (td_wire_next(&w, &f))
        n += td_wire_is(&f, 2, TD_WIRE_BYTES);
    return n;
}

td_status td_grpc_reload_parse(const uint8_t *bytes, size_t size, const td_known_models *known,
                               td_arena *arena, td_grpc_reload *out)
{
    const td_wire w = td_wire_of(bytes, size);
    const size_t n = count_names(w);
    td_strbuf config = { 0 };

    *out = (td_grpc_reload){ 0 };
    out->counters = td_arena_try_alloc(arena, (n + 1) * sizeof *out->counters, _Alignof(td_grpc_counter));
    if (!out->counters) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu names of metrics", n);
    td_status error = read_fields(w, &config, out);
    if (!error)
        error = td_model_config_unpack(td_strbuf_text(&config), config.size, known, &out->models, &out->n);
    td_strbuf_fini(&config);
    return error;
}

/* One of a oneof: 0 is written, too, as it says which one is meant. */
static void put_choice(td_strbuf *b, uint32_t number, uint64_t v)
{
    (void)td_wire_put_number(td_wire_buf_grow(b, td_wire_number_size(number, v)), number, v);
}

void td_grpc_reload_put(const td_grpc_reload *r, td_strbuf *out)
{
    td_strbuf status = { 0 };

    td_wire_buf_message(out, 1, &status); /* OK */
    for (size_t i = 0; i < r->n_counters; i++) {
        const td_grpc_counter *const c = &r->counters[i];
        td_strbuf one = { 0 };

        td_wire_buf_bytes(&one, 1, c->name.data, c->name.size);
        put_choice(&one, 2, c->after - c->before);
        td_wire_buf_message(out, 2, &one);
    }
}
