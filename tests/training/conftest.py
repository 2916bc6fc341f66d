"""Loops are compiled, and steps traced, however few they are: what is tested is small."""

import pytest


@pytest.fixture(autouse=True)
def _compiled_at_once(request, monkeypatch):
    if request.node.module.__name__.split(".")[-1].startswith("test_train"):
        from lossary.training import epochs

        monkeypatch.setattr(epochs.backend(), "MANY", 1, raising=False)
        monkeypatch.setattr(epochs.backend(), "XLA", (1, 1), raising=False)
        monkeypatch.setattr(epochs.backend(), "FEW", (0, 0))
        monkeypatch.setattr(epochs.backend(), "STREAM", (0, 0))
