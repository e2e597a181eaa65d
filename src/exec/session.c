/* session.c -- loading a model version and running its signatures.
 *
 * Loading: read the file; make every signature's graph; see what they assign and which ops are missing;
 * restore and initialise with the same machinery (only what a signature or the init op reaches); then freeze,
 * fold, fuse, and compile one program a signature; then run each once, so that weights are packed before the
 * version is published.
 */
#include "tensord/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/file_map.h"
#include "base/macros.h"
#include "base/mem.h"
#include "exec/files.h"
#include "exec/lane.h"
#include "exec/plan.h"
#include "formats/model.h"
#include "obs/log.h"
#include "ops/pack.h"
#include "ops/resources.h"

/* Where a run computes, by the time that earlier ones took. Below ALONE_NS: on the caller's thread and one
 * core, without a lane. Up to LONG_NS: on the caller's thread, in a lane. Above, a caller that others wait
 * for hands it to another thread, which costs about 10 us. */
enum { ALONE_NS = 60000, LONG_NS = 200000 };

typedef struct signature_program {
    td_graph *graph;
    td_program *prog; /* NULL: `error` says why */
    td_status error;
    atomic_llong expected_ns; /* moving average of run times; 0 before the first */
} signature_program;

struct td_session {
    atomic_uint refs;
    td_model_file *file;
    td_pass pass;
    td_env env;
    signature_program *programs; /* by index into file->signatures */
};

struct td_result {
    td_frame *frame;
    td_tensor *out;
};

/* ---------------------------------------------------------------- loading */

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

/* Passes that need no values: after them the graph shows what it assigns. */
static td_status open_graph(td_session *s, td_graph *g)
{
    TD_TRY(td_pass_resolve(&s->pass, g));
    TD_TRY(td_pass_inline(&s->pass, g));
    TD_TRY(td_pass_deref(&s->pass, g));
    TD_TRY(td_pass_gate(&s->pass, g));
    return td_pass_prune(&s->pass, g);
}

static td_status missing_error(const td_session *s)
{
    if (!s->pass.missing.size) return NULL;
    return TD_ERR(NOT_FOUND, "Op type not registered in tensord, needed by this model: %s",
                  td_strbuf_text(&s->pass.missing));
}

/* The graph that runs node `target`, with the checkpoint's file name as argument when it has one. */
static td_status make_target(td_session *s, const char *target, const char *filename, td_graph **out)
{
    const td_feed feed = { filename, TD_STRING };

    TD_TRY(td_pass_extract(&s->pass, s->file->graph, &feed, filename ? 1 : 0, NULL, 0, &target, 1, out));
    TD_TRY(td_pass_census(&s->pass, *out));
    TD_TRY(missing_error(s));
    return open_graph(s, *out);
}

static td_status run_target(td_session *s, td_graph *g, const char *prefix)
{
    td_string text = { prefix, prefix ? strlen(prefix) : 0 };
    const td_tensor arg = { .dtype = TD_STRING, .shape = { 0 }, .data = &text };
    const td_run_context run = { 0 };
    td_program *prog = NULL;
    td_frame *f;

    TD_TRY(td_program_make(&s->pass, g, false, &prog));
    td_status st = td_frame_enter(prog, &arg, &f);
    if (!st) {
        st = td_frame_run(f, &run);
        td_frame_leave(f);
    }
    td_program_free(prog);
    return st;
}

static td_status restore(td_session *s)
{
    const td_model_file *const f = s->file;
    td_graph *init = NULL, *g;

    if (f->init_op) {
        TD_TRY(make_target(s, f->init_op, NULL, &init));
        TD_TRY(td_pass_mark_reached(&s->pass, init));
    }
    if (f->restore_op && f->variables_prefix) {
        TD_TRY(make_target(s, f->restore_op, f->filename_tensor, &g));
        TD_TRY(td_pass_drop_dead_assigns(&s->pass, g));
        TD_TRY(td_status_prefix(run_target(s, g, f->variables_prefix), "restoring variables: "));
    }
    if (init) TD_TRY(td_status_prefix(run_target(s, init, NULL), "running init op %s: ", f->init_op));
    return NULL;
}

