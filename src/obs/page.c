/* SPDX-License-Identifier: Apache-2.0 */
/* page.c -- one walk over the lines of metrics.inc, in their order. */
#include "obs/page.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/vec.h"
#include "obs/labels.h"

typedef enum metric_kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM } metric_kind;

/* What one metric is told apart by, beyond its series' labels. */
typedef struct by {
    const char *label; /* NULL: nothing */
    size_t n;
    const char *const *values;
} by;

static const char *const code_names[TD_CODE_COUNT] = {
#define CODE_NAME(name, number) [number] = #name,
    TD_CODES(CODE_NAME)
#undef CODE_NAME
};
static const char *const stage_names[TD_STAGE_COUNT] = { "parse", "queue", "run", "write" };
static const char *const outcome_names[TD_OUTCOME_COUNT] = { "success", "fail" };

static const by by_NOTHING = { .n = TD_BY_NOTHING_COUNT };
static const by by_CODE = { "code", TD_BY_CODE_COUNT, code_names };
static const by by_STATUS = { "status", TD_BY_STATUS_COUNT, code_names };
static const by by_STATUS_CODE = { "status_code", TD_BY_STATUS_CODE_COUNT, code_names };
static const by by_STAGE = { "stage", TD_BY_STAGE_COUNT, stage_names };
static const by by_OUTCOME = { "status", TD_BY_OUTCOME_COUNT, outcome_names };

typedef enum line_kind { LINE_GROUP, LINE_METRIC, LINE_READING, LINE_GROUP_END } line_kind;

typedef struct line {
    line_kind what;
    td_page_kind page; /* groups, readings */
    td_group_id group;
    td_reading_id reading;
    metric_kind kind;
    const char *name, *help, *labels;
    const by *by;
    td_buckets_id buckets;
    size_t at, size; /* of each of `by`: cells */
} line;

