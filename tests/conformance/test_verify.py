"""The report can be filed, and a broken core never gets a report of success."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import yttria
from yttria import _core
from yttria.conformance import verification, verify
from yttria.conformance.verification import checks

pytest.importorskip("typer")
from typer.testing import CliRunner

from yttria.cli.app import app


@pytest.fixture(scope="module")
def report() -> verification.Verification:
    return verify()


def failures(found: verification.Verification) -> str:
    return "; ".join(f"{check.claim}: {check.measured}" for check in found.checks if not check.passed)


@pytest.mark.claim("verify_installed")
def test_every_check_passes_for_the_installed_core(report: verification.Verification) -> None:
    assert report.passed, failures(report)
    assert len(report.checks) >= 20
    assert all(check.margin <= 1.0 for check in report.checks)


def test_the_report_states_version_machine_and_its_own_hash(report: verification.Verification) -> None:
    text = report.text()
    for part in (yttria.__version__, report.when, report.instruction_set, report.core_sha256, report.numpy):
        assert part in text
    body, last = text.rsplit("\n", 2)[0] + "\n", text.splitlines()[-1]
    assert last.endswith(hashlib.sha256(body.encode()).hexdigest())
    assert "For research use only" in body
    data = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert hashlib.sha256(data["body"].encode()).hexdigest() == data["sha256"]


def verify_by(monkeypatch: pytest.MonkeyPatch, group: Callable[[], Iterable[verification.Check]]) -> str:
    """The failures of one group of checks, which must be there. The others would only take time."""
    monkeypatch.setattr(verification, "all_checks", lambda: (group,))
    found = verify()
    assert not found.passed
    return failures(found)


def scaled(factor: float, name: str) -> Any:
    original = getattr(_core, name)
    return lambda *arguments: factor * np.asarray(original(*arguments))[()]


@pytest.mark.claim("verify_installed")
@pytest.mark.parametrize(
    ("name", "factor", "group", "where"),
    [
        ("lung_dose_gy", 1 + 1e-6, checks.vectors, "published vectors"),
        ("bed_gy", 1.01, checks.agreement, "yttria.evaluation"),
    ],
    ids=["lung_dose_gy", "bed_gy"],
)
def test_a_core_with_wrong_doses_fails(
    monkeypatch: pytest.MonkeyPatch, name: str, factor: float, group: Any, where: str
) -> None:
    monkeypatch.setattr(_core, name, scaled(factor, name))
    assert where in verify_by(monkeypatch, group)


def test_a_wrong_kernel_fails_against_monte_carlo(monkeypatch: pytest.MonkeyPatch) -> None:
    original = _core._voxel_s_values

    def off(*arguments: Any) -> Any:
        values, *rest = original(*arguments)
        return (values * 1.002, *rest)

    monkeypatch.setattr(_core, "_voxel_s_values", off)
    assert "Monte Carlo" in verify_by(monkeypatch, checks.monte_carlo_tables)


@pytest.mark.claim("verify_installed")
def test_results_that_depend_on_threads_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    original = _core._local_deposition

    def off(activity: Any, density: Any, nuclide: Any, out: Any, threads: int | None) -> None:
        original(activity, density, nuclide, out, threads)
        if threads == 3:
            out.flat[-1] = np.nextafter(out.flat[-1], 1e9)

    monkeypatch.setattr(_core, "_local_deposition", off)
    assert "('float64', 3)" in verify_by(monkeypatch, checks.determinism)


@pytest.mark.claim("verify_installed")
def test_a_core_that_accepts_impossible_inputs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "body_surface_area_m2", lambda *_: 1.8)
    assert "not ['bsa-04']" in verify_by(monkeypatch, checks.refusals)


@pytest.mark.claim("verify_installed")
def test_a_core_that_raises_fails_and_the_rest_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> float:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(_core, "albi_score", broken)
    found = verify()
    assert "RuntimeError: no such instruction" in failures(found)
    assert any(check.passed and "Monte Carlo" in check.claim for check in found.checks)


def test_the_command_writes_the_report_and_fails_for_a_wrong_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, data = tmp_path / "report.txt", tmp_path / "report.json"
    done = CliRunner().invoke(app, ["verify", "--out", str(text)])
    assert done.exit_code == 0
    assert text.read_text() in done.output
    monkeypatch.setattr(_core, "lung_dose_gy", scaled(2.0, "lung_dose_gy"))
    monkeypatch.setattr(verification, "all_checks", lambda: (checks.vectors,))
    done = CliRunner().invoke(app, ["verify", "--json", "--out", str(data)])
    assert done.exit_code == 1
    assert json.loads(data.read_text()) == json.loads(done.stdout)
    assert not json.loads(done.stdout)["passed"]


@pytest.mark.claim("verify_installed")
def test_a_wrong_transport_fails_against_egsnrc(monkeypatch: pytest.MonkeyPatch) -> None:
    original = yttria.monte_carlo

    def off(*arguments: Any, **options: Any) -> yttria.MonteCarloDose:
        found = original(*arguments, **options)
        return replace(
            found,
            dose_gy=found.dose_gy * np.float32(1.03),
            structures={name: replace(each, mean_gy=1.03 * each.mean_gy) for name, each in found.structures.items()},
        )

    assert all(check.passed for check in checks.transport())
    for module in ("monte_carlo", "phantoms"):
        monkeypatch.setattr(f"yttria.conformance.{module}.monte_carlo", off)
    assert not any(check.passed for check in checks.transport())
