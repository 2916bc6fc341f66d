"""What libraries that are not among the development packages gave, and lossary's own numbers for the same."""

import json
from pathlib import Path

import numpy as np
import pytest

import lossary as ls
from lossary.core.elsewhere import home, peer_names, read
from tests.backends import array
from tests.laws.cases import LOSSES

TABLES = sorted((Path(__file__).parent / "frozen").glob("*.json"))


def records(file):
    return json.loads(file.read_text(encoding="utf-8"))[1:]


@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.stem)
def test_the_frozen_numbers_are_lossary_s(file):
    wrong = [said for record in records(file) for word in record["values"] if (said := compared(record, word))]
    assert not wrong, "\n".join(wrong)


def compared(record, word):
    """What differs; nothing where the numbers, and the shape but for axes of length 1, are the same."""
    given = record["given"] | ({"reduction": word} if word else {})
    want = np.squeeze(np.asarray(record["values"][word], "float64"))
    inputs = {name: np.asarray(value) for name, value in record["inputs"].items()}
    inputs = {name: x.astype("float32") if x.dtype.kind == "f" else x for name, x in inputs.items()}
    try:
        loss = ls.get(record["name"], **given)
    except ls.ParameterError as refused:  # a reduction without an equal
        return None if word and "reduction" in str(refused) else str(refused)
    got = np.squeeze(array(loss(**inputs)))
    if got.shape != want.shape or not np.allclose(got, want, rtol=3e-5, atol=3e-6):
        return f"{record['name']}({given}): {got.ravel()[:4]}, there {want.ravel()[:4]}; {got.shape}, {want.shape}"
    return None


@pytest.mark.backendless
def test_every_line_of_these_libraries_is_frozen():
    """With each parameter that has an equal away from its default once."""
    frozen = {file.stem: records(file) for file in TABLES}
    for cls in LOSSES:
        for place in cls.card().elsewhere:
            for name in peer_names(place):
                if home(name) in frozen:
                    given = [r["given"] for r in frozen[home(name)] if r["name"] == name and belongs(place, r["given"])]
                    assert given, f"make peers: {name} of {cls.__name__} is not in the table"
                    moved = {key for one in given for key, v in one.items() if v != read(place).theirs.get(key)}
                    assert read(place).used() <= moved, name


def belongs(place, given):
    return set(given) <= set(read(place).theirs) and not read(place).unequal(given)


@pytest.mark.backendless
def test_nothing_is_frozen_that_no_line_says():
    known = {name for cls in LOSSES for place in cls.card().elsewhere for name in peer_names(place)}
    assert {record["name"] for file in TABLES for record in records(file)} <= known
