/* SPDX-License-Identifier: Apache-2.0 */
/* load.c -- from a model directory to a session.
 *
 * Read the file; make every signature's graph; see what they assign; restore and initialise with the same machinery
 * (only what a signature or the init op reaches); then freeze, fold, fuse, and compile one program a signature; then
 * run each (warmup.c), so that weights are packed before the version is published.
 */
#include "exec/load.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mem_meter.h"
#include "device/stop.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "exec/estimate.h"
#include "exec/files.h"
#include "exec/joint.h"
#include "exec/lane.h"
#include "exec/objects.h"
#include "exec/twin.h"
#include "exec/warmup.h"
#include "obs/log.h"
#include "ops/layers.h"
#include "ops/pack.h"
#include "ops/resources.h"

static bool is_internal(const td_signature *sig)
{
    return strncmp(sig->name, "__saved_model", 13) == 0;
}

static td_status make_graph(td_session *s, const td_signature *sig, td_graph **out)
{
    td_feed *const feeds = TD_NEW_N(td_feed, sig->n_inputs);
    const char **const fetches = TD_NEW_N(const char *, sig->n_outputs);

    for (size_t i = 0; i < sig->n_inputs; i++)
        feeds[i] = (td_feed){ sig->inputs[i].tensor, sig->inputs[i].dtype };
    for (size_t i = 0; i < sig->n_outputs; i++)
        fetches[i] = sig->outputs[i].tensor;
    const td_status st = td_pass_extract(&s->pass, s->file->graph, feeds, sig->n_inputs, fetches,
                                         sig->n_outputs, NULL, 0, out);

    td_free(feeds);
    td_free(fetches);
    return st;
}

static td_status run_passes(td_session *s, td_graph *g)
{
    TD_TRY(td_pass_resolve(&s->pass, g));
    TD_TRY(td_pass_raise(&s->pass, g));
    TD_TRY(td_pass_inline(&s->pass, g));
    TD_TRY(td_pass_deref(&s->pass, g));
    TD_TRY(td_pass_gate(&s->pass, g));
    return td_pass_settle(&s->pass, g, false);
}

/* Passes that need no values: after them the graph shows what it assigns. What they cannot do with ops of which they
 * know nothing, loops of Enter and NextIteration for one, is no fault of the file's. */
static td_status open_graph(td_session *s, td_graph *g)
{
    const td_status st = run_passes(s, g);

    if (!st || !td_pass_note_missing(&s->pass, g)) return st;
    td_status_free(st);
    return td_pass_missing(&s->pass);
}

/* The graph that runs node `target`, with the checkpoint's file name as argument when it has one. */
static td_status make_target(td_session *s, const char *target, const char *filename, td_graph **out)
{
    const td_feed feed = { filename, TD_STRING };

    TD_TRY(td_pass_extract(&s->pass, s->file->graph, &feed, filename ? 1 : 0, NULL, 0, &target, 1, out));
    TD_TRY(open_graph(s, *out));
    return td_pass_excise(&s->pass, *out);
}

static bool is_over(void *meter)
{
    return ((const td_mem_meter *)meter)->is_over;
}

static td_status run_program(td_program *prog, const char *prefix, td_stop *stop)
{
    td_string text = { prefix, prefix ? strlen(prefix) : 0 };
    const td_tensor arg = { .dtype = TD_STRING, .shape = { 0 }, .data = &text };
    td_share share = { 0 };
    td_lane lane = { 0 };
    td_frame *f;

    TD_TRY(td_frame_enter(prog, &arg, &f));
    const bool has_lane = prog->env->has_cores && td_lane_try(&share, 0, &lane);
    const td_run_context run = { .team = lane.team };
    td_stop *const before = td_stop_swap(stop);
    const td_status st = td_frame_run(f, &run);
    (void)td_stop_swap(before);
    if (has_lane) td_lane_leave(&lane, 0);
    td_frame_leave(f);
    return st;
}

/* What the run took and has not given back is what the model keeps. Takes st over: that memory was over explains it. */
static td_status charge(td_session *s, const td_mem_meter *m, const char *what, td_status st)
{
    const uint64_t bytes = m->is_over ? UINT64_MAX : (uint64_t)TD_MAX(m->used, 0);
    const td_status over = td_budget_take(&s->budget, TD_BUDGET_STATE, bytes, what);

    if (!over) return st;
    td_status_free(st);
    return over;
}

