# SPDX-License-Identifier: Apache-2.0
"""Fourier transforms and sound."""
import struct

import numpy as np

from golden_values import arr, i32
from golden_writer import Like

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 31, 37, 60, 64, 74, 121)


def fourier():
    for dt in ("complex64", "complex128"):
        for op in ("FFT", "IFFT"):
            for n in LENGTHS if dt == "complex128" else (1, 2, 3, 5, 8, 17):
                yield op, dict(input=arr(dt, n))
            yield op, dict(input=arr(dt, 2, 3, 4))
            yield op, dict(input=arr(dt, 0, 4))
            yield op, dict(input=arr(dt, 4, 0))
            yield op, dict(input=arr(dt))
            yield op + "2D", dict(input=arr("complex128", 2, 6, 5))
            yield op + "2D", dict(input=arr(dt, 2, 4, 2))
            yield op + "2D", dict(input=arr("complex128", 1, 41))
            yield op + "2D", dict(input=arr(dt, 4))
            yield op + "3D", dict(input=arr("complex128", 2, 3, 4, 5))
            yield op + "3D", dict(input=arr(dt, 2, 2, 4))
            yield op + "3D", dict(input=arr(dt, 2, 4))


def halves():
    for real, whole in (("float32", "complex64"), ("float64", "complex128")):
        to, back = dict(Tcomplex=whole), dict(Treal=real)
        for n in LENGTHS if real == "float64" else (1, 2, 3, 5, 8, 17):
            yield "RFFT", dict(input=arr(real, n), fft_length=i32(n), **to)
            yield "IRFFT", dict(input=arr(whole, n // 2 + 1), fft_length=i32(n), **back)
        for n in (7, 8) if real == "float64" else (4,):
            yield "RFFT", dict(input=arr(real, 3, 9), fft_length=i32(n), **to)
            yield "IRFFT", dict(input=arr(whole, 3, 6), fft_length=i32(n), **back)
            yield "RFFT2D", dict(input=arr(real, 2, 5, 9), fft_length=i32(4, n), **to)
            yield "IRFFT2D", dict(input=arr(whole, 2, 5, 6), fft_length=i32(4, n), **back)
            yield "RFFT3D", dict(input=arr(real, 3, 5, 9), fft_length=i32(2, 4, n), **to)
            yield "IRFFT3D", dict(input=arr(whole, 3, 5, 6), fft_length=i32(2, 4, n), **back)
        for n in (6, -1):
            yield "RFFT", dict(input=arr(real, 5), fft_length=i32(n), **to)
            yield "IRFFT", dict(input=arr(whole, 3), fft_length=i32(n), **back)
        yield "RFFT", dict(input=arr(real, 0, 5), fft_length=i32(5), **to)
        yield "RFFT", dict(input=arr(real, 5), fft_length=i32(5, 5), **to)
        yield "RFFT", dict(input=arr(real, 5), fft_length=np.int32(5), **to)
        yield "RFFT2D", dict(input=arr(real, 5), fft_length=i32(5, 5), **to)
        yield "IRFFT", dict(input=arr(whole), fft_length=i32(5), **back)


AXES = (((4, 6), (4, 6), (0, 1)), ((2, 3, 5), (3, 5), (1, 2)), ((8,), (8,), (0,)), ((4, 6), (4, 6), (-2, -1)), ((2, 3, 5, 4), (2, 3, 5, 4), (0, 1, 2, 3)))


def axes():
    """TensorFlow has no kernels of these for the CPU; numpy has."""
    for real, whole in (("float32", "complex64"), ("float64", "complex128")):
        for shape, lengths, ax in AXES if real == "float64" else AXES[2:3]:
            more = dict(fft_length=i32(*lengths), axes=i32(*ax))
            half = list(shape)
            half[ax[-1]] = shape[ax[-1]] // 2 + 1
            x, r, h = arr(whole, *shape), arr(real, *shape), arr(whole, *half)
            yield Like("FFTND", dict(input=x, **more), lambda: np.fft.fftn(x, lengths, ax).astype(whole))
            yield Like("IFFTND", dict(input=x, **more), lambda: np.fft.ifftn(x, lengths, ax).astype(whole))
            yield Like("RFFTND", dict(input=r, Tcomplex=whole, **more), lambda: np.fft.rfftn(r, lengths, ax).astype(whole))
            yield Like("IRFFTND", dict(input=h, Treal=real, **more), lambda: np.fft.irfftn(h, lengths, ax).astype(real))


def spectrograms():
    for size, stride in ((8, 4), (7, 3), (16, 16), (3, 1)):
        for squared in (False, True):
            yield "AudioSpectrogram", dict(input=arr("float32", 40, 2), window_size=size, stride=stride, magnitude_squared=squared)
    yield "AudioSpectrogram", dict(input=arr("float32", 5, 1), window_size=8, stride=1)
    yield "AudioSpectrogram", dict(input=arr("float32", 8, 1), window_size=8, stride=1)
    yield "AudioSpectrogram", dict(input=arr("float32", 8), window_size=8, stride=1)
    x = np.abs(arr("float32", 2, 3, 65))
    for rate in (8000, 16000, 44100):
        yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(rate))
    yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(16000), upper_frequency_limit=7000., lower_frequency_limit=100., filterbank_channel_count=20,
                       dct_coefficient_count=5)
    yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(16000), upper_frequency_limit=8000., lower_frequency_limit=0., filterbank_channel_count=3,
                       dct_coefficient_count=3)
    yield "Mfcc", dict(spectrogram=x * 0, sample_rate=np.int32(16000))
    yield "Mfcc", dict(spectrogram=x[:0], sample_rate=np.int32(16000))
    yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(0))
    yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(16000), dct_coefficient_count=50)
    yield "Mfcc", dict(spectrogram=x, sample_rate=np.int32(16000), upper_frequency_limit=10.)
    yield "Mfcc", dict(spectrogram=x[0], sample_rate=np.int32(16000))
    yield "Mfcc", dict(spectrogram=x, sample_rate=i32(16000, 8000))


