/* SPDX-License-Identifier: Apache-2.0 */
/* nms.h -- non-maximum suppression: the best boxes, without those that overlap a better one too much.
 *
 * Candidates are taken from a heap, the best first, and compared with what was selected, the latest first. "Soft"
 * suppression (sigma > 0) lowers a candidate's score with each overlap instead, and puts it back.
 *
 * Equal scores keep TensorFlow's order. Where its order is that of std::priority_queue and std::sort on scores alone,
 * the same heap and the same sort are here; that heap is slow, and is used only when equal scores are met.
 */
#ifndef TD_KERNELS_IMAGE_NMS_H
#define TD_KERNELS_IMAGE_NMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_nms_candidate {
    int32_t box;
    float score;
    size_t compared; /* with as many of the selected ones */
} td_nms_candidate;

/* Room to work in, n of each. */
typedef struct td_nms_room {
    td_nms_candidate *heap;
    uint64_t *ranks;
} td_nms_room;

typedef struct td_nms {
    size_t n;              /* boxes */
    size_t most;           /* to select */
    const float *boxes;    /* [n, 4], corners y, x, y, x in any order; NULL: */
    const float *overlaps; /* [n, n] */
    const float *scores;   /* [n] */
    float overlap_most, score_least, sigma;
    bool is_half; /* scores and thresholds are halves, and so is arithmetic on them */
} td_nms;

/* Writes the selected boxes and their scores, best first, min(n, most) at most; returns how many. */
size_t td_nms_select(const td_nms *p, const td_nms_room *room, int32_t *boxes, float *scores);

/* ---------------------------------------------------------------- many classes */

typedef struct td_nms_found {
    int32_t box, label; /* -1: nothing */
    float score;
} td_nms_found;

typedef struct td_nms_class {
    size_t n, most, classes,
        per_box; /* boxes are [n, per_box, 4], per_box being 1 or the classes; scores [n, classes] */
    const float *boxes, *scores;
    float overlap_most, score_least;
} td_nms_class;

/* The best boxes of one class to out[0 .. most), filled up with nothing. */
void td_nms_select_class(const td_nms_class *p, size_t label, const td_nms_room *room, td_nms_found *out);

/* Largest scores first. */
void td_nms_sort(td_nms_found *found, size_t n);

#endif
