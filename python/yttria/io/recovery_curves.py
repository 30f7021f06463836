"""Reader of recovery curves: parameters with their covariance, or recoveries of a phantom to be fitted."""

from __future__ import annotations

import os
from pathlib import Path

from ..advisory import Advisory
from ..errors import FileFormatError, YttriaError
from ..evaluation.recovery import RecoveryCurve
from ..evaluation.recovery_fit import recovery_curve_of
from .key_files import read_key_file


def read_recovery_curve(path: str | os.PathLike[str]) -> RecoveryCurve:
    """Read a recovery curve from a TOML or JSON file.

    Parameters
    ----------
    path : path
        A file of at most 1 MiB, JSON if it ends in `.json`, else TOML. It holds `b1_ml` and `b2`, and `covariance` (2 x
        2) if that is known. Instead it may hold `volumes_ml`, `recoveries` and `uncertainties` of a phantom, with
        `common_uncertainty` if all recoveries share one. The curve is then fitted to them. `source` and `system` are
        texts.

    Returns
    -------
    RecoveryCurve
        The curve. Its `source` is that of the file, or the file's name.

    Raises
    ------
    FileFormatError
        If the file is neither JSON nor TOML, or does not hold a curve.
    FileNotFoundError, MissingExtraError
        If there is no file, or TOML needs the extra `cli` (Python before 3.11).

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("curve.toml").write_text("b1_ml = 2.0\\nb2 = 0.8\\ncovariance = [[0.04, 0.0], [0.0, 0.01]]\\n")
    >>> read_recovery_curve("curve.toml").recovery(10.0) > 0.7
    True
    """
    return read_curve_file(Path(path))[0]


def read_curve_file(path: Path) -> tuple[RecoveryCurve, tuple[Advisory, ...]]:
    """Read a recovery curve and the advisories of its fit."""
    stated = read_key_file(path, "a recovery curve")
    try:
        return recovery_curve_of({"source": path.name} | stated)
    except YttriaError as error:
        raise FileFormatError(f"{path}: not a recovery curve: {error}") from error
