"""A loss by any of its names, and the equal of another library's loss with its parameters translated."""

import random
import re

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core import catalogue, elsewhere, field
from lossary.core.errors import LossaryError, UnknownLossError
from lossary.core.forms import Likelihood
from lossary.core.schedules import Moving
from lossary.likelihood import plain as likely
from lossary.objective.sources import Source
from tests.backends import array

Y, P = np.float32([[1.0, -2.0]]), np.float32([[4.0, 1.0]])


@pytest.mark.parametrize(
    "name", ["huber", "Huber", "HUBER", "huber_loss", "HuberLoss", "keras.losses.Huber", "tf.keras.losses.Huber"]
)
def test_one_loss_many_names(name):
    assert type(ls.get(name)) is ls.Huber
    assert ls.get(name, delta=2.5).delta == 2.5


def test_parameters_of_peers_are_translated():
    assert ls.get("torch.nn.SmoothL1Loss", beta=2.0).beta == 2.0
    loss = ls.get("torch.nn.CrossEntropyLoss", ignore_index=0, label_smoothing=0.1)
    assert (loss.from_logits, loss.axis, loss.ignore_class, loss.label_smoothing) == (True, 1, 0, 0.1)
    assert ls.get("torch.nn.PoissonNLLLoss").log_rate is True
    assert ls.get("torch.nn.GaussianNLLLoss").full is False
    tversky = ls.get("keras.losses.Tversky", alpha=0.9, beta=0.1)
    assert (tversky.alpha, tversky.beta) == (0.1, 0.9)  # Keras applies them the other way round


def test_entries_may_be_rows():
    loss = ls.MeanSquaredError(reduction="none", entries=True)
    np.testing.assert_array_equal(array(loss(Y, P)), [[9, 9]])
    assert array(ls.MeanSquaredError(reduction="sum", entries=True)(Y, P, [[1.0, 0.5]])) == 13.5
    with pytest.raises(ls.ParameterError, match="entries"):
        ls.CategoricalCrossentropy(entries=True)
    with pytest.raises(ls.ParameterError, match="entries"):
        ls.Huber(entries=2)

    class Ledger(ls.Loss):  # a parameter of that name is a user's own
        entries: int = 5

        def call(self, y_true, y_pred):
            return (y_pred - y_true)[:, 0] * self.entries

    assert array(Ledger()(Y, P)) == 15 and Ledger(entries=2).get_config()["entries"] == 2


def test_a_parameter_that_cannot_be_translated_is_refused():
    with pytest.raises(ls.ParameterError, match="swap"):
        ls.get("torch.nn.SmoothL1Loss", swap=True)


def test_an_unknown_name_answers_with_the_nearest():
    with pytest.raises(ls.UnknownLossError, match="huber"):
        ls.get("hubre")
    with pytest.raises(LookupError, match="binary_focal"):
        ls.get("focl")
    with pytest.raises(AttributeError, match="Huber"):
        _ = ls.Hubre
    with pytest.raises(AttributeError, match="fit_linear"):
        _ = ls.fit_liner


def typos(name, random_):
    """A letter left out, put in, changed, or swapped with the next: one of each at each place."""
    for i in range(len(name) + 1):
        other, more = random_.choice("aeioustrnlk"), random_.choice("aeioustrnlk")
        yield from (name[:i] + name[i + 1 :], name[:i] + other + name[i:], name[:i] + more + name[i + 1 :])
        yield name[:i] + name[i + 1 : i + 2] + name[i : i + 1] + name[i + 2 :]


def suggested(name):
    """The losses and parts that an unknown name is said to be like; None for a name that is known."""
    try:
        catalogue.resolve(name)
    except ls.UnknownLossError as refused:
        error = refused
    else:
        return None
    if "Why it is not here" in error.arrived:
        return set()
    if "not the name of" not in error.arrived:
        return None
    near = catalogue.nearest(name)
    assert bool(near) == ("Did you mean" in error.allowed) and "none" not in error.allowed
    return {meant(one.partition(" ")[0]) for one in near}


