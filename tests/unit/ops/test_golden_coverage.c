/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden_coverage.c -- every op of the table has goldens, and none of its attributes is the same in all.
 *
 * An attribute that all goldens hold at one value is one that tensord may ignore, and nobody would notice. Types and
 * numbers of arguments are left to the ops' signatures. Calls and graphs write values differently, so they are not
 * compared with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/map.h"
#include "golden.h"
#include "ops/op.h"

/* ---------------------------------------------------------------- what goldens need not have */

/* Ops that no file holds: passes make them, and are tested with them. */
static const char *const own_ops[][2] = {
    { "_Arg", "unit/passes: functions' arguments" },
    { "_FusedAttention", "unit/passes/test_fuse_attention.c" },
    { "_FusedConv2D", "unit/passes/test_fuse_conv.c" },
    { "_FusedConv2DBackpropInput", "unit/passes/test_fuse_conv_forms.c" },
    { "_FusedConv3D", "unit/passes/test_fuse_conv_forms.c" },
    { "_FusedConv3DBackpropInputV2", "unit/passes/test_fuse_conv_forms.c" },
    { "_FusedDepthwiseConv2dNative", "unit/passes/test_fuse_conv.c" },
    { "_FusedElementwise", "unit/passes/test_fuse_elementwise.c" },
    { "_FusedGRU", "unit/passes/test_fuse_rnn.c" },
    { "_FusedLSTM", "unit/passes/test_fuse_rnn.c" },
    { "_FusedLayerNorm", "unit/passes/test_fuse_layer_norm.c" },
    { "_FusedMatMul", "unit/passes/test_fuse_dense.c" },
    { "_FusedRFFT", "unit/passes/test_fuse_fft.c" },
    { "_LiteAdd", "goldens of tflite" },
    { "_LiteBatchMatMul", "goldens of tflite" },
    { "_LiteConv2D", "goldens of tflite" },
    { "_LiteConv2DTransposed", "goldens of tflite" },
    { "_LiteDiv", "goldens of tflite" },
    { "_LiteHybridConv2D", "goldens of tflite" },
    { "_LiteHybridMatMul", "goldens of tflite" },
    { "_LiteL2Norm", "goldens of tflite" },
    { "_LiteLogSoftmax", "goldens of tflite" },
    { "_LiteLookup", "goldens of tflite" },
    { "_LiteLstm", "goldens of tflite" },
    { "_LiteLstmSteps", "goldens of tflite" },
    { "_LiteMatMul", "goldens of tflite" },
    { "_LiteMul", "goldens of tflite" },
    { "_LitePool", "goldens of tflite" },
    { "_LitePrelu", "goldens of tflite" },
    { "_LiteQuantize", "goldens of tflite" },
    { "_LiteResizeBilinear", "goldens of tflite" },
    { "_LiteRnn", "goldens of tflite" },
    { "_LiteSoftmax", "goldens of tflite" },
    { "_LiteSoftmaxWide", "goldens of tflite" },
    { "_LiteSums", "goldens of tflite" },
    { "_LiteSvdf", "goldens of tflite" },
    { "_LiteSvdfSteps", "goldens of tflite" },
    { "_MixedAttention", "unit/passes/test_narrow.c" },
    { "_MixedConv2D", "unit/passes/test_narrow.c" },
    { "_MixedDepthwiseConv2dNative", "unit/passes/test_narrow.c" },
    { "_MixedGather", "unit/passes/test_narrow.c" },
    { "_MixedLayerNorm", "unit/passes/test_narrow.c" },
    { "_MixedMatMul", "unit/passes/test_narrow.c" },
    { "_OwnVariable", "goldens of TemporaryVariable" },
    { "_Gate", "unit/exec/test_session.c: what waits for an op in a function" },
    { "RestoreV2", "unit/formats/test_bundle.c: it needs a checkpoint" },
    { "PlaceholderV2", "TensorFlow refuses to run it: removed in GraphDef 23" },
};

