/* SPDX-License-Identifier: Apache-2.0 */
/* page.h -- metrics as Prometheus reads them: its text format, version 0.0.4.
 *
 *   td_page *p = td_page_make(TD_PAGE_TENSORD);
 *   td_page_tell(p, TD_READING_process_threads, NULL, 17);   whoever knows something
 *   td_page_write(p, &out);
 *   td_page_free(p);
 *
 * TensorFlow Serving's page has its own metrics only, and looks as there: no help, braces always, six digits.
 */
#ifndef TD_OBS_PAGE_H
#define TD_OBS_PAGE_H

#include "base/strbuf.h"
#include "obs/metrics.h"

typedef enum td_page_kind { TD_PAGE_TENSORD, TD_PAGE_TF } td_page_kind;

typedef struct td_page td_page;

td_page *td_page_make(td_page_kind kind);
/* A reading, and what its labels are (copied; NULL for one that has none). One of another page is left out. */
void td_page_tell(td_page *p, td_reading_id id, const char *const *labels, double value);
/* Everything counted, and everything told. */
void td_page_write(const td_page *p, td_strbuf *out);
void td_page_free(td_page *p);

/* What a counter has come to, over all its series. name: as its page has it, or as TensorFlow writes it
 * ("/tensorflow/serving/request_count"). 0: there is none of that name. */
uint64_t td_counter_total(const char *name, size_t size);

#endif
