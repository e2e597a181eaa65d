/* SPDX-License-Identifier: Apache-2.0 */
/* nms.c -- see nms.h. */
#include "kernels/image/nms.h"

#include <math.h>

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

/* How much of their union two boxes share; 0 for boxes without an area. */
static float shared_part(const float *a, const float *b)
{
    const corners p = corners_of(a), q = corners_of(b);
    const float areas[] = { area_of(&p), area_of(&q) };

    if (areas[0] <= 0.0f || areas[1] <= 0.0f) return 0.0f;
    const float height = lesser(p.y1, q.y1) - greater(p.y0, q.y0);
    const float width = lesser(p.x1, q.x1) - greater(p.x0, q.x0);
    const float both = greater(height, 0.0f) * greater(width, 0.0f);

    return both / (areas[0] + areas[1] - both);
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

/* ---------------------------------------------------------------- one class */

static float fit(const td_nms *p, float x)
{
    return p->is_half ? td_f16_to_f32(td_f32_to_f16(x)) : x;
}

static float overlap_of(const td_nms *p, int32_t a, int32_t b)
{
    const size_t i = (size_t)a, j = (size_t)b;
    return p->boxes ? shared_part(p->boxes + 4 * i, p->boxes + 4 * j) : p->overlaps[i * p->n + j];
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

size_t td_nms_select(const td_nms *p, td_nms_candidate *heap, int32_t *boxes, float *scores)
{
    size_t left = 0, n = 0;

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

    for (size_t i = n; i > 0; i--)
        if (shared_part(boxes + (size_t)box * step, boxes + (size_t)found[i - 1].box * step) >
            p->overlap_most)
            return false;
    return true;
}

void td_nms_select_class(const td_nms_class *p, size_t label, td_nms_candidate *heap, td_nms_found *out)
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
