# SPDX-License-Identifier: Apache-2.0
"""Images made larger, smaller, warped, colored and drawn on; boxes in them."""
import numpy as np
import tensorflow as tf

from golden_values import arr, i32, i64, real, scalar, types

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


def scaled():
    kernels = ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic")
    for dt in types("ScaleAndTranslate"):
        yield "ScaleAndTranslate", dict(images=arr(dt, 1, 5, 4, 2), size=i32(3, 7), scale=np.float32([.6, 1.75]), translation=np.float32([.25, -.5]))
    for kernel in kernels:
        for antialias in (True, False):
            for shape, size, scale, shift in (((1, 9, 7, 1), (3, 2), (.33, .29), (0, 0)), ((2, 4, 5, 3), (8, 9), (2, 1.8), (-.7, .2)), ((1, 5, 5, 1), (5, 5), (1, 1), (3, -9)),
                                              ((1, 1, 1, 2), (3, 1), (3, 1), (0, 0))):
                yield "ScaleAndTranslate", dict(images=arr("float32", *shape), size=i32(*size), scale=np.float32(scale), translation=np.float32(shift), kernel_type=kernel, antialias=antialias)
    ok = dict(images=arr("float32", 1, 4, 4, 1), size=i32(2, 2), scale=np.float32([1, 1]), translation=np.float32([0, 0]))
    for wrong in (dict(images=arr("float32", 4, 4, 1)), dict(images=arr("float32", 1, 0, 4, 1)), dict(images=arr("float32", 1, 4, 4, 0)), dict(images=arr("float32", 0, 4, 4, 1)), dict(size=i32(0, 2)),
                  dict(size=i32(2)), dict(scale=np.float32([0, 1])), dict(scale=np.float32([1])), dict(translation=np.float32([1, 2, 3])), dict(images=np.float32([[[[np.nan], [1]], [[2], [np.inf]]]]))):
        yield "ScaleAndTranslate", {**ok, **wrong}


PLAIN = np.array([[0, 0, 0], [1, 1, 1], [.5, .5, .5], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, .5, 0], [.25, 1, .5], [-1, -2, -3], [-1, 2, .5], [2, 3, 4]])


def color():
    for op in ("RGBToHSV", "HSVToRGB"):
        for dt in types(op):
            yield op, dict(images=PLAIN.astype(scalar(0, dt).dtype))
            yield op, dict(images=real(dt, 2, 3, 3, lo=0, hi=1, odd=False))
        yield op, dict(images=real("float32", 300, 3, lo=0, hi=1, odd=False))
        yield op, dict(images=real("float32", 3, lo=0, hi=1))
        yield op, dict(images=real("float32", 0, 3))
        yield op, dict(images=real("float32", 2, 4))
        yield op, dict(images=np.float32(1))
    for op, name, factors in (("AdjustHue", "delta", (0, .25, -.4, 1, 2.7, -3)), ("AdjustSaturation", "scale", (0, .5, 1, 1.7, -1, 9)), ("AdjustContrastv2", "contrast_factor", (0, .5, 1, 3, -2))):
        for dt in types(op):
            yield op, {"images": PLAIN.astype(scalar(0, dt).dtype)[None], name: np.float32(.3)}
        for f in factors:
            yield op, {"images": PLAIN.astype("float32").reshape(2, 7, 3), name: np.float32(f)}
            yield op, {"images": real("float32", 2, 2, 3, 4, 3, lo=0, hi=1, odd=False), name: np.float32(f)}
        yield op, {"images": real("float32", 0, 4, 3), name: np.float32(1)}
        yield op, {"images": real("float32", 4, 3), name: np.float32(1)}
        yield op, {"images": real("float32", 2, 2, 4), name: np.float32(.5)}
        yield op, {"images": real("float32", 2, 2, 3), name: np.float32([1, 2])}
    yield "AdjustContrastv2", dict(images=np.float32([[[1, np.nan], [2, 3]], [[np.inf, 1], [0, 1]]]), contrast_factor=np.float32(2))


def random_boxes(rng, *shape):
    middle, half = rng.uniform(.2, .8, (*shape, 2)), rng.uniform(.05, .3, (*shape, 2))
    return np.concatenate([middle - half, middle + half], -1).astype("float32")


