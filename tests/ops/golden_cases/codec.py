# SPDX-License-Identifier: Apache-2.0
"""Image files: read, cut short, and written."""
import struct
import zlib

import numpy as np
import tensorflow as tf

from golden_values import i32, text
from golden_writer import Graph

R = tf.raw_ops
rng = np.random.default_rng(11)


def smooth(height, width, channels):
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin(x * (.2 + .1 * c) + y * (.4 - .1 * c) + c) for c in range(channels)]
    return np.clip(np.stack(waves, -1), 0, 255).astype("uint8")


# ---------------------------------------------------------------- JPEG

# Of four inks: without the marker of Adobe, and with it, the colors changed to another four.
INKS = [bytes.fromhex(x) for x in (
    "ffd8ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800070009044311004d1100591100"
    "4b1100ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f024"
    "33627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9"
    "bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda000e0443004d0059004b00003f00f13fd86ffe61ff00f01af38ff8602b2ff9e16ff9ad7837c12f83517fa3fc89dbb8ac3f"
    "08ff00057e9651ff000c0565ff003c2dff0035afa43fe14d45fdc4fcc57795ffd9",
    "ffd8ffee000e41646f626500640000000002ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffdb00"
    "430103040405040509050509140d0b0d1414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414ffc00014080007000904012200021101031101042200ffc4"
    "001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f0243362728209"
    "0a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
    "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffc4001f0100030101010101010101010000000000000102030405060708090a0bffc400b511000201020404030407050404000102770001"
    "02031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283"
    "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9faffda000e040100021103110400003f00f55f8a1f"
    "b505c7efbf7b2f7ec6bc53fe1a82e3fe7acbf91a28af5b1382a3cfb1cfc75c2794ff006a4bf75dcc3f08ff00057794515fffd9")]


def jpeg(a, **how):
    return bytes(tf.io.encode_jpeg(a, **how).numpy())


