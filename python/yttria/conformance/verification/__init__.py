"""Validation of an installed yttria by `verify()`, with a report that can be filed."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yttria._core as _core

from ..._core import __version__
from ..._foundation.provenance import RESEARCH_USE
from ...voxel import ConvolutionPlan
from .checks import Check, all_checks, holds

#: Sentences on what the hash of a report shows.
HASH_MEANING = (
    "The SHA-256 below finds lines that were changed by accident. It is no signature: it proves neither who made",
    "this report nor when. For that, keep the hash where others cannot write, or sign the file.",
)

__all__ = ["Check", "Verification", "verify"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Record of the checks, with machine and time.

    `sha256` is that of `body()`. It shows that the lines of a report have not changed since it was made. It does not
    show the author or the time, because the hash of changed lines can be computed as well.
    """

    when: str
    yttria_version: str
    core_sha256: str
    instruction_set: str
    machine: str
    processors: int
    python: str
    numpy: str
    checks: tuple[Check, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def sha256(self) -> str:
        """SHA-256 of the body in UTF-8."""
        return hashlib.sha256(self.body().encode()).hexdigest()

    def body(self) -> str:
        """Write the report without its hash.

        Returns
        -------
        str
            Plain text.

        Examples
        --------
        See `verify`.
        """
        failed = [check for check in self.checks if not check.passed]
        verdict = (
            f"{len(failed)} of {len(self.checks)} checks FAILED" if failed else f"all {len(self.checks)} checks passed"
        )
        head = [
            f"yttria {self.yttria_version}: verification of {self.when}",
            f"{verdict} in {self.seconds:.1f} s",
            "",
            f"machine          {self.machine}, {self.processors} processors, instruction set {self.instruction_set}",
            f"software         Python {self.python}, NumPy {self.numpy}",
            f"compiled core    SHA-256 {self.core_sha256}",
            "",
            "margin: measured over accepted; at most 1 passes.",
            "",
        ]
        rows = []
        for n, check in enumerate(self.checks, 1):
            rows += [
                f"{n:2d}  {'pass' if check.passed else 'FAIL'}  {check.claim}",
                f"          accepted: {check.acceptance}",
                f"          measured: {check.measured}   margin {check.margin:.2g}",
            ]
        return "\n".join([*head, *rows, "", *HASH_MEANING, "", RESEARCH_USE, ""])

    def text(self) -> str:
        """Write the report with the SHA-256 of its lines as the last one.

        Returns
        -------
        str
            The text. `head -n -1 FILE | sha256sum` reproduces the hash.

        Examples
        --------
        See `verify`.
        """
        return f"{self.body()}SHA-256 of the lines above: {self.sha256}\n"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON, with the hashed body.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.conformance.verify`.
        """
        found = asdict(self)
        found["checks"] = [
            {**check, "margin": None if check["margin"] == float("inf") else check["margin"]}
            for check in found["checks"]
        ]
        return found | {"passed": self.passed, "statement": RESEARCH_USE, "body": self.body(), "sha256": self.sha256}


def verify(*, progress: Callable[[str], None] | None = None) -> Verification:
    """Run the validation on this machine.

    Parameters
    ----------
    progress : callable, optional
        Called with the name of each group of checks before it runs.

    Returns
    -------
    Verification
        Every check with its result. A check that raises has failed, and the others still run.

    Notes
    -----
    The checks concern vectors, refusals, agreement with the reference, Monte Carlo, energy and determinism. They take
    some seconds and need no network and no package other than NumPy.

    Examples
    --------
    See `yttria.cli`. Its command `yttria verify` prints the text of the result after some seconds.
    """
    start = time.perf_counter()
    found: list[Check] = []
    for group in all_checks():
        if progress is not None:
            progress((group.__doc__ or "").split("\n")[0])
        try:
            found += group()
        except Exception as error:  # every error of a broken core belongs in the report
            name = group.__name__.replace("_", " ")
            found.append(holds(f"Checks of {name}", "they run", False, f"{type(error).__name__}: {error}"))
    return Verification(
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        yttria_version=__version__,
        core_sha256=hashlib.sha256(Path(str(_core.__file__)).read_bytes()).hexdigest(),
        instruction_set=ConvolutionPlan((1, 1, 1), [[[1.0]]]).instruction_set,
        machine=f"{platform.system()} {platform.machine()}, {_processor()}",
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        python=sys.version.split()[0],
        numpy=version("numpy"),
        checks=tuple(found),
        seconds=time.perf_counter() - start,
    )


def _processor() -> str:
    """Read the name of the processor if the system states it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "processor unknown"
