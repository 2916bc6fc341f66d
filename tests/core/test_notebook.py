"""What a notebook shows: HTML that is well formed, safe, small, and carries nothing from elsewhere."""

import functools
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import keras
import numpy as np
import pandas as pd
import pytest

import lossary as ls
from lossary.core import catalogue, notebook
from lossary.core.errors import LossaryError
from lossary.core.loss import CLASSES
from lossary.training.history import History

HOSTILE = "<img src=x onerror=alert(1)>&`<b>`"
Y, P = np.float32([[3], [1], [4], [2]]), np.float32([[9], [1.5], [4.2], [2]])


def history(epochs=30):
    found = History("val_target")
    for epoch in range(1, epochs + 1):
        found.add(epoch, {"loss": 1 / epoch, "val_loss": np.nan if epoch == 2 else 2 / epoch, HOSTILE: 0.5}, 0.01)
    return found


def distance(y_pred, to):
    """How far <b> it is."""
    return keras.ops.mean(keras.ops.abs(y_pred - to), axis=-1)


@functools.cache
def compared():
    table = {HOSTILE: [1.0, 2.0, 3.0, 4.0, 7.0], "kind": ["<i>", "b", "b", "<i>", "b"], "y": [1.0, 2.0, 4.0, 3.0, 9.0]}
    return ls.compare(table, "y", loss="mse,mae")