def meant(name):
    card = catalogue.names().get(name)
    return card.function if card else name


@pytest.mark.once  # no backend computes here
def test_misspelt_names_are_found():
    random_ = random.Random(0)
    names = [name for name in {**catalogue.names(), **catalogue.parts()} if "." not in name and ":" not in name]
    found = [
        meant(name) in near
        for name in sorted(names)[::4]
        for typo in sorted(set(typos(name, random_)))[::101]
        if catalogue.plain(typo) not in catalogue.SPOKEN and (near := suggested(typo)) is not None
    ]
    assert len(found) > 300 and np.mean(found) > 0.98


@pytest.mark.once
@pytest.mark.parametrize("answer", sorted({answer for said in catalogue.SPOKEN.values() for answer in said}))
def test_what_is_said_of_spoken_names_works(answer):
    """A name, a call of `get` in short, or a sum."""
    for part in re.split(", (?:with|a) ", answer)[0].split(" + "):
        name, _, rest = part.partition("(")
        assert isinstance(ls.get(name, **eval(f"dict({rest or ')'}", {"lossary": ls, "y": [0, 0, 1]})), ls.Loss)


@pytest.mark.once
@pytest.mark.parametrize("name", likely.known())
def test_a_distribution_is_found_by_the_name_that_fits_it(name):
    """Or it is said under which name it is found; a few names belong to losses of other kinds."""
    if name in ("cauchy", "exponential", "logistic", "poisson", "tweedie"):
        assert isinstance(ls.get(name), ls.Loss)
    elif name == "beta":
        with pytest.raises(UnknownLossError, match="beta_distribution_nll"):
            ls.get(name)
    else:
        assert isinstance(ls.get(name), Likelihood)


ABSENT = """
infonce ranknet cosface sphereface npair lambdarank approx_ndcg
ppo_clip simpo barlow_twins vicreg byol dino simclr moco
lpips
gan_hinge lsgan wgan_gp center_loss proxy_nca
multi_similarity lifted_structure angular supcon perceptual style mixup
kto orpo grpo dragan simsiam
label_distribution yolo detr deephit mtlr koleo swav siglip
"""


def test_a_name_that_is_not_here_is_said_to_be_not_here(monkeypatch):
    monkeypatch.setattr(catalogue, "_CUSTOM", {})  # what other tests have registered
    near = {name: suggested(name) for name in ABSENT.split()}
    assert {name for name, found in near.items() if found is None} <= {"simclr"}  # which is here under another name
    near = {name: found or set() for name, found in near.items()}
    assert sum(map(bool, near.values())) <= 0.06 * len(near), {name: found for name, found in near.items() if found}


def test_whatever_makes_a_loss_is_in_the_catalogue():
    kinds = (keras.losses.Loss, keras.layers.Layer, Moving, Source)
    public = [name for name in ls._HOMES if isinstance(getattr(ls, name), type)]
    makers = [name for name in public if issubclass(getattr(ls, name), kinds)]
    assert len(makers) >= 20 and set(makers) <= set(catalogue.parts())
    for name, part in catalogue.parts().items():
        assert ls.card(name) is part is ls.card(getattr(ls, name))
        assert part.summary and part.call.startswith(f"ls.{name}(")
        assert part.summary.split("`")[0] in str(part) and name in part._repr_html_()
    assert ls.card(ls.Huber() + ls.MeanSquaredError()).name == "Sum"
    assert ls.card("grad_norm").name == "GradNorm"