def suppressions():
    """Every version with what it takes of these arguments."""
    rng = np.random.default_rng(3)
    boxes, scores = random_boxes(rng, 24), rng.permutation(24).astype("float32") / 24
    odd = boxes.copy()
    odd[1::2] = odd[1::2][:, [2, 3, 0, 1]]
    odd[2], odd[4, 1], odd[5], odd[7, 2] = 0, np.nan, np.inf, -np.inf
    bad = scores.copy()
    bad[:4] = [np.nan, np.inf, -np.inf, -3e38]
    base = dict(boxes=boxes, scores=scores, size=i32(10).reshape(()), iou=.5, least=.1, sigma=0., pads=False)
    changes = [{}, dict(pads=True), dict(size=i32(0).reshape(())), dict(size=i32(0).reshape(()), pads=True), dict(size=i32(99).reshape(())), dict(size=i32(30).reshape(()), pads=True), dict(iou=0.), dict(iou=1.), dict(least=.7), dict(least=-5.),
               dict(scores=np.full(24, .5, "float32")), dict(scores=np.repeat(scores[:8], 3)), dict(boxes=odd), dict(boxes=odd, iou=0.), dict(scores=bad), dict(scores=bad, least=-np.inf), dict(boxes=boxes * 100),
               dict(boxes=boxes[:0], scores=scores[:0]), dict(boxes=boxes[:0], scores=scores[:0], pads=True), dict(boxes=boxes[:1], scores=scores[:1]),
               dict(sigma=.5), dict(sigma=.1, size=i32(24).reshape(())), dict(sigma=.3, least=.5, pads=True), dict(sigma=2., boxes=odd), dict(sigma=.5, scores=bad, least=-9.),
               dict(size=i32(-1).reshape(())), dict(size=i32(3)), dict(iou=1.5), dict(iou=-.1), dict(iou=np.nan), dict(sigma=-1.), dict(scores=scores[:3]), dict(scores=scores[:, None]), dict(boxes=boxes[:, :3]), dict(boxes=boxes[None]), dict(least=[.1]), dict(iou=[.1])]
    for change in changes:
        x = {**base, **change}
        for dt in ("float32", "float16"):
            f = lambda v: np.asarray(v).astype(dt)
            plain = dict(boxes=f(x["boxes"]), scores=f(x["scores"]), max_output_size=x["size"])
            if dt == "float32" and not np.ndim(x["iou"]):
                yield "NonMaxSuppression", dict(iou_threshold=float(x["iou"]), **plain)
            yield "NonMaxSuppressionV2", dict(iou_threshold=f(x["iou"]), **plain)
            yield "NonMaxSuppressionV3", dict(iou_threshold=np.asarray(x["iou"], "float32"), score_threshold=np.asarray(x["least"], "float32"), **plain)
            yield "NonMaxSuppressionV4", dict(iou_threshold=f(x["iou"]), score_threshold=f(x["least"]), pad_to_max_output_size=x["pads"], **plain)
            yield "NonMaxSuppressionV5", dict(iou_threshold=f(x["iou"]), score_threshold=f(x["least"]), soft_nms_sigma=f(x["sigma"]), pad_to_max_output_size=x["pads"], **plain)
    overlaps = rng.uniform(0, 1, (9, 9)).astype("float32")
    overlaps[2, 3] = overlaps[3, 2] = np.nan
    ok = dict(overlaps=overlaps, scores=scores[:9], max_output_size=np.int32(5), overlap_threshold=np.float32(.5), score_threshold=np.float32(.1))
    for change in ({}, dict(overlap_threshold=np.float32(2)), dict(overlap_threshold=np.float32(-1)), dict(score_threshold=np.float32(-1)), dict(scores=scores[:8]), dict(overlaps=overlaps[:8]), dict(overlaps=overlaps[None]),
                   dict(overlaps=overlaps[:0, :0], scores=scores[:0]), dict(max_output_size=np.int32(-1)), dict(max_output_size=i32(1)), dict(overlap_threshold=np.float32([1])), dict(score_threshold=np.float32([1])), dict(scores=np.float32([.5] * 9))):
        yield "NonMaxSuppressionWithOverlaps", {**ok, **change}


