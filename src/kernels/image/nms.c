/* SPDX-License-Identifier: Apache-2.0 */
/* nms.c -- see nms.h. */
#include "kernels/image/nms.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "tensor/half.h"

/* ---------------------------------------------------------------- overlap */

typedef struct corners {
    float y0, x0, y1, x1;
} corners;

/* A NaN among the first two coordinates stays, one among the last two is passed over. */
static float lesser(float a, float b)
{
    return b < a ? b : a;
}

static float greater(float a, float b)
{
    return a < b ? b : a;
}

static corners corners_of(const float *b)
{
    return (corners){ lesser(b[0], b[2]), lesser(b[1], b[3]), greater(b[0], b[2]), greater(b[1], b[3]) };
}

static float area_of(const corners *c)
{
    return (c->y1 - c->y0) * (c->x1 - c->x0);
}

typedef struct region {
    corners at;
    float area;
} region;

static region region_of(const float *b)
{
    const corners at = corners_of(b);
    return (region){ at, area_of(&at) };
}

/* How much of their union two boxes share; 0 for boxes without an area. */
static float shared_part(const region *a, const region *b)
{
    if (a->area <= 0.0f || b->area <= 0.0f) return 0.0f;
    const float height = lesser(a->at.y1, b->at.y1) - greater(a->at.y0, b->at.y0);
    const float width = lesser(a->at.x1, b->at.x1) - greater(a->at.x0, b->at.x0);
    const float both = greater(height, 0.0f) * greater(width, 0.0f);

    return both / (a->area + b->area - both);
}

/* ---------------------------------------------------------------- the heap: of the C++ library, step by step */

/* Does a come out after b? Equal scores come out by number, or as the heap has them. */
static bool is_worse(const td_nms_candidate *a, const td_nms_candidate *b, bool by_number)
{
    return a->score < b->score || (by_number && a->score == b->score && a->box > b->box);
}

static void sift_up(td_nms_candidate *heap, size_t hole, td_nms_candidate x, bool by_number)
{
    while (hole > 0 && is_worse(&heap[(hole - 1) / 2], &x, by_number)) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = x;
}

/* The hole at the top sinks to a leaf, along the better children; then the last one rises from there. */
static td_nms_candidate pop(td_nms_candidate *heap, size_t *n, bool by_number)
{
    const td_nms_candidate top = heap[0], last = heap[--*n];
    size_t hole = 0, child = 2;

    for (; child < *n; child = 2 * hole + 2) {
        if (is_worse(&heap[child], &heap[child - 1], by_number)) child--;
        heap[hole] = heap[child];
        hole = child;
    }
    if (child == *n) {
        heap[hole] = heap[child - 1];
        hole = child - 1;
    }
    if (*n > 0) sift_up(heap, hole, last, by_number);
    return top;
}

/* ---------------------------------------------------------------- a heap of ranks, for scores that stay what they are */

/* Higher for a higher score, and for a lower number among equal scores. No score is a NaN. */
static uint64_t rank_of(float score, size_t box)
{
    const float plain = score + 0.0f; /* both zeros are equal */
    uint32_t bits;

    memcpy(&bits, &plain, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (uint32_t)~box;
}

static int32_t ranked_box(uint64_t rank)
{
    return (int32_t) ~(uint32_t)rank;
}

static void sink_rank(uint64_t *ranks, size_t n, size_t hole, uint64_t x)
{
    for (size_t child = 2 * hole + 1; child < n; child = 2 * hole + 1) {
        child += child + 1 < n && ranks[child + 1] > ranks[child];
        if (ranks[child] <= x) break;
        ranks[hole] = ranks[child];
        hole = child;
    }
    ranks[hole] = x;
}

static void heapify(uint64_t *ranks, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        sink_rank(ranks, n, i - 1, ranks[i - 1]);
}

static int32_t pop_rank(uint64_t *ranks, size_t *n)
{
    const uint64_t top = ranks[0], last = ranks[--*n];

    if (*n > 0) sink_rank(ranks, *n, 0, last);
    return ranked_box(top);
}

/* Candidates among n scores that are `step` apart. */
static size_t rank_scores(const float *scores, size_t step, size_t n, float least, uint64_t *ranks)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        ranks[left] = rank_of(scores[i * step], i);
        left += scores[i * step] > least;
    }
    heapify(ranks, left);
    return left;
}

/* ---------------------------------------------------------------- one class */