def test_a_part_is_no_loss_by_its_name_alone():
    for name in ("GradNorm", "uncertainty_weighted", "Term", "LinearSchedule"):
        part = ls.card(name)
        with pytest.raises(ls.UnknownLossError, match="part of a target") as refused:
            ls.get(name)
        assert part.call in refused.value.allowed
    assert isinstance(ls.get("adaptive_robust", size=2), ls.AdaptiveRobust)  # which needs no argument
    with pytest.raises(ls.UnknownLossError, match=r"torch\.nn\.HuberLoss"):
        ls.get("torch.nn.HuberLos")


def test_other_things_become_losses():
    assert ls.get(None) is None
    loss = ls.Huber(delta=2.0)
    assert ls.get(loss) is loss
    assert type(ls.get(ls.Huber, delta=2.0)) is ls.Huber
    assert type(ls.get(ls.huber)) is ls.Huber
    assert type(ls.get(keras.losses.huber, delta=2.0)) is ls.Huber
    assert ls.get(keras.losses.dice).whole_batch  # as Keras's function counts
    assert ls.get(keras.losses.tversky, alpha=0.9).beta == 0.9
    assert array(ls.get(keras.losses.serialize(loss))(Y, P)) == array(loss(Y, P))
    with pytest.raises(ls.LossaryError, match="42"):
        ls.get(42)


def test_losses_are_listed_by_family_task_and_trait():
    assert "huber" in ls.losses() and len(ls.losses()) >= 30
    robust = ls.losses(family="robust")
    assert {"cauchy", "huber", "pseudo_huber", "smooth_l1", "tukey_biweight"} <= set(robust) and robust == sorted(
        robust
    )
    assert "mean_squared_error" not in robust
    assert "mean_squared_error" not in ls.losses(trait="robust")
    assert set(ls.losses(task="multiclass", trait="convex")) >= {"categorical_crossentropy", "categorical_hinge"}
    with pytest.raises(ls.UnknownLossError, match="robust"):
        ls.losses(family="sturdy")


def test_losses_are_listed_by_library():
    masks = ls.losses(family="segmentation", library="monai")  # a task, where no family has the name
    assert {"dice", "jaccard", "tversky"} <= set(masks) == set(ls.losses(task="segmentation", library="monai"))
    assert ls.losses(library="smp") == ls.losses(library="segmentation_models_pytorch") != masks
    assert "smooth_l1" in ls.losses(library="torch.nn") and "smooth_l1" not in ls.losses(library="tf.keras")
    with pytest.raises(ls.UnknownLossError, match="monai"):
        ls.losses(library="monia")


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("tf.losses.Huber", "keras.losses.Huber"),
        ("tf.keras.losses.MSE", "keras.losses.MeanSquaredError"),
        ("tensorflow.keras.losses.mae", "keras.losses.MeanAbsoluteError"),
        ("nn.HuberLoss", "torch.nn.HuberLoss"),
        ("F.huber_loss", "torch.nn.functional.huber_loss"),
        ("tfa.losses.PinballLoss", "tensorflow_addons.losses.PinballLoss"),
        ("smp.losses.MCCLoss", "segmentation_models_pytorch.losses.MCCLoss"),
        ("xgboost:reg:logistic", "xgboost.reg:logistic"),
        ("lightgbm:huber", "lightgbm.objective:huber"),
        ("optax.log_cosh", "optax.losses.log_cosh"),
    ],
)
def test_a_library_has_several_names(name, same):
    assert repr(ls.get(name)) == repr(ls.get(same))


def test_several_lines_are_told_apart_by_what_is_given():
    name = "monai.losses.DiceLoss"
    assert repr(ls.get(name)) == "Dice(smooth=1e-05, class_axis=1)"
    assert type(ls.get(name, jaccard=True)) is ls.Jaccard and type(ls.get(name, squared_pred=True)) is ls.SquaredDice
    assert ls.get(name, softmax=True).exclusive and not ls.get(name, sigmoid=True).exclusive
    with pytest.raises(ls.ParameterError, match="include_background"):
        ls.get(name, sigmoid=True, include_background=False)
    with pytest.raises(ls.ParameterError, match="smooth_nr=1e-05"):
        ls.get(name, sigmoid=True, smooth_nr=0.5)
    for power, cls in ((0, ls.MeanSquaredError), (1, ls.PoissonDeviance), (1.4, ls.TweedieDeviance)):
        assert type(ls.get("sklearn.metrics.mean_tweedie_deviance", power=power)) is cls
    with pytest.raises(ls.ParameterError, match="mode='binary'"):
        ls.get("smp.losses.DiceLoss")
    with pytest.raises(ls.ParameterError, match="calculated"):
        ls.get("smp.losses.DiceLoss", mode="binary", smooth={})