def combined_suppressions():
    rng = np.random.default_rng(4)
    boxes, scores = random_boxes(rng, 2, 12, 1) * 1.4 - .2, (rng.permutation(2 * 12 * 4).reshape(2, 12, 4) / 96).astype("float32")
    each = random_boxes(rng, 2, 12, 4)
    some = np.round(rng.uniform(0, 1, (2, 12, 4)) * 4).astype("float32") / 4
    odd = scores.copy()
    odd[0, :3] = [np.nan, np.inf, -np.inf, 0]
    ok = dict(boxes=boxes.astype("float32"), scores=scores, max_output_size_per_class=np.int32(3), max_total_size=np.int32(7), iou_threshold=np.float32(.4), score_threshold=np.float32(.2))
    for change in ({}, dict(boxes=each), dict(max_total_size=np.int32(40)), dict(max_total_size=np.int32(40), pad_per_class=True), dict(max_output_size_per_class=np.int32(99)), dict(clip_boxes=False), dict(iou_threshold=np.float32(0)), dict(iou_threshold=np.float32(1)),
                   dict(score_threshold=np.float32(2)), dict(score_threshold=np.float32(-1)), dict(scores=some), dict(scores=some, max_output_size_per_class=np.int32(12), max_total_size=np.int32(48), iou_threshold=np.float32(1)),
                   dict(scores=np.full((2, 12, 4), .5, "float32"), max_output_size_per_class=np.int32(12), max_total_size=np.int32(48), iou_threshold=np.float32(.9)), dict(scores=odd), dict(boxes=boxes[:0].astype("float32"), scores=scores[:0]),
                   dict(boxes=boxes[:, :0].astype("float32"), scores=scores[:, :0]), dict(scores=scores[:, :, :0]), dict(boxes=np.full((2, 12, 1, 4), np.nan, "float32")), dict(boxes=each[:, :, :2]), dict(scores=scores[:1]), dict(scores=scores[:, :3]),
                   dict(scores=scores[0]), dict(boxes=each[0]), dict(boxes=each[..., :3]), dict(max_output_size_per_class=np.int32(0)), dict(max_total_size=np.int32(0)), dict(max_total_size=i32(3)), dict(iou_threshold=np.float32(1.5)),
                   dict(iou_threshold=np.float32([1])), dict(score_threshold=np.float32([1]))):
        for pads in (False, True):
            yield "CombinedNonMaxSuppression", {**ok, "pad_per_class": pads, **change}
    big = np.round(rng.uniform(0, 1, (1, 60, 5)) * 6).astype("float32") / 6
    yield "CombinedNonMaxSuppression", {**ok, "boxes": random_boxes(rng, 1, 60, 1), "scores": big, "max_output_size_per_class": np.int32(60), "max_total_size": np.int32(300), "iou_threshold": np.float32(1)}
    yield "CombinedNonMaxSuppression", {**ok, "boxes": random_boxes(rng, 1, 300, 1), "scores": np.sort(rng.uniform(0, 1, (1, 300, 1)).astype("float32"), 1), "max_output_size_per_class": np.int32(300), "max_total_size": np.int32(300),
                                        "iou_threshold": np.float32(1)}


def drawn():
    rng = np.random.default_rng(5)
    boxes = np.concatenate([random_boxes(rng, 2, 11), np.float32([[[-.5, -.5, .5, .5], [.5, .5, 2, 2], [2, 2, 3, 3], [.9, .1, .1, .9], [0, 0, 1, 1], [-3, .2, 3, .4], [.5, .5, .5, .5]]] * 2)], 1)
    for depth in (1, 3, 4):
        for dt in types("DrawBoundingBoxes"):
            yield "DrawBoundingBoxes", dict(images=arr(dt, 2, 9, 11, depth), boxes=boxes)
            yield "DrawBoundingBoxesV2", dict(images=arr(dt, 2, 9, 11, depth), boxes=boxes, colors=real("float32", 3, 4, odd=False))
            yield "DrawBoundingBoxesV2", dict(images=arr(dt, 2, 9, 11, depth), boxes=boxes, colors=real("float32", 0, 4))
    for images, b in (((2, 9, 11, 2), boxes), ((9, 11, 3), boxes), ((1, 9, 11, 3), boxes), ((2, 9, 11, 3), boxes[0]), ((2, 9, 11, 3), boxes[..., :3]), ((2, 9, 11, 3), boxes[:, :0]), ((0, 9, 11, 3), boxes[:0]), ((2, 1, 1, 3), boxes)):
        yield "DrawBoundingBoxes", dict(images=arr("float32", *images), boxes=b)
    yield "DrawBoundingBoxesV2", dict(images=arr("float32", 2, 9, 11, 4), boxes=boxes, colors=real("float32", 2, 3))
    yield "DrawBoundingBoxesV2", dict(images=arr("float32", 2, 9, 11, 4), boxes=boxes, colors=real("float32", 4))


