"""Libraries for convolution, each as fast as its interface allows; called by `side_by_side.py`.

Each function takes the map's shape, the kernel, the element type and the threads, and returns a function of a map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: Libraries whose plan and kernel spectrum are made beforehand.
WITH_A_PLAN = ("pyfftw", "ducc0", "scipy.fft")


def _padded(shape: tuple[int, ...], kernel: np.ndarray, dtype: Any) -> tuple[tuple[int, ...], np.ndarray, Any]:
    """A fast size that keeps the periodic images out of the result, the kernel centered at the origin, and the crop."""
    from scipy.fft import next_fast_len

    half = [n // 2 for n in kernel.shape]
    size = tuple(next_fast_len(n + h, real=True) for n, h in zip(shape, half, strict=True))
    centred = np.zeros(size, dtype)
    centred[tuple(slice(0, n) for n in kernel.shape)] = kernel
    return size, np.roll(centred, [-h for h in half], (0, 1, 2)), tuple(slice(0, n) for n in shape)


def pyfftw(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import pyfftw as fftw

    size, centred, crop = _padded(shape, kernel, dtype)
    complex_dtype = np.result_type(dtype, np.complex64)
    a = fftw.zeros_aligned(size, dtype)
    b = fftw.zeros_aligned((*size[:2], size[2] // 2 + 1), complex_dtype)
    options = {"axes": (0, 1, 2), "threads": threads, "flags": ("FFTW_MEASURE",), "planning_timelimit": 10.0}
    forward = fftw.FFTW(a, b, direction="FFTW_FORWARD", **options)
    inverse = fftw.FFTW(b, a, direction="FFTW_BACKWARD", **options)
    a[...] = centred
    forward()
    spectrum = b / np.prod(size).astype(dtype)

    def run(array: np.ndarray) -> np.ndarray:
        a[crop] = array
        a[shape[0] :] = 0
        a[:, shape[1] :] = 0
        a[:, :, shape[2] :] = 0
        forward.execute()
        np.multiply(b, spectrum, out=b)
        inverse.execute()
        return a[crop]

    return run


def ducc0(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from ducc0 import fft

    size, centred, crop = _padded(shape, kernel, dtype)
    spectrum = fft.r2c(centred, nthreads=threads)
    padded = np.zeros(size, dtype)
    transformed, back = np.empty_like(spectrum), np.empty_like(padded)

    def run(array: np.ndarray) -> np.ndarray:
        padded[crop] = array
        fft.r2c(padded, nthreads=threads, out=transformed)
        np.multiply(transformed, spectrum, out=transformed)
        fft.c2r(transformed, lastsize=size[2], forward=False, inorm=2, nthreads=threads, out=back)
        return back[crop]

    return run


def scipy_fft(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from scipy import fft

    size, centred, crop = _padded(shape, kernel, dtype)
    spectrum = fft.rfftn(centred, workers=threads)

    def run(array: np.ndarray) -> np.ndarray:
        transformed = fft.rfftn(array, size, workers=threads)
        transformed *= spectrum
        return fft.irfftn(transformed, size, workers=threads, overwrite_x=True)[crop]

    return run


def fftconvolve(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from scipy.signal import fftconvolve

    k = kernel.astype(dtype)
    return lambda array: fftconvolve(array, k, mode="same")


def simple_itk(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    k = sitk.GetImageFromArray(kernel.astype(dtype))

    def run(array: np.ndarray) -> np.ndarray:
        image = sitk.GetImageFromArray(array)
        done = sitk.FFTConvolution(
            image, k, False, sitk.FFTConvolutionImageFilter.ZERO_PAD, sitk.FFTConvolutionImageFilter.SAME
        )
        return sitk.GetArrayFromImage(done)

    return run


def torch_conv3d(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import torch

    torch.set_num_threads(threads)
    k = torch.from_numpy(kernel.astype(dtype))[None, None]
    half = [n // 2 for n in kernel.shape]

    def run(array: np.ndarray) -> np.ndarray:
        return torch.nn.functional.conv3d(torch.from_numpy(array)[None, None], k, padding=half)[0, 0].numpy()

    return run


PEERS: dict[str, Callable[..., Any]] = {
    "pyfftw": pyfftw,
    "ducc0": ducc0,
    "scipy.fft": scipy_fft,
    "scipy.signal fftconvolve": fftconvolve,
    "SimpleITK FFTConvolution": simple_itk,
    "torch conv3d": torch_conv3d,
}
# A call of more than a minute is not timed.
SLOW = {"torch conv3d": 13**3 * 128**3, "SimpleITK FFTConvolution": 256**3 * 13**3}
