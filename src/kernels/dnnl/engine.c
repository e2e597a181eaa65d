/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c -- see engine.h. */
#include "kernels/dnnl/engine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/mem_forbid.h"

enum { ARG_SRC = 0, ARG_WEIGHTS, ARG_BIAS, ARG_DST, ARG_SCRATCH, ARG_COUNT };

/* oneDNN takes shapes from the primitive and only the address from a memory object, so one
 * object of any shape serves all primitives. (One with the weights' own shape would have its
 * padding zeroed at each change of address.) */
typedef struct thread_state {
    dnnl_stream_t stream;
    dnnl_memory_t memory[ARG_COUNT];
} thread_state;

td_dnnl_api td_dnnl;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine; /* NULL: none */
static td_cpu wanted;
static pthread_key_t key;
static void (*set_threads)(int); /* of the OpenMP runtime that oneDNN was built on */
static _Thread_local thread_state *mine;

static void thread_free(void *state)
{
    thread_state *const t = state;

    for (int i = 0; i < ARG_COUNT; i++)
        if (t->memory[i]) (void)td_dnnl.memory_destroy(t->memory[i]);
    if (t->stream) (void)td_dnnl.stream_destroy(t->stream);
    td_free(t);
}

/* dlsym() gives an object pointer; ISO C wants it copied to make a function pointer. */
static bool find(void *library, const char *name, void *fn)
{
    void *const p = dlsym(library, name);

    memcpy(fn, &p, sizeof p);
    return p != NULL;
}

static bool open_library(void)
{
    void *const library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
    bool is_ok = library != NULL;

    if (!is_ok) return false;
#define X(name) is_ok = is_ok && find(library, "dnnl_" #name, (void *)&td_dnnl.name);
#include "kernels/dnnl/api.inc"
#undef X
    return is_ok && find(library, "omp_set_num_threads", (void *)&set_threads); /* a dependency's */
}

static void make_engine(void)
{
    if (!open_library() || pthread_key_create(&key, thread_free)) return;
    /* Bodies must be those of the level that is asked for, in tests above all. */
    if (!td_cpu_has(wanted, TD_CPU_avx512))
        (void)td_dnnl.set_max_cpu_isa(dnnl_cpu_isa_avx2);
    else if (!td_cpu_has(wanted, TD_CPU_amx))
        (void)td_dnnl.set_max_cpu_isa(dnnl_cpu_isa_avx512_core_bf16);
    if (td_dnnl.engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

static thread_state *thread_make(void)
{
    const dnnl_dims_t one = { 1 };
    dnnl_memory_desc_t flat;
    const bool was_forbidden = td_mem_forbid(false); /* once a thread */
    thread_state *const t = td_try_alloc(sizeof *t, 16);

    (void)td_mem_forbid(was_forbidden);
    if (!t) return NULL;
    memset(t, 0, sizeof *t);
    bool is_ok = td_dnnl.memory_desc_init_by_tag(&flat, 1, one, dnnl_f32, dnnl_a) == dnnl_success &&
                 td_dnnl.stream_create(&t->stream, engine, dnnl_stream_default_flags) == dnnl_success;
    for (int i = 0; is_ok && i < ARG_COUNT; i++)
        is_ok = td_dnnl.memory_create(&t->memory[i], &flat, engine, DNNL_MEMORY_NONE) == dnnl_success;
    if (!is_ok || pthread_setspecific(key, t)) {
        thread_free(t);
        return NULL;
    }
    set_threads(1); /* of this thread: whatever it runs, it runs alone */
    return t;
}

static thread_state *thread_get(void)
{
    if (!mine) mine = thread_make();
    return mine;
}

bool td_dnnl_ready(td_cpu cpu)
{
    if (!td_cpu_has(cpu, TD_CPU_avx2)) return false;
    wanted = cpu; /* the same in all calls of a process */
    (void)pthread_once(&once, make_engine);
    return engine && thread_get();
}

/* ---------------------------------------------------------------- primitives */

/* Bodies without generated code are slower than ours, and so are those that copy the image into a matrix. */
static bool is_fast(dnnl_primitive_desc_t pd)
{
    const char *name = "";

    return !td_dnnl.primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) &&
           (strncmp(name, "brg", 3) == 0 || strncmp(name, "jit", 3) == 0 || strcmp(name, "gemm:jit") == 0);
}

static bool fill(dnnl_primitive_desc_t pd, td_dnnl_prim *out)
{
    const dnnl_memory_desc_t *const weights = td_dnnl.primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    const dnnl_memory_desc_t *const scratch =
        td_dnnl.primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);

    if (!weights || !is_fast(pd)) return false;
    out->weights = *weights;
    out->scratch = scratch ? td_dnnl.memory_desc_get_size(scratch) : 0;
    return td_dnnl.primitive_create(&out->prim, pd) == dnnl_success;
}

