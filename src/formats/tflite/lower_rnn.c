/* SPDX-License-Identifier: Apache-2.0 */
/* lower_rnn.c -- recurrent layers over floats, and what keeps their states. A tensor that keeps its values between calls becomes a
 * variable, which has its first values when the model is loaded: an operator reads it, and assigns what is behind its last step. */
#include "formats/tflite/options.h"
#include "formats/tflite/steps.h"

#include <math.h>
#include <string.h>

/* ---- states -------------------------------------------------------------------------------------------- */

/* What TFLite's interpreter begins with: all bytes 0, or the zero point. */
static td_edge first_value(td_tfl_op *o, const td_tfl_tensor *t)
{
    td_tensor *const c = TD_ARENA_NEW(o->l->arena, td_tensor);

    *c = (td_tensor){ .dtype = t->dtype, .shape = t->shape };
    if (t->shape.rank < 1 || !td_shape_is_known(&t->shape) ||
        (t->dtype != TD_F32 && t->dtype != TD_I8 && t->dtype != TD_I16)) {
        td_tfl_fail(
            o, TD_ERR(INVALID_ARGUMENT, "state '%s' has no known size, or a type that none has", t->name));
        return (td_edge){ 0 };
    }
    const td_status bad = td_shape_check(&t->shape);

    if (bad) {
        td_tfl_fail(o, td_status_prefix(bad, "state '%s': ", t->name));
        return (td_edge){ 0 };
    }
    const size_t size = td_tensor_bytes(c);
    const td_status over = td_budget_take(o->l->budget, TD_BUDGET_BYTES, size, t->name);

    if (over) td_tfl_fail(o, over);
    if (o->trouble) return (td_edge){ 0 };
    c->data = td_arena_try_alloc(o->l->arena, size, TD_ALIGN);
    if (!c->data) {
        td_tfl_fail(o, TD_ERR(RESOURCE_EXHAUSTED, "no memory for state '%s'", t->name));
        return (td_edge){ 0 };
    }
    memset(c->data, t->dtype == TD_I8 ? td_tfl_zero_of(t) : 0, size);
    return td_tfl_constant_value(o->l, t->name, c);
}

/* The variable's handle; its first values are assigned before any request. */
static td_edge handle_of(td_tfl_op *o, td_tfl_tensor *t)
{
    if (t->value.node) return t->value;
    if (*o->l->g->name) {
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "states in subgraphs that others call are not built yet"));
        return t->value;
    }
    const td_edge first = first_value(o, t);

    if (!first.node) return first;
    td_node *const n = td_tfl_node(o, "VarHandleOp", TD_DTYPE_NONE, NULL, 0);

    td_tfl_set_text(o, n, "shared_name", n->name);
    td_tfl_set_type(o, n, "dtype", t->dtype);
    td_node_add_attr(o->l->g, n, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &t->shape });
    t->value = (td_edge){ n, 0, NULL };
    td_node *const assign =
        td_tfl_node(o, "AssignVariableOp", TD_DTYPE_NONE, (td_edge[]){ t->value, first }, 2);

    td_tfl_set_type(o, assign, "dtype", t->dtype);
    if (!o->l->once) o->l->once = td_graph_add(o->l->g, td_tfl_name(o->l, "call_once"), "NoOp", 0, 0);
    td_node_add_ctrl(o->l->g, o->l->once, assign);
    o->graph->keeps_state = true;
    return t->value;
}

static td_tfl_tensor *state_of(td_tfl_op *o, size_t i)
{
    const uint32_t index = i < o->in.n ? td_flat_u32_at(&o->in, i) : UINT32_MAX;
    td_tfl_tensor *const t = index < o->graph->n_tensors ? &o->graph->tensors[index] : NULL;

    if (t && t->is_variable && !t->data) return t;
    td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "operand %zu is no state", i));
    return NULL;
}

td_edge td_tfl_state_in(td_tfl_op *o, size_t i)
{
    td_tfl_tensor *const t = state_of(o, i);
    const td_edge handle = t ? handle_of(o, t) : (td_edge){ 0 };

    if (!handle.node) return handle;
    td_node *const n = td_tfl_node(o, "ReadVariableOp", TD_DTYPE_NONE, &handle, 1);

    td_tfl_set_type(o, n, "dtype", t->dtype);
    td_tfl_add_state(o, n);
    return (td_edge){ n, 0, NULL };
}