/* The file says what is run here: it may fill no more memory than the budget has. */
static td_status run_target(td_session *s, td_graph *g, const char *prefix, const char *what)
{
    const uint64_t left = td_budget_left(&s->budget, TD_BUDGET_STATE);
    td_mem_meter meter = { .most = (int64_t)TD_MIN(left, (uint64_t)INT64_MAX) };
    td_stop stop = { .deadline_ns = s->budget.end_ns, .cancelled = is_over, .cancelled_ctx = &meter };
    td_program *prog = NULL;

    TD_TRY(td_program_make(&s->pass, g, false, &prog));
    td_status st = td_pass_missing(&s->pass);
    td_mem_meter *const before = td_mem_meter_swap(&meter);

    if (!st) st = run_program(prog, prefix, &stop);
    td_program_free(prog);
    (void)td_mem_meter_swap(before);
    return charge(s, &meter, what, st);
}

static td_status run_stage(td_session *s, td_graph *g, const char *prefix, const char *what,
                           const char *stage)
{
    const int64_t start = td_now_ns();
    const td_status st = run_target(s, g, prefix, what);

    td_load_stage_ran(&s->series, s->file->path, stage, td_now_ns() - start);
    return st;
}

/* A model without variables has no index. One that has them lacks it while it is being copied; an init op that
 * fails then fails because of that. Takes st over. */
static td_status blame_index(td_session *s, td_graph *restore, td_status st)
{
    const td_status noted = td_pass_note_unrestored(&s->pass, restore);

    if (noted || !s->pass.n_unset) {
        td_status_free(noted);
        return st;
    }
    td_status_free(st);
    return TD_ERR(NOT_FOUND,
                  "%s/variables/variables.index; No such file: variables that are to be restored from it: %s",
                  s->file->path, td_strbuf_text(&s->pass.unset));
}

static td_status restore(td_session *s)
{
    const td_model_file *const f = s->file;
    td_graph *init = NULL, *g = NULL;

    if (f->init_op) {
        TD_TRY(make_target(s, f->init_op, NULL, &init));
        TD_TRY(td_pass_mark_reached(&s->pass, init));
    }
    if (f->restore_op) TD_TRY(make_target(s, f->restore_op, f->filename_tensor, &g));
    if (g && f->variables_prefix) {
        TD_TRY(td_pass_drop_dead_assigns(&s->pass, g));
        TD_TRY(td_status_prefix(run_stage(s, g, f->variables_prefix, f->restore_op, "restore_graph"),
                                "restoring variables: "));
    }
    td_status st = NULL;
    if (init)
        st = td_status_prefix(run_stage(s, init, NULL, f->init_op, "init_graph"),
                              "running init op %s: ", f->init_op);
    return g && !f->variables_prefix ? blame_index(s, g, st) : st;
}

/* With room for joint ones, which have two of the file's at least. */
static void make_entries(td_session *s)
{
    const td_model_file *const f = s->file;
    const size_t most = f->n_signatures + f->n_signatures / 2 + 1; /* and one that is being tried */

    s->n_signatures = f->n_signatures;
    s->signatures = TD_ARENA_NEW_N(f->arena, td_signature, most);
    if (f->n_signatures) memcpy(s->signatures, f->signatures, f->n_signatures * sizeof *s->signatures);
    s->entries = TD_NEW_N(td_entry, most);
    s->joins = TD_ARENA_NEW_N(f->arena, td_join, f->n_signatures + 1);
}

/* As far as what it assigns and reaches can be seen, which decides what is restored. */
static td_status open_entry(td_session *s, td_entry *p)
{
    TD_TRY(open_graph(s, p->graph));
    TD_TRY(td_pass_mark_assigned(&s->pass, p->graph));
    return td_pass_mark_reached(&s->pass, p->graph);
}

static td_status reopen_without_twin(td_session *s, size_t i)
{
    td_entry *const p = &s->entries[i];

    p->twin = NULL;
    TD_TRY(make_graph(s, &s->file->signatures[i], &p->graph));
    return open_entry(s, p);
}

static void make_graphs(td_session *s)
{
    const td_model_file *const f = s->file;

    for (size_t i = 0; i < f->n_signatures; i++)
        if (!is_internal(&f->signatures[i]))
            s->entries[i].error = make_graph(s, &f->signatures[i], &s->entries[i].graph);
    td_twins_find(s);
    for (size_t i = 0; i < f->n_signatures; i++) {
        td_entry *const p = &s->entries[i];

        if (p->graph && !p->error) p->error = open_entry(s, p);
    }
    for (size_t i = 0; i < f->n_signatures; i++)
        if (s->entries[i].twin && s->entries[i].twin->error) /* of memory, maybe: each has its own */
            s->entries[i].error = reopen_without_twin(s, i);
}

static td_status make_program(td_session *s, td_entry *p)
{
    TD_TRY(td_pass_check_lost(&s->pass, p->graph));
    const td_status st = td_program_make(&s->pass, p->graph, true, &p->prog);
    const td_status missing = td_pass_missing(&s->pass);

    if (st || !missing) {
        td_status_free(missing);
        return st;
    }
    td_program_free(p->prog);
    p->prog = NULL;
    return missing;
}

