/* SPDX-License-Identifier: Apache-2.0 */
/* ydf.c -- see ydf.h: the headers, what a model's kind and task make of its trees, and its files. */
#include "formats/ydf/ydf.h"

#include <string.h>

#include "base/macros.h"
#include "formats/ydf/trees.h"

/* Of AbstractModel. */
enum {
    MODEL_NAME = 1,
    MODEL_TASK = 2,
    MODEL_LABEL = 3,
    MODEL_INPUT = 5,
    MODEL_PROBABILITIES = 8,
    MODEL_TREATMENT = 9
};

/* As the protocol counts. */
typedef enum task {
    CLASSIFICATION = 1,
    REGRESSION,
    RANKING,
    CATEGORICAL_UPLIFT,
    NUMERICAL_UPLIFT,
    ANOMALY_DETECTION,
    SURVIVAL_ANALYSIS
} task;

typedef enum loss_kind {
    BINOMIAL = 1,
    SQUARED_ERROR,
    MULTINOMIAL,
    LAMBDA_MART_NDCG5,
    XE_NDCG_MART,
    BINARY_FOCAL,
    POISSON,
    MEAN_AVERAGE_ERROR,
    LAMBDA_MART_NDCG,
} loss_kind;

/* Of the headers of kinds. */
enum { SHARDS = 1, TREES = 2 };
enum { FOREST_VOTES = 3, FOREST_FORMAT = 7 };
enum { BOOSTED_LOSS = 3, BOOSTED_START = 4, BOOSTED_EACH = 5, BOOSTED_FORMAT = 7 };
enum { ISOLATION_FORMAT = 3, ISOLATION_EXAMPLES = 4 };
enum { MAX_SHARDS = 99999 };

/* What header.pb says. */
typedef struct head {
    td_string kind;
    td_wire inputs;
    uint64_t task, label, treatment;
    bool gives_probabilities;
} head;

typedef struct reader {
    const td_ydf_source *from;
    td_arena *arena;
    head head;
    td_ydf_spec spec;
    td_ydf_model *model;
    td_string shards_format;
    uint64_t n_shards;
    td_ydf_trees trees;
} reader;

static td_status read_head(td_string bytes, head *out)
{
    td_wire w = td_wire_of(bytes.data, bytes.size);

    *out = (head){ .kind = { "", 0 }, .inputs = w, .treatment = UINT64_MAX, .gives_probabilities = true };
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, MODEL_NAME, TD_WIRE_BYTES))
            out->kind = td_wire_text(&f);
        else if (td_wire_is(&f, MODEL_TASK, TD_WIRE_VARINT))
            out->task = f.value;
        else if (td_wire_is(&f, MODEL_LABEL, TD_WIRE_VARINT))
            out->label = f.value;
        else if (td_wire_is(&f, MODEL_PROBABILITIES, TD_WIRE_VARINT))
            out->gives_probabilities = f.value != 0;
        else if (td_wire_is(&f, MODEL_TREATMENT, TD_WIRE_VARINT))
            out->treatment = f.value;
    return w.bad ? td_ydf_damaged("header.pb") : NULL;
}

/* ---------------------------------------------------------------- inputs */

static td_status bank_of(const td_ydf_column *c, td_ydf_bank *out)
{
    switch (c->type) {
    case TD_YDF_NUMERICAL:
    case TD_YDF_DISCRETIZED:
        *out = TD_YDF_NUMBERS;
        return NULL;
    case TD_YDF_BOOLEAN:
        *out = TD_YDF_FLAGS;
        return NULL;
    case TD_YDF_CATEGORICAL:
        *out = TD_YDF_CATEGORIES;
        return NULL;
    case TD_YDF_CATEGORICAL_SET:
        *out = TD_YDF_SETS;
        return NULL;
    default:
        return TD_ERR(UNIMPLEMENTED, "Non supported feature type %u for feature \"%.*s\".",
                      (unsigned)TD_MIN(c->type, UINT32_MAX), (int)TD_MIN(c->name.size, 100),
                      c->name.data ? c->name.data : "");
    }
}