void td_tfl_state_out(td_tfl_op *o, size_t i, td_edge value)
{
    td_tfl_tensor *const t = state_of(o, i);

    if (o->trouble || !t) return;
    td_node *const n = td_tfl_node(o, "AssignVariableOp", TD_DTYPE_NONE, (td_edge[]){ t->value, value }, 2);

    td_tfl_set_type(o, n, "dtype", t->dtype);
    td_tfl_add_state(o, n);
    o->l->assigns = true;
}

/* ---- what layers are made of ---------------------------------------------------------------------------- */

/* Values of a node, with their types as a list. */
typedef struct inputs {
    td_edge in[32];
    td_attr_value types[32];
    size_t n;
} inputs;

static void add_value(inputs *list, td_edge value, td_dtype type)
{
    list->in[list->n] = value;
    list->types[list->n++] = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type };
}

static void add_operand(td_tfl_op *o, inputs *list, size_t i)
{
    add_value(list, td_tfl_in(o, i), td_tfl_type_of(o, i));
}

static td_node *node_of(td_tfl_op *o, const char *op, const inputs *list)
{
    td_attr_value *const types = TD_ARENA_NEW_N(o->l->arena, td_attr_value, list->n);
    td_node *const n = td_tfl_node(o, op, TD_DTYPE_NONE, list->in, (uint32_t)list->n);

    memcpy(types, list->types, list->n * sizeof *types);
    td_node_add_attr(o->l->g, n, "Tin",
                     (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { types, list->n } });
    return n;
}

/* Of steps around 0; 0: operand i is of floats, or not there. */
static float scale_of(td_tfl_op *o, size_t i)
{
    if (!td_tfl_has(o, i) || td_tfl_type_of(o, i) == TD_F32) return 0;
    const td_tfl_steps s = td_tfl_steps_in(o, i);

    if (s.type != TD_I8 || s.zero)
        td_tfl_fail(
            o, TD_ERR(UNIMPLEMENTED, "weights '%s' are not of INT8 around 0", td_tfl_operand(o, i)->name));
    return s.scale;
}

/* Operands of one direction that are side by side, and how a layer's options are numbered. */
typedef struct layer {
    size_t weights, h, c, norms, aux, of_aux; /* first of each; 0: there are none */
    bool is_backward, time_major, is_asymmetric;
    int activation;
    float cell_clip, project_clip;
} layer;

enum { SLOTS = 27, GATES = 4 };

/* By op_lite_lstm.c's slots: which operand it is; 0: none. */
static void find_operands(const layer *l, size_t *operand)
{
    static const size_t of_cell[GATES] = { 9, 10, 0, 11 };
    const size_t first = l->weights - 1;

    for (size_t g = 0; g < GATES; g++) {
        operand[g] = first + 1 + g;
        operand[4 + g] = first + 5 + g;
        operand[8 + g] = l->of_aux ? l->of_aux + g : 0;
        operand[12 + g] = of_cell[g] ? first + of_cell[g] : 0;
        operand[16 + g] = first + 12 + g;
        operand[20 + g] = l->norms ? l->norms + g : 0;
    }
    operand[24] = first + 16;
    operand[25] = first + 17;
    operand[26] = l->aux;
}

static td_edge add_lstm(td_tfl_op *o, const layer *l, td_edge x)
{
    size_t operand[SLOTS];
    int64_t places[SLOTS];
    float *const scales = TD_ARENA_NEW_N(o->l->arena, float, SLOTS);
    inputs list = { .n = 0 };

    find_operands(l, operand);
    add_value(&list, x, TD_F32);
    add_value(&list, td_tfl_state_in(o, l->h), TD_F32);
    add_value(&list, td_tfl_state_in(o, l->c), TD_F32);
    for (size_t i = 0; i < SLOTS; i++) {
        const bool is_there = operand[i] && td_tfl_has(o, operand[i]);

        places[i] = is_there ? (int64_t)list.n : -1;
        scales[i] = is_there && (i < 16 || i == 24) ? scale_of(o, operand[i]) : 0;
        if (is_there) add_operand(o, &list, operand[i]);
    }
    td_node *const n = node_of(o, "_LiteLstm", &list);

    td_tfl_set_ints(o, n, "places", places, SLOTS);
    td_tfl_set_floats(o, n, "scales", scales, SLOTS);
    td_tfl_set_int(o, n, "activation", l->activation);
    td_tfl_set_float(o, n, "cell_clip", l->cell_clip);
    td_tfl_set_float(o, n, "project_clip", l->project_clip);
    td_tfl_set_bool(o, n, "time_major", l->time_major);
    td_tfl_set_bool(o, n, "backward", l->is_backward);
    td_tfl_set_bool(o, n, "asymmetric", l->is_asymmetric);
    td_tfl_state_out(o, l->h, (td_edge){ n, 1, NULL });
    td_tfl_state_out(o, l->c, (td_edge){ n, 2, NULL });
    return (td_edge){ n, 0, NULL };
}

