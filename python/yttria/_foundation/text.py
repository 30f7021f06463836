"""Texts of the user's files (names, identifiers, paths), made safe to show anywhere."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable

#: Categories of characters that move the cursor, hide text or change its direction: controls, formats, surrogates.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def plain(text: object) -> str:
    """Write a text on one line, with every character that a terminal or a page would act on spelled out.

    Parameters
    ----------
    text : object
        A name, an identifier or a path; any other object is converted by `str`.

    Returns
    -------
    str
        The same text, with control and format characters (escape sequences, line ends, changes of direction) as
        `\\x1b` or `\\u202e`.

    Examples
    --------
    >>> plain("Liver\\x1b[2J")
    'Liver\\\\x1b[2J'
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_spelled(c) if unicodedata.category(c) in _UNSEEN else c for c in shown)


def literal(text: str) -> str:
    """Prepare a text of the user's files for matplotlib, so that none of it becomes mathematics or hides a label."""
    shown = plain(text).replace("$", r"\$")
    # A label that begins with an underscore would be left out of a legend.
    return f" {shown}" if shown.startswith("_") else shown


def shown(value: str | float | int | None) -> str:
    """Show a number to four significant figures, with at least one decimal below 1000, or a text on one line."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, int) or value == 0.0 or not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(value)))
    if -3 <= magnitude <= 5:
        return f"{value:.{min(max(3 - magnitude, 0 if magnitude >= 3 else 1), 6)}f}"
    return f"{value:.3e}"


def shown_with_uncertainty(value: float | None, standard_uncertainty: float | None) -> str:
    """Show a number with its standard uncertainty, both rounded to two significant digits of the uncertainty.

    Parameters
    ----------
    value : float or None
        The number.
    standard_uncertainty : float or None
        In the same unit, at least 0. If it is None, the number is shown alone by `shown`.

    Returns
    -------
    str
        Such as "120.3 ± 4.1" or "12300 ± 1200".

    Examples
    --------
    >>> shown_with_uncertainty(120.345, 4.126), shown_with_uncertainty(12345.6, 1234.5)
    ('120.3 ± 4.1', '12300 ± 1200')
    """
    if value is None or not standard_uncertainty or not math.isfinite(value) or not math.isfinite(standard_uncertainty):
        return shown(value)
    return f"{rounded_to(value, standard_uncertainty)} ± {rounded_to(standard_uncertainty, standard_uncertainty)}"


def rounded_to(value: float, standard_uncertainty: float) -> str:
    """Round a finite number to two significant digits of its standard uncertainty, which must be above 0.

    Examples
    --------
    >>> rounded_to(120.345, 4.126), rounded_to(12345.6, 1234.5)
    ('120.3', '12300')
    """
    digits = 1 - math.floor(math.log10(float(f"{standard_uncertainty:.1e}")))
    return f"{round(value, digits):.{max(digits, 0)}f}"


def encodable(text: str) -> str:
    """Spell out lone surrogates, which UTF-8 cannot encode and file names of other encodings contain.

    Examples
    --------
    >>> encodable("Müller \\udcff")
    'Müller \\\\udcff'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def did_you_mean(text: object, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" with the most similar known text in any case, or "" if none is similar."""
    from difflib import get_close_matches

    by_fold = {each.casefold(): each for each in known}
    alike = get_close_matches(text.strip().casefold(), by_fold, 1) if isinstance(text, str) else []
    return f" (did you mean {by_fold[alike[0]]!r}?)" if alike else ""
