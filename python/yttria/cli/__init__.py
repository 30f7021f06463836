"""The command `yttria`, which needs the extra `cli`; each subcommand names the further extra that it needs."""

from __future__ import annotations

import sys
from time import perf_counter

#: Start of the command on the clock of `perf_counter`.
STARTED = perf_counter()


def main() -> None:
    """Run the command line; without typer and rich, name the extra that brings them."""
    from .._foundation.extras import require
    from ..errors import MissingExtraError

    try:
        require("typer", "cli")
        require("rich", "cli")
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    from .app import app

    app()