/* Calls for each input in turn; with cells, they know where their banks begin. */
static td_status walk_inputs(reader *r, size_t next[TD_YDF_BANKS], uint32_t *values[TD_YDF_BANKS],
                             const size_t *first_cell)
{
    td_ydf_list l = td_ydf_list_of(r->head.inputs, MODEL_INPUT, TD_WIRE_VARINT);

    for (uint64_t i; td_ydf_list_next(&l, &i);) {
        td_ydf_bank bank;

        if (i >= r->spec.n) return td_ydf_damaged("an input that is no column");
        td_ydf_column *const c = &r->spec.columns[i];

        TD_TRY(bank_of(c, &bank));
        if (first_cell) {
            values[bank][next[bank]] = c->n_values;
            c->cell = (uint32_t)(first_cell[bank] + next[bank] * (bank == TD_YDF_SETS ? 2 : 1));
        }
        next[bank]++;
    }
    return td_ydf_list_is_bad(&l) ? td_ydf_damaged("the list of inputs") : NULL;
}

static td_status read_inputs(reader *r)
{
    td_ydf_model *const m = r->model;
    size_t next[TD_YDF_BANKS] = { 0 }, first[TD_YDF_BANKS], cells = 0;
    uint32_t *values[TD_YDF_BANKS];

    TD_TRY(walk_inputs(r, m->columns, NULL, NULL));
    for (int b = 0; b < TD_YDF_BANKS; b++) {
        first[b] = cells;
        cells += m->columns[b] * (b == TD_YDF_SETS ? 2 : 1);
        TD_TRY(td_ydf_alloc(r->arena, m->columns[b], sizeof **values, &values[b]));
        m->values[b] = values[b];
    }
    if (cells >= TD_FOREST_MAX_CELLS) return td_ydf_damaged("too many inputs");
    m->forest.n_cells = TD_MAX(cells, 1); /* leaves look at cell 0 */
    return walk_inputs(r, next, values, first);
}

/* ---------------------------------------------------------------- nodes */

static td_status read_shards(reader *r, td_string **out)
{
    if (!td_string_is(r->shards_format, "BLOB_SEQUENCE"))
        return TD_ERR(UNIMPLEMENTED, "nodes of decision forests in format %.*s are not supported",
                      (int)TD_MIN(r->shards_format.size, 100), r->shards_format.data);
    if (r->n_shards > MAX_SHARDS) return td_ydf_damaged("it has too many files of nodes");
    TD_TRY(td_ydf_alloc(r->arena, (size_t)r->n_shards, sizeof **out, out));
    for (size_t i = 0; i < r->n_shards; i++) {
        const char *const name = td_arena_format(r->arena, "nodes-%05zu-of-%05zu", i, (size_t)r->n_shards);

        TD_TRY(r->from->file(r->from->ctx, name, &(*out)[i]));
    }
    return NULL;
}

static td_status read_trees(reader *r)
{
    td_string *shards;

    TD_TRY(read_shards(r, &shards));
    r->trees.spec = &r->spec;
    r->trees.asks_each_node = r->from->asks_each_node;
    r->trees.shards = shards;
    r->trees.n_shards = (size_t)r->n_shards;
    return td_ydf_trees_read(&r->trees, r->arena, &r->model->forest);
}

static void set_sums(td_forest *f, size_t n_sums, size_t width, size_t step)
{
    f->n_sums = n_sums;
    f->width = width;
    f->step = step;
}

/* ---------------------------------------------------------------- labels */

static td_status check_label(const reader *r, td_ydf_type type)
{
    if (r->head.label >= r->spec.n) return td_ydf_damaged("its label is no column");
    return r->spec.columns[r->head.label].type == type ? NULL
                                                       : td_ydf_damaged("its label is of another type");
}

