/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_objects.c -- any bytes as the object graphs of a model and of its checkpoint: two bytes say how long the first
 * is, the second is the rest. The main graph calls f with two captures behind an argument. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/mem.h"
#include "bundle_writer.h"
#include "driver.h"
#include "formats/model.h"
#include "temp.h"

/* TensorFlow's tensor of one string is written here as the bundle has it; its checksum is right. */
static void write_bundle(const uint8_t *text, size_t size)
{
    td_strbuf table = { NULL, 0, 0 };
    bundle_writer w;

    bundle_begin(&w);
    bundle_add_text(&w, "_CHECKPOINTABLE_OBJECT_GRAPH", text, size);
    table_put(&table, td_strbuf_text(&w.block), w.block.size);
    temp_write("v.index", td_strbuf_text(&table), table.size);
    temp_write("v.data-00000-of-00001", td_strbuf_text(&w.data), w.data.size);
    td_strbuf_fini(&table);
    bundle_fini(&w);
}

static td_graph *main_graph(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "");
    td_node *const call = td_graph_add(g, "call", "StatefulPartitionedCall", 3, 1);

    call->in[0].node = td_graph_add(g, "x", "Placeholder", 0, 0);
    call->in[1].node = td_graph_add(g, "v", "VarHandleOp", 0, 0);
    call->in[2].node = td_graph_add(g, "w", "VarHandleOp", 0, 0);
    td_node_add_attr(g, call, "f", (td_attr_value){ .kind = TD_ATTR_FUNC, .u.func = "f" });
    return g;
}

static void find(const uint8_t *objects, size_t size, td_bundle *b)
{
    td_arena *const arena = td_arena_make();
    td_model_file m = { .arena = arena, .path = "/m", .object_graph = objects, .object_graph_size = size };
    td_saved_variable *variables;
    size_t n;

    m.graph = main_graph(arena);
    if (fuzz_end(td_savedmodel_variables(&m, b, &variables, &n))) {
        TD_ASSERT(n <= 2);
        for (size_t i = 0; i < n; i++)
            TD_ASSERT(variables[i].key[0] && strlen(variables[i].node) == 1);
        td_free(variables);
    }
    td_arena_free(arena);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    char prefix[128];
    td_bundle *b;

    if (size < 2) return;
    const size_t n = TD_MIN((size_t)data[0] << 8 | data[1], size - 2);
    fuzz_pause();
    write_bundle(data + 2 + n, size - 2 - n);
    fuzz_resume();
    snprintf(prefix, sizeof prefix, "%s/v", temp_dir());
    if (!fuzz_end(td_bundle_open(prefix, &b))) return;
    find(data + 2, n, b);
    td_bundle_unref(b);
}