def _wav(samples, channels=2, rate=8000, format=1, bits=16, fmt=16, chunk=b"", tags=(b"RIFF", b"WAVE", b"fmt ")):
    data = np.array(samples, "<i2").tobytes()
    head = struct.pack("<HHIIHH", format, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + b"\0" * (fmt - 16)
    rest = tags[1] + tags[2] + struct.pack("<I", fmt) + head + chunk + b"data" + struct.pack("<I", len(data)) + data
    return tags[0] + struct.pack("<I", len(rest)) + rest


def waves():
    samples = [0, 1, -1, 32767, -32768, 12345, -5, 7]
    good = _wav(samples)
    for channels in (-1, 1, 2, 3):
        for n in (-1, 0, 3, 9):
            yield "DecodeWav", dict(contents=good, desired_channels=channels, desired_samples=n)
    yield "DecodeWav", dict(contents=_wav(samples, channels=1, rate=44100))
    yield "DecodeWav", dict(contents=_wav(samples, channels=4, fmt=18))
    yield "DecodeWav", dict(contents=_wav(samples, chunk=b"LIST" + struct.pack("<I", 6) + b"abcdef"))
    yield "DecodeWav", dict(contents=_wav([]))
    yield "DecodeWav", dict(contents=_wav(samples) + b"trailing")
    for bad in (b"", good[:3], good[:30], good[:-1], good[:43], _wav(samples, format=3), _wav(samples, bits=8), _wav(samples, fmt=20), _wav(samples, channels=0),
                _wav(samples, tags=(b"RIFX", b"WAVE", b"fmt ")), _wav(samples, tags=(b"RIFF", b"WAVX", b"fmt ")), _wav(samples, tags=(b"RIFF", b"WAVE", b"fmx "))):
        yield "DecodeWav", dict(contents=bad)
    x = np.float32([[0, .5], [-.5, 1], [-1, 2], [-2, 1e-5], [.25, .7]])
    yield "EncodeWav", dict(audio=x, sample_rate=np.int32(8000))
    yield "EncodeWav", dict(audio=x[:, :1], sample_rate=np.int32(44100))
    yield "EncodeWav", dict(audio=x[:0], sample_rate=np.int32(44100))
    yield "EncodeWav", dict(audio=x[:, :0], sample_rate=np.int32(44100))
    yield "EncodeWav", dict(audio=x, sample_rate=np.int32(0))
    yield "EncodeWav", dict(audio=x[0], sample_rate=np.int32(8000))


def nothing():
    """Transforms of no numbers to some: TensorFlow answers what memory holds, tensord zeros."""
    yield Like("RFFT", dict(input=arr("float32", 3, 0), fft_length=i32(4)), lambda: np.zeros([3, 3], "complex64"))
    yield Like("IRFFT", dict(input=arr("complex128", 3, 0), fft_length=i32(4), Treal="float64"), lambda: np.zeros([3, 4], "float64"))
    yield Like("RFFT2D", dict(input=arr("float64", 0, 5), fft_length=i32(2, 4), Tcomplex="complex128"), lambda: np.zeros([2, 3], "complex128"))


def cut():
    for shape, lengths, ax in (((4, 6), (3, 4), (1, 0)), ((2, 3, 5), (2, 2), (2, 0)), ((4, 3, 6), (2, 3, 3), (1, 2, 0))):
        x, y = arr("float64", *shape), arr("complex128", *shape)
        more = dict(fft_length=i32(*lengths), axes=i32(*ax))
        yield Like("RFFTND", dict(input=x, Tcomplex="complex128", **more), lambda: np.fft.rfftn(x, lengths, ax))
        yield Like("FFTND", dict(input=y, **more), lambda: np.fft.fftn(y, lengths, ax))