/* Attributes that no answer depends on, or that have one value only. "*": of any op. */
static const struct {
    const char *op, *attr, *why;
} fixed[] = {
    /* hints and names */
    { "*", "use_cudnn_on_gpu", "of GPUs" },
    { "*", "grad_a", "a hint" },
    { "*", "grad_b", "a hint" },
    { "*", "grad_x", "a hint" },
    { "*", "grad_y", "a hint" },
    { "*", "sparse_gradient", "of training" },
    { "*", "initial_num_buckets", "of TensorFlow's hash tables" },
    { "*", "max_load_factor", "of TensorFlow's hash tables" },
    { "*", "executor_type", "of TensorFlow's executors" },
    { "*", "config", "of TensorFlow's executors" },
    { "*", "config_proto", "of TensorFlow's executors" },
    { "*", "output_shapes", "a hint" },
    { "*", "num_batch_threads", "of TensorFlow's batching queues" },
    { "*", "max_enqueued_batches", "of TensorFlow's batching queues" },
    { "*", "batch_timeout_micros", "of TensorFlow's batching queues" },
    { "*", "grad_timeout_micros", "of TensorFlow's batching queues" },
    { "*", "timeout_micros", "of TensorFlow's batching queues" },
    { "*", "batching_queue", "of TensorFlow's batching queues" },
    { "*", "mixed_priority_policy", "of TensorFlow's batching queues" },
    { "*", "low_priority_max_batch_size", "of TensorFlow's batching queues" },
    { "*", "low_priority_batch_timeout_micros", "of TensorFlow's batching queues" },
    { "*", "low_priority_allowed_batch_sizes", "of TensorFlow's batching queues" },
    { "*", "low_priority_max_enqueued_batches", "of TensorFlow's batching queues" },
    { "*", "batch_padding_policy", "of TensorFlow's batching queues" },
    { "Batch", "container", "of TensorFlow's batching queues" },
    { "Unbatch", "container", "of TensorFlow's batching queues" },
    { "BatchFunction", "container", "of TensorFlow's batching queues" },
    { "*", "allowed_devices", "devices are not chosen by name" },
    { "ScatterUpdate", "use_locking", "updates are always whole" },
    { "ScatterAdd", "use_locking", "updates are always whole" },
    { "ScatterSub", "use_locking", "updates are always whole" },
    { "ScatterMul", "use_locking", "updates are always whole" },
    { "ScatterDiv", "use_locking", "updates are always whole" },
    { "ScatterMin", "use_locking", "updates are always whole" },
    { "ScatterMax", "use_locking", "updates are always whole" },
    { "ScatterNdUpdate", "use_locking", "updates are always whole" },
    { "ScatterNdAdd", "use_locking", "updates are always whole" },
    { "ScatterNdSub", "use_locking", "updates are always whole" },
    { "ScatterNdMin", "use_locking", "updates are always whole" },
    { "ScatterNdMax", "use_locking", "updates are always whole" },
    /* other values are refused, by TensorFlow's plain kernels, too */
    { "AvgPoolGrad", "data_format", "gradients run channels last" },
    { "AvgPool3DGrad", "data_format", "gradients run channels last" },
    { "MaxPoolGrad", "data_format", "gradients run channels last" },
    { "MaxPoolGradV2", "data_format", "gradients run channels last" },
    { "MaxPool3DGrad", "data_format", "gradients run channels last" },
    { "DepthwiseConv2dNativeBackpropFilter", "data_format", "gradients run channels last" },
    { "DepthwiseConv2dNativeBackpropInput", "data_format", "gradients run channels last" },
    { "ApproxTopK", "aggregate_to_topk", "only true is there" },
    { "ApproxTopK", "reduction_input_size_override", "the size is known" },
    { "Conv", "groups", "TensorFlow has no other for this op" },
    { "QuantizedConv2D", "dilations", "TensorFlow's kernel has no others" },
    { "UniformQuantizedConvolution", "lhs_quantization_axis", "only all of lhs may be scaled" },
    { "UniformQuantizedDot", "lhs_quantization_axis", "only all of lhs may be scaled" },
    /* tensord refuses other values */
    { "SentencepieceTokenizeOp", "return_nbest", "only the best is there" },
    { "SentencepieceTokenizeWithOffsetsOp", "return_nbest", "only the best is there" },
    { "TridiagonalSolve", "perturb_singular", "of GPUs" },
};