def test_a_factor_multiplies_whatever_the_reduction(rng):
    y, p = rng.normal(size=(2, 3, 4)).astype("float32")
    for reduction in ("mean", "sum", None):
        loss = ls.get("optax.losses.cosine_similarity", reduction=reduction)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        want = -array(ls.CosineSimilarity(reduction=reduction)(y, p))
        np.testing.assert_allclose(array(again(y, p)), want, rtol=1e-6)
        assert np.shape(array(loss(y, p))) == np.shape(want)


def test_every_line_is_written_as_it_should_be():
    for bad in ("x.Loss(a=1.0) -> b=c", "x.Loss(1.0)", "x.Loss -> 0.5"):
        with pytest.raises(AssertionError):
            elsewhere.read(bad)
    line = elsewhere.read("x.Loss(a=2.0, b={3.0, ...}, c=1) -> d=a**-1 + b/2, times=0.5")
    assert line.values({"b": 4.0}) == {"d": 2.5, "times": 0.5} and line.asked() == {"b": 3.0}
    assert line.unequal({"b": 1.0, "c": 2}) == ["c"] and line.unequal({"a": 9.0}) == ["b"]


SHORT = "mse MSE mae MAE mape MAPE msle MSLE bce BCE kld KLD logcosh hinge poisson cosine_similarity"


@pytest.mark.parametrize("name", SHORT.split())
def test_the_short_names_of_the_field(name):
    assert callable(getattr(ls, name))
    assert isinstance(ls.get(name), keras.losses.Loss)


def test_the_card_reads_as_a_page():
    page = str(ls.card("huber"))
    for word in ("Huber (huber)", "delta=1.0", "torch.nn.HuberLoss", "doi:"):
        assert word in page


ANSWERS = (
    "is here under another name", "Why it is not here", "No loss here equals", "Did you mean", "It is a score",
    "a part of a target",
)  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("known", field.known()[::6], ids=lambda known: known.name)
def test_every_loss_of_the_field_is_found_or_answered(known):
    """By its own name, and under the names that libraries have for it."""
    for place in known.names:
        library, _, name = place.partition(":")
        try:
            assert callable(ls.get(f"{library}.{name}"))
        except UnknownLossError as error:
            said = str(error)
        except LossaryError:  # here with other parameters, or other numbers: it says which
            continue
        else:
            continue
        assert "(metric)" in library or any(answer in said for answer in ANSWERS), said
    try:
        ls.get(known.name)
    except LossaryError as error:
        said = str(error)
    else:
        said = known.here
    assert known.here in said or "ambiguous" in said, said


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("pytorch_metric_learning.losses.NTXentLoss", "nt_xent"),
        ("SimCLR", "nt_xent"),
        ("lightly.loss.VICRegLoss", "it has not been added yet"),
        ("barlow twins", "it has not been added yet"),
        ("hinge GAN", "it has not been added yet"),
        ("LPIPS", "needs a trained network"),
        ("CatBoost:Logloss", "catboost.Logloss"),
        ("binary:logistic", "xgboost.binary:logistic"),
        ("r2", "It is a score"),
        ("auc", "auc_margin"),
    ],
)
def test_answers_to_names_of_other_libraries(name, answer):
    with pytest.raises(UnknownLossError, match=re.escape(answer)):
        ls.get(name)
