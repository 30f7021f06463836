"""A labelmap that is stored as the box of its labels gives the masks and counts of the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from yttria.io.labelmap import Labelmap, label_counts, nonzero_box

SHAPES = st.tuples(*[st.integers(1, 5)] * 4)
LAYERS = SHAPES.flatmap(
    lambda shape: st.sampled_from([np.uint8, np.int16, np.uint32, np.float32]).flatmap(
        lambda dtype: arrays(dtype, shape, elements=st.sampled_from([0, 0, 0, 1, 2, 100]))
    )
)


@given(LAYERS, st.booleans())
def test_masks_and_counts_are_those_of_the_whole(layers: np.ndarray[Any, Any], interleaved: bool) -> None:
    if interleaved:
        layers = np.moveaxis(np.moveaxis(layers, 0, -1).copy(), -1, 0)
    labelmaps = Labelmap.layers_of(layers)
    for layer, labelmap in zip(layers, labelmaps, strict=True):
        for label in (1, 2, 100, 3):
            assert np.array_equal(labelmap.mask(label), layer == label)
        values, counts = np.unique(layer[layer != 0], return_counts=True)
        assert label_counts(Path("x"), labelmap.values) == dict(zip(values.tolist(), counts.tolist(), strict=True))


@given(LAYERS, st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=3))
def test_voxels_are_counted_within_any_box(layers: np.ndarray[Any, Any], ends: list[tuple[int, int]]) -> None:
    box = tuple(slice(low, high) for low, high in ends)
    labelmap = Labelmap.layers_of(layers)[0]
    assert labelmap.count_within(2, box) == np.count_nonzero(layers[0][box] == 2)


@given(LAYERS)
def test_the_box_of_a_labelmap_is_the_smallest(layers: np.ndarray[Any, Any]) -> None:
    box = nonzero_box(layers)
    held = (layers != 0).any(axis=0)
    for axis, along in enumerate(box):
        places = np.flatnonzero(held.any(axis=tuple(a for a in range(3) if a != axis)))
        assert (along.start, along.stop) == ((places[0], places[-1] + 1) if places.size else (0, 0))


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_an_empty_labelmap_has_an_empty_box(dtype: Any) -> None:
    (labelmap,) = Labelmap.layers_of(np.zeros((1, 3, 4, 5), dtype))
    assert labelmap.values.size == 0
    assert label_counts(Path("x"), labelmap.values) == {}
    assert not labelmap.mask(1).any()