static float fit(const td_nms *p, float x)
{
    return p->is_half ? td_f16_to_f32(td_f32_to_f16(x)) : x;
}

static float overlap_of(const td_nms *p, int32_t a, int32_t b)
{
    const size_t i = (size_t)a, j = (size_t)b;
    if (!p->boxes) return p->overlaps[i * p->n + j];
    const region x = region_of(p->boxes + 4 * i), y = region_of(p->boxes + 4 * j);
    return shared_part(&x, &y);
}

/* What an overlap leaves of a score. */
static float weight_of(const td_nms *p, float overlap)
{
    const bool is_soft = p->sigma > 0.0f;
    const float scale = is_soft ? fit(p, -0.5f / p->sigma) : 0.0f;

    if (!is_soft && !(overlap <= p->overlap_most)) return 0.0f;
    return fit(p, expf(fit(p, fit(p, scale * overlap) * overlap)));
}

/* Compares *x with what was selected since the last time; false: it is out. */
static bool survives(const td_nms *p, td_nms_candidate *x, const int32_t *selected, size_t n)
{
    for (size_t i = n; i > x->compared; i--) {
        const float overlap = fit(p, overlap_of(p, x->box, selected[i - 1]));

        x->score = fit(p, x->score * weight_of(p, overlap));
        if (!(p->sigma > 0.0f) && overlap > p->overlap_most) return false;
        if (x->score <= p->score_least) break;
    }
    x->compared = n;
    return true;
}

typedef enum verdict { IN, OUT, UNCLEAR } verdict;

/* The same where no score changes, which only an overlap of NaN could do then: that is unclear. */
static verdict judge(const td_nms *p, int32_t box, const int32_t *selected, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        const float overlap = fit(p, overlap_of(p, box, selected[i - 1]));

        if (overlap > p->overlap_most) return OUT;
        if (!(overlap <= p->overlap_most)) return UNCLEAR;
    }
    return IN;
}

/* False: it takes the slower way. */
static bool select_ranked(const td_nms *p, uint64_t *ranks, int32_t *boxes, float *scores, size_t *out)
{
    size_t left = rank_scores(p->scores, 1, p->n, p->score_least, ranks), n = 0;

    while (n < p->most && left > 0) {
        const int32_t box = pop_rank(ranks, &left);
        const verdict v = judge(p, box, boxes, n);

        if (v == UNCLEAR) return false;
        if (v == OUT) continue;
        boxes[n] = box;
        scores[n++] = p->scores[box];
    }
    *out = n;
    return true;
}

size_t td_nms_select(const td_nms *p, const td_nms_room *room, int32_t *boxes, float *scores)
{
    td_nms_candidate *const heap = room->heap;
    size_t left = 0, n = 0;

    if (!(p->sigma > 0.0f) && select_ranked(p, room->ranks, boxes, scores, &n)) return n;
    for (size_t i = 0; i < p->n; i++)
        if (p->scores[i] > p->score_least) {
            sift_up(heap, left, (td_nms_candidate){ (int32_t)i, p->scores[i], 0 }, true);
            left++;
        }
    while (n < p->most && left > 0) {
        td_nms_candidate x = pop(heap, &left, true);
        const float score = x.score;

        if (!survives(p, &x, boxes, n)) continue;
        if (x.score == score) {
            boxes[n] = x.box;
            scores[n++] = score;
        } else if (x.score > p->score_least) {
            sift_up(heap, left, x, true);
            left++;
        }
    }
    return n;
}

/* ---------------------------------------------------------------- many classes */

static bool is_apart(const td_nms_class *p, size_t label, int32_t box, const td_nms_found *found, size_t n)
{
    const float *const boxes = p->boxes + (p->per_box > 1 ? 4 * label : 0);
    const size_t step = 4 * p->per_box;
    const region x = region_of(boxes + (size_t)box * step);

    for (size_t i = n; i > 0; i--) {
        const region other = region_of(boxes + (size_t)found[i - 1].box * step);

        if (shared_part(&x, &other) > p->overlap_most) return false;
    }
    return true;
}

/* SIZE_MAX: equal scores were met. */
static size_t select_class_ranked(const td_nms_class *p, size_t label, uint64_t *ranks, td_nms_found *out)
{
    const float *const scores = p->scores + label;
    size_t left = rank_scores(scores, p->classes, p->n, p->score_least, ranks), n = 0;

    while (n < p->most && left > 0) {
        const int32_t box = pop_rank(ranks, &left);
        const float score = scores[(size_t)box * p->classes];

        if (left > 0 && scores[(size_t)ranked_box(ranks[0]) * p->classes] == score) return SIZE_MAX;
        if (is_apart(p, label, box, out, n)) out[n++] = (td_nms_found){ box, (int32_t)label, score };
    }
    return n;
}

