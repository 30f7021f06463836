"""The core in a browser: it builds for WebAssembly, and its doses are those of the installed package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import yttria
from conftest import ROOT
from yttria.errors import OutOfRangeError

TARGET = "wasm32-unknown-unknown"
SHAPE, VOXEL_SIZE_MM, DENSITY_G_PER_ML = (6, 8, 10), (3.0, 4.0, 4.5), 1.06
#: Prints the doses of its input, and the errors for a voxel that is too large and for a map that is too short.
PROGRAM = """
import { readFileSync } from "node:fs";
import { load } from %s;
const { module, activity, shape, voxel, density } = JSON.parse(readFileSync(0, "utf8"));
const dose = await load(readFileSync(module));
const refused = [];
try { dose(activity, shape, [3, 4, 400], density); } catch (error) { refused.push(error.message); }
try { dose(activity.slice(1), shape, voxel, density); } catch (error) { refused.push(error.message); }
console.log(JSON.stringify({ dose: [...dose(activity, shape, voxel, density)], refused }));
"""


@pytest.fixture(scope="module")
def module() -> Path:
    """The module as cargo builds it, without optimization, because the dose is small."""
    if shutil.which("cargo") is None or shutil.which("node") is None:
        pytest.skip("cargo and node are needed")
    root = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if not (Path(root.strip()) / "lib" / "rustlib" / TARGET).exists():
        pytest.skip(f"the target {TARGET} of Rust is not installed")
    quick = os.environ | {"CARGO_PROFILE_DEV_OPT_LEVEL": "0", "CARGO_PROFILE_DEV_DEBUG": "0"}
    command = ["cargo", "build", "--quiet", "--example", "webassembly", "--target", TARGET]
    subprocess.run(command, cwd=ROOT, env=quick, check=True)
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return folder / TARGET / "debug" / "examples" / "webassembly.wasm"


def test_doses_in_webassembly_are_those_of_the_package(module: Path) -> None:
    activity = np.random.default_rng(3).random(SHAPE)
    given = {
        "module": str(module),
        "activity": activity.ravel().tolist(),
        "shape": SHAPE,
        "voxel": VOXEL_SIZE_MM,
        "density": DENSITY_G_PER_ML,
    }
    program = PROGRAM % json.dumps((ROOT / "examples" / "webassembly.mjs").as_uri())
    command = ["node", "--input-type=module", "--eval", program]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    s_values = yttria.voxel_s_values(VOXEL_SIZE_MM, medium="liver", density_g_per_ml=DENSITY_G_PER_ML)
    expected = yttria.ConvolutionPlan(SHAPE, s_values.gy_per_mbq_per_ml(), np.float64).apply(activity)
    # Exponentials and logarithms are those of another library, so that the last bits differ.
    np.testing.assert_allclose(found["dose"], expected.ravel(), rtol=1e-12)
    with pytest.raises(OutOfRangeError) as refusal:
        yttria.voxel_s_values((3.0, 4.0, 400.0), medium="liver")
    assert found["refused"][0] == str(refusal.value)
    assert "479" in found["refused"][1]