static td_status make_graphs(td_session *s)
{
    const td_model_file *const f = s->file;

    s->programs = TD_NEW_N(signature_program, f->n_signatures);
    for (size_t i = 0; i < f->n_signatures; i++) {
        if (is_internal(&f->signatures[i])) continue;
        signature_program *const p = &s->programs[i];

        p->error = make_graph(s, &f->signatures[i], &p->graph);
        if (!p->error) TD_TRY(td_pass_census(&s->pass, p->graph));
    }
    TD_TRY(missing_error(s));
    for (size_t i = 0; i < f->n_signatures; i++) {
        signature_program *const p = &s->programs[i];

        if (!p->graph || p->error) continue;
        p->error = open_graph(s, p->graph);
        if (!p->error) p->error = td_pass_mark_assigned(&s->pass, p->graph);
        if (!p->error) p->error = td_pass_mark_reached(&s->pass, p->graph);
    }
    return NULL;
}

static void make_programs(td_session *s)
{
    for (size_t i = 0; i < s->file->n_signatures; i++) {
        signature_program *const p = &s->programs[i];

        if (!p->graph || p->error) continue;
        p->error = td_program_make(&s->pass, p->graph, true, &p->prog);
        if (p->error)
            td_warning("exec", "model_dir=%s signature=%s unusable=\"%s\"", s->file->path,
                       s->file->signatures[i].name, td_status_text(p->error));
    }
}

/* One row of zeros; false when a shape is unknown or an input is no plain number. */
static bool make_zeros(const td_signature *sig, td_tensor *in)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        td_shape shape = sig->inputs[i].shape;

        if (shape.rank < 0 || sig->inputs[i].dtype == TD_STRING) return false;
        for (int k = 0; k < shape.rank; k++)
            if (shape.dims[k] < 0) shape.dims[k] = 1;
        const td_status st = td_tensor_make(sig->inputs[i].dtype, &shape, &in[i]);
        if (st) {
            td_status_free(st);
            return false;
        }
        memset(in[i].data, 0, td_tensor_bytes(&in[i]));
    }
    return true;
}

static void warm_up(td_session *s, const td_signature *sig)
{
    td_tensor *const in = TD_NEW_N(td_tensor, sig->n_inputs);
    size_t *const want = TD_NEW_N(size_t, sig->n_outputs);
    td_result *r = NULL;

    for (size_t i = 0; i < sig->n_outputs; i++)
        want[i] = i;
    if (make_zeros(sig, in)) {
        td_status_free(td_session_run(s, sig, in, want, sig->n_outputs, NULL, &r));
        td_result_free(r);
    }
    for (size_t i = 0; i < sig->n_inputs; i++)
        td_tensor_unref(&in[i]);
    td_free(in);
    td_free(want);
}

/* Plans and packed weights of all signatures are made; a workspace is kept only for the usual one: exports
 * name one function two or three times, and a workspace can be as large as a tenth of the weights. */
static void warm_up_all(td_session *s)
{
    for (size_t i = 0; i < s->file->n_signatures; i++) {
        const td_signature *const sig = &s->file->signatures[i];
        td_program *const prog = s->programs[i].prog;

        if (!prog || prog->has_state || sig->n_inputs == 0) continue;
        warm_up(s, sig);
        if (s->file->n_signatures > 1 && strcmp(sig->name, "serving_default") != 0) td_frames_trim(prog);
    }
}

static td_status load(td_session *s, const char *path, const td_session_options *o)
{
    TD_TRY(td_savedmodel_read(path, o->tags ? o->tags : "serve", &s->file));
    s->pass.arena = s->file->arena;
    s->pass.library = s->file->library;
    s->pass.env = &s->env;
    s->env.model_arena = s->file->arena;
    s->env.dir = s->file->path;
    TD_TRY(make_graphs(s));
    TD_TRY(restore(s));
    make_programs(s);
    td_model_file_rest(s->file);
    if (!o->skip_warmup) warm_up_all(s);
    return td_files_look(&s->env); /* what was read while it was being written is no model */
}

static void session_free(td_session *s)
{
    for (size_t i = 0; s->programs && i < s->file->n_signatures; i++) {
        td_program_free(s->programs[i].prog);
        td_status_free(s->programs[i].error);
    }
    td_free(s->programs);
    td_resources_free(s->env.resources);
    td_packs_free(s->env.packs);
    td_pass_fini(&s->pass);
    td_model_file_free(s->file);
    td_free(s);
}

td_status td_session_load(const char *path, const td_session_options *opts, td_session **out)
{
    const td_session_options o = opts ? *opts : (td_session_options){ 0 };
    td_session *const s = TD_NEW(td_session);

    atomic_init(&s->refs, 1);
    td_lanes_configure(o.threads);
    s->env.cpu = td_cpu_detect();
    s->env.threads = td_lanes_cores();
    s->env.resources = td_resources_make();
    s->env.packs = td_packs_make();
    s->env.files_since = td_file_maps_mark();
    td_status st = td_passes_from_environment(&s->env.passes_off);
    if (!st) st = load(s, path, &o);
    if (st) {
        session_free(s);
        return st;
    }
    *out = s;
    return NULL;
}

