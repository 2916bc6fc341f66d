"""What the benchmark of speed times: lawful inputs for every loss, and peers that give the same value and gradient."""

from argparse import Namespace

import pytest

from benchmarks import speed_cases as sc
from benchmarks import speed_engines, speed_page, speed_passes
from benchmarks.losses import arguments, line, timed
from benchmarks.speed_engines import COMPILED, Engine
from tests.backends import BACKEND

ASKED = Namespace(rounds=1, threads=1, memory=False, passes=False)
SHAPE = (6, 4)
CASES = sc.cases([])


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch):
    monkeypatch.setattr(speed_engines, "LEAST", 0.0)


def measured(case, shape=SHAPE, mode=COMPILED):
    return timed(Engine(), case, shape, "float32", mode, ASKED)


@pytest.mark.skipif(BACKEND != "torch", reason="compilers take their time; the inputs are the same")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_loss_is_measured_and_its_peers_agree(case):
    record = measured(case)
    assert "refused" not in record and "left out" not in record


def test_every_loss_is_asked_for_at_some_shape():
    for cls in sc.losses():
        ways = [case for case in CASES if case.cls is cls]
        assert any(case.fits(shape) for case in ways for shape in sc.SHAPES)


@pytest.mark.parametrize("name", sc.QUICK)
def test_the_usual_mode_has_ratios_to_every_library(name):
    (case,) = (case for case in CASES if case.cls.__name__ == name and not case.parameters and not case.weighted)
    record = measured(case)
    assert record["ratios"].keys() >= {"Keras"}
    assert "left out" not in record


def test_a_peer_with_another_gradient_is_left_out(monkeypatch):
    monkeypatch.setattr("benchmarks.peers.means", lambda case: {"other": lambda y, p: ((p - y) ** 2).mean() * 1.001})
    record = measured(sc.cases(["MeanSquaredError"])[0])
    assert not record["ratios"] and record["left out"].keys() == {"other"}
    assert "mse" in line(record)


@pytest.mark.backendless
def test_the_page_has_a_row_for_every_record():
    records = [
        {"loss": "Huber", "how": "", "shape": list(shape), "dtype": "float32", "mode": "eager", "seconds": 1e-3,
         "ratios": {"Keras": keras, "torch": 2.0}, "memory": {"lossary": 1.0, "Keras": 3.0}}
        for shape, keras in (((64, 10), 3.0), ((4096, 1000), 0.5))
    ]  # fmt: skip
    head = {"machine": {"processor": "a chip", "cores": 2, "device": "", "system": "Linux"}, "versions": {"keras": "3"}}
    text = speed_page.page(
        [{"backend": "torch", **head, "commands": ["python benchmarks/losses.py"], "records": records}]
    )
    assert "| Huber | 1 · Keras 3.00 · torch 2.00 | 1 · Keras 0.50 · torch 2.00 |" in text
    assert (
        "| torch | eager | 4,096 × 1,000 and larger | float32 | best | 0.50 | 1.05 | 1 of 1 | 0.50 | 0.7 | Huber |"
        in text
    )
    assert "| torch | eager | 64 × 10 | float32 | torch | 2.00 | 0.33 |" in text


@pytest.mark.backendless
def test_words_of_the_command():
    asked = arguments(
        ["--only", "BinaryCrossentropy(from_logits=True, label_smoothing=0.1),Huber", "--shapes", "64x10,9"]
    )
    assert asked.only == ["BinaryCrossentropy(from_logits=True, label_smoothing=0.1)", "Huber"]
    assert asked.shapes == [(64, 10), (9,)]


@pytest.mark.backendless
def test_passes_of_a_program():
    text = """HloModule m
%inside (p: f32[8,4]) -> f32[] {
  ROOT %r = f32[] reduce(f32[8,4] %p)
}

ENTRY %main (p.1: f32[8,4]) -> (f32[], f32[8,4]) {
  %p.1 = f32[8,4]{1,0} parameter(0)
  %rows = f32[8]{0} fusion(%p.1), kind=kLoop, calls=%inside
  %sum = f32[] fusion(%rows), kind=kInput, calls=%inside
  %slope = f32[8,4]{1,0} fusion(%p.1, %sum), kind=kLoop, calls=%inside
  ROOT %t = (f32[], f32[8,4]{1,0}) tuple(%sum, %slope)
}"""
    assert speed_passes.of_program(text, 32) == 2


@pytest.mark.skipif(BACKEND != "torch", reason="counts torch's operations")
def test_passes_of_torch():
    import torch

    x = torch.ones(8, 4)
    assert speed_passes.of_torch(torch, lambda: (x.reshape(4, 8) * 2).sum(0) + 1, 32) == 2