enum { ACTIVATION = 0, CELL_CLIP, PROJECT_CLIP, TIME_MAJOR, ASYMMETRIC, DIAGONAL, KERNEL = 3 };
enum { LSTM = 16, RNN = 24 };

void td_tfl_lower_lstm(td_tfl_op *o)
{
    const bool is_one_step = o->def->code == LSTM;
    const layer l = { .weights = 1,
                      .h = 18,
                      .c = 19,
                      .norms = 20,
                      .time_major = !is_one_step && td_tfl_bool(o, TIME_MAJOR),
                      .is_asymmetric = td_tfl_bool(o, ASYMMETRIC),
                      .activation = td_tfl_byte(o, ACTIVATION),
                      .cell_clip = td_tfl_float(o, CELL_CLIP, 0),
                      .project_clip = td_tfl_float(o, PROJECT_CLIP, 0) };

    if ((is_one_step && td_tfl_byte(o, KERNEL)) || (!is_one_step && td_tfl_bool(o, DIAGONAL)))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "the basic kernel, and diagonal weights, are not built yet"));
    if (!o->trouble) td_tfl_out(o, 0, add_lstm(o, &l, td_tfl_in(o, 0)));
}

/* One output or two. */
static void put_both(td_tfl_op *o, td_edge forward, td_edge backward, bool joined)
{
    if (o->trouble) return;
    if (!joined) {
        td_tfl_out(o, 0, forward);
        td_tfl_out(o, 1, backward);
        return;
    }
    td_node *const n =
        td_tfl_node(o, "ConcatV2", TD_F32, (td_edge[]){ forward, backward, td_tfl_i32(o, -1) }, 3);

    td_tfl_set_int(o, n, "N", 2);
    td_tfl_set_type(o, n, "Tidx", TD_I32);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

enum { BOTH_JOINED = 3, BOTH_TIME_MAJOR, BOTH_ASYMMETRIC, BOTH_AUX = 39, BOTH_OF_AUX = 40 };

/* Without weights for it, the second input is the way back's only one. */
void td_tfl_lower_lstm_both(td_tfl_op *o)
{
    const bool has_aux = td_tfl_has(o, BOTH_AUX), has_weights = td_tfl_has(o, BOTH_OF_AUX + 1);
    layer l = { .weights = 1,
                .h = 35,
                .c = 36,
                .aux = has_weights ? BOTH_AUX : 0,
                .of_aux = has_weights ? BOTH_OF_AUX : 0,
                .time_major = !o->options.data || td_tfl_bool_or(o, BOTH_TIME_MAJOR, true),
                .is_asymmetric = td_tfl_bool(o, BOTH_ASYMMETRIC),
                .activation = td_tfl_byte(o, ACTIVATION),
                .cell_clip = td_tfl_float(o, CELL_CLIP, 0),
                .project_clip = td_tfl_float(o, PROJECT_CLIP, 0) };
    const td_edge forward = add_lstm(o, &l, td_tfl_in(o, 0));

    l.weights = 18;
    l.h = 37;
    l.c = 38;
    l.of_aux = has_weights ? BOTH_OF_AUX + GATES : 0;
    l.is_backward = true;
    const td_edge backward = add_lstm(o, &l, td_tfl_in(o, has_aux && !has_weights ? BOTH_AUX : 0));

    put_both(o, forward, backward, td_tfl_bool(o, BOTH_JOINED));
}

/* ---- plain ones ----------------------------------------------------------------------------------------- */

static td_edge add_rnn(td_tfl_op *o, const layer *l, td_edge x)
{
    inputs list = { .n = 0 };
    const size_t first = l->weights;

    add_value(&list, x, TD_F32);
    add_value(&list, td_tfl_state_in(o, l->h), TD_F32);
    for (size_t i = first; i < first + 3; i++)
        add_operand(o, &list, i);
    if (l->of_aux) add_operand(o, &list, l->aux), add_operand(o, &list, l->of_aux);
    td_node *const n = node_of(o, "_LiteRnn", &list);

    td_tfl_set_float(o, n, "scale_w", scale_of(o, first));
    td_tfl_set_float(o, n, "scale_r", scale_of(o, first + 1));
    td_tfl_set_float(o, n, "scale_aux", l->of_aux ? scale_of(o, l->of_aux) : 0);
    td_tfl_set_int(o, n, "activation", l->activation);
    td_tfl_set_bool(o, n, "time_major", l->time_major);
    td_tfl_set_bool(o, n, "backward", l->is_backward);
    td_tfl_set_bool(o, n, "asymmetric", l->is_asymmetric);
    td_tfl_state_out(o, l->h, (td_edge){ n, 1, NULL });
    return (td_edge){ n, 0, NULL };
}

enum { RNN_TIME_MAJOR = 0, RNN_ACTIVATION, RNN_ASYMMETRIC, RNN_JOINED = 2, RNN_AUX = 9, RNN_OF_AUX = 10 };

void td_tfl_lower_rnn(td_tfl_op *o)
{
    const bool is_one_step = o->def->code == RNN;
    const size_t shift = is_one_step ? 1 : 0;
    const layer l = { .weights = 1,
                      .h = 4,
                      .time_major = !is_one_step && td_tfl_bool(o, RNN_TIME_MAJOR),
                      .is_asymmetric = td_tfl_bool(o, RNN_ASYMMETRIC - shift),
                      .activation = td_tfl_byte(o, RNN_ACTIVATION - shift) };

    td_tfl_out(o, 0, add_rnn(o, &l, td_tfl_in(o, 0)));
}

void td_tfl_lower_rnn_both(td_tfl_op *o)
{
    const bool has_aux = td_tfl_has(o, RNN_AUX), has_weights = td_tfl_has(o, RNN_OF_AUX);
    layer l = { .weights = 1,
                .h = 4,
                .aux = RNN_AUX,
                .of_aux = has_weights ? RNN_OF_AUX : 0,
                .time_major = td_tfl_bool(o, RNN_TIME_MAJOR),
                .is_asymmetric = td_tfl_bool(o, RNN_JOINED + 1),
                .activation = td_tfl_byte(o, RNN_ACTIVATION) };
    const td_edge forward = add_rnn(o, &l, td_tfl_in(o, 0));

    l.weights = 5;
    l.h = 8;
    l.of_aux = has_weights ? RNN_OF_AUX + 1 : 0;
    l.is_backward = true;
    /* TFLite takes the second input alone only where time is the first dimension. */
    const bool takes_aux = has_aux && !has_weights && l.time_major;
    const td_edge backward = add_rnn(o, &l, td_tfl_in(o, takes_aux ? RNN_AUX : 0));

    put_both(o, forward, backward, td_tfl_bool(o, RNN_JOINED));
}

/* ---- SVDF ----------------------------------------------------------------------------------------------- */

enum { RANK = 0, SVDF_ACTIVATION, SVDF_ASYMMETRIC, BIAS = 3, STATE = 4 };

static td_edge svdf_bias(td_tfl_op *o, td_dtype type)
{
    const td_tfl_tensor *const w = td_tfl_operand(o, 1);
    const int32_t rank = td_tfl_int(o, RANK, 0);

    if (td_tfl_has(o, BIAS)) return td_tfl_in(o, BIAS);
    if (!w || w->shape.rank != 2 || rank < 1 || w->shape.dims[0] < 1) {
        td_tfl_fail(
            o, TD_ERR(INVALID_ARGUMENT, "weights have no known number of filters of rank %d", (int)rank));
        return (td_edge){ 0 };
    }
    const size_t n = (size_t)(w->shape.dims[0] / rank);
    void *const zeros = td_arena_alloc(o->l->arena, n * 4);

    if (n) memset(zeros, 0, n * 4);
    return td_tfl_bytes(o, type, zeros, n, 1);
}

void td_tfl_lower_svdf(td_tfl_op *o)
{
    const td_edge in[] = { td_tfl_in(o, 0), td_tfl_in(o, 1), td_tfl_in(o, 2), svdf_bias(o, TD_F32),
                           td_tfl_state_in(o, STATE) };
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, in, 5);

    td_tfl_set_type(o, n, "Tfeature", td_tfl_type_of(o, 1));
    td_tfl_set_type(o, n, "Ttime", td_tfl_type_of(o, 2));
    td_tfl_set_float(o, n, "scale_feature", scale_of(o, 1));
    td_tfl_set_float(o, n, "scale_time", scale_of(o, 2));
    td_tfl_set_int(o, n, "rank", td_tfl_int(o, RANK, 0));
    td_tfl_set_int(o, n, "activation", td_tfl_byte(o, SVDF_ACTIVATION));
    td_tfl_set_bool(o, n, "asymmetric", td_tfl_bool(o, SVDF_ASYMMETRIC));
    td_tfl_state_out(o, STATE, (td_edge){ n, 1, NULL });
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}