static const line lines[] = {
#define TD_GROUP(id, on, label_names)                                                                        \
    { .what = LINE_GROUP, .page = TD_PAGE_##on, .group = TD_GROUP_##id, .labels = (label_names) },
#define TD_GROUP_END(id) { .what = LINE_GROUP_END },
#define TD_METRIC(id, is, text, told_by, bounds, words)                                                      \
    { .what = LINE_METRIC,                                                                                   \
      .kind = KIND_##is,                                                                                     \
      .name = (text),                                                                                        \
      .help = (words),                                                                                       \
      .by = &by_##told_by,                                                                                   \
      .buckets = TD_BUCKETS_##bounds,                                                                        \
      .at = TD_AT_##id,                                                                                      \
      .size = TD_CELLS_##is(bounds) },
#define TD_READING(id, on, is, text, label_names, words)                                                     \
    { .what = LINE_READING,                                                                                  \
      .page = TD_PAGE_##on,                                                                                  \
      .reading = TD_READING_##id,                                                                            \
      .kind = KIND_##is,                                                                                     \
      .name = (text),                                                                                        \
      .labels = (label_names),                                                                               \
      .help = (words) },
#include "obs/metrics.inc"
};

typedef struct told {
    td_reading_id id;
    char *labels;
    double value;
} told;

struct td_page {
    td_page_kind kind;
    td_vec told;
};

/* ---- readings ---- */

td_page *td_page_make(td_page_kind kind)
{
    td_page *const p = TD_NEW(td_page);

    *p = (td_page){ .kind = kind, .told = TD_VEC(told) };
    return p;
}

void td_page_free(td_page *p)
{
    for (size_t i = 0; i < p->told.size; i++)
        td_free(TD_VEC_AT(&p->told, told, i)->labels);
    td_vec_fini(&p->told);
    td_free(p);
}

static const line *find_reading(td_reading_id id)
{
    size_t i = 0;

    while (lines[i].what != LINE_READING || lines[i].reading != id)
        i++; /* each has a line */
    return &lines[i];
}

void td_page_tell(td_page *p, td_reading_id id, const char *const *labels, double value)
{
    const line *const l = find_reading(id);
    td_strbuf text = { 0 };

    if (l->page != p->kind) return;
    td_labels_put(&text, l->labels, labels);
    *(told *)td_vec_push(&p->told) = (told){ id, td_strbuf_take(&text), value };
}

/* ---- samples ---- */

/* What stands before a sample's value: name, labels, and up to two more of them. */
typedef struct sample {
    td_strbuf *out;
    td_page_kind page;
    const char *name, *labels;
    const char *by, *by_value; /* NULL: neither */
} sample;

static void put_label(const sample *s, bool *is_first, const char *name, const char *value)
{
    td_strbuf_printf(s->out, "%s%s=\"%s\"", *is_first ? "" : ",", name, value);
    *is_first = false;
}

/* le: NULL for none. */
static void put_head(const sample *s, const char *suffix, const char *le)
{
    const bool has_braces = s->labels[0] || s->by || le || s->page == TD_PAGE_TF;
    bool is_first = !s->labels[0];

    td_strbuf_puts(s->out, s->name);
    td_strbuf_puts(s->out, suffix);
    if (has_braces) td_strbuf_putc(s->out, '{');
    td_strbuf_puts(s->out, s->labels);
    if (s->by) put_label(s, &is_first, s->by, s->by_value);
    if (le) put_label(s, &is_first, "le", le);
    td_strbuf_puts(s->out, has_braces ? "} " : " ");
}

static void put_count(const sample *s, const char *suffix, const char *le, uint64_t n)
{
    put_head(s, suffix, le);
    td_strbuf_printf(s->out, "%" PRIu64 "\n", n);
}

/* A sum of whole units, exactly. */
static void put_sum(const sample *s, uint64_t sum, double unit)
{
    const uint64_t one = (uint64_t)unit;
    int digits = 0;

    put_head(s, "_sum", NULL);
    for (uint64_t i = one; i > 1; i /= 10)
        digits++;
    if (s->page == TD_PAGE_TF)
        td_strbuf_printf(s->out, "%g\n", (double)sum / unit);
    else if (one > 1)
        td_strbuf_printf(s->out, "%" PRIu64 ".%0*" PRIu64 "\n", sum / one, digits, sum % one);
    else
        td_strbuf_printf(s->out, "%" PRIu64 "\n", sum);
}

static void put_histogram(const sample *s, td_buckets_id buckets, const uint64_t *cells)
{
    size_t n;
    double unit;
    const double *const bounds = td_buckets_bounds(buckets, &n, &unit);
    uint64_t count = 0;
    char le[32];

    for (size_t i = 0; i < n; i++) {
        count += cells[i];
        snprintf(le, sizeof le, "%g", bounds[i]);
        put_count(s, "_bucket", le, count);
    }
    count += cells[n];
    put_count(s, "_bucket", "+Inf", count);
    put_sum(s, cells[n + 1], unit);
    put_count(s, "_count", NULL, count);
}

static void put_value(const sample *s, const line *l, const uint64_t *cells)
{
    switch (l->kind) {
    case KIND_COUNTER:
        put_count(s, "", NULL, cells[0]);
        break;
    case KIND_GAUGE:
        put_head(s, "", NULL);
        td_strbuf_printf(s->out, "%" PRId64 "\n", (int64_t)cells[0]);
        break;
    case KIND_HISTOGRAM:
        put_histogram(s, l->buckets, cells);
        break;
    }
}

/* There is nothing to see yet. A number that stands alone is shown from the beginning. */
static bool is_empty(const line *l, const uint64_t *cells)
{
    if (l->kind != KIND_HISTOGRAM && !l->by->label) return false;
    for (size_t i = 0; i < l->size; i++)
        if (cells[i]) return false;
    return true;
}

static void put_series(const td_page *p, const line *l, const td_series_copy *series, td_strbuf *out)
{
    for (size_t i = 0; i < l->by->n; i++) {
        const sample s = { .out = out,
                           .page = p->kind,
                           .name = l->name,
                           .labels = series->labels,
                           .by = l->by->label,
                           .by_value = l->by->label ? l->by->values[i] : NULL };
        const uint64_t *const cells = series->cells + l->at + i * l->size;

        if (!is_empty(l, cells)) put_value(&s, l, cells);
    }
}

static void put_told(const td_page *p, const line *l, const told *t, td_strbuf *out)
{
    const sample s = { .out = out, .page = p->kind, .name = l->name, .labels = t->labels };

    put_head(&s, "", NULL);
    td_strbuf_printf(out, "%.15g\n", t->value);
}

/* ---- the page ---- */

static void put_intro(const td_page *p, const line *l, td_strbuf *out)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };

    if (p->kind != TD_PAGE_TF) td_strbuf_printf(out, "# HELP %s %s\n", l->name, l->help);
    td_strbuf_printf(out, "# TYPE %s %s\n", l->name, types[l->kind]);
}

