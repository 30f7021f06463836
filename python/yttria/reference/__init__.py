"""Every formula as its definition, in plain NumPy: slow, short, and meant to be read.

Nothing here imports the compiled core or shares code with it. Tests hold the core against these functions; use them
to understand a number, or to check another implementation.
"""

from __future__ import annotations
