/* SPDX-License-Identifier: Apache-2.0 */
/* flags.h -- the server's command line, in TensorFlow's grammar.
 *
 * Only `--name=value` counts (and `--name` for a bool); anything else is an unknown argument, which is
 * reported and does not stop the server. Repeats: the last one wins.
 */
#ifndef TD_CONFIG_FLAGS_H
#define TD_CONFIG_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "tensord/status.h"
#include "tensord/tensor.h"

#define TD_FLAG_TYPE_BOOL bool
#define TD_FLAG_TYPE_I32  int32_t
#define TD_FLAG_TYPE_I64  int64_t
#define TD_FLAG_TYPE_F32  float
#define TD_FLAG_TYPE_STR  const char *

typedef enum td_flag_id {
#define TD_FLAG(kind, name, initial, state, help) TD_FLAG_##name,
#include "config/flags.inc"
#undef TD_FLAG
    TD_FLAG_COUNT
} td_flag_id;

typedef struct td_flags {
#define TD_FLAG(kind, name, initial, state, help) TD_FLAG_TYPE_##kind name;
#include "config/flags.inc"
#undef TD_FLAG
    bool is_said[TD_FLAG_COUNT]; /* by the user, if only the default */
} td_flags;

typedef struct td_flags_report {
    td_strbuf errors;  /* a line for each value that is no value */
    td_strbuf unknown; /* a line for each argument that is no flag */
    td_strbuf meant;   /* "--prot=1 --port=\n": a line for each of them that was probably meant to be one */
    bool wants_help;   /* the first unknown argument is --help */
} td_flags_report;

/* Sets the defaults, then reads argv[1..]. Texts point into argv. False when a value is wrong or help is
 * wanted: the caller prints errors, usage, and exits with 255, as TensorFlow Serving does. *report is
 * overwritten; td_flags_report_fini() it. */
bool td_flags_parse(td_flags *f, int argc, char *const *argv, td_flags_report *report);
void td_flags_report_fini(td_flags_report *report);
/* The next line of report->meant, from *at (0 at first) on: what was written, and the flag, "--port=". False: no more. */
bool td_flags_next_meant(const td_flags_report *report, size_t *at, td_string *argument, td_string *flag);

/* What --help prints: "usage: NAME", then a line for each flag with its default, type and meaning. */
void td_flags_usage(const char *name, td_strbuf *out);

/* The i-th flag: what it takes, and what --help says of it. NULL: there are no more. */
typedef enum td_flag_value { TD_FLAG_VALUE_BOOL, TD_FLAG_VALUE_NUMBER, TD_FLAG_VALUE_TEXT } td_flag_value;
const char *td_flags_at(size_t i, td_flag_value *value, const char **help);

/* UNIMPLEMENTED: a flag is set without which it would be unsafe or wrong to serve, and which is not built. */
TD_MUST_USE td_status td_flags_check(const td_flags *f);
/* The next flag that is set and has no effect yet, from *at (0 at first) on; NULL: none. */
const char *td_flags_next_idle(const td_flags *f, size_t *at, const char **help);

#endif