td_status td_load_entry(td_session *s, const td_signature *sig, td_entry *e)
{
    TD_TRY(make_graph(s, sig, &e->graph));
    TD_TRY(open_graph(s, e->graph));
    TD_TRY(make_program(s, e));
    e->rows = td_rows_judge(e->prog, sig);
    return NULL;
}

/* Each has its own error, and its own state. */
static void part_from_twin(td_session *s, size_t i)
{
    td_entry *const p = &s->entries[i];

    if (!p->twin || (p->twin->prog && !p->twin->prog->has_state)) return;
    p->twin = NULL;
    p->error = td_load_entry(s, &s->file->signatures[i], p);
}

static void warn_of_unusable(const td_session *s, size_t i)
{
    if (s->entries[i].error)
        td_warning("exec", "model_dir=%s signature=%s unusable=\"%s\"", s->file->path,
                   s->file->signatures[i].name, td_status_text(s->entries[i].error));
}

static void make_programs(td_session *s)
{
    for (size_t i = 0; i < s->file->n_signatures; i++) {
        td_entry *const p = &s->entries[i];

        if (!p->graph || p->error) continue;
        p->error = make_program(s, p);
        if (!p->error) p->rows = td_rows_judge(p->prog, &s->file->signatures[i]);
        warn_of_unusable(s, i);
    }
    for (size_t i = 0; i < s->file->n_signatures; i++) {
        if (!s->entries[i].twin) continue;
        part_from_twin(s, i);
        warn_of_unusable(s, i);
    }
}

/* A model of which nothing can be served for lack of ops is none; one signature is enough to serve. */
static td_status check_served(const td_session *s)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (s->entries[i].prog) return NULL;
    if (!s->pass.all_missing.size) return NULL;
    return TD_ERR(NOT_FOUND, "Op type not registered in tensord, needed by this model: %s",
                  td_strbuf_text(&s->pass.all_missing));
}

static td_status check_values(const td_session *s)
{
    if (!s->pass.n_unset) return NULL;
    return TD_ERR(FAILED_PRECONDITION,
                  "variables or tables that signatures read, and neither %s nor %s gives a value: %s%s",
                  s->file->restore_op ? "the checkpoint" : "a checkpoint (the model has no restore op)",
                  s->file->init_op ? "the init op" : "an init op (the model has none)",
                  td_strbuf_text(&s->pass.unset),
                  s->file->object_graph_size
                      ? " (a Keras model is written for serving by model.export(), not tf.saved_model.save())"
                      : "");
}

/* One that is not there: the op that wants it says so. */
static void map_assets(td_session *s)
{
    s->assets = TD_NEW_N(td_file_map, s->file->n_assets);
    for (size_t i = 0; i < s->file->n_assets; i++)
        td_status_free(td_file_map_open(s->file->assets[i].path, &s->assets[i]));
}

static void unmap_assets(td_session *s)
{
    for (size_t i = 0; s->assets && i < s->file->n_assets; i++)
        td_file_map_close(&s->assets[i]);
    td_free(s->assets);
}

/* What the files hold, at least; other folders than these hold little. */
static int64_t file_bytes(const char *path)
{
    static const char *const folders[] = { "", "assets" };
    int64_t bytes = td_model_weight_bytes(path);

    for (size_t i = 0; i < TD_COUNT(folders); i++) {
        char *const folder = td_path_join(path, folders[i]);

        bytes += td_folder_bytes(folder);
        td_free(folder);
    }
    return bytes;
}

static void begin_budget(td_session *s, const char *path, const td_session_options *o)
{
    const int64_t files = o->max_bytes ? 0 : file_bytes(path);
    const int64_t bytes = o->max_bytes ? o->max_bytes : TD_MAX((int64_t)TD_LOAD_BYTES, 4 * files);

    td_budget_begin(&s->budget, o->max_nodes ? o->max_nodes : TD_LOAD_NODES,
                    o->max_bodies ? o->max_bodies : TD_LOAD_BODIES, bytes,
                    o->max_seconds ? o->max_seconds : TD_LOAD_SECONDS);
    if (!o->max_bytes) /* a line of a vocabulary of a few bytes is a hundred in a table */
        s->budget.limit[TD_BUDGET_STATE] = (uint64_t)TD_MAX(bytes, 16 * files);
    s->env.budget = &s->budget;
}

/* What the model has made already, and what its packed weights will take: a model that does not fit is refused before it packs
 * any. */
static td_status take_memory(td_session *s)
{
    const size_t made = s->budget.used[TD_BUDGET_BYTES] + s->budget.used[TD_BUDGET_STATE];

    TD_TRY(td_account_take(&s->account, made, "the model, for constants and state,"));
    s->constant_bytes = made;
    const size_t packs = td_estimate_packs(s->entries, s->n_signatures);

    TD_TRY(td_account_reserve(&s->account, packs, "the model, for its packed weights,"));
    td_packs_expect(s->env.packs, packs);
    return NULL;
}