SHOWN = {
    "loss": lambda: ls.Huber(delta=2.0, name=HOSTILE),
    "usual": ls.Huber,
    "sum": lambda: 0.5 * ls.Huber(name=HOSTILE) + ls.LogCosh(),
    "outputs": lambda: ls.MultiLoss({HOSTILE: ls.Huber(), "kind": 0.5 * ls.SparseCategoricalCrossentropy()}),
    "learned": lambda: ls.UncertaintyWeighted([ls.Huber(name=HOSTILE), ls.LogCosh()]),
    "term": lambda: ls.Term(distance, name=HOSTILE, to=ls.Hidden(HOSTILE)),
    "schedule": lambda: ls.CosineSchedule(1.0, 0.0, steps=100),
    "steps": lambda: ls.StepSchedule([1.0, 0.5], boundaries=[100]),
    "own schedule": lambda: ls.Schedule(lambda step: 1 / (1 + step)),
    "dial": lambda: ls.Dial(0.5),
    "linear fit": lambda: ls.fit_linear(pd.DataFrame({HOSTILE: [1.0, 2.0, 4.0]}), [1.0, 2.0, 3.0], l2=0.1),
    "comparison": lambda: compared(),
    "kept fit": lambda: compared().fit(),
    "predictions": lambda: compared().fit().predictions({HOSTILE: [1.0, None], "kind": ["<i>", "b"]}),
    "part": lambda: ls.card("GradNorm"),
    "card": lambda: ls.card("huber"),
    "findings": lambda: ls.check(ls.BinaryCrossentropy(), np.float32([[1], [0]]), np.float32([[2.3], [-1.2]])),
    "finding": lambda: ls.Finding(HOSTILE, "L000", "ERROR", HOSTILE, HOSTILE, HOSTILE, output=HOSTILE),
    "nothing": lambda: ls.check(ls.Huber(), Y, P),
    "explanation": lambda: ls.explain(ls.Huber(name=HOSTILE), Y, P, sample_weight=[1, 2, 0.5, 1]),
    "diagnosis": lambda: ls.diagnose(lambda y, p: keras.ops.log(p - 1.5), Y, P),
    "all well": lambda: ls.diagnose(ls.Huber(), Y, P),
    "history": history,
    "no epoch": lambda: history(0),
    "figure": lambda: ls.draw(["mse", "huber"], title=HOSTILE),
    "figure that adapts": lambda: ls.draw(["mse", "huber"], theme="auto"),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_what_is_shown_is_safe_and_well_formed(shown):
    html = shown()._repr_html_()
    for element in ET.fromstring(f"<r xmlns:xlink='x'>{html}</r>").iter():
        tag = element.tag.rpartition("}")[2]
        assert tag not in ("img", "script", "link", "iframe", "object", "b") or (tag == "b" and not element.attrib), tag
        names = {name.rpartition("}")[2] for name in element.attrib}
        assert not any(name.startswith("on") or name == "src" for name in names)
        links = [value for name, value in element.attrib.items() if name.endswith("href")]
        assert all(link.startswith("#") for link in links)
        assert tag != "style" or "*{" not in element.text  # rules for figures alone, not for the whole notebook
    assert "@import" not in html and "url(http" not in html
    assert len(html) < 60_000 and "max-width" in html


def test_every_card_and_loss_is_shown():
    for function, card in catalogue.built_in().items():
        for html in (card._repr_html_(), ls.get(function)._repr_html_()):
            assert ET.fromstring(html).tag == "div" and card.name in html and len(html) < 20_000


def test_numbers_of_the_text_stand_in_the_tables():
    told = ls.explain("huber", Y, P, sample_weight=[1, 2, 0.5, 1])
    cells = {"".join(cell.itertext()) for cell in ET.fromstring(told._repr_html_()).iter("td")}
    lines = str(told).splitlines()
    start = lines.index("Rows with the highest loss") + 2
    assert {word for line in lines[start : start + 3] for word in line.split()} <= cells
    found = ls.check(ls.BinaryCrossentropy(), np.float32([[1], [0]]), np.float32([[2.3], [-1.2]]))
    shown = "".join(ET.fromstring(found._repr_html_()).itertext())
    assert found.summary() in shown and found[0].message in shown and found[0].do in shown


def test_a_long_history_is_cut_in_the_middle():
    shown = ET.fromstring(history(400)._repr_html_())
    rows = [["".join(cell.itertext()) for cell in row] for row in shown.iter("tr")]
    assert len(rows) == notebook.SHOWN + 1 and rows[-1][0] == "400" and "389 more" in rows[-4][0]
    assert [row[0] for row in rows[1:9]] == [str(n) for n in range(1, 9)]


def test_figures_have_ids_of_their_own():
    def ids(figure):
        return {e.get("id") for e in ET.fromstring(figure._repr_html_()).iter() if e.get("id")}

    one, other = ids(ls.draw(["mse"])), ids(ls.draw(["huber"]))
    assert one and other and not one & other
    assert "prefers-color-scheme" in ls.draw(["mse"], theme="auto")._repr_html_()


@pytest.mark.backendless
def test_showing_loads_no_matplotlib():
    code = """
import sys, lossary as ls
from lossary.training.history import History
h = History()
h.add(1, {"loss": 1.0}, 0.1)
h.add(2, {"loss": 0.5}, 0.1)
shown = [ls.Huber(), ls.card("huber"), h, ls.check(ls.Huber(), [[1.0]], [[2.0]])]
for name in [name for name in sys.modules if name.startswith("matplotlib")]:  # Keras has loaded it
    del sys.modules[name]
[one._repr_html_() for one in shown]
print(any(name.startswith("matplotlib") for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- a misspelt parameter is one sentence --------------------------------------------------------------------------

MISSPELT = [
    (cls, name) for cls in CLASSES.values() if cls.__module__.startswith("lossary.families.") for name in cls.params
]


@pytest.mark.backendless
@pytest.mark.parametrize(("cls", "name"), MISSPELT, ids=lambda part: getattr(part, "__name__", part))
def test_a_misspelt_parameter_is_one_sentence(cls, name):
    wrong = {f"{name}s" if len(name) < 3 else name[:1] + name[2:]: 1}
    if len(name) < 2 or set(wrong) & set(cls.signature.parameters):
        return
    with pytest.raises(LossaryError, match=f"Did you mean {name}\\?") as caught:
        cls(**wrong)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.backendless
def test_a_notebook_shows_ones_own_line_and_the_sentence():
    with pytest.raises(ls.ParameterError) as caught:
        ls.Huber(detla=1.0)
    own, said = caught.value._render_traceback_()
    assert re.fullmatch(r"test_notebook.py, line \d+: ls.Huber\(detla=1.0\)", own)
    assert said.startswith("ParameterError: ") and said.endswith("Did you mean delta?")
    with pytest.raises(ls.UnknownLossError) as caught:
        exec(compile("import lossary as ls\n\nls.get('hubber')", "<cell>", "exec"))
    assert caught.value._render_traceback_()[0].startswith("line 3")
    assert ls.LossaryError("asked")._render_traceback_() == ["LossaryError: asked"]


@pytest.mark.backendless
def test_wherever_a_parameter_is_misspelt_the_near_one_is_named():
    calls = [
        (lambda: ls.huber([1.0], [2.0], dleta=2), "delta"),
        (lambda: ls.get("huber", dleta=2), "delta"),
        (lambda: ls.get("torch.nn.SmoothL1Loss", bta=2), "beta"),
        (lambda: ls.Huber(reducton="sum"), "reduction"),
    ]
    for call, name in calls:
        with pytest.raises(LossaryError, match=rf"Did you mean {name}\?"):
            call()
    with pytest.raises(LossaryError, match="Pass the arguments by name"):
        ls.Huber(zzz=1)
    with pytest.raises(LossaryError) as caught:
        ls.Huber(delta=-1)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_words_of_a_formula_have_their_indices_below_the_line():
    words = notebook.raised("c_1 = (k_1 L)², e^(s_c - 1), (a + b)^p, y_pred, log_zero and n_t of y_true")
    tags = r"</?su[bp]>"
    assert re.findall(r"<su[bp]>", words) == ["<sub>", "<sub>", "<sup>", "<sub>", "<sup>", "<sub>"]
    assert re.sub(tags, "", words) == "c1 = (k1 L)², esc - 1, (a + b)p, y_pred, log_zero and nt of y_true"
