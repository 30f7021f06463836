"""State of a Monte Carlo run in a file: the same bits after it, and files that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, DoseResult, Image, MonteCarloRun, Structure, dose_image
from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UndefinedError
from yttria.voxel import MonteCarloProgress

SHAPE, SIZE_MM = (5, 6, 7), (3.0, 4.0, 5.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
ACTIVITY = np.random.default_rng(4).gamma(1.0, 1.0, SHAPE)
DENSITY = np.full(SHAPE, 1.05)
BOX = np.arange(SHAPE[0])[:, None, None] * np.ones(SHAPE) >= 3


def _run(**changed: Any) -> MonteCarloRun:
    given: dict[str, Any] = {
        "activity_mbq_per_ml": ACTIVITY,
        "density_g_per_ml": DENSITY,
        "voxel_size_mm": SIZE_MM,
        "structures": {"box": BOX},
        "histories_per_batch": 100,
        "seed": 9,
        "medium": "liver",
    }
    return MonteCarloRun(**(given | changed))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    run = _run(threads=1)
    run.advance(4)
    run.save(tmp_path / "state.npz")
    return tmp_path / "state.npz"


def test_a_run_that_was_saved_and_resumed_has_the_same_bits(state: Path) -> None:
    whole = _run(threads=2)
    whole.advance(9)
    later = _run(threads=2)
    later.resume(state)
    assert later.batches == 4
    later.advance(5)
    one, other = whole.result(), later.result()
    np.testing.assert_array_equal(one.dose_gy, other.dose_gy)
    np.testing.assert_array_equal(one.uncertainty_gy, other.uncertainty_gy)
    assert one.structures == other.structures
    assert (one.emitted_mev, one.deposited_mev, one.escaped_mev) == (
        other.emitted_mev,
        other.deposited_mev,
        other.escaped_mev,
    )


@pytest.mark.claim("monte_carlo_state")
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"activity_mbq_per_ml": ACTIVITY * (1 + 1e-15)}, "activity"),
        ({"density_g_per_ml": DENSITY * 1.001}, "density"),
        ({"voxel_size_mm": (3.0, 4.0, 5.001)}, "voxel size"),
        ({"seed": 10}, "seed"),
        ({"histories_per_batch": 101}, "histories per batch"),
        ({"structures": {"box": ~BOX}}, "structures"),
        ({"structures": None}, "structures"),
        ({"medium": "water"}, "names of media"),
    ],
)
def test_the_state_of_another_run_is_refused_by_name(state: Path, changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ArgumentError, match=f"state of another Monte Carlo run, which differs in {named}:"):
        _run(**changed).resume(state)


def test_names_of_structures_and_threads_may_change(state: Path) -> None:
    run = _run(structures={"another name": BOX}, threads=3)
    run.resume(state)
    assert run.batches == 4


def test_a_run_that_has_begun_is_not_resumed(state: Path) -> None:
    run = _run()
    run.advance(1)
    with pytest.raises(UndefinedError, match="batches of its own"):
        run.resume(state)


@pytest.mark.claim("monte_carlo_state")
def test_every_lost_or_changed_byte_of_a_state_is_detected(state: Path, tmp_path: Path) -> None:
    content = state.read_bytes()
    broken = tmp_path / "broken.npz"
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        broken.write_bytes(content[:length])
        with pytest.raises(FileFormatError, match="must be the state of a Monte Carlo run"):
            _run().resume(broken)
    data = bytearray(content)
    where = content.index(b"sums.npy") + 300
    data[where] ^= 1
    broken.write_bytes(data)
    with pytest.raises(FileFormatError, match="damaged"):
        _run().resume(broken)
    for other in (b"no archive", b"\x93NUMPY\x01\x00"):
        broken.write_bytes(other)
        with pytest.raises(FileFormatError, match="damaged"):
            _run().resume(broken)
    with pytest.raises(FileNotFoundError):
        _run().resume(tmp_path / "nothing.npz")


@pytest.mark.claim("monte_carlo_state")
@pytest.mark.parametrize(
    ("name", "values", "error"),
    [
        ("sums", np.full((10, *SHAPE), np.nan), OutOfRangeError),
        ("sums", np.full((10, *SHAPE), -1.0), OutOfRangeError),
        ("sums", np.zeros((10, 5, 6, 6)), FileFormatError),
        ("sums", np.zeros((2, *SHAPE)), FileFormatError),
        ("sums", np.zeros((10, *SHAPE), np.float32), FileFormatError),
        ("energy_mev", np.array([np.inf, 0.0]), OutOfRangeError),
        ("structures", np.zeros((2, 2)), FileFormatError),
        ("head", np.frombuffer(b"[]", np.uint8), FileFormatError),
        ("head", np.frombuffer(b"{}", np.uint8), FileFormatError),
        ("sums", np.array([{}], object), FileFormatError),
    ],
)
def test_sums_that_no_run_has_are_refused(
    state: Path, tmp_path: Path, name: str, values: Any, error: type[Exception]
) -> None:
    with np.load(state) as file:
        arrays = dict(file)
    np.savez(tmp_path / "made.npz", **(arrays | {name: values}))
    with pytest.raises(error):
        _run().resume(tmp_path / "made.npz")


def test_a_file_that_cannot_be_written_leaves_the_old_one(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    run = _run()
    run.advance(2)
    with pytest.raises(OSError, match="No space"):
        run.save(state)
    assert state.read_bytes() == before
    assert [path.name for path in state.parent.iterdir()] == ["state.npz"]


def _dose(**options: Any) -> DoseResult:
    return dose_image(
        Image(ACTIVITY, AFFINE, "MBq/mL"),
        scaling=AbsoluteScaling(scan_delay_h=0.0),
        method="monte_carlo",
        density=Image(DENSITY, AFFINE, "g/mL"),
        structures=[Structure("Box", BOX, AFFINE)],
        histories=5000,
        **options,
    )


def _stop_after(histories: int) -> Any:
    def stop(run: MonteCarloProgress) -> None:
        if run.histories >= histories:
            raise KeyboardInterrupt

    return stop


def test_an_interrupted_dose_image_continues_from_its_state_file(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    with pytest.raises(KeyboardInterrupt):
        _dose(state_file=path, progress=_stop_after(2000))
    again: list[int] = []
    resumed = _dose(state_file=path, progress=lambda run: again.append(run.histories))
    assert again[0] > 2000
    whole = _dose()
    np.testing.assert_array_equal(resumed.image.array, whole.image.array)
    assert resumed.uncertainty is not None
    assert whole.uncertainty is not None
    np.testing.assert_array_equal(resumed.uncertainty.array, whole.uncertainty.array)
    box = [Structure("Box", BOX, AFFINE)]
    assert resumed.table(box) == whole.table(box)
    assert resumed.provenance == whole.provenance
    assert resumed.advisories == whole.advisories


def test_ctrl_c_may_end_a_dose_image_with_the_dose_so_far() -> None:
    result = _dose(on_interrupt="keep", progress=_stop_after(2000))
    terms = result.provenance.monte_carlo
    assert terms is not None
    assert 2000 <= terms["histories"] < 5000
    assert not terms["stop_reached"]
    (told,) = (each for each in result.advisories if each.code == "monte_carlo_stopped")
    assert f"stopped after {terms['histories']} histories, before 5000 histories" in told.message
    with pytest.raises(KeyboardInterrupt):
        _dose(on_interrupt="keep", progress=_stop_after(0), threads=1)


def test_a_folder_that_does_not_exist_is_refused_before_the_run(tmp_path: Path) -> None:
    seen: list[MonteCarloProgress] = []
    with pytest.raises(FileNotFoundError, match="folder for the state of the run does not exist"):
        _dose(state_file=tmp_path / "nowhere" / "state.npz", progress=seen.append)
    assert not seen


def test_a_state_file_of_other_inputs_stops_before_a_history_is_simulated(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    _dose(state_file=path, seed=1)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match="differs in seed"):
        _dose(state_file=path, seed=2)
    assert path.read_bytes() == before