static const char *why_fixed(const char *op, const char *attr)
{
    for (size_t i = 0; i < TD_COUNT(fixed); i++)
        if (strcmp(fixed[i].attr, attr) == 0 && (*fixed[i].op == '*' || strcmp(fixed[i].op, op) == 0))
            return fixed[i].why;
    return NULL;
}

static bool is_own(const char *op)
{
    for (size_t i = 0; i < TD_COUNT(own_ops); i++)
        if (strcmp(own_ops[i][0], op) == 0) return true;
    return false;
}

/* ---------------------------------------------------------------- what they have */

typedef struct seen_attr {
    struct seen_attr *next;
    const char *name;
    const char *value[2]; /* the first one, in calls and in graphs */
    bool varies;
} seen_attr;

typedef struct seen_op {
    seen_attr *attrs;
} seen_op;

typedef struct coverage {
    td_arena *arena;
    td_map ops; /* name -> seen_op */
} coverage;

static seen_op *see_op(coverage *c, const char *name)
{
    seen_op *s = td_map_get(&c->ops, name);

    if (s) return s;
    s = TD_ARENA_NEW(c->arena, seen_op);
    (void)td_map_put(&c->ops, td_arena_strdup(c->arena, name), s);
    return s;
}

static void see_attr(coverage *c, seen_op *op, const char *name, const char *value, bool in_graph)
{
    seen_attr *a = op->attrs;

    while (a && strcmp(a->name, name) != 0)
        a = a->next;
    if (!a) {
        a = TD_ARENA_NEW(c->arena, seen_attr);
        *a = (seen_attr){ op->attrs, td_arena_strdup(c->arena, name), { NULL, NULL }, false };
        op->attrs = a;
    }
    if (!a->value[in_graph])
        a->value[in_graph] = td_arena_strdup(c->arena, value);
    else
        a->varies |= strcmp(a->value[in_graph], value) != 0;
}

static char *next_line(FILE *f, char **line, size_t *size)
{
    const ssize_t n = getline(line, size, f);

    if (n <= 0) return NULL;
    if ((*line)[n - 1] == '\n') (*line)[n - 1] = 0;
    return *line;
}

/* "case OP", "attr NAME KIND VALUE" */
static void see_call_line(coverage *c, char *line, seen_op **op)
{
    if (strncmp(line, "case ", 5) == 0) *op = see_op(c, line + 5);
    if (strncmp(line, "attr ", 5) != 0) return;
    char *const name = line + 5, *const kind = strchr(name, ' ') + 1;

    kind[-1] = 0;
    if (strncmp(kind, "type", 4) != 0) see_attr(c, *op, name, kind, false);
}

/* The text in the braces that open at p, cut out; what follows them. */
static char *take_braces(char *p, char **text)
{
    int depth = 0;

    for (*text = p + 1; *p; p++) {
        if (*p == '"')
            while (*++p && *p != '"')
                p += *p == '\\' && p[1];
        depth += (*p == '{') - (*p == '}');
        if (depth == 0) break;
    }
    TD_ASSERT(*p);
    *p = 0;
    return p + 1;
}

static char *take_quoted(char *p, char **text)
{
    char *const end = strchr(p + 1, '"');

    *text = p + 1;
    *end = 0;
    return end + 1;
}

