/* SPDX-License-Identifier: Apache-2.0 */
/* tfrecord.h -- files of records, as TensorFlow writes them:
 *
 *   | size: 8 | crc of it: 4 | the record | crc of it: 4 |  ...         little-endian; crcs are masked CRC-32C
 *
 * A reader is a cursor over bytes that somebody else keeps. */
#ifndef TD_FORMATS_TFRECORD_H
#define TD_FORMATS_TFRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"
#include "tensord/tensor.h"

enum { TD_TFRECORD_HEAD = 12, TD_TFRECORD_TAIL = 4 };

typedef struct td_tfrecords {
    const uint8_t *start, *at, *end;
} td_tfrecords;

td_tfrecords td_tfrecords_of(const void *bytes, size_t size);
/* The next record, a view; *has_one is false at the end. DATA_LOSS: a crc is wrong, or the file ends within a record. */
TD_MUST_USE td_status td_tfrecord_next(td_tfrecords *r, bool *has_one, td_string *out);

/* What stands before and behind a record. */
void td_tfrecord_put_head(uint8_t head[TD_TFRECORD_HEAD], uint64_t size);
void td_tfrecord_put_tail(uint8_t tail[TD_TFRECORD_TAIL], const void *record, size_t size);

#endif
