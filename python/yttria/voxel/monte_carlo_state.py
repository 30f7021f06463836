"""File of the state of a Monte Carlo run, written whole, and read only by a run with the same inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import __version__
from .._foundation.whole_files import atomic, remove_abandoned
from ..errors import ArgumentError, FileFormatError

#: First text of the file, which changes with its format.
_FORMAT = "yttria Monte Carlo state 2"


@dataclass(frozen=True, eq=False, kw_only=True)
class RunState:
    """Sums of a run so far.

    Parameters
    ----------
    batches : int
        Batches done.
    energy_mev : ndarray
        Energy released by decays, and energy that left the map.
    structures : ndarray
        Sums over the batches, shape (sums, structures).
    sums : ndarray
        Sums over the batches of each voxel, shape (sums, k, j, i).
    seconds : float
        Time spent on the histories.
    """

    batches: int
    energy_mev: NDArray[np.float64]
    structures: NDArray[np.float64]
    sums: NDArray[np.float64]
    seconds: float


def identity_of(arrays: Mapping[str, Sequence[NDArray[Any]]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity of a run: hash of the arrays, settings, version of yttria."""
    from hashlib import sha256

    found: dict[str, Any] = {"version of yttria": __version__, **settings}
    for name, several in arrays.items():
        content = sha256()
        for array in several:
            content.update(f"{array.dtype.str} {array.shape}".encode())
            content.update(np.ascontiguousarray(array).data)
        found[name] = content.hexdigest()
    return found


def write_state(path: Path, identity: Mapping[str, Any], state: RunState) -> None:
    """Write a state whole, or leave an earlier file unchanged."""
    head = json.dumps({"format": _FORMAT, "identity": identity, "batches": state.batches, "seconds": state.seconds})
    if path.parent.is_dir():
        remove_abandoned(path.parent.glob(f".{path.name}.*"))
    with atomic(path) as file:
        np.savez(
            file,
            head=np.frombuffer(head.encode(), np.uint8),
            energy_mev=state.energy_mev,
            structures=state.structures,
            sums=state.sums,
        )


def read_state(path: Path, identity: Mapping[str, Any], shape: tuple[int, ...], structures: int) -> RunState:
    """Read the state of a run of the same identity.

    `FileFormatError` is raised if the file is not a state or is damaged, `ArgumentError` if it is the state of another
    run, and `OSError` if it cannot be read.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            head = json.loads(bytes(file["head"]))
            if not isinstance(head, dict) or head["format"] != _FORMAT:
                raise ValueError("another format")
            differing = _differing(head["identity"], identity)
            state = RunState(
                batches=int(head["batches"]),
                seconds=float(head["seconds"]),
                **{name: file[name] for name in ("energy_mev", "structures", "sums")},
            )
    except _damaged() as error:
        raise FileFormatError(
            f"{path}: must be the state of a Monte Carlo run, but is another file or is damaged"
        ) from error
    if differing:
        raise ArgumentError(
            f"{path} is the state of another Monte Carlo run, which differs in {', '.join(differing)}: it cannot be "
            "continued with these inputs"
        )
    needed = {"energy_mev": (2,), "structures": (shape[0], structures), "sums": shape}
    for name, of_shape in needed.items():
        array = getattr(state, name)
        if array.shape != of_shape or array.dtype != np.float64:
            raise FileFormatError(f"{path}: '{name}' must be float64 of shape {list(of_shape)}, got {array.dtype}")
    if not 0 <= state.batches < 2**40:
        raise FileFormatError(f"{path}: the number of batches must be within [0, 2^40), got {state.batches}")
    return state


def _damaged() -> tuple[type[Exception], ...]:
    """Return the exceptions of a file that is not an .npz, is incomplete or is damaged."""
    import zipfile
    import zlib

    plain = (ValueError, TypeError, KeyError, AttributeError, EOFError, NotImplementedError, MemoryError)
    return (*plain, zipfile.BadZipFile, zlib.error)


def _differing(found: Mapping[str, Any], identity: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*found, *identity} if found.get(name) != identity.get(name))
