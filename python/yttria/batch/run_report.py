"""Progress of a run over a manifest, and the report on how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Counts:
    """Progress of a run: rows of its shard, by what became of them; `known` ones had a result before."""

    total: int = 0
    done: int = 0
    known: int = 0
    failed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def finished(self) -> int:
        """Number of rows about which there is nothing left to do."""
        return self.done + self.known + self.failed

    def as_dict(self, wall_s: float) -> dict[str, Any]:
        """Counts, rate in cases per second and time left in s, as plain data.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        rate = (self.done + self.failed) / wall_s if wall_s > 0 else 0.0
        counts = {name: getattr(self, name) for name in ("total", "done", "known", "failed")}
        left_s = (self.total - self.finished) / rate if rate > 0 else None
        return counts | {"rate_per_s": rate, "left_s": left_s, "wall_s": wall_s}


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """Report on a run that has ended.

    Parameters
    ----------
    state : str
        "complete" if every row of the shard has a result or is in quarantine; else "interrupted" or
        "too many failures".
    counts : Counts
        Numbers of cases.
    wall_s : float
        Duration in s.
    quarantined : int, optional
        Rows of the whole manifest without a result; None if the tables wait for other shards.
    """

    state: str
    counts: Counts
    wall_s: float
    quarantined: int | None

    @property
    def rate_per_s(self) -> float:
        """Cases dosed per second."""
        return self.counts.done / self.wall_s if self.wall_s > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.batch.run_manifest`.
        """
        counts = self.counts.as_dict(self.wall_s)
        return {"state": self.state} | counts | {"quarantined": self.quarantined, "seconds": self.counts.seconds}