static size_t select_class_in_order(const td_nms_class *p, size_t label, td_nms_candidate *heap,
                                    td_nms_found *out)
{
    size_t left = 0, n = 0;

    for (size_t i = 0; i < p->n; i++) {
        const float score = p->scores[i * p->classes + label];

        if (!(score > p->score_least)) continue;
        sift_up(heap, left, (td_nms_candidate){ (int32_t)i, score, 0 }, false);
        left++;
    }
    while (n < p->most && left > 0) {
        const td_nms_candidate x = pop(heap, &left, false);

        if (is_apart(p, label, x.box, out, n)) out[n++] = (td_nms_found){ x.box, (int32_t)label, x.score };
    }
    return n;
}

void td_nms_select_class(const td_nms_class *p, size_t label, const td_nms_room *room, td_nms_found *out)
{
    size_t n = select_class_ranked(p, label, room->ranks, out);

    if (n == SIZE_MAX) n = select_class_in_order(p, label, room->heap, out);
    for (; n < p->most; n++)
        out[n] = (td_nms_found){ -1, -1, -INFINITY };
}

/* ---------------------------------------------------------------- the sort: of the C++ library, too */

enum { FEW = 16 }; /* as many or fewer are left to the insertion at the end */

static bool comes_first(const td_nms_found *a, const td_nms_found *b)
{
    return a->score > b->score;
}

static void swap(td_nms_found *a, td_nms_found *b)
{
    const td_nms_found t = *a;
    *a = *b;
    *b = t;
}

static void median_to(td_nms_found *to, td_nms_found *a, td_nms_found *b, td_nms_found *c)
{
    if (comes_first(a, b))
        swap(to, comes_first(b, c) ? b : comes_first(a, c) ? c : a);
    else
        swap(to, comes_first(a, c) ? a : comes_first(b, c) ? c : b);
}

/* Around the median of three, which goes to the first place. */
static td_nms_found *partition(td_nms_found *first, td_nms_found *end)
{
    td_nms_found *left = first + 1, *right = end;

    median_to(first, first + 1, first + (end - first) / 2, end - 1);
    for (;; left++) {
        while (comes_first(left, first))
            left++;
        right--;
        while (comes_first(first, right))
            right--;
        if (left >= right) return left;
        swap(left, right);
    }
}

static void sink(td_nms_found *heap, size_t n, size_t hole, td_nms_found x)
{
    const size_t top = hole;
    size_t child = 2 * hole + 2;

    for (; child < n; child = 2 * hole + 2) {
        if (comes_first(&heap[child], &heap[child - 1])) child--;
        heap[hole] = heap[child];
        hole = child;
    }
    if (child == n) {
        heap[hole] = heap[child - 1];
        hole = child - 1;
    }
    for (; hole > top && comes_first(&heap[(hole - 1) / 2], &x); hole = (hole - 1) / 2)
        heap[hole] = heap[(hole - 1) / 2];
    heap[hole] = x;
}

static void heap_sort(td_nms_found *found, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        sink(found, n, i - 1, found[i - 1]);
    for (size_t left = n; left > 1; left--) {
        const td_nms_found x = found[left - 1];

        found[left - 1] = found[0];
        sink(found, left - 1, 0, x);
    }
}

static void sort_roughly(td_nms_found *first, td_nms_found *end, int depth)
{
    while (end - first > FEW) {
        if (depth-- == 0) {
            heap_sort(first, (size_t)(end - first));
            return;
        }
        td_nms_found *const cut = partition(first, end);

        sort_roughly(cut, end, depth);
        end = cut;
    }
}

static void insert_all(td_nms_found *found, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const td_nms_found x = found[i];
        size_t at = i;

        for (; at > 0 && comes_first(&x, &found[at - 1]); at--)
            found[at] = found[at - 1];
        found[at] = x;
    }
}

void td_nms_sort(td_nms_found *found, size_t n)
{
    int depth = 0;

    for (size_t k = n; k > 1; k /= 2)
        depth += 2;
    sort_roughly(found, found + n, depth);
    insert_all(found, n);
}
