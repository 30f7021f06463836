"""Warnings as data: a result carries what a reader of its number must know."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Advisory:
    """Something a reader of a result must know, in a form a program can act on.

    `code` is stable and machine-readable; `message` is one plain sentence. `value` is what was found and `limit` what
    it was held against, both in the unit that the message names; `source` says where the limit comes from.
    """

    code: str
    message: str
    value: float | None = None
    limit: float | None = None
    source: str = ""

    def as_dict(self) -> dict[str, str | float | None]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)