td_session *td_session_ref(td_session *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void td_session_unref(td_session *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) session_free(s);
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    *count = s->file->n_signatures;
    return s->file->signatures;
}

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (strcmp(s->file->signatures[i].name, name) == 0) return &s->file->signatures[i];
    return NULL;
}

/* ---------------------------------------------------------------- running */

static signature_program *program_of(const td_session *s, const td_signature *sig)
{
    return &s->programs[sig - s->file->signatures];
}

static int64_t expected_ns(const signature_program *p)
{
    return atomic_load_explicit(&p->expected_ns, memory_order_relaxed);
}

bool td_session_is_long(const td_session *s, const td_signature *sig)
{
    return expected_ns(program_of(s, sig)) > LONG_NS;
}

static td_status check_inputs(const td_signature *sig, const td_tensor *in, td_tensor *full)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        const td_tensor_info *const info = &sig->inputs[i];

        full[i] = in[i];
        if (in[i].dtype == TD_DTYPE_NONE) {
            if (!info->default_value)
                return TD_ERR(INVALID_ARGUMENT, "input %s was not given and has no default value",
                              info->alias);
            full[i] = *info->default_value;
        }
        if (full[i].dtype != info->dtype)
            return TD_ERR(INVALID_ARGUMENT, "Expects arg[%zu] to be %s but %s is provided", i,
                          td_dtype_name(info->dtype), td_dtype_name(full[i].dtype));
    }
    return NULL;
}

/* A moving average that forgets quickly: the last run counts for a quarter. Lost updates do no harm. A run
 * that lost its core for a time slice must not make a model of a microsecond look like one of milliseconds.
 */
static void learn(signature_program *p, int64_t ns)
{
    const int64_t old = expected_ns(p);
    const int64_t seen = TD_MIN(ns, 8 * old + 20000);

    atomic_store_explicit(&p->expected_ns, old ? old + (seen - old) / 4 : ns, memory_order_relaxed);
}

static td_status run_frame(signature_program *p, td_frame *f, const td_run_options *opts)
{
    const int64_t expected = expected_ns(p);
    const bool is_alone = expected > 0 && expected < ALONE_NS;
    td_lane lane = { 0 };

    if (!is_alone) TD_TRY(td_lane_enter(opts ? opts->deadline_ns : 0, &lane));
    const td_run_context run = { lane.team, opts, NULL };
    const int64_t start = td_now_ns();
    const td_status s = td_frame_run(f, &run);

    learn(p, td_now_ns() - start);
    if (!is_alone) td_lane_leave(&lane);
    return s;
}

static td_status why_unusable(const signature_program *p, const td_signature *sig)
{
    if (p->error) return td_status_copy(p->error);
    return TD_ERR(INVALID_ARGUMENT, "signature %s is not meant to be run", sig->name);
}

/* Files that are not what they were explain any error, and spoil any answer. */
static td_status blame_files(td_session *s, td_status st)
{
    const td_status loss = td_files_check(&s->env);

    if (!loss) return st;
    td_status_free(st);
    return loss;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    signature_program *const p = program_of(s, sig);
    td_tensor small[16];
    td_tensor *const full = sig->n_inputs <= TD_COUNT(small) ? small : TD_NEW_N(td_tensor, sig->n_inputs);
    td_frame *f = NULL;

    td_status st = p->prog ? check_inputs(sig, in, full) : why_unusable(p, sig);
    if (!st) st = td_frame_enter(p->prog, full, &f);
    if (full != small) td_free(full);
    if (!st) st = td_files_check(&s->env);
    if (!st) st = run_frame(p, f, opts);
    st = blame_files(s, st);
    if (st) {
        if (f) td_frame_leave(f);
        return st;
    }
    td_result *const r = TD_ARENA_NEW(f->strings, td_result);
    r->frame = f;
    r->out = TD_ARENA_NEW_N(f->strings, td_tensor, n_want + 1);
    for (size_t i = 0; i < n_want; i++)
        r->out[i] = *td_frame_ret(f, want[i]);
    *out = r;
    return NULL;
}

td_status td_session_check(td_session *s)
{
    return td_files_look(&s->env);
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->out;
}

void td_result_free(td_result *r)
{
    if (r) td_frame_leave(r->frame);
}