/* Before a file of the model is looked at: what changes later is seen then. */
static void open_stash(td_session *s, const char *path, const td_session_options *o)
{
    td_share share = { 0 };
    td_lane lane = { 0 };
    const bool has_lane = o->cache_dir && s->env.has_cores && td_lane_try(&share, 0, &lane);

    s->stash_bytes = o->cache_bytes;
    s->stash = td_stash_open(o->cache_dir, path, &s->env, lane.team);
    s->env.files_are_known = td_stash_knows_files(s->stash);
    s->env.packs_file = td_stash_file(s->stash);
    if (has_lane) td_lane_leave(&lane, 0);
}

static td_status load(td_session *s, const char *path, const td_session_options *o)
{
    const int64_t start = td_now_ns();

    open_stash(s, path, o);
    begin_budget(s, path, o);
    TD_TRY(td_model_read(path, o->tags ? o->tags : "serve", o->prefers_tflite, &s->budget, &s->file));
    s->pass.arena = s->file->arena;
    s->pass.library = s->file->library;
    s->pass.env = &s->env;
    s->env.model_arena = s->file->arena;
    s->env.dir = s->file->path;
    map_assets(s);
    make_entries(s);
    make_graphs(s);
    TD_TRY(td_budget_check(&s->budget));
    TD_TRY(restore(s));
    TD_TRY(td_objects_restore(&s->pass, s->file));
    td_pass_forget_bodies(&s->pass);
    make_programs(s);
    td_joints_make(s);
    td_pass_forget_bodies(&s->pass);
    TD_TRY(td_budget_check(&s->budget));
    TD_TRY(check_served(s));
    TD_TRY(check_values(s));
    td_model_file_rest(s->file);
    TD_TRY(take_memory(s));
    if (!o->skip_warmup) TD_TRY(td_warm_up(s, o, td_now_ns() - start));
    td_account_unreserve(&s->account);
    s->env.budget = NULL;
    s->env.has_cores = false;
    td_debug("exec", "model_dir=%s load_nodes=%" PRIu64 " load_bodies=%" PRIu64 " load_bytes=%" PRIu64,
             s->file->path, s->budget.used[TD_BUDGET_NODES], s->budget.used[TD_BUDGET_BODIES],
             s->budget.used[TD_BUDGET_BYTES]);
    return td_files_look(&s->env); /* what was read while it was being written is no model */
}

void td_session_free(td_session *s)
{
    for (size_t i = 0; s->entries && i < s->n_signatures; i++) {
        td_partials_free(&s->entries[i].partials);
        td_program_free(s->entries[i].prog);
        td_status_free(s->entries[i].error);
        td_free(s->entries[i].rows.why_not);
    }
    td_free(s->entries);
    td_load_series_close(&s->series);
    td_layers_unref(s->env.layers);
    td_resources_free(s->env.resources);
    td_packs_free(s->env.packs);
    td_stash_free(s->stash);
    td_pass_fini(&s->pass);
    td_account_unreserve(&s->account);
    td_account_give(&s->account, s->constant_bytes);
    TD_ASSERT(!atomic_load_explicit(&s->account.used, memory_order_relaxed));
    unmap_assets(s);
    td_turn_fini(&s->turn);
    td_model_file_free(s->file);
    td_free(s);
}

bool td_session_has_bfloat16(void)
{
    return td_cpu_has_bf16(td_cpu_detect());
}

td_status td_session_load(const char *path, const td_session_options *opts, td_session **out)
{
    const td_session_options o = opts ? *opts : (td_session_options){ 0 };
    td_session *const s = TD_NEW(td_session);

    atomic_init(&s->refs, 1);
    td_turn_init(&s->turn);
    s->share.weight = o.weight;
    td_lanes_configure(o.threads);
    s->env.cpu = td_cpu_detect();
    s->env.threads = td_lanes_cores();
    s->env.has_cores = !o.gives_way;
    s->env.is_bf16 = (o.uses_bfloat16 || o.precision == TD_PRECISION_BFLOAT16) && td_session_has_bfloat16();
    s->env.precision = o.precision;
    s->env.layers = td_layers_ref(o.layers);
    s->env.resources = td_resources_make();
    s->env.account = &s->account;
    s->env.packs = td_packs_make(&s->account);
    s->env.files_since = td_file_maps_mark();
    td_status st = td_passes_from_environment(&s->env.passes_off);
    if (!st) st = load(s, path, &o);
    if (st) {
        td_session_free(s);
        return st;
    }
    *out = s;
    return NULL;
}