def glimpses():
    x = arr("float32", 3, 7, 8, 2)
    for op in ("ExtractGlimpse", "ExtractGlimpseV2"):
        for centered in (True, False):
            for normalized in (True, False):
                for offsets in ([[0, 0], [.2, -.1], [.3, .3]], [[1, 2], [0, 0], [2, 1]], [[-2, -3], [-1, 9], [5, -2]], [[-90, 2], [9e9, 1], [3, 90]]):
                    yield op, dict(input=x, size=i32(3, 4), offsets=np.float32(offsets), centered=centered, normalized=normalized, uniform_noise=False, noise="zero")
        inside = dict(input=x, size=i32(2, 2), offsets=np.float32([[0, 0], [.1, .2], [-.2, .1]]))
        for noise in (dict(), dict(noise="uniform"), dict(noise="gaussian", uniform_noise=False), dict(noise="", uniform_noise=False), dict(noise="", uniform_noise=True), dict(noise="gaussian", uniform_noise=True), dict(noise="pink", uniform_noise=False)):
            yield op, dict(inside, **noise)
        zero = dict(uniform_noise=False, noise="zero")
        for wrong in (dict(input=x[0]), dict(size=i32(2)), dict(size=i32(-1, 2)), dict(size=i32(0, 2)), dict(offsets=np.float32([0, 1])), dict(offsets=np.float32([[0, 1]])), dict(offsets=np.float32([[0]] * 3)), dict(input=x[:0], offsets=np.float32([]).reshape(0, 2)), dict(size=i32(20, 20))):
            yield op, {**inside, **zero, **wrong}


def warped():
    m = np.float32([[.9, .13, .37, -.11, 1.07, .29, 0, 0], [1.5, -.2, -3, .3, 1.4, -2, .01, .003]])
    for op in ("ImageProjectiveTransformV2", "ImageProjectiveTransformV3"):
        value = dict(fill_value=np.float32(2.75)) if op[-1] == "3" else {}
        ok = dict(images=arr("float32", 2, 5, 6, 2), transforms=m, output_shape=i32(5, 7), interpolation="BILINEAR", **value)
        for interpolation in ("NEAREST", "BILINEAR"):
            for fill in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
                for dt in types(op, "dtype"):
                    yield op, dict(ok, images=arr(dt, 2, 5, 6, 2), interpolation=interpolation, fill_mode=fill)
                for images, far in (((1, 5, 6, 1), (3, 0, -9, 0, -4, 20, 0, 0)), ((3, 1, 1, 2), (1, 0, -2, 0, 1, 3, 0, 0)), ((2, 4, 4, 1), (1, 0, .5, 0, 1, .5, -.5, -.25))):
                    yield op, dict(ok, images=arr("float32", *images), transforms=np.float32([far]), interpolation=interpolation, fill_mode=fill)
        for wrong in (dict(images=arr("float32", 5, 6, 2)), dict(images=arr("float32", 3, 5, 6, 2)), dict(images=arr("float32", 0, 5, 6, 2), transforms=m[:1]), dict(images=arr("float32", 2, 5, 6, 0)), dict(transforms=m[:, :7]), dict(transforms=m[0]), dict(output_shape=i32(0, 3)),
                      dict(output_shape=i32(3))):
            yield op, dict(ok, **wrong)
    yield "ImageProjectiveTransformV3", dict(ok, fill_value=np.float32([1]))
    yield "ImageProjectiveTransformV3", dict(ok, fill_value=np.float32(-1.5), images=arr("int32", 2, 5, 6, 2))


def resize_gradients():
    kinds = (dict(), dict(align_corners=True), dict(half_pixel_centers=True))
    for op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
        for kind in kinds:
            for small, big in (((4, 5), (7, 8)), ((6, 7), (3, 2)), ((5, 5), (5, 5)), ((2, 3), (1, 1)), ((1, 1), (3, 3)))[:5 if op == "ResizeBilinearGrad" else 4]:
                yield op, dict(grads=arr("float32", 2, *big, 2), original_image=arr("float32", 2, *small, 2), **kind)
        for dt in types(op):
            yield op, dict(grads=arr("float32", 1, 3, 4, 1), original_image=arr(dt, 1, 2, 3, 1))
        ok = dict(grads=arr("float32", 1, 3, 4, 1), original_image=arr("float32", 1, 2, 3, 1))
        for wrong in (dict(grads=arr("float32", 3, 4, 1)), dict(original_image=arr("float32", 2, 3, 1)), dict(align_corners=True, half_pixel_centers=True), dict(grads=arr("float32", 0, 3, 4, 1), original_image=arr("float32", 0, 2, 3, 1))):
            yield op, {**ok, **wrong}
    op = "ResizeNearestNeighborGrad"
    for kind in kinds:
        for small, big in (((4, 5), (7, 8)), ((6, 7), (3, 2)), ((1, 1), (3, 3)), ((5, 5), (5, 5))):
            yield op, dict(grads=arr("float32", 2, *big, 2), size=i32(*small), **kind)
    for dt in types(op):
        yield op, dict(grads=arr(dt, 1, 3, 4, 1), size=i32(2, 3))
    for wrong in (dict(grads=arr("float32", 3, 4, 1)), dict(size=i32(2)), dict(size=i32(0, 3)), dict(align_corners=True, half_pixel_centers=True)):
        yield op, {**dict(grads=arr("float32", 1, 3, 4, 1), size=i32(2, 3)), **wrong}