/* An output without a name. */
static td_status name_one(reader *r, const char *name)
{
    td_string *names;

    TD_TRY(td_ydf_alloc(r->arena, 1, sizeof *names, &names));
    names[0] = (td_string){ name, strlen(name) };
    r->model->names = names;
    r->model->n_outputs = 1;
    return NULL;
}

/* Classes 1 and on; 0 is none. To be called once something else has said how many there are. */
static td_status name_classes(reader *r)
{
    const td_ydf_column *const label = &r->spec.columns[r->head.label];

    r->model->n_outputs = label->n_values - 1;
    return td_ydf_spec_words(label, r->arena, &r->model->names);
}

static td_status check_classes(reader *r)
{
    TD_TRY(check_label(r, TD_YDF_CATEGORICAL));
    r->trees.n_classes = r->spec.columns[r->head.label].n_values;
    return r->trees.n_classes >= 2 ? NULL : td_ydf_damaged("its label has no classes");
}

static td_status unknown_task(const reader *r)
{
    static const char *const names[] = { [CLASSIFICATION] = "CLASSIFICATION",
                                         [REGRESSION] = "REGRESSION",
                                         [RANKING] = "RANKING",
                                         [CATEGORICAL_UPLIFT] = "CATEGORICAL_UPLIFT",
                                         [NUMERICAL_UPLIFT] = "NUMERICAL_UPLIFT",
                                         [ANOMALY_DETECTION] = "ANOMALY_DETECTION",
                                         [SURVIVAL_ANALYSIS] = "SURVIVAL_ANALYSIS" };
    const uint64_t t = r->head.task;

    return TD_ERR(UNIMPLEMENTED, "task %s of %.*s is not supported",
                  t >= 1 && t < TD_COUNT(names) ? names[t] : "UNDEFINED", (int)r->head.kind.size,
                  r->head.kind.data);
}

/* ---------------------------------------------------------------- random forests */

/* Effects of treatments: of all but the one that is none, and the first, with which they are compared. */
static td_status read_uplift(reader *r)
{
    if (r->head.treatment >= r->spec.n || r->spec.columns[r->head.treatment].n_values < 3)
        return td_ydf_damaged("its treatment has no effects");
    r->trees.leaf = TD_YDF_LEAF_EFFECT;
    r->trees.n_classes = r->spec.columns[r->head.treatment].n_values - 2;
    TD_TRY(read_trees(r));
    if (r->trees.n_classes != 1)
        return TD_ERR(UNIMPLEMENTED, "%zu effects of treatments are not supported", r->trees.n_classes);
    set_sums(&r->model->forest, 1, 1, 0);
    r->model->end = TD_YDF_MEAN;
    return name_one(r, "");
}

static td_status read_votes(reader *r, bool takes_winner)
{
    TD_TRY(check_classes(r));
    if (!r->head.gives_probabilities)
        return TD_ERR(UNIMPLEMENTED, "random forests without probabilities are not supported");
    r->trees.leaf = takes_winner ? TD_YDF_LEAF_CLASS : TD_YDF_LEAF_SHARES;
    TD_TRY(read_trees(r));
    set_sums(&r->model->forest, r->trees.n_classes, r->trees.n_classes, 0);
    r->model->end = TD_YDF_SHARES;
    return name_classes(r);
}

static td_status read_mean(reader *r)
{
    TD_TRY(check_label(r, TD_YDF_NUMERICAL));
    r->trees.leaf = TD_YDF_LEAF_NUMBER;
    TD_TRY(read_trees(r));
    set_sums(&r->model->forest, 1, 1, 0);
    r->model->end = TD_YDF_MEAN;
    return name_one(r, "");
}

