/* SPDX-License-Identifier: Apache-2.0 */
/* batching.c -- BatchingParameters to td_batching, with TensorFlow Serving's checks. It finds some of these
 * mistakes when a model is loaded; here all are found when the file is read. */
#include "config/batching.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "config/text_config.h"
#include "tensorflow_serving/servables/tensorflow/session_bundle_config.pb-c.h"

typedef Tensorflow__Serving__BatchingParameters parameters;

enum { NS_PER_US = 1000 };

/* Sizes and counts beyond are the same as these. */
static const int64_t LARGEST = INT64_C(1) << 40;

/* What the file says, or what it means by saying nothing. */
static int64_t number(const Google__Protobuf__Int64Value *wrapper, int64_t otherwise)
{
    return TD_MIN(wrapper ? wrapper->value : otherwise, LARGEST);
}

static td_status check_positive(const char *name, int64_t value)
{
    return value > 0 ? NULL : TD_ERR(INVALID_ARGUMENT, "%s must be positive; was %" PRId64, name, value);
}

static td_status take_sizes(const parameters *p, bool splits, td_batching *b)
{
    const int64_t largest = number(p->max_batch_size, 1000),
                  run = splits ? number(p->max_execution_batch_size, largest) : largest;

    TD_TRY(check_positive("input_batch_size_limit", largest));
    TD_TRY(check_positive("max_execution_batch_size", run));
    if (run > largest)
        return TD_ERR(
            INVALID_ARGUMENT,
            "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal "
            "to max_execution_batch_size. They are %" PRId64 " and %" PRId64,
            largest, run);
    b->max_batch_size = (size_t)largest;
    b->max_execution_batch_size = (size_t)run;
    return NULL;
}

static td_status take_allowed(const parameters *p, td_batching *b)
{
    const size_t n = p->n_allowed_batch_sizes;
    const int64_t last = n ? p->allowed_batch_sizes[n - 1] : 0;

    if (!n) return NULL;
    if (last < 0 || (size_t)last != b->max_batch_size)
        return TD_ERR(INVALID_ARGUMENT,
                      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was %" PRId64
                      "; expected %zu",
                      last, b->max_batch_size);
    b->allowed_batch_sizes = TD_NEW_N(int64_t, n);
    b->n_allowed = n;
    memcpy(b->allowed_batch_sizes, p->allowed_batch_sizes, n * sizeof *b->allowed_batch_sizes);
    return NULL;
}

static td_status take_queue(const parameters *p, bool splits, td_batching *b)
{
    const int64_t timeout = number(p->batch_timeout_micros, 0), batches = number(p->max_enqueued_batches, 10);

    if (timeout < 0)
        return TD_ERR(INVALID_ARGUMENT, "batch_timeout_micros must be non-negative; was %" PRId64, timeout);
    if (batches != 0 || splits) TD_TRY(check_positive("max_enqueued_batches", batches));
    b->batch_timeout_ns = timeout * NS_PER_US;
    b->max_enqueued_batches = (size_t)TD_MAX(batches, 1); /* old files say 0 for it */
    return NULL;
}

static td_status take_threads(const parameters *p, td_batching *b)
{
    if (p->num_batch_threads) {
        const int64_t threads = number(p->num_batch_threads, 0);

        TD_TRY(check_positive("num_batch_threads", threads));
        b->num_batch_threads = (size_t)threads;
    }
    b->thread_pool_name = td_strdup(p->thread_pool_name ? p->thread_pool_name->value : "batch_threads");
    return NULL;
}

static td_status take_all(const parameters *p, td_batching *b)
{
    const bool splits = p->enable_large_batch_splitting && p->enable_large_batch_splitting->value;

    b->splits_large_batches = splits;
    b->pads_variable_length_inputs = p->pad_variable_length_inputs;
    TD_TRY(take_sizes(p, splits, b));
    TD_TRY(take_allowed(p, b));
    TD_TRY(take_queue(p, splits, b));
    return take_threads(p, b);
}

td_status td_batching_take(const ProtobufCMessage *message, td_batching **out)
{
    td_batching *const b = TD_NEW(td_batching);
    const td_status error = take_all((const parameters *)(const void *)message, b);

    if (error)
        td_batching_free(b);
    else
        *out = b;
    return error;
}

/* Takes message. */
static td_status end_message(ProtobufCMessage *message, td_batching **out)
{
    const td_status error = td_batching_take(message, out);

    protobuf_c_message_free_unpacked(message, NULL);
    return error;
}

td_status td_batching_parse(const char *text, size_t size, const char *path, td_batching **out)
{
    ProtobufCMessage *message;

    TD_TRY(td_text_config_parse(text, size, path, &tensorflow__serving__batching_parameters__descriptor,
                                &message));
    return end_message(message, out);
}

td_status td_batching_read(const char *path, td_batching **out)
{
    ProtobufCMessage *message;

    TD_TRY(td_text_config_read(path, &tensorflow__serving__batching_parameters__descriptor, &message));
    return end_message(message, out);
}

td_batching *td_batching_default(void)
{
    parameters none = TENSORFLOW__SERVING__BATCHING_PARAMETERS__INIT;
    td_batching *const b = TD_NEW(td_batching);

    td_status_free(take_all(&none, b)); /* it has no mistakes */
    td_free(b->thread_pool_name);
    b->thread_pool_name = td_strdup("model_server_batch_threads");
    return b;
}

td_batching *td_batching_copy(const td_batching *b)
{
    td_batching *const copy = TD_NEW(td_batching);

    *copy = *b;
    copy->thread_pool_name = td_strdup(b->thread_pool_name);
    copy->allowed_batch_sizes = TD_NEW_N(int64_t, b->n_allowed);
    for (size_t i = 0; i < b->n_allowed; i++)
        copy->allowed_batch_sizes[i] = b->allowed_batch_sizes[i];
    return copy;
}

void td_batching_free(td_batching *b)
{
    if (!b) return;
    td_free(b->thread_pool_name);
    td_free(b->allowed_batch_sizes);
    td_free(b);
}

int64_t td_batch_slo_ns(float ms)
{
    const float longest = 1e9f;

    return (int64_t)((double)TD_MIN(ms, longest) * 1e6);
}