static bool is_plain(const char *value)
{
    return !strstr(value, "type: DT_") && !strstr(value, "func {") && !strstr(value, "tensor {");
}

/* op: "X" ... attr { key: "K" value { V } } ..., of nodes one after the other */
static void see_model_line(coverage *c, char *p)
{
    static const char op_key[] = " op: \"", attr_key[] = " attr { key: \"";
    seen_op *op = NULL;

    while (*p) {
        if (strncmp(p, op_key, strlen(op_key)) == 0) {
            char *name;

            p = take_quoted(p + strlen(op_key) - 1, &name);
            op = see_op(c, name);
        } else if (op && strncmp(p, attr_key, strlen(attr_key)) == 0) {
            char *name, *value;

            p = take_quoted(p + strlen(attr_key) - 1, &name);
            p = take_braces(strchr(p, '{'), &value);
            if (is_plain(value)) see_attr(c, op, name, value, true);
        } else {
            p++;
        }
    }
}

static void see_files(coverage *c, const char *ending)
{
    const char **files;
    const size_t n = golden_files(c->arena, ending, &files);
    char *line = NULL;
    size_t size = 0;

    for (size_t i = 0; i < n; i++) {
        FILE *const f = fopen(files[i], "r");
        seen_op *op = NULL;

        TD_ASSERT(f);
        while (next_line(f, &line, &size)) {
            see_call_line(c, line, &op);
            if (strncmp(line, "model ", 6) == 0) see_model_line(c, line + 5);
        }
        (void)fclose(f);
    }
    free(line);
}

static coverage all;

static int open_coverage(void **state)
{
    (void)state;
    all.arena = td_arena_make();
    see_files(&all, ".txt");
    see_files(&all, ".graphs");
    return 0;
}

static int close_coverage(void **state)
{
    (void)state;
    td_map_fini(&all.ops);
    td_arena_free(all.arena);
    return 0;
}

/* ---------------------------------------------------------------- tests */

static void test_ops(void **state)
{
    const td_op *const *ops;
    const size_t n = td_op_list(&ops);
    int missing = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const bool has = td_map_get(&all.ops, ops[i]->name) != NULL;

        if (has != is_own(ops[i]->name)) continue;
        print_error("%s %s\n", ops[i]->name,
                    has ? "has goldens, and is listed to have none" : "has no golden");
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* "values: N*T": N counts arguments */
static bool counts_arguments(const td_op *op, const char *attr)
{
    const size_t n = strlen(attr);

    for (const char *p = op->sig; p && (p = strstr(p, attr)); p++)
        if (p[n] == '*') return true;
    return false;
}

static void test_attributes(void **state)
{
    const td_op *const *ops;
    const size_t n = td_op_list(&ops);
    int held = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const seen_op *const s = td_map_get(&all.ops, ops[i]->name);

        for (const seen_attr *a = s ? s->attrs : NULL; a; a = a->next) {
            if (a->varies || counts_arguments(ops[i], a->name) || why_fixed(ops[i]->name, a->name)) continue;
            print_error("%s: %s is %s in all goldens\n", ops[i]->name, a->name,
                        a->value[0] ? a->value[0] : a->value[1]);
            held++;
        }
    }
    assert_int_equal(held, 0);
}

/* The lists above say nothing that is not so. */
static void test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < TD_COUNT(own_ops); i++)
        assert_non_null(td_op_find(own_ops[i][0]));
    for (size_t i = 0; i < TD_COUNT(fixed); i++) {
        const seen_op *const s = *fixed[i].op == '*' ? NULL : td_map_get(&all.ops, fixed[i].op);
        const seen_attr *a = s ? s->attrs : NULL;

        while (a && strcmp(a->name, fixed[i].attr) != 0)
            a = a->next;
        if (a && a->varies) print_error("%s: %s varies, and is listed\n", fixed[i].op, fixed[i].attr);
        assert_false(a && a->varies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, open_coverage, close_coverage);
}
