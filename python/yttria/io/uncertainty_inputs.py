"""Reader of stated uncertainties."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import FileFormatError, YttriaError
from ..evaluation import UncertaintyInputs
from .key_files import read_key_file


def read_uncertainty_inputs(path: str | os.PathLike[str]) -> UncertaintyInputs:
    """Read the stated uncertainties of the inputs of a dose from a TOML or JSON file.

    Parameters
    ----------
    path : path
        A file of at most 1 MiB, JSON if it ends in `.json`, else TOML. Its keys are the parameters of
        `UncertaintyInputs`, as `UncertaintyInputs.from_dict` takes them.

    Returns
    -------
    UncertaintyInputs
        The basis of each input is the file's name, if the file states no other.

    Raises
    ------
    FileFormatError
        If the file is neither JSON nor TOML, or one of its keys is unknown or has a wrong value.
    FileNotFoundError, MissingExtraError
        If there is no file, or TOML needs the extra `cli` (Python before 3.11).

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("uncertainty.toml").write_text("fwhm_mm = 6.5\\n[count_uncertainty]\\nTumor = 0.08\\n")
    >>> stated = read_uncertainty_inputs("uncertainty.toml")
    >>> stated.fwhm_mm, stated.basis_of("fwhm_mm")
    (6.5, 'uncertainty.toml')
    """
    path = Path(path)
    keys = read_key_file(path, "stated uncertainties")
    try:
        stated = UncertaintyInputs.from_dict(keys)
        names = [name for name in stated.names() if getattr(stated, name) is not None]
        return stated.replaced(basis=dict.fromkeys(names, path.name) | dict(stated.basis))
    except YttriaError as error:
        raise FileFormatError(f"{path}: not stated uncertainties: {error}") from error