static td_status read_random_forest(reader *r, td_wire w)
{
    bool takes_winner = true;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SHARDS, TD_WIRE_VARINT))
            r->n_shards = f.value;
        else if (td_wire_is(&f, TREES, TD_WIRE_VARINT))
            r->trees.n_trees = f.value;
        else if (td_wire_is(&f, FOREST_VOTES, TD_WIRE_VARINT))
            takes_winner = f.value != 0;
        else if (td_wire_is(&f, FOREST_FORMAT, TD_WIRE_BYTES))
            r->shards_format = td_wire_text(&f);
    if (w.bad) return td_ydf_damaged("random_forest_header.pb");
    if (!r->trees.n_trees) return td_ydf_damaged("it has no trees");
    switch (r->head.task) {
    case CLASSIFICATION:
        return read_votes(r, takes_winner);
    case REGRESSION:
        return read_mean(r);
    case CATEGORICAL_UPLIFT:
    case NUMERICAL_UPLIFT:
        return read_uplift(r);
    default:
        return unknown_task(r);
    }
}

/* ---------------------------------------------------------------- gradient boosted trees */

static td_status read_start(reader *r, td_wire w, size_t *n)
{
    td_ydf_list l = td_ydf_list_of(w, BOOSTED_START, TD_WIRE_FIXED32);
    float *start;
    size_t i = 0;

    TD_TRY(td_ydf_list_count(l, n));
    TD_TRY(td_ydf_alloc(r->arena, *n, sizeof *start, &start));
    for (uint64_t bits; td_ydf_list_next(&l, &bits);)
        start[i++] = td_ydf_bits_float(bits);
    r->model->start = start;
    return NULL;
}

static td_status unknown_loss(const reader *r, uint64_t loss)
{
    return TD_ERR(UNIMPLEMENTED, "loss %u of gradient boosted trees is not known for task %u",
                  (unsigned)TD_MIN(loss, UINT32_MAX), (unsigned)TD_MIN(r->head.task, UINT32_MAX));
}

/* n: initial predictions, one for each sum. Those of several classes do not count: the library's last release to be part of
 * TensorFlow leaves them out. */
static td_status read_classes(reader *r, uint64_t loss, size_t n)
{
    const bool has_two = loss == BINOMIAL || loss == BINARY_FOCAL;

    if (!has_two && loss != MULTINOMIAL) return unknown_loss(r, loss);
    TD_TRY(check_classes(r));
    if (has_two ? n != 1 || r->trees.n_classes != 3 : n != r->trees.n_classes - 1)
        return td_ydf_damaged("initial predictions are not those of its classes");
    if (!has_two) TD_TRY(td_ydf_alloc(r->arena, n, sizeof *r->model->start, &r->model->start));
    r->model->end = !r->head.gives_probabilities ? TD_YDF_PLAIN : has_two ? TD_YDF_SIGMOID : TD_YDF_SOFTMAX;
    return has_two && !r->head.gives_probabilities ? name_one(r, "logit") : name_classes(r);
}

static td_status read_number(reader *r, uint64_t loss, size_t n)
{
    const bool is_rank = r->head.task == RANKING;
    const bool is_known =
        loss == SQUARED_ERROR ||
        (is_rank ? loss == LAMBDA_MART_NDCG5 || loss == LAMBDA_MART_NDCG || loss == XE_NDCG_MART
                 : loss == POISSON || loss == MEAN_AVERAGE_ERROR);

    if (!is_known) return unknown_loss(r, loss);
    TD_TRY(check_label(r, TD_YDF_NUMERICAL));
    if (n != 1) return td_ydf_damaged("it has no initial prediction");
    r->model->end = loss == POISSON ? TD_YDF_EXP : TD_YDF_PLAIN;
    return name_one(r, "");
}

