"""`python -m yttria` is the command `yttria`."""

from .cli import main

if __name__ == "__main__":
    main()
