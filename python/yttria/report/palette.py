"""Colors of structures that color-blind readers can distinguish, in pairs for white and for dark pictures."""

from __future__ import annotations

from typing import NamedTuple


class LineStyle(NamedTuple):
    """Line style of one structure: colors on white and on a dark picture, and dashes for prints in gray."""

    on_white: str
    on_dark: str
    dashes: str


#: Hues of Okabe and Ito, darkened until each has a contrast of 3 to 1 on white, and lightened for dark pictures.
_HUES = (
    ("#0072b2", "#56b4e9"),
    ("#c24e00", "#ffa64d"),
    ("#007a5e", "#2fd6a5"),
    ("#a3447b", "#eba6cd"),
    ("#806600", "#f0e442"),
    ("#444444", "#dddddd"),
    ("#a3201a", "#ff8f85"),
    ("#4b3fa7", "#b8adff"),
)
_DASHES = ("", "11 4", "4 3", "9 3 2 3")


def line_style(number: int) -> LineStyle:
    """Return the style of the n-th structure, from 0; the first eight differ in hue, and neighbors in their dashes."""
    hue = _HUES[number % len(_HUES)]
    return LineStyle(*hue, _DASHES[(number + number // len(_HUES)) % len(_DASHES)])