static void free_copies(td_vec *copies)
{
    for (size_t i = 0; i < copies->size; i++) {
        td_free(TD_VEC_AT(copies, td_series_copy, i)->labels);
        td_free(TD_VEC_AT(copies, td_series_copy, i)->cells);
    }
    td_vec_fini(copies);
}

/* ---- totals ---- */

/* Pages have a colon for what names of metrics cannot hold. */
static bool is_name_of(const line *l, const char *name, size_t size)
{
    if (strlen(l->name) != size) return false;
    for (size_t i = 0; i < size; i++)
        if (l->name[i] != name[i] && !(l->name[i] == ':' && name[i] == '/')) return false;
    return true;
}

static uint64_t total_of(const line *l, td_group_id group)
{
    td_vec series = TD_VEC(td_series_copy);
    uint64_t total = 0;

    td_metrics_copy(group, &series);
    for (size_t i = 0; i < series.size; i++)
        for (size_t k = 0; k < l->by->n; k++)
            total += TD_VEC_AT(&series, td_series_copy, i)->cells[l->at + k];
    free_copies(&series);
    return total;
}

uint64_t td_counter_total(const char *name, size_t size)
{
    td_group_id group = TD_GROUP_COUNT;

    for (const line *l = lines; l < lines + TD_COUNT(lines); l++) {
        if (l->what == LINE_GROUP) group = l->group;
        if (l->what == LINE_METRIC && l->kind == KIND_COUNTER && is_name_of(l, name, size))
            return total_of(l, group);
    }
    return 0;
}

/* ---- groups ---- */

/* From the group's line to its end's. */
static const line *put_group(const td_page *p, const line *l, td_strbuf *out)
{
    const bool is_shown = l->page == p->kind;
    td_vec series = TD_VEC(td_series_copy);

    if (is_shown) td_metrics_copy(l->group, &series);
    for (l++; l->what != LINE_GROUP_END; l++) {
        if (is_shown) put_intro(p, l, out);
        for (size_t i = 0; i < series.size; i++)
            put_series(p, l, TD_VEC_AT(&series, td_series_copy, i), out);
    }
    free_copies(&series);
    return l;
}

static void put_reading(const td_page *p, const line *l, td_strbuf *out)
{
    if (l->page != p->kind) return;
    put_intro(p, l, out);
    for (size_t i = 0; i < p->told.size; i++) {
        const told *const t = TD_VEC_AT(&p->told, told, i);

        if (t->id == l->reading) put_told(p, l, t, out);
    }
}

void td_page_write(const td_page *p, td_strbuf *out)
{
    for (const line *l = lines; l < lines + TD_COUNT(lines); l++) {
        if (l->what == LINE_GROUP)
            l = put_group(p, l, out);
        else
            put_reading(p, l, out);
    }
}
