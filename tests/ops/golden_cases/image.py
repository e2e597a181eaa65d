# SPDX-License-Identifier: Apache-2.0
"""Images made larger or smaller."""
import numpy as np

from golden_values import arr, i32, real, types

RESIZE = ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")


def resize():
    for op in RESIZE:
        for dt in types(op):
            yield op, dict(images=arr(dt, 1, 3, 4, 2), size=i32(7, 2))
        for align, half in ((False, False), (True, False), (False, True), (True, True)):
            if half and op == "ResizeArea":
                continue
            kind = dict(align_corners=align) if op == "ResizeArea" else dict(align_corners=align, half_pixel_centers=half)
            for shape, size in (((1, 4, 4, 2), (8, 2)), ((2, 3, 5, 1), (5, 9)), ((1, 6, 7, 3), (4, 3)), ((1, 1, 1, 2), (3, 3)), ((1, 5, 5, 1), (5, 5)), ((1, 5, 8, 1), (1, 1)),
                                ((1, 2, 2, 17), (3, 4)), ((1, 10, 11, 1), (7, 4))):
                yield op, dict(images=arr("float32", *shape), size=i32(*size), **kind)
                if op == "ResizeNearestNeighbor":
                    yield op, dict(images=arr("uint8", *shape), size=i32(*size), **kind)
        yield op, dict(images=arr("float32", 1, 3, 4, 2), size=i32(0, 2))
        yield op, dict(images=arr("float32", 1, 3, 4, 2), size=i32(-1, 2))
        yield op, dict(images=arr("float32", 3, 4, 2), size=i32(2, 2))
        yield op, dict(images=arr("float32", 1, 3, 4, 2), size=i32(2, 2, 2))
        yield op, dict(images=arr("float32", 0, 3, 4, 2), size=i32(2, 2))
        yield op, dict(images=arr("float32", 1, 0, 4, 2), size=i32(2, 2))


def crop():
    boxes = np.float32([[0, 0, 1, 1], [-.5, .25, 1.5, .5], [1, 1, 0, 0], [.1, .2, .3, .9]])
    for dt in types("CropAndResize"):
        yield "CropAndResize", dict(image=arr(dt, 2, 4, 5, 2), boxes=boxes, box_ind=i32(0, 1, 0, 1), crop_size=i32(3, 2))
    for method in ("bilinear", "nearest"):
        for far in (0., -3.5):
            for size in ((3, 4), (1, 1), (1, 5)):
                yield "CropAndResize", dict(image=arr("float32", 2, 4, 5, 1), boxes=boxes, box_ind=i32(0, 1, 0, 1), crop_size=i32(*size), method=method, extrapolation_value=far)
    yield "CropAndResize", dict(image=arr("float32", 2, 4, 5, 1), boxes=boxes[:1], box_ind=i32(2), crop_size=i32(2, 2))
    yield "CropAndResize", dict(image=arr("float32", 2, 4, 5, 1), boxes=boxes[:0], box_ind=i32(), crop_size=i32(2, 2))
    yield "CropAndResize", dict(image=arr("float32", 2, 4, 5, 1), boxes=boxes[:1], box_ind=i32(0), crop_size=i32(0, 2))
    yield "CropAndResize", dict(image=arr("float32", 2, 4, 5, 1), boxes=boxes, box_ind=i32(0), crop_size=i32(2, 2))
