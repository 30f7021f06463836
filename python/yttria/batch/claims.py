"""Who works on what: several runners may share a folder of results.

A claim is a file made with O_EXCL for a block of rows; a runner is a file that it touches while it lives. Claims save
work and decide nothing: a result is named by its key and written whole, so two runners that did the same case after all
have written the same bits, and the tables take them once.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: How often a runner touches its file, and after how long without that it counts as gone.
HEARTBEAT_S = 5.0
GONE_S = 60.0
#: Names of claims: the number of a block, with what is being written or put aside.
_CLAIM = re.compile(r"\d+(\.[\w-]+)?")


class Runner:
    """This runner's file: who it is, that it lives, and what it is doing."""

    def __init__(self, folder: Path) -> None:
        """Make the file, and keep touching it until `end`."""
        self.name = f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(4)}"
        self.path = folder / "runners" / f"{self.name}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._who = {"runner": self.name, "host": socket.gethostname(), "pid": os.getpid()}
        self.say({"state": "starting"})
        self.started = self.now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="yttria-heartbeat", daemon=True)
        self._thread.start()

    def say(self, status: dict[str, Any]) -> None:
        """Replace the status, for machines to read."""
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._who | status) + "\n", encoding="utf-8")
        temporary.replace(self.path)

    def others(self) -> list[Path]:
        """The files of other runners that live."""
        found = [path for path in self.path.parent.glob("*.json") if path != self.path]
        return [path for path in found if self._lives(path)]

    def lives(self, name: str) -> bool:
        """Whether the runner of that name is at work."""
        return name == self.name or self._lives(self.path.parent / f"{name}.json")

    def end(self) -> None:
        """Stop the heartbeat."""
        self._ended.set()
        self._thread.join()

    def _lives(self, path: Path) -> bool:
        try:
            status = json.loads(path.read_text(encoding="utf-8"))
            if status.get("state") not in ("starting", "running"):
                return False
            if status["host"] == self._who["host"] and not _is_alive(status["pid"]):
                return False
            # Either way: a runner that was killed under a clock of tomorrow must not live until then.
            return abs(self.now() - path.stat().st_mtime) < GONE_S
        except (OSError, ValueError, KeyError):
            return False

    def now(self) -> float:
        """The time by the clock of the file system, which all runners share."""
        self.path.touch()
        return self.path.stat().st_mtime

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            with suppress(OSError):
                self.path.touch()


class Claims:
    """The blocks of rows of one manifest that runners have taken."""

    def __init__(self, folder: Path, work: str, runner: Runner) -> None:
        """`work`: what the blocks are of, in letters that may stand in a file name."""
        self._folder = folder / "claims" / work
        self._folder.mkdir(parents=True, exist_ok=True)
        self._runner = runner

    def take(self, block: int, *, also_done: bool = False) -> bool:
        """Take a block. False where another runner has it, or (unless `also_done`) did it since this one began."""
        path = self._folder / str(block)
        for _ in range(2):
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(self._runner.name)
                return True
            except FileExistsError:
                if self._stands(path, also_done):
                    return False
                self._put_aside(path)
        return False

    def is_free(self, block: int) -> bool:
        """Whether nobody else is at work on a block."""
        path = self._folder / str(block)
        owner = self._owner(path)
        return owner is None or owner.endswith(" done") or not self._runner.lives(owner)

    def done(self, block: int) -> None:
        """Say that a block is done, so that nobody takes it up again meanwhile."""
        path = self._folder / str(block)
        temporary = self._folder / f"{block}.{self._runner.name}"
        temporary.write_text(f"{self._runner.name} done", encoding="utf-8")
        temporary.replace(path)

    def clear(self) -> None:
        """Remove the claims of this work, unless another runner is at work; whatever else lies there stays."""
        if self._runner.others():
            return
        with suppress(OSError):
            for path in self._folder.iterdir():
                if _CLAIM.fullmatch(path.name):
                    path.unlink(missing_ok=True)
            self._folder.rmdir()
            self._folder.parent.rmdir()

    def _owner(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except OSError:
            return None

    def _stands(self, path: Path, also_done: bool) -> bool:
        owner = self._owner(path)
        if not owner:
            # Just made, its name not yet in it; or gone again.
            with suppress(OSError):
                return abs(self._runner.now() - path.stat().st_mtime) < GONE_S
            return False
        if owner.endswith(" done"):
            if also_done:
                return False
            with suppress(OSError):
                return path.stat().st_mtime >= self._runner.started
            return False
        return self._runner.lives(owner)

    def _put_aside(self, path: Path) -> None:
        # Of two that try, one succeeds.
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with suppress(OSError):
            path.rename(aside)
            aside.unlink()


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there, signal 0 is no question but Ctrl-C
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OSError):
        return True
    return True
