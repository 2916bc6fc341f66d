"""A saved model comes back with its loss in a fresh process, without custom_objects, whichever was imported first."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import array
from tests.laws.cases import CASES

LOAD = """
{imports}
import numpy as np
model = keras.models.load_model({path!r})
print(repr(model.loss))
print(model.evaluate(np.ones((4, 3)), np.full(4, 9.0), verbose=0))
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


@pytest.mark.parametrize(
    "imports", ["import lossary, keras", pytest.param("import keras, lossary", marks=pytest.mark.once)]
)
def test_a_fresh_process_finds_the_loss(tmp_path, imports):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", ls.Huber(delta=3.0))
    path = tmp_path / "model.keras"
    model.save(path)
    want = model.evaluate(np.ones((4, 3)), np.full(4, 9.0), verbose=0)
    shown, value = run(LOAD.format(imports=imports, path=str(path)))
    assert shown == "Huber(delta=3.0)"
    np.testing.assert_allclose(float(value), want, rtol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("imports", ["import lossary, keras", "import keras, lossary"])
def test_no_family_is_imported_before_it_is_needed(imports):
    """Beside Keras too: what `import lossary` costs does not grow with the number of losses."""
    (loaded,) = run(f"import sys; {imports}; print(*(m for m in sys.modules if m.startswith('lossary')))")
    assert set(loaded.split()) <= {
        "lossary",
        "lossary._registered",
        "lossary._saving",
        "lossary.core",
        "lossary.core.compiling",
        "lossary.numerics",
        "lossary.numerics.keras_private",
    }


@pytest.mark.once
@pytest.mark.parametrize("first", ["lossary.numerics.keras_private", "lossary.core.loss", "lossary.families.robust"])
def test_a_room_that_brings_keras_in_tells_it_of_all_losses(first):
    touch = "keras.saving.get_registered_object('lossary>LogCosh')()"
    code = f"""
import sys, {first}
keras = sys.modules["keras"]
print(repr({touch}))
keras.Sequential([keras.Input((3,))]).compile(loss={touch})
print("lossary.objective.attachment" in sys.modules)
"""
    shown, followed = run(code)
    assert (shown, followed) == ("LogCosh()", "True")


def test_functions_weights_and_h5(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    for suffix, loss in (
        (".keras", ls.huber),
        (".keras", [ls.Tversky(alpha=0.9, from_logits=True)]),
        (".h5", ls.Huber(delta=3.0)),
    ):
        model.compile("sgd", loss)
        path = str(tmp_path / f"model{suffix}")
        model.save(path)
        again = keras.models.load_model(path)
        x, y = np.ones((4, 3)), np.ones((4, 1))
        np.testing.assert_allclose(again.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0), rtol=1e-6)


BEFORE = json.loads(Path(__file__).with_name("saved_before.json").read_text(encoding="utf-8"))


@pytest.mark.once
@pytest.mark.parametrize("saved", [one for one in BEFORE if "value" in one], ids=lambda one: one["case"])
def test_a_loss_saved_before_places_moved_keeps_its_meaning(saved):
    """Files hold parameters by name. These are of the state before parameters were taken in Keras's order."""
    drawn = [case.draw(np.random.default_rng(5)) for case in CASES if str(case) == saved["case"]]
    (inputs,) = drawn or [map(np.array, saved["inputs"])]
    loss = keras.losses.deserialize(saved["config"])
    np.testing.assert_allclose(array(loss(*inputs)), saved["value"], rtol=1e-5)


def test_a_function_saved_before_is_read_as_its_class():
    """A root of row means was saved as a function; it is trained and measured as the root of the mean now."""
    model = keras.models.load_model(Path(__file__).with_name("saved_before.keras"))
    assert isinstance(model.loss, ls.RootMeanSquaredError)
    x, y = np.float32([[1], [2], [3]]), np.float32([[9], [0], [0]])
    logs = model.evaluate(x, y, verbose=0, return_dict=True, batch_size=2)
    want = np.sqrt(np.mean((model.predict(x, verbose=0) - y) ** 2))
    np.testing.assert_allclose(logs["root_mean_squared_error"], want, rtol=1e-5)


def test_a_target_saved_under_the_former_name_of_its_room_loads():
    """A loss layer, a term layer, a sum of two outputs, schedules, a term, learned weights, of the room `target`."""
    path = Path(__file__).with_name("objective_before.keras")
    with zipfile.ZipFile(path) as file:
        assert "lossary.target.layers" in file.read("config.json").decode()
    model = keras.models.load_model(path)
    x = np.linspace(-1, 1, 24).reshape(8, 3).astype("float32")
    y = x[:, :1] * 2
    logs = model.evaluate([x, y], [y, y], verbose=0, return_dict=True)
    assert {type(layer) for layer in model.layers} > {ls.LossLayer, ls.TermLayer}
    want = {
        "loss": 0.29664164781570435,
        "huber": 0.08776205778121948,
        "inside_loss_huber_delta": 1.7000000476837158,  # its schedule after two steps
        "inside_loss_huber_precision": 1.0563822984695435,  # learned
        "term_mean_absolute_error": 0.023249641060829163,
    }
    assert {name: logs[name] for name in want} == pytest.approx(want, rel=1e-5)
    if keras.backend.backend() == "torch":  # Keras's optimizer in the file is that of the backend it was saved on
        model.fit([x, y], [y, y], verbose=0)


@pytest.mark.once
def test_the_former_name_of_the_room_is_the_same_room():
    """Pickles and programs of before name it."""
    names = (
        "apart",
        "attachment",
        "layers",
        "learned",
        "routing",
        "sources",
        "term",
        "terms",
        "weights",
    )  # those of before
    code = """
import pickle
from lossary.target import LossLayer
import lossary.target, lossary.objective as room
print(lossary.target is room, LossLayer is room.LossLayer)
print(pickle.loads(b"clossary.target.term\\nTerm\\n.") is room.Term)
"""
    code += "".join(f"import lossary.target.{n}; print(lossary.target.{n} is room.{n})\n" for n in names)
    assert set(" ".join(run(code)).split()) == {"True"}


def test_the_error_without_lossary_leads_to_the_answer(tmp_path):
    """Keras's own text, of a process that has not imported lossary, stands in the documents beside what to do."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    root = Path(__file__).resolve().parents[2]
    page, readme = ((root / name).read_text(encoding="utf-8") for name in ("docs/errors.md", "README.md"))
    for loss, name in ((ls.Huber(), "Huber"), (ls.Huber() + ls.LogCosh(), "Sum")):
        model.compile("sgd", loss)
        model.save(tmp_path / "model.keras")
        with mock.patch("keras.src.saving.object_registration.GLOBAL_CUSTOM_OBJECTS", {}):
            with pytest.raises(TypeError, match=f"Could not locate class '{name}'") as refused:
                keras.saving.load_model(tmp_path / "model.keras")
            assert keras.saving.load_model(tmp_path / "model.keras", compile=False).count_params() == 4
        assert f"Could not locate class '{name}'" in page
    text = str(refused.value).partition(" Full object config")[0].partition("'. ")[2]
    assert text in page and "`import lossary` before" in page
    assert "Could not locate class 'Huber'" in " ".join(readme.split()) and "`import lossary` first" in readme