def crop_gradients():
    boxes = np.float32([[0, 0, 1, 1], [-.5, .25, 1.5, .5], [1, 1, 0, 0], [.1, .2, .3, .9]])
    enum = lambda dt: tf.as_dtype(dt).as_datatype_enum
    ok = dict(grads=arr("float32", 4, 3, 2, 2), boxes=boxes, box_ind=i32(0, 1, 0, 1), image_size=i32(2, 4, 5, 2), T=enum("float32"))
    for method in ("bilinear", "nearest"):
        for dt in types("CropAndResizeGradImage"):
            yield "CropAndResizeGradImage", {**ok, "T": enum(dt), "method": method}
        yield "CropAndResizeGradImage", {**ok, "grads": arr("float32", 4, 1, 1, 2), "method": method}
    for wrong in (dict(grads=arr("float32", 3, 2, 2)), dict(grads=arr("float32", 4, 0, 2, 2)), dict(boxes=boxes[:3]), dict(boxes=boxes[:, :3]), dict(box_ind=i32(0, 1)), dict(box_ind=i32(0, 1, 2, 0)), dict(box_ind=i32(0, -1, 1, 0)), dict(image_size=i32(2, 4, 5)),
                  dict(image_size=i32(2, 0, 5, 2)), dict(image_size=i32(2, 4, 5, 3)), dict(grads=arr("float32", 0, 3, 2, 2), boxes=boxes[:0], box_ind=i32())):
        yield "CropAndResizeGradImage", {**ok, **wrong}


def distorted():
    boxes = np.float32([[[.1, .2, .5, .6], [.3, .3, .9, .9], [.5, .5, .5, .5]]])
    for dt in ("int32", "int64", "int16", "int8", "uint8"):
        high = 100 if dt.endswith("int8") else 400
        for seed in range(6):
            size = np.array([high - seed, high // 2 + 7 * seed, 3], dt)
            more = dict(aspect_ratio_range=[.5 + seed / 4, 1.5 + seed / 3], area_range=[.02 * (seed + 1), 1 - .1 * seed], max_attempts=3 + seed, use_image_if_no_bounding_boxes=seed > 2)
            covered, b = np.float32(seed / 6), boxes if seed < 4 else boxes[:, :0]
            yield "StatelessSampleDistortedBoundingBox", dict(image_size=size, bounding_boxes=b, min_object_covered=covered, seed=i64(seed, 7 * seed), **more)
            yield "SampleDistortedBoundingBoxV2", dict(image_size=size, bounding_boxes=b, min_object_covered=covered, seed=seed + 1, seed2=seed, **more)
            yield "SampleDistortedBoundingBox", dict(image_size=size, bounding_boxes=b, min_object_covered=float(covered), seed=seed + 1, seed2=seed, **more)
    plain = dict(image_size=i32(30, 40, 3), bounding_boxes=boxes, min_object_covered=np.float32(.5), seed=i32(1, 2))
    for change in (dict(image_size=i32(30, 40)), dict(image_size=i32(0, 40, 3)), dict(image_size=i32(-1, 40, 3)), dict(image_size=i64(2**31, 40, 3)), dict(image_size=i32(1, 1, 1)),
                   dict(bounding_boxes=boxes * 2), dict(bounding_boxes=boxes[0]), dict(bounding_boxes=boxes[..., :3]), dict(bounding_boxes=boxes[:, :0]), dict(seed=i32(1)),
                   dict(min_object_covered=np.float32(-1)), dict(min_object_covered=np.float32([.5])), dict(bounding_boxes=boxes * np.float32(np.nan))):
        yield "StatelessSampleDistortedBoundingBox", dict(plain, **change)
