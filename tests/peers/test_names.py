"""Names and parameters as users of other libraries write them: their defaults, other spellings, scores."""

import importlib
import inspect
import re

import pytest

import lossary as ls
from lossary.core import catalogue
from lossary.core.elsewhere import home, read

INSTALLED = ("torch", "keras", "optax", "tf", "sklearn")
# read along another axis here, or what the lists of classes that were drawn come from
SHAPES = {"logits_time_major", "blank_index", "remove_accidental_hits", "div_value", "head_bias"}


def installed():
    """Each qualified name of an installed library, and what it is there."""
    for name in catalogue._places():
        if home(name) not in INSTALLED or ":" in name or "._loss." in name:
            continue
        found = importlib.import_module(home(name).replace("tf", "tensorflow"))
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        if callable(found):
            yield name, found


def test_a_default_of_the_library_may_be_written_out():
    """What a signature has as its default changes nothing when it is passed."""
    seen = 0
    for name, found in installed():
        try:
            given = inspect.signature(found).parameters.items()
        except ValueError:  # a builtin of torch
            continue
        given = {k: p.default for k, p in given if p.default is not p.empty and k not in {"name", "dtype", *SHAPES}}
        if name == "keras.losses.categorical_crossentropy" or not given:
            continue
        asked = read(catalogue.resolve(name).place).asked()
        want = ls.get(name, **asked)
        for key, value in given.items():
            if key in asked or (key == "reduction" and value is None) or value == "deprecated":
                continue
            seen += value is not None
            got = ls.get(name, **asked, **{key: value})
            assert got.get_config() == want.get_config(), (name, key)
    assert seen > 100


def test_a_parameter_away_from_such_a_default_is_refused_with_the_value_that_is_meant():
    for name, given, said in [
        ("torch.nn.CTCLoss", {"zero_infinity": True}, "zero_infinity=False"),
        ("sklearn.metrics.log_loss", {"normalize": False}, "normalize=True"),
        ("optax.losses.cosine_similarity", {"epsilon": 0.1}, "epsilon=0.0"),
        ("optax.losses.kl_divergence", {"axis": 0}, "axis=-1"),
    ]:
        with pytest.raises(ls.ParameterError, match=f"Expected {said}"):
            ls.get(name, **given)


@pytest.mark.backendless
def test_what_has_to_be_given_is_not_said_to_be_none():
    for name in catalogue._places():
        said = refusal(name)
        assert "translate reduction=None" not in said and "=None. Expected" not in said, name


def refusal(name):
    """What is said instead of a loss; nothing where there is one."""
    try:
        ls.get(name)
    except ls.LossaryError as error:
        return str(error)
    return ""


def written(name):
    """Ways to write a name of a library that is remembered in part."""
    last = re.split("[.:]", name)[-1]
    yield f"{home(name)}.{last}"
    yield f"{home(name)}.{last}s.{last}"
    for end in ("Loss", "_loss"):
        if last.endswith(end):
            yield name.removesuffix(end)
    yield f"{name}()"
    yield f"{name}(x=1)"


@pytest.mark.backendless
def test_a_name_that_is_remembered_in_part_finds_its_library_s():
    for name in catalogue._places():
        cards = {one.card.name for one in catalogue._places()[name]}
        for spelled in written(name):
            found, said = catalogue._places().get(spelled), refusal(spelled)
            if found is None and "Did you mean" in said:
                assert home(name) in said.partition("Did you mean")[2], (spelled, said)
            else:
                assert catalogue.resolve(spelled).card.name in cards, spelled


@pytest.mark.backendless
def test_a_qualified_name_is_not_ambiguous():
    """It belongs to one library: what that library does otherwise is said."""
    seen = 0
    for card in catalogue.built_in().values():
        for line in card.unlike:
            for name in line.partition(":")[0].split(","):
                if not re.fullmatch(r"[a-z]\w*([.]\w+)+", name.strip()) or catalogue._places().get(name.strip()):
                    continue
                with pytest.raises(ls.UnknownLossError, match="differs") as caught:
                    ls.get(name.strip())
                assert "ambiguous" not in str(caught.value) and card.function in str(caught.value)
                seen += 1
    assert seen > 10


GROUPS = ("_rand_", "mutual_info", "rand_score", "calinski", "completeness", "consensus", "davies", "fowlkes",
          "homogeneity", "silhouette", "v_measure", "max_error", "class_likelihood")  # fmt: skip


def test_a_score_is_answered_with_a_loss_that_is_trained_in_its_place():
    metrics = importlib.import_module("sklearn.metrics")
    for name in dir(metrics):
        if not re.fullmatch(r"[a-z].*_(score|loss|error)", name) or any(word in name for word in GROUPS):
            continue
        assert "No known name" not in refusal(f"sklearn.metrics.{name}"), name
    assert all(peer in catalogue.built_in() for row in catalogue.INSTEAD.values() for peer in row)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ce", "sparse_categorical_crossentropy"),
        ("sparse_ce", "sparse_categorical_crossentropy"),
        ("softmax_ce", "categorical_crossentropy"),
        ("BCELogits", "binary_crossentropy"),
        ("reg:squarederror", "xgboost.reg:squarederror"),
        ("torch.nn.CrossEntropy", "torch.nn.CrossEntropyLoss"),
        ("torch.kl_div", "torch.nn.functional.kl_div"),
        ("Huber(delta=2)", "huber"),
        ("keras.src.losses.losses.Huber", "keras.losses.Huber"),
    ],
)
def test_a_short_or_long_form_is_answered_with_the_name(name, meant):
    with pytest.raises(ls.UnknownLossError, match="Did you mean") as caught:
        ls.get(name)
    assert meant in str(caught.value)


def test_names_of_this_library_may_be_qualified_too():
    assert type(ls.get("ls.Huber")) is type(ls.get("lossary.huber")) is ls.Huber
    assert type(ls.get("tf.keras.losses.kullback_leibler_divergence")) is ls.KLDivergence