bool td_dnnl_prim_make(const void *op_desc, td_dnnl_prim *out)
{
    dnnl_primitive_attr_t attr;
    dnnl_primitive_desc_t pd;
    bool is_ok = false;

    if (td_dnnl.primitive_attr_create(&attr)) return false;
    if (!td_dnnl.primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) &&
        !td_dnnl.primitive_desc_create(&pd, op_desc, attr, engine, NULL)) {
        is_ok = fill(pd, out);
        (void)td_dnnl.primitive_desc_destroy(pd);
    }
    (void)td_dnnl.primitive_attr_destroy(attr);
    return is_ok;
}

void td_dnnl_prim_free(td_dnnl_prim *p)
{
    if (p->prim) (void)td_dnnl.primitive_destroy(p->prim);
    p->prim = NULL;
}

/* oneDNN takes inputs through the same handle as outputs; it does not write them. */
static void *no_const(const void *p)
{
    return (void *)(uintptr_t)p;
}

bool td_dnnl_run(const td_dnnl_prim *p, void *dst, const void *src, const void *weights, const void *bias,
                 void *scratch)
{
    thread_state *const t = thread_get();
    const struct {
        int arg;
        void *data;
    } all[ARG_COUNT] = { { DNNL_ARG_SRC, no_const(src) },
                         { DNNL_ARG_WEIGHTS, no_const(weights) },
                         { DNNL_ARG_BIAS, no_const(bias) },
                         { DNNL_ARG_DST, dst },
                         { DNNL_ARG_SCRATCHPAD, p->scratch ? scratch : NULL } };
    dnnl_exec_arg_t args[ARG_COUNT];
    int n = 0;

    if (!t) return false;
    for (int i = 0; i < ARG_COUNT; i++) {
        if (!all[i].data) continue;
        if (td_dnnl.memory_set_data_handle(t->memory[i], all[i].data)) return false;
        args[n++] = (dnnl_exec_arg_t){ all[i].arg, t->memory[i] };
    }
    return td_dnnl.primitive_execute(p->prim, t->stream, n, args) == dnnl_success;
}

/* ---------------------------------------------------------------- weights */

size_t td_dnnl_weights_size(const td_dnnl_prim *p)
{
    return td_dnnl.memory_desc_get_size(&p->weights);
}

uint64_t td_dnnl_weights_hash(const td_dnnl_prim *p)
{
    const dnnl_blocking_desc_t *const b = &p->weights.format_desc.blocking;
    const uint64_t h = td_hash_bytes(p->weights.padded_dims, sizeof p->weights.padded_dims, 1);

    return td_hash_bytes(b, sizeof *b, h);
}

bool td_dnnl_pack(const td_dnnl_prim *p, const dnnl_memory_desc_t *from, void *packed, const float *w)
{
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t in = NULL, out = NULL;
    bool is_ok = false;

    if (!thread_get() ||
        td_dnnl.reorder_primitive_desc_create(&pd, from, engine, &p->weights, engine, NULL) != dnnl_success)
        return false;
    if (!td_dnnl.primitive_create(&reorder, pd) && !td_dnnl.memory_create(&in, from, engine, no_const(w)) &&
        !td_dnnl.memory_create(&out, &p->weights, engine, packed)) {
        const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, in }, { DNNL_ARG_TO, out } };
        is_ok = td_dnnl.primitive_execute(reorder, mine->stream, 2, args) == dnnl_success;
    }
    if (in) (void)td_dnnl.memory_destroy(in);
    if (out) (void)td_dnnl.memory_destroy(out);
    if (reorder) (void)td_dnnl.primitive_destroy(reorder);
    (void)td_dnnl.primitive_desc_destroy(pd);
    return is_ok;
}
