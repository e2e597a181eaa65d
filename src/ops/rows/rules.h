/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h -- the rules that rows.inc names. */
#ifndef TD_OPS_ROWS_RULES_H
#define TD_OPS_ROWS_RULES_H

#include "ops/rows/rows.h"

/* any value: rules_any.c */
td_rows_rule td_rows_elementwise, td_rows_first_alone, td_rows_identity, td_rows_reads, td_rows_sizes_of,
    td_rows_rank_of, td_rows_quotient, td_rows_lookup, td_rows_parse_example, td_rows_forest;
/* numbers: rules_math.c */
td_rows_rule td_rows_select, td_rows_reduce, td_rows_arg, td_rows_cumulative, td_rows_not_last,
    td_rows_matrix, td_rows_matrix_diag, td_rows_set_diag, td_rows_matmul, td_rows_einsum, td_rows_bincount,
    td_rows_pairs;
/* layers: rules_nn.c */
td_rows_rule td_rows_bias, td_rows_images, td_rows_images_many, td_rows_drawn_images, td_rows_not_last_three,
    td_rows_conv_back, td_rows_pool, td_rows_argmax_pool, td_rows_batch_norm, td_rows_global_norm,
    td_rows_layer_norm, td_rows_attention, td_rows_rnn, td_rows_block_rnn, td_rows_cell;
/* elements that move: rules_array.c, rules_slice.c, rules_gather.c */
td_rows_rule td_rows_reshape, td_rows_transpose, td_rows_concat, td_rows_concat_v2, td_rows_pack,
    td_rows_unpack, td_rows_split, td_rows_split_v, td_rows_pad, td_rows_tile, td_rows_fill,
    td_rows_broadcast_to, td_rows_one_hot, td_rows_reverse, td_rows_reverse_sequence, td_rows_roll,
    td_rows_to_batch, td_rows_from_batch, td_rows_approx_top_k;
td_rows_rule td_rows_slice, td_rows_strided_slice;
td_rows_rule td_rows_gather, td_rows_gather_v2, td_rows_gather_nd;
/* lists: rules_list.c */
td_rows_rule td_rows_list_make, td_rows_list_empty, td_rows_list_from, td_rows_list_set, td_rows_list_get,
    td_rows_list_stack, td_rows_list_gather, td_rows_list_push, td_rows_list_pop, td_rows_list_length,
    td_rows_list_resize, td_rows_list_concat, td_rows_list_scatter, td_rows_list_scatter_into;

#endif