static td_status read_boosted(reader *r, td_wire w)
{
    const td_wire all = w;
    uint64_t loss = 0, each = 1;
    size_t n_start;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SHARDS, TD_WIRE_VARINT))
            r->n_shards = f.value;
        else if (td_wire_is(&f, TREES, TD_WIRE_VARINT))
            r->trees.n_trees = f.value;
        else if (td_wire_is(&f, BOOSTED_LOSS, TD_WIRE_VARINT))
            loss = f.value;
        else if (td_wire_is(&f, BOOSTED_EACH, TD_WIRE_VARINT))
            each = f.value;
        else if (td_wire_is(&f, BOOSTED_FORMAT, TD_WIRE_BYTES))
            r->shards_format = td_wire_text(&f);
    if (w.bad) return td_ydf_damaged("gradient_boosted_trees_header.pb");
    TD_TRY(read_start(r, all, &n_start));
    if (r->head.task != CLASSIFICATION && r->head.task != REGRESSION && r->head.task != RANKING)
        return unknown_task(r);
    TD_TRY(r->head.task == CLASSIFICATION ? read_classes(r, loss, n_start) : read_number(r, loss, n_start));
    if (each != n_start || r->trees.n_trees % each)
        return td_ydf_damaged("its number of trees is no multiple of those of an iteration");
    r->trees.leaf = TD_YDF_LEAF_NUMBER;
    set_sums(&r->model->forest, n_start, 1, n_start > 1);
    return read_trees(r);
}

/* ---------------------------------------------------------------- isolation forests */

static td_status read_isolation(reader *r, td_wire w)
{
    uint64_t examples = 0;
    float *start;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SHARDS, TD_WIRE_VARINT))
            r->n_shards = f.value;
        else if (td_wire_is(&f, TREES, TD_WIRE_VARINT))
            r->trees.n_trees = f.value;
        else if (td_wire_is(&f, ISOLATION_FORMAT, TD_WIRE_BYTES))
            r->shards_format = td_wire_text(&f);
        else if (td_wire_is(&f, ISOLATION_EXAMPLES, TD_WIRE_VARINT))
            examples = f.value;
    if (w.bad) return td_ydf_damaged("isolation_forest_header.pb");
    if (!r->trees.n_trees) return td_ydf_damaged("it has no trees");
    if (r->head.task != ANOMALY_DETECTION) return unknown_task(r);
    TD_TRY(td_ydf_alloc(r->arena, 1, sizeof *start, &start));
    start[0] = td_ydf_depth_of(examples);
    r->model->start = start;
    r->model->end = TD_YDF_ISOLATION;
    r->trees.leaf = TD_YDF_LEAF_DEPTH;
    set_sums(&r->model->forest, 1, 1, 0);
    TD_TRY(read_trees(r));
    return name_one(r, "");
}

/* ---------------------------------------------------------------- all of it */

typedef struct kind {
    const char *name, *file;
    td_status (*read)(reader *r, td_wire w);
} kind;

static td_status read_kind(reader *r)
{
    static const kind kinds[] = {
        { "RANDOM_FOREST", "random_forest_header.pb", read_random_forest },
        { "GRADIENT_BOOSTED_TREES", "gradient_boosted_trees_header.pb", read_boosted },
        { "ISOLATION_FOREST", "isolation_forest_header.pb", read_isolation },
    };
    td_string bytes;

    for (size_t i = 0; i < TD_COUNT(kinds); i++) {
        if (!td_string_is(r->head.kind, kinds[i].name)) continue;
        TD_TRY(r->from->file(r->from->ctx, kinds[i].file, &bytes));
        return kinds[i].read(r, td_wire_of(bytes.data, bytes.size));
    }
    return TD_ERR(UNIMPLEMENTED, "decision forests of kind %.*s are not supported",
                  (int)TD_MIN(r->head.kind.size, 100), r->head.kind.data);
}

td_status td_ydf_read(const td_ydf_source *from, td_arena *arena, const td_ydf_model **out)
{
    static const char default_format[] = "TFE_RECORDIO";
    reader r = { .from = from, .arena = arena, .model = TD_ARENA_NEW(arena, td_ydf_model) };
    td_string bytes;

    r.shards_format = (td_string){ default_format, sizeof default_format - 1 };
    TD_TRY(from->file(from->ctx, "header.pb", &bytes));
    TD_TRY(read_head(bytes, &r.head));
    TD_TRY(from->file(from->ctx, "data_spec.pb", &bytes));
    TD_TRY(td_ydf_spec_read(bytes, arena, &r.spec));
    TD_TRY(read_inputs(&r));
    TD_TRY(read_kind(&r));
    *out = r.model;
    return NULL;
}
