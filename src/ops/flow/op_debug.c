/* SPDX-License-Identifier: Apache-2.0 */
/* op_debug.c -- Assert, and the printing ops, whose output is a line of the log. */
#include "obs/log.h"
#include "ops/op.h"
#include "tensor/summary.h"

typedef struct debug_attrs {
    int64_t summarize;
    td_string message;
} debug_attrs;

static td_status assert_parse(td_parse *p)
{
    ((debug_attrs *)p->attrs)->summarize = td_attr_int(p, "summarize");
    return NULL;
}

static td_status assert_run(td_call *c)
{
    const td_tensor *const cond = td_in(c, 0);
    td_strbuf text = { 0 };

    if (cond->shape.rank != 0 && td_shape_count(&cond->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] should be a scalar, not of rank %d",
                         (int)cond->shape.rank);
    if (*(const uint8_t *)cond->data) return NULL;
    for (uint32_t i = 1; i < c->n_in; i++) {
        td_strbuf_puts(&text, i > 1 ? " [" : "[");
        td_tensor_summary(td_in(c, i), ((const debug_attrs *)c->attrs)->summarize, &text);
        td_strbuf_putc(&text, ']');
    }
    const td_status s = TD_OP_ERR(c, INVALID_ARGUMENT, "assertion failed: %s", td_strbuf_text(&text));

    td_strbuf_fini(&text);
    return s;
}

/* ---------------------------------------------------------------- Print: hands input 0 on */

static td_status print_parse(td_parse *p)
{
    ((debug_attrs *)p->attrs)->message = td_attr_string(p, "message");
    return assert_parse(p);
}

static td_status print_infer(td_call *c)
{
    if (td_out_is_used(c, 0)) td_out(c, 0)->shape = td_in(c, 0)->shape;
    return NULL;
}

/* Of a model's author, but as often as clients like. */
static td_log_limit print_limit = TD_LOG_LIMIT("prints of models", 100);

static td_status print_run(td_call *c)
{
    const debug_attrs *const a = c->attrs;
    td_strbuf text = { 0 };

    for (uint32_t i = 1; i < c->n_in && td_log_is_on(TD_LOG_INFO); i++) {
        td_strbuf_putc(&text, '[');
        td_tensor_summary(td_in(c, i), a->summarize, &text);
        td_strbuf_putc(&text, ']');
    }
    td_log_limited(&print_limit, TD_LOG_INFO, "model", "event=print node=%s text=\"%.*s%s\"", c->node,
                   (int)a->message.size, a->message.data, td_strbuf_text(&text));
    td_strbuf_fini(&text);
    return td_out_set(c, 0, td_in(c, 0));
}

static td_status print_v2_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);

    if (in->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input is expected to be scalar, but got rank %d",
                         (int)in->shape.rank);
    const td_string s = *(const td_string *)in->data;

    td_log_limited(&print_limit, TD_LOG_INFO, "model", "event=print node=%s text=\"%.*s\"", c->node,
                   (int)(s.size < 4096 ? s.size : 4096), s.data);
    return NULL;
}

static const td_kernel assert_kernels[] = { { .run = assert_run }, { 0 } };
static const td_kernel print_kernels[] = { { .run = print_run }, { 0 } };
static const td_kernel print_v2_kernels[] = { { .run = print_v2_run }, { 0 } };

const td_op td_ops_debug[] = {
    { .name = "Assert",
      .sig = "condition: bool, data: T ->",
      .attrs = "T: list(type), summarize: int = 3",
      .flags = TD_OP_STATEFUL | TD_OP_ALLOCATES,
      .attrs_size = sizeof(debug_attrs),
      .parse = assert_parse,
      .kernels = assert_kernels },
    { .name = "Print",
      .sig = "input: T, data: U -> output: T",
      .attrs = "T: type, U: list(type), message: string = '', first_n: int = -1, summarize: int = 3",
      .flags = TD_OP_STATEFUL | TD_OP_BY_REF,
      .attrs_size = sizeof(debug_attrs),
      .parse = print_parse,
      .infer = print_infer,
      .kernels = print_kernels },
    { .name = "PrintV2",
      .sig = "input: string ->",
      .attrs = "output_stream: string = 'stderr'",
      .flags = TD_OP_STATEFUL | TD_OP_ALLOCATES,
      .kernels = print_v2_kernels },
    { 0 },
};
