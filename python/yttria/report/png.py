"""Small pictures of doses as PNG, without a drawing library."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

#: Ten evenly spaced colors of matplotlib's colormap "inferno", dark to light, which color-blind readers and gray prints
#: keep.
INFERNO = (
    "#000004",
    "#1b0c41",
    "#4a0c6b",
    "#781c6d",
    "#a52c60",
    "#cf4446",
    "#ed6925",
    "#fb9b06",
    "#f7d13d",
    "#fcffa4",
)
_NODES = np.array([[int(color[n : n + 2], 16) for n in (1, 3, 5)] for color in INFERNO], float)
#: Share of the scale over which the dose fades in over a background, and its final opacity.
_FADE_FRACTION, _OPACITY = 0.1, 0.75


def dose_pixels(
    dose_gy: NDArray[np.floating], top_gy: float, gray: NDArray[np.floating] | None = None
) -> NDArray[np.uint8]:
    """Color a plane of doses from 0 to `top_gy`, over a gray background of values in [0, 1] if there is one.

    The result is an array of shape (rows, columns, 3).
    """
    share = np.clip(np.nan_to_num(np.asarray(dose_gy, float)) / top_gy, 0.0, 1.0)
    at = share * (len(_NODES) - 1)
    low = np.minimum(at.astype(int), len(_NODES) - 2)
    part = (at - low)[..., np.newaxis]
    color = _NODES[low] * (1.0 - part) + _NODES[low + 1] * part
    if gray is not None:
        opacity = (_OPACITY * np.clip(share / _FADE_FRACTION, 0.0, 1.0))[..., np.newaxis]
        color = opacity * color + (1.0 - opacity) * 255.0 * np.clip(gray, 0.0, 1.0)[..., np.newaxis]
    found: NDArray[np.uint8] = np.rint(color).astype(np.uint8)
    return found


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a picture of shape (rows, columns, 3), red, green and blue, as the bytes of a PNG file."""
    rows, columns, _ = pixels.shape
    # Each row begins with the number of its filter, 0 for none.
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def data_uri(content: bytes) -> str:
    """Return a data address that holds the PNG itself."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
