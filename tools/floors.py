"""Install the lowest declared version of every dependency, and run the main commands with them.

`make floors` builds a wheel and calls this. uv resolves the lowest versions. The oldest Python that `requires-python`
allows is used if it is installed, else the running one. A failure shows a wrong lowest version in pyproject.toml.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv-floors"
DEMO = "out/demo"
DOSE = [f"{DEMO}/activity.nrrd", "-s", f"{DEMO}/structures.seg.nrrd", "--scan-delay-h", "20"]
COMMANDS = (
    ["--version"],
    ["demo", "--out", DEMO],
    ["dose", *DOSE, "--method", "voxel-s-values", "--dvh", "parquet", "--limits", "EANM2022", "-o", "out/dose"],
    ["compare", f"{DEMO}/dose.nrrd", "out/dose/dose.nrrd", "-o", "out/compare"],
    ["plan", "--example"],
    ["limits", "--device", "resin"],
    ["kernel", "3", "4.07", "4.07"],
    ["verify"],
)
#: Tests that exercise the extras; warnings of old versions about themselves are no failure.
TESTS = ["tests/io", "tests/cli", "tests/batch"]


def python() -> str:
    """Find the oldest Python that is allowed and installed, else this one."""
    lowest = re.search(r'requires-python = ">=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert lowest
    found = shutil.which(f"python{lowest[1]}")
    if found is None:
        return sys.executable
    # The file may be a shim of pyenv, which runs a version only if its number is given.
    told = os.environ | {"PYENV_VERSION": lowest[1]}
    asked = subprocess.run(
        [found, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, env=told, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else sys.executable


def declared(wheel: str) -> list[str]:
    """List every dependency that the wheel declares, without the extra that needs it."""
    with zipfile.ZipFile(wheel) as files:
        (name,) = (each for each in files.namelist() if each.endswith(".dist-info/METADATA"))
        lines = files.read(name).decode().split("\n\n", 1)[0].splitlines()
    found = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    plain = [re.sub(r"\s*(;|\band\b)\s*extra\s*==\s*['\"][^'\"]*['\"]", "", each) for each in found]
    return sorted({each for each in plain if not each.startswith("yttria")})


def main(wheel: str) -> None:
    """Install the wheel with the lowest versions, and run commands and tests away from the sources."""
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([python(), "-m", "venv", HOME], check=True)
    own = HOME / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(own)]
    # Packages named here are direct, and their lowest versions are used. Their dependencies are as new as they allow.
    subprocess.run([*uv, "--resolution", "lowest-direct", wheel, *declared(wheel)], check=True)
    subprocess.run([str(own), "-m", "pip", "list"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            print("yttria", *command, flush=True)
            subprocess.run([str(own), "-m", "yttria", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*uv, "pytest", "pytest-xdist", "hypothesis", "jsonschema", "SimpleITK"], check=True)
    pytest = [str(own), "-m", "pytest", "--quiet", "-o", "filterwarnings=default", "-p", "no:cacheprovider"]
    pytest += ["-n", "logical", "--maxprocesses", "8", "--dist", "loadfile"]
    subprocess.run([*pytest, *TESTS], cwd=ROOT, env=os.environ | {"CI": "true"}, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
