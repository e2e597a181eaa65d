# SPDX-License-Identifier: Apache-2.0
"""Sequences of labels out of how likely each is at each time."""
import numpy as np

from golden_values import i32, real, types


def logits(dt, *shape):
    return real(dt, *shape, odd=False)


def greedy():
    for dt in types("CTCGreedyDecoder"):
        for merges in (False, True):
            for blank in (-1, 0, 2, -4):
                yield "CTCGreedyDecoder", dict(inputs=logits(dt, 7, 3, 4), sequence_length=i32(7, 4, 0), merge_repeated=merges, blank_index=blank)
        yield "CTCGreedyDecoder", dict(inputs=logits(dt, 5, 1, 1), sequence_length=i32(5))
        yield "CTCGreedyDecoder", dict(inputs=np.zeros((4, 2, 3), dt), sequence_length=i32(4, -1))
        yield "CTCGreedyDecoder", dict(inputs=np.repeat(logits(dt, 3, 2, 4), 3, 0), sequence_length=i32(9, 8), merge_repeated=True)
    x = logits("float32", 4, 2, 3)
    odd = x.copy()
    odd[1, 0], odd[2, 0, 1], odd[0, 1, 2], odd[1, 1, 0] = np.nan, np.nan, np.inf, -np.inf
    yield "CTCGreedyDecoder", dict(inputs=odd, sequence_length=i32(4, 4))
    for wrong in (dict(sequence_length=i32(4, 5)), dict(sequence_length=i32(4)), dict(sequence_length=i32(4, 4).reshape(2, 1)), dict(inputs=x[0]), dict(inputs=x[:0]), dict(inputs=x[:, :0], sequence_length=i32()), dict(inputs=x[..., :0]), dict(blank_index=3), dict(blank_index=-4)):
        yield "CTCGreedyDecoder", {**dict(inputs=x, sequence_length=i32(4, 4)), **wrong}


def beams():
    for dt in types("CTCBeamSearchDecoder"):
        for shape, width, paths in (((6, 2, 4), 4, 1), ((9, 1, 5), 8, 3), ((4, 3, 3), 10, 2), ((12, 2, 3), 1, 1), ((5, 2, 2), 3, 3), ((20, 1, 6), 20, 4)):
            for merges in (True, False):
                length = i32(*([shape[0]] + [shape[0] - 1] * (shape[1] - 1)))
                yield "CTCBeamSearchDecoder", dict(inputs=logits(dt, *shape), sequence_length=length, beam_width=width, top_paths=paths, merge_repeated=merges)
        often = np.repeat(logits(dt, 3, 1, 3), 3, 0)
        yield "CTCBeamSearchDecoder", dict(inputs=often, sequence_length=i32(9), beam_width=6, top_paths=3, merge_repeated=True)
        yield "CTCBeamSearchDecoder", dict(inputs=often, sequence_length=i32(9), beam_width=6, top_paths=3, merge_repeated=False)
    x = logits("float32", 4, 2, 3)
    sure = np.where(np.arange(3) == 1, 0, -np.inf).astype("float32") + np.zeros((4, 2, 3), "float32")
    yield "CTCBeamSearchDecoder", dict(inputs=sure, sequence_length=i32(4, 1), beam_width=3, top_paths=1)
    yield "CTCBeamSearchDecoder", dict(inputs=logits("float32", 3, 1, 1), sequence_length=i32(3), beam_width=2, top_paths=1)
    ok = dict(inputs=x, sequence_length=i32(4, 4), beam_width=4, top_paths=2)
    for wrong in (dict(top_paths=5), dict(sequence_length=i32(4, 0)), dict(sequence_length=i32(0, 0), top_paths=1), dict(sequence_length=i32(4, 5)), dict(sequence_length=i32(4)), dict(inputs=x[0]), dict(inputs=x[:0]), dict(inputs=x[:, :0], sequence_length=i32())):
        yield "CTCBeamSearchDecoder", {**ok, **wrong}


def losses():
    index = lambda *lengths: np.array([(b, i) for b, n in enumerate(lengths) for i in range(n)], "int64").reshape(-1, 2)
    for dt in types("CTCLoss"):
        for collapses in (False, True):
            for merges in (True, False)[:2 if dt == "float32" else 1]:
                yield "CTCLoss", dict(inputs=logits(dt, 9, 3, 5), labels_indices=index(3, 4, 1), labels_values=i32(0, 0, 2, 1, 1, 3, 3, 2), sequence_length=i32(9, 8, 1), preprocess_collapse_repeated=collapses, ctc_merge_repeated=merges)
        yield "CTCLoss", dict(inputs=logits(dt, 4, 2, 3), labels_indices=index(3, 4), labels_values=i32(0, 1, 0, 0, 1, 2, 2), sequence_length=i32(4, 4))
        yield "CTCLoss", dict(inputs=logits(dt, 4, 3, 3), labels_indices=index(3, 2, 1), labels_values=i32(0, 1, 0, 0, 1, 0), sequence_length=i32(2, 3, 0), ignore_longer_outputs_than_inputs=True)
        yield "CTCLoss", dict(inputs=logits(dt, 3, 1, 3), labels_indices=index(3), labels_values=i32(0, 0, 1), sequence_length=i32(3))  # no way
    x = logits("float32", 4, 2, 3)
    ok = dict(inputs=x, labels_indices=index(2, 1), labels_values=i32(0, 1, 1), sequence_length=i32(4, 3))
    for wrong in (dict(sequence_length=i32(4, 5)), dict(sequence_length=i32(4, -1)), dict(sequence_length=i32(4)), dict(sequence_length=i32(1, 3)), dict(inputs=x[0]), dict(inputs=x[:, :0], sequence_length=i32(), labels_indices=index(), labels_values=i32()),
                  dict(labels_values=i32(0, 1)), dict(labels_values=i32(0, -1, 1)), dict(labels_values=i32(2, 1, 1)), dict(labels_values=i32(0, 3, 1)), dict(labels_indices=index(2, 1)[::-1]), dict(labels_indices=index(2, 1) + 1), dict(labels_indices=index(2, 1)[:, :1]),
                  dict(labels_indices=index(3), labels_values=i32(0, 1, 0)), dict(labels_indices=index(2, 1)[[0, 0, 2]]), dict(labels_values=i32(0, 1, 1).reshape(3, 1))):
        yield "CTCLoss", {**ok, **wrong}