def jpegs():
    gray, small, big = jpeg(smooth(9, 12, 1)), jpeg(smooth(17, 23, 3)), jpeg(smooth(33, 40, 3), quality=60)
    plain = jpeg(smooth(17, 23, 3), chroma_downsampling=False, progressive=True)
    for b in (gray, small, plain, jpeg(smooth(1, 1, 3))):
        for channels in (0, 1, 3, 4):
            for dct in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
                if channels in (0, 3) or not dct:
                    yield "DecodeJpeg", dict(contents=b, channels=channels, dct_method=dct)
        yield "DecodeJpeg", dict(contents=b, fancy_upscaling=False)
    for b in INKS:
        yield "DecodeJpeg", dict(contents=b)
        yield "DecodeJpeg", dict(contents=b, channels=1)
        yield "DecodeJpeg", dict(contents=b, channels=3)
    for ratio in (2, 4, 8):
        yield "DecodeJpeg", dict(contents=big, ratio=ratio)
    for size in (len(big) // 4, len(big) // 2, len(big) * 3 // 4, len(big) - 2):
        yield "DecodeJpeg", dict(contents=big[:size])
        yield "DecodeJpeg", dict(contents=big[:size], acceptable_fraction=.3)
        yield "DecodeJpeg", dict(contents=big[:size], try_recover_truncated=True)
    yield "DecodeJpeg", dict(contents=big[:4], try_recover_truncated=True)
    for b in (b"", b"\xff\xd8\xff", b"junk", small[:20]):
        yield "DecodeJpeg", dict(contents=b)
    yield "DecodeJpeg", dict(contents=small, ratio=3)
    yield "DecodeJpeg", dict(contents=small, dct_method="NONE")
    yield "DecodeJpeg", dict(contents=small, channels=2)
    yield "DecodeJpeg", dict(contents=text(small))
    for kind in ("int32", "int64"):
        for b in (gray, small, INKS[0]):
            yield "ExtractJpegShape", dict(contents=b, output_type=tf.as_dtype(kind).as_datatype_enum)
    for b in (b"", b"junk", small[:20], small[:len(small) // 2]):
        yield "ExtractJpegShape", dict(contents=b)
    yield "ExtractJpegShape", dict(contents=text(small))


def crops():
    b, plain, gray = jpeg(smooth(33, 40, 3)), jpeg(smooth(33, 40, 3), chroma_downsampling=False), jpeg(smooth(33, 40, 1))
    for window in ((0, 0, 33, 40), (5, 7, 16, 20), (16, 16, 10, 10), (32, 39, 1, 1), (3, 0, 4, 40)):
        for channels in (0, 1, 3):
            yield "DecodeAndCropJpeg", dict(contents=b, crop_window=i32(*window), channels=channels)
        yield "DecodeAndCropJpeg", dict(contents=plain, crop_window=i32(*window), dct_method="INTEGER_ACCURATE")
        yield "DecodeAndCropJpeg", dict(contents=gray, crop_window=i32(*window))
    yield "DecodeAndCropJpeg", dict(contents=b, crop_window=i32(2, 3, 8, 9), ratio=2)
    yield "DecodeAndCropJpeg", dict(contents=b, crop_window=i32(2, 3, 8, 9), fancy_upscaling=False)
    yield "DecodeAndCropJpeg", dict(contents=INKS[0], crop_window=i32(1, 2, 3, 4))
    yield "DecodeAndCropJpeg", dict(contents=b[:700], crop_window=i32(1, 2, 31, 4), acceptable_fraction=.1)
    # cut where what is made up overflows in no one's fast transform: there libjpeg's bodies for SSE, NEON and C differ
    yield "DecodeAndCropJpeg", dict(contents=b[:760], crop_window=i32(1, 2, 31, 4), try_recover_truncated=True)
    for window in ((30, 0, 10, 10), (0, 0, 0, 3), (-1, 0, 3, 3), (0, 39, 2, 2), (1, 2, 3)):
        yield "DecodeAndCropJpeg", dict(contents=b, crop_window=i32(*window))
    yield "DecodeAndCropJpeg", dict(contents=png(smooth(3, 4, 3)), crop_window=i32(0, 0, 1, 1))


# ---------------------------------------------------------------- PNG

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scan_lines(a, bits):
    """Each with filter 0: none."""
    lines = []
    for row in a:
        values = row.reshape(-1)
        if bits < 8:
            wide = np.unpackbits(values.astype("uint8")[:, None], axis=1)[:, 8 - bits:].reshape(-1)
            values = np.packbits(wide)
        lines.append(b"\0" + values.astype(">u2" if bits == 16 else "uint8").tobytes())
    return b"".join(lines)


PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(a, bits=8, palette=None, transparent=None, interlaced=False):
    a = a if a.ndim == 3 else a[..., None]
    kind = 3 if palette is not None else {1: 0, 2: 4, 3: 2, 4: 6}[a.shape[2]]
    parts = [a[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [a]
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", a.shape[1], a.shape[0], bits, kind, 0, 0, int(interlaced)))
    if palette is not None:
        out += chunk(b"PLTE", palette.astype("uint8").tobytes())
    if transparent is not None:
        out += chunk(b"tRNS", transparent)
    return out + chunk(b"IDAT", zlib.compress(b"".join(scan_lines(p, bits) for p in parts if p.size))) + chunk(b"IEND", b"")


def pngs():
    numbers = lambda top, *shape: rng.integers(0, top, shape)
    samples = [png(numbers(256, 4, 5, c)) for c in (1, 2, 3, 4)] + [png(numbers(65536, 3, 4, c), bits=16) for c in (1, 2, 3, 4)]
    samples += [png(numbers(1 << b, 3, 9), bits=b) for b in (1, 2, 4)] + [png(numbers(1 << b, 3, 9), bits=b, palette=numbers(256, 1 << b, 3)) for b in (1, 2, 4, 8)]
    samples += [png(numbers(16, 3, 4), palette=numbers(256, 16, 3), transparent=bytes(range(0, 160, 10))), png(numbers(2, 3, 4) * 7, transparent=struct.pack(">H", 7)),
                png(numbers(2, 3, 4, 3), transparent=struct.pack(">HHH", 0, 1, 1)), png(numbers(256, 7, 9, 3), interlaced=True), png(numbers(4, 5, 9), bits=2, interlaced=True)]
    for b in samples:
        for channels in (0, 1, 3, 4):
            for kind in ("uint8", "uint16"):
                yield "DecodePng", dict(contents=b, channels=channels, dtype=tf.as_dtype(kind).as_datatype_enum)
    whole = samples[2]
    for b in (b"", b"junk", whole[:8], whole[:40], whole[:-20], whole[:-12], whole[:20] + b"\xff" * 4 + whole[24:], whole[:50] + b"\0\0\0" + whole[53:], bytes(whole).replace(b"IDAT", b"IDXT"),
              png(np.zeros((0, 4, 3), "uint8")), b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 900000, 900000, 8, 2, 0, 0, 0)) + whole[33:]):
        yield "DecodePng", dict(contents=b)
    yield "DecodePng", dict(contents=whole, channels=2)
    yield "DecodePng", dict(contents=text(whole))


# ---------------------------------------------------------------- GIF, BMP, WebP

def gif_data(indices):
    """Codes of 8 bits, none of which stands for more than one pixel."""
    codes = bytearray()
    for k, v in enumerate(indices.reshape(-1)):
        codes += bytes(([128] if k % 100 == 0 else []) + [int(v)])
    codes.append(129)
    return b"\x07" + b"".join(bytes([len(codes[i:i + 255])]) + bytes(codes[i:i + 255]) for i in range(0, len(codes), 255)) + b"\0"


def gif(size, *frames, colors=128):
    """frames: (left, top, indices, transparent index or None, has a palette of its own)"""
    palette = lambda k: bytes(v % 256 for i in range(colors) for v in (i * 2 + k, 255 - i * 2 - k, i * 7 + k))
    depth = int(np.log2(colors)) - 1
    out = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80 | depth, 0, 0) + palette(0)
    for left, top, indices, transparent, own in frames:
        out += b"\x21\xf9\x04" + struct.pack("<BHBB", 4 | (transparent is not None), 10, transparent or 0, 0)
        out += b"\x2c" + struct.pack("<HHHHB", left, top, indices.shape[1], indices.shape[0], 0x80 | depth if own else 0) + (palette(77) if own else b"") + gif_data(indices)
    return out + b";"


def moving_gifs():
    f = lambda h, w: rng.integers(0, 128, (h, w))
    whole = (0, 0, f(4, 6), None, False)
    return [gif((6, 4), whole), gif((6, 4), whole, (2, 1, f(2, 3), None, True), (0, 0, rng.integers(0, 3, (4, 6)), 1, False)), gif((6, 4), (1, 2, f(2, 3), None, False), whole), gif((9, 9), (1, 1, rng.integers(0, 2, (4, 6)), 0, False)),
            gif((2, 2), (1, 3, f(4, 6), None, False))]


def gifs():
    moving = moving_gifs()
    for b in moving:
        for op in ("DecodeGif", "DecodePng", "DecodeJpeg", "DecodeImage"):
            yield op, dict(contents=b)
        yield "DecodeImage", dict(contents=b, expand_animations=False)
    last = moving[1]
    for b in (b"GIF89a", b"GIF8", b"", last[:13], last[:500], last[:len(last) - 20], last[:len(last) - 1], gif((6, 4)), gif((4, 3), (0, 0, np.full((3, 4), 9), None, False), colors=8), last[:10] + b"\0" + last[11:]):
        yield "DecodeGif", dict(contents=b)
    yield "DecodePng", dict(contents=last, channels=1)
    yield "DecodeImage", dict(contents=moving[0], channels=4)
    yield "DecodeGif", dict(contents=text(last))


def bmp(a, top_down=False, size=40):
    height, width, channels = a.shape
    a = a if channels == 1 else np.concatenate([a[..., 2::-1], a[..., 3:]], -1)
    palette = bytes(v for i in range(256) for v in (i, i, i, 0)) if channels == 1 else b""
    row = (width * channels + 3) // 4 * 4
    body = b"".join(a[y].tobytes().ljust(row, b"\0") for y in (range(height) if top_down else reversed(range(height))))
    begin = 14 + size + len(palette)
    return b"BM" + struct.pack("<IHHI", begin + len(body), 0, 0, begin) + struct.pack("<IiiHHIIiiII", size, width, -height if top_down else height, 1, 8 * channels, 0, len(body), 2835, 2835, 0, 0) + palette + body


def bmps():
    for channels in (1, 3, 4):
        for top_down in (False, True):
            for wanted in (0, 1, 3, 4):
                yield "DecodeBmp", dict(contents=bmp(smooth(3, 5, channels), top_down), channels=wanted)
    whole = bmp(smooth(3, 5, 3))
    for b in (b"", b"BM", b"BMjunk", whole[:31], whole[:-1], whole + b"\0", whole[:18] + b"\0" * 4 + whole[22:], whole[:22] + b"\0" * 4 + whole[26:], whole[:28] + b"\x10\0" + whole[30:], whole[:10] + b"\xff" * 4 + whole[14:],
              whole[:18] + b"\xff\xff\xff\x7f" * 2 + whole[26:], whole[:22] + b"\0\0\0\x80" + whole[26:]):
        yield "DecodeBmp", dict(contents=b)
    yield "DecodeBmp", dict(contents=text(whole))
    for b in (png(smooth(2, 3, 3)), jpeg(smooth(2, 3, 3)), moving_gifs()[0]):
        yield "DecodeBmp", dict(contents=b)
    for op in ("DecodePng", "DecodeJpeg", "DecodeGif"):
        yield op, dict(contents=whole)


# Of three channels, of four, of three with losses.
WEBP = [bytes.fromhex(x) for x in (
    "524946462c000000574542505650384c200000002f05000100998ce87f6c22a2ff01856c2340c774fe763fc2a00c454c00c04a6f",
    "524946462e000000574542505650384c220000002f05000110998ce87f6c22a2ff01856c2340c774fe763fc2a00cc5044e0088297503",
    "524946464800000057454250565038203c000000d001009d012a0600050002003425b00274010efdd66a0000fef5fcbc9b9e0eb2337d88d257b8d9f61afd40bffbd1d5dd3c757d21c3fefff2cb318000")]


def webps():
    for b in WEBP:
        for channels in (0, 1, 3, 4):
            yield "DecodeWebP", dict(contents=b, channels=channels)
        yield "DecodeImage", dict(contents=b)
        yield "DecodeImage", dict(contents=b, expand_animations=False)
        yield "DecodeImage", dict(contents=b, dtype=tf.float32.as_datatype_enum)
    for b in (b"", WEBP[0][:12], WEBP[0][:13], WEBP[0][:30], WEBP[2][:-9], moving_gifs()[0]):
        yield "DecodeWebP", dict(contents=b)
    yield "DecodeWebP", dict(contents=png(smooth(2, 3, 3)))


def images():
    files = [jpeg(smooth(5, 6, 3)), jpeg(smooth(5, 6, 1)), png(smooth(3, 4, 3)), png(rng.integers(0, 65536, (3, 4, 2)), bits=16), png(smooth(3, 4, 4)), bmp(smooth(3, 4, 3)), moving_gifs()[1]]
    for b in files:
        for kind in ("uint8", "uint16", "float32"):
            for channels in (0, 3, 4):
                yield "DecodeImage", dict(contents=b, channels=channels, dtype=tf.as_dtype(kind).as_datatype_enum)
        yield "DecodeImage", dict(contents=b, expand_animations=False)
        for op in ("DecodeJpeg", "DecodePng", "DecodeGif", "DecodeWebP"):
            yield op, dict(contents=b)
    for b in (b"", b"not an image"):
        yield "DecodeImage", dict(contents=b)
    yield "DecodeImage", dict(contents=files[0], channels=2)
    yield "DecodeImage", dict(contents=text(files[0]))


# ---------------------------------------------------------------- writing

def jpegs_written():
    """The bytes of the files: other settings of the library would show."""
    for a in (smooth(9, 12, 3), smooth(9, 12, 1), smooth(1, 1, 3)):
        for how in (dict(), dict(quality=0), dict(quality=100), dict(quality=60, progressive=True), dict(optimize_size=True), dict(chroma_downsampling=False), dict(density_unit="cm", x_density=70, y_density=-1), dict(xmp_metadata="<x/>"),
                    dict(format="rgb"), dict(format="grayscale")):
            yield "EncodeJpeg", dict(image=a, **how)
        for quality in (95, 5, 101, -1):
            yield "EncodeJpegVariableQuality", dict(images=a, quality=np.int32(quality))
    for how in (dict(quality=101), dict(format="cmyk"), dict(density_unit="m"), dict(xmp_metadata="x" * 70000)):
        yield "EncodeJpeg", dict(image=smooth(2, 2, 3), **how)
    for shape in ((2, 2, 2), (2, 2), (0, 2, 3), (2, 0, 1)):
        yield "EncodeJpeg", dict(image=np.zeros(shape, "uint8"))
        yield "EncodeJpegVariableQuality", dict(images=np.zeros(shape, "uint8"), quality=np.int32(50))
    yield "EncodeJpegVariableQuality", dict(images=smooth(2, 2, 3), quality=i32(50, 60))


def pngs_written():
    """Read again, for the bytes depend on how zlib packs them. One by one when there are many."""
    def again(dt, **how):
        def build(init, image):
            files = R.EncodePng(image=image, **how)
            if image.shape.rank == 3:
                return {"again": R.DecodePng(contents=files, dtype=dt)}
            return {"again": tf.stack([R.DecodePng(contents=f, dtype=dt) for f in tf.unstack(tf.reshape(files, [-1]))])}
        return build
    for dt in (tf.uint8, tf.uint16):
        for shape in ((3, 4, 1), (3, 4, 2), (3, 4, 3), (3, 4, 4), (2, 1, 3, 4, 3)):
            yield Graph("png %s %s" % (dt.name, shape), again(dt), dict(image=rng.integers(0, 256, shape).astype(dt.as_numpy_dtype)), shapes=dict(image=shape))
    for compression in (-1, 0, 9):
        yield Graph("png packed %d" % compression, again(tf.uint8, compression=compression), dict(image=smooth(5, 6, 3)), shapes=dict(image=(5, 6, 3)))
    for shape in ((2, 2, 5), (2, 2), (0, 2, 3), (2, 2, 0), (0, 2, 2, 3)):
        yield "EncodePng", dict(image=np.zeros(shape, "uint8"))
    yield "EncodePng", dict(image=np.zeros((2, 2, 3), "uint8"), compression=10)
