/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_replay.c -- any bytes as a warm-up file, or, where the first of them is even, the rest as one record of such a
 * file, whose sums are right; what can be run is run. */
#include "../unit/codec/fake_session.h"

#include <stdio.h>

#include "base/macros.h"
#include "base/mem.h"
#include "codec/pb/replay.h"
#include "driver.h"
#include "formats/tfrecord.h"
#include "serve/table.h"
#include "temp.h"

static float one = 1;
static const td_tensor default_x = { .dtype = TD_F32, .data = &one };
static const td_tensor_info in = { .alias = "inputs",
                                   .tensor = "x:0",
                                   .default_value = &default_x }, /* any dtype */
    out = { .alias = "outputs", .tensor = "y:0" };
const td_signature fake_signature = { "serving_default", "", &in, &out, 1, 1 };

/* The sums of what was written are those that are read. */
static void write_record(const uint8_t *data, size_t size)
{
    uint8_t *const file = td_alloc(TD_TFRECORD_HEAD + size + TD_TFRECORD_TAIL);
    const size_t all = TD_TFRECORD_HEAD + size + TD_TFRECORD_TAIL;
    td_tfrecords r = td_tfrecords_of(file, all);
    td_string back;
    bool has_one;

    td_tfrecord_put_head(file, size);
    if (size) memcpy(file + TD_TFRECORD_HEAD, data, size);
    td_tfrecord_put_tail(file + TD_TFRECORD_HEAD + size, file + TD_TFRECORD_HEAD, size);
    td_status_free(td_tfrecord_next(&r, &has_one, &back));
    TD_ASSERT(has_one && back.size == size && r.at == r.end);
    temp_write("requests", file, all);
    td_free(file);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_servable *const s = td_servable_make("m", 1, NULL, td_servable_free, NULL);
    char path[512];
    size_t records;

    snprintf(path, sizeof path, "%s/requests", temp_dir());
    if (size && data[0] % 2 == 0)
        write_record(data + 1, size - 1);
    else
        temp_write("requests", data, size);
    (void)fuzz_end(td_replay_file(s, path, 1, 0, &records));
    TD_ASSERT(records <= TD_REPLAY_RECORDS);
    td_servable_release(s);
}
