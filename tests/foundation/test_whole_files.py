"""Tests of whole files, and of the removal of incomplete files of killed writers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from yttria._foundation.whole_files import ABANDONED_S, atomic, remove_abandoned

DIES = """
import os, sys
from pathlib import Path
from yttria._foundation.whole_files import atomic
with atomic(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os._exit(9)
"""


def write_half(file: BinaryIO) -> None:
    file.write(b"half")
    raise OSError("full")


def test_a_file_appears_when_it_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic(path) as file:
        file.write(b"one")
        assert not path.exists()
    with pytest.raises(OSError, match="full"), atomic(path) as file:
        write_half(file)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.txt", b"one")]


@pytest.mark.skipif(os.name == "nt", reason="there, no process is asked whether it lives")
def test_only_files_that_no_process_will_finish_are_removed(tmp_path: Path) -> None:
    """Those of a dead process of this host go, and those of other hosts when they have not been touched for a day."""
    subprocess.run([sys.executable, "-c", DIES, tmp_path / "dead"])
    (dead,) = tmp_path.iterdir()
    host = dead.name.split(".")[-1].split("-")[0]
    other = ".map.nii.gz." + ("0" * 8 if host != "0" * 8 else "1" * 8)
    stays = [".hidden", "notes.txt", f"{other}-1-0123abcd", ".dead.0123-1-0123abcd"]
    for name in stays:
        (tmp_path / name).touch()
    old = tmp_path / f"{other}-2-0123abcd"
    for path in (old, tmp_path / ".hidden"):
        path.touch()
        os.utime(path, (time.time() - 1.1 * ABANDONED_S,) * 2)
    with atomic(tmp_path / "alive") as file:
        file.write(b"all")
        remove_abandoned(tmp_path.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {*stays, "alive"}
