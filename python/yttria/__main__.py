"""`python -m yttria` is the command `yttria`."""

from .cli import main

main()
