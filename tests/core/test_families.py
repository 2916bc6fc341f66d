"""What is peculiar to one loss: numbers that others get wrong, and the losses that the general laws cannot draw for."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.forms import Overlap
from tests.backends import USUAL, array, gradient, value_and_gradient
from tests.laws.cases import PAIRED, twin
from tests.oracle.formulas import ORACLE

f32 = np.float32


def value(loss, y, p):
    return float(array(loss(y, p)).reshape(-1)[0])


def slope(loss, y, p):
    return gradient(lambda v: loss(y, v), f32(p)).ravel()


@pytest.mark.parametrize("margin", [6.0, 17.5, 60.0])
def test_nearly_certain_classes_keep_their_digits(margin):
    """log(sum of exponentials) rounds to 0 from a margin of 17 on; the truth is log1p(e^-margin)."""
    truth = np.log1p(np.exp(-np.float64(margin)))
    y, z = f32([[1, 0]]), f32([[margin, 0]])
    for loss, target in ((ls.CategoricalCrossentropy, y), (ls.SparseCategoricalCrossentropy, [0])):
        np.testing.assert_allclose(value(loss(from_logits=True), target, z), truth, rtol=1e-6)
        other = 1 / (1 + np.exp(np.float64(margin)))  # the probability of the other class
        np.testing.assert_allclose(slope(loss(from_logits=True), target, z), [-other, other], rtol=1e-5)


@pytest.mark.parametrize("label", [0, 1, 2, 3])
@pytest.mark.parametrize("logits", [[0, 0, 0, 0], [1, 1, 0, 1], [2, 2, 2, 0]])
def test_tied_logits_have_the_gradient_of_a_softmax(label, logits):
    """A new model starts with equal logits; which of them counts as the largest must not matter."""
    z = f32([logits])
    want = (np.exp(z) / np.exp(z).sum() - (np.arange(4) == label)).ravel()
    np.testing.assert_allclose(slope(ls.SparseCategoricalCrossentropy(from_logits=True), [label], z), want, atol=1e-6)
    dense = ls.CategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(slope(dense, np.eye(4)[[label]], z), want, atol=1e-6)


def test_a_common_offset_of_the_logits_costs_no_digits():
    got = value(ls.SparseCategoricalCrossentropy(from_logits=True), [0], f32([[1e6 + 3, 1e6]]))
    np.testing.assert_allclose(got, 0.048587352, rtol=1e-6)


@pytest.mark.parametrize(("z", "y"), [(-20.0, 0.0), (20.0, 1.0), (-20.0, 1.0), (20.0, 0.0)])
def test_saturated_logits_of_a_yes(z, y):
    truth = np.log1p(np.exp(-20.0)) + (20.0 if (z > 0) != (y > 0) else 0.0)
    loss = ls.BinaryCrossentropy(from_logits=True)
    np.testing.assert_allclose(value(loss, f32([[y]]), f32([[z]])), truth, rtol=1e-6)
    np.testing.assert_allclose(slope(loss, f32([[y]]), [[z]]), [1 / (1 + np.exp(-z)) - y], rtol=1e-5)


def test_the_gradient_survives_a_sigmoid():
    """Probabilities of sigmoid(-20): Keras's clipping leaves 0 on JAX and torch."""
    from keras import ops

    loss = ls.BinaryCrossentropy()
    got = gradient(lambda z: loss(f32([[1.0]]), ops.sigmoid(z)), f32([[-20.0]]))
    np.testing.assert_allclose(got, [[-1.0]], rtol=1e-5)


def test_focal_where_peers_give_nan():
    loss = ls.BinaryFocalCrossentropy(from_logits=True, gamma=0.5)
    np.testing.assert_allclose(value(loss, f32([[1]]), f32([[17.5]])), 3.9789624e-12, rtol=1e-5)
    np.testing.assert_allclose(slope(loss, f32([[1]]), [[17.5]]), [-5.9684436e-12], rtol=1e-5)
    for certain in (104.0, 1e4):  # (1 - p)^0.5 has no slope at 0
        assert np.isfinite(slope(loss, f32([[1]]), [[certain]])).all()
    assert np.isfinite(slope(ls.BinaryFocalCrossentropy(gamma=0.5), f32([[1]]), [[1.0]])).all()
    for dtype in ("float16", "bfloat16"):
        assert value(ls.BinaryFocalCrossentropy(from_logits=True, dtype=dtype), f32([[1]]), f32([[10.0]])) < 1e-7


def test_focal_without_focus_is_the_cross_entropy(rng):
    z, y = rng.normal(size=(6, 4)).astype("float32"), rng.integers(0, 4, 6)
    plain = array(ls.sparse_categorical_crossentropy(y, z, from_logits=True))
    focal = array(ls.sparse_categorical_focal_crossentropy(y, z, from_logits=True, gamma=0.0, alpha=1.0))
    np.testing.assert_allclose(focal, plain, rtol=1e-6)
    labels = (y[:, None] == np.arange(4)).astype("float32")
    np.testing.assert_allclose(
        array(ls.binary_focal_crossentropy(labels, z, from_logits=True, gamma=0.0)),
        array(ls.binary_crossentropy(labels, z, from_logits=True)),
        rtol=1e-6,
    )


def test_kin_are_kin(rng):
    y, p = rng.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(array(ls.huber(y, p, delta=2.0)), 2 * array(ls.smooth_l1(y, p, beta=2.0)), rtol=1e-6)
    np.testing.assert_allclose(array(ls.mae(y, p)), 2 * array(ls.quantile(y, p)), rtol=1e-6)
    mask, share = (y > 0).astype("float32"), 1 / (1 + np.exp(-p))
    np.testing.assert_allclose(array(ls.dice(mask, share)), array(ls.tversky(mask, share)), rtol=1e-6)
    ones = np.stack([p[:, 0], np.zeros(5, "float32")], axis=1)
    nll = array(ls.gaussian_nll(y[:, :1], ones, full=False))
    np.testing.assert_allclose(2 * nll, (y[:, 0] - p[:, 0]) ** 2, rtol=1e-6)


def test_the_gaussian_is_scipys(rng):
    from scipy.stats import norm

    y, mean, std = rng.normal(size=7), rng.normal(size=7), rng.uniform(0.1, 3, 7)
    truth = -norm.logpdf(y, mean, std)
    for spread, second in (("std", std), ("variance", std**2), ("log_variance", 2 * np.log(std))):
        got = ls.gaussian_nll(f32(y), f32(np.stack([mean, second], axis=1)), spread=spread)
        np.testing.assert_allclose(array(got), truth, rtol=2e-5, atol=1e-5)
    # a distance whose square overflows, at a spread that divides it away
    assert value(ls.GaussianNLL(spread="variance", full=False), f32([[0.0]]), f32([[1e20, 1e30]])) == pytest.approx(5e9)


def test_class_weights_ignored_labels_and_positive_weights_of_a_yes():
    y, z = f32([[1, 0, -1], [-1, -1, -1]]), f32([[0.5, 1.5, np.nan], [np.nan] * 3])
    yes, no = np.log1p(np.exp(-0.5)), np.log1p(np.exp(1.5))
    loss = ls.BinaryCrossentropy(from_logits=True, class_weight=(2.0, 3.0), ignore_class=-1)
    np.testing.assert_allclose(value(loss, y, z), (3 * yes + 2 * no) / 2, rtol=1e-6)
    weighted = ls.WeightedBinaryCrossentropy(from_logits=True, pos_weight=3.0)
    np.testing.assert_allclose(value(weighted, y[:1, :2], z[:1, :2]), (3 * yes + no) / 2, rtol=1e-6)


def test_dense_rows_of_an_ignored_class_are_left_out(rng):
    z, y = rng.normal(size=(6, 3)).astype("float32"), np.array([0, 1, 2, 1, 0, 2])
    kept = value(ls.SparseCategoricalCrossentropy(from_logits=True), y[y != 1], z[y != 1])
    np.testing.assert_allclose(
        value(ls.CategoricalCrossentropy(from_logits=True, ignore_class=1), np.eye(3)[y], z), kept, rtol=1e-6
    )
    outside = np.eye(4)[np.where(y == 1, 3, y)][:, :3]  # what one-hot coding makes of a class outside: zeros
    np.testing.assert_allclose(
        value(ls.CategoricalCrossentropy(from_logits=True, ignore_class=-1), outside, z), kept, rtol=1e-6
    )


def test_circle_holds_its_weights_fixed(rng):
    """Against differences of the oracle in which the weights of the pairs stay those of the first point."""
    p = rng.normal(size=(4, 3))
    p = (p / np.linalg.norm(p, axis=1, keepdims=True)).astype("float32")
    y, gamma, margin = np.array([0, 0, 1, 1]), 6.0, 0.3

    def total(q, weights):
        s = np.minimum(q @ q.T, 1.0)
        near, far = weights
        same = (y[:, None] == y[None]) & ~np.eye(4, dtype=bool)
        other = y[:, None] != y[None]
        pull = np.where(same, np.exp(-gamma * near * (s - 1 + margin)), 0).sum(1)
        push = np.where(other, np.exp(gamma * far * (s - margin)), 0).sum(1)
        return np.log1p(pull * push).sum()

    q = p.astype("float64")
    s = np.minimum(q @ q.T, 1.0)
    weights = np.maximum(1 + margin - s, 0), np.maximum(s + margin, 0)
    want = np.zeros_like(q)
    for place in np.ndindex(q.shape):
        step = np.zeros_like(q)
        step[place] = 1e-6
        want[place] = (total(q + step, weights) - total(q - step, weights)) / 2e-6
    got = gradient(lambda v: ls.Circle(gamma=gamma, margin=margin, reduction="sum")(y, v), p)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_circle_is_finite_where_vectors_coincide_or_oppose():
    p = f32([[1, 0], [1, 0], [-1, 0], [-1, 0]])
    for labels in ([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 2, 3]):
        loss = ls.Circle(gamma=256.0)
        assert np.isfinite(value(loss, labels, p))
        assert np.isfinite(slope(loss, np.array(labels), p)).all()


def test_ctc_slopes_and_edges(rng):
    y, z = np.array([[1, 2], [2, 0]]), rng.normal(size=(2, 4, 3)).astype("float32")
    values, got = value_and_gradient(ls.ctc, y, ops.convert_to_tensor(z), USUAL)  # compiled once for all that is asked
    assert np.isfinite(values).all()
    for place in [(0, 0, 1), (0, 3, 2), (1, 2, 0)]:
        sides = []
        for sign in (1, -1):
            moved = z.astype("float64").copy()
            moved[place] += sign * 1e-4
            sides.append(float(sum(ORACLE["ctc"](y, moved))))
        np.testing.assert_allclose(got[place], (sides[0] - sides[1]) / 2e-4, rtol=2e-3, atol=1e-4)
    impossible = np.array([[1, 1, 1]])
    with pytest.raises(ls.TargetError, match="Row 0"):
        ls.CTC()(impossible, z[:1, :3])


def test_overlaps_over_the_batch_weigh_inside(rng):
    """Per class over the batch: as many classes as rows, so that a weight could meet the wrong axis."""
    y, p = rng.integers(0, 2, (2, 5, 2)).astype("float32"), rng.uniform(size=(2, 5, 2)).astype("float32")
    loss = ls.Dice(axis=(0, 1), reduction="none")
    np.testing.assert_allclose(array(loss(y, p, sample_weight=[1.0, 0.0])), array(loss(y[:1], p[:1])), rtol=1e-6)
    np.testing.assert_allclose(
        array(loss(y, p, sample_weight=[1.0, 2.0])), array(loss(y[[0, 1, 1]], p[[0, 1, 1]])), rtol=1e-6
    )
    whole = ls.Dice(whole_batch=True)
    np.testing.assert_allclose(array(whole(y, p, sample_weight=2.5)), 2.5 * array(whole(y, p)), rtol=1e-6)


def test_quantiles_must_rise():
    with pytest.raises(ls.ParameterError, match="increasing"):
        ls.MultiQuantile(q=(0.9, 0.1))
    with pytest.raises(ls.ParameterError, match="class_weight"):
        ls.BinaryCrossentropy(class_weight=(1.0, 2.0, 3.0))
    with pytest.raises(ls.ParameterError, match="3 classes"):
        ls.CategoricalCrossentropy(class_weight=(1.0, 2.0))(np.eye(3), np.full((3, 3), 1 / 3))


def test_negative_predictions_of_a_logarithmic_error_can_leave():
    y, p = f32([[2.0]]), f32([[-0.5]])
    np.testing.assert_allclose(value(ls.MeanSquaredLogarithmicError(), y, p), np.log(3) ** 2, rtol=1e-6)
    np.testing.assert_allclose(slope(ls.MeanSquaredLogarithmicError(), y, p), [-2 * np.log(3)], rtol=1e-6)


OVERLAPS = [cls for cls in PAIRED if issubclass(cls, Overlap)]


@pytest.mark.parametrize("cls", OVERLAPS, ids=lambda cls: cls.__name__)
def test_ignored_pixels_of_a_mask_do_not_exist(cls, rng):
    """Whatever is predicted there; a row without any other pixel is left out of the mean."""
    y, z = rng.integers(0, 2, (3, 5, 4)).astype("float32"), rng.normal(size=(3, 5, 4)).astype("float32")
    loss, names = cls(from_logits=True, ignore_class=255), ORACLE[twin(cls).__name__]
    y[0, 1, 2], y[1, :2, 3], z[0, 1, 2], z[1, 0, 3] = 255, 255, np.nan, np.inf
    if cls is not ls.GeneralizedDice:
        want = [float(v) for v in names(y.reshape(3, -1), z.reshape(3, -1), from_logits=True, ignore_class=255)]
        np.testing.assert_allclose(
            array(cls(from_logits=True, ignore_class=255, reduction="none")(y, z)), want, rtol=1e-5
        )
    else:  # the pixels of one image are rows of one entry for each class
        want = [float(names(a, b, from_logits=True, ignore_class=255, whole_batch=True)[0])
                for a, b in zip(y, z, strict=True)]  # fmt: skip
        np.testing.assert_allclose(array(loss(y, z)), np.mean(want), rtol=1e-5)
        first = cls(from_logits=True, ignore_class=255, axis=2)
        np.testing.assert_allclose(array(first(y.swapaxes(1, 2), z.swapaxes(1, 2))), np.mean(want), rtol=1e-5)
    found = gradient(lambda v: loss(y, v), z)
    assert np.isfinite(found).all() and (found[y == 255] == 0).all()
    rest = array(loss(y[1:], z[1:]))
    y[0] = 255
    np.testing.assert_allclose(array(loss(y, z)), rest, rtol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("cls", [cls for cls in OVERLAPS if cls is not ls.GeneralizedDice], ids=lambda c: c.__name__)
def test_classes_have_a_ratio_each(cls, rng):
    """Channels first or last, per row or over the batch; logits of exclusive classes are their softmax."""
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, (2, 4, 5))]
    z = rng.normal(size=y.shape).astype("float32")
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    want = [[value(cls(), y[i : i + 1, ..., c], p[i : i + 1, ..., c]) for c in range(3)] for i in range(2)]
    whole = [value(cls(whole_batch=True), y[..., c], p[..., c]) for c in range(3)]
    for axis in (-1, 1, 2):
        true, prob, logits = (np.moveaxis(x, -1, axis) for x in (y, p, z))
        each = {"class_axis": axis, "reduction": "none"}
        np.testing.assert_allclose(array(cls(**each)(true, prob)), want, rtol=1e-5)
        np.testing.assert_allclose(array(cls(**each, whole_batch=True)(true, prob)), whole, rtol=1e-5)
        loss = cls(**each, from_logits=True, exclusive=True)
        np.testing.assert_allclose(array(loss(true, logits)), want, rtol=1e-5)
        mean = cls(class_axis=axis, from_logits=True, exclusive=True)
        slopes = gradient(lambda v, loss=mean, true=true: loss(true, v), logits)
        np.testing.assert_allclose(slopes.sum(axis=axis), 0, atol=1e-6)
        assert np.abs(slopes).max() > 1e-3


def test_generalized_dice_weighs_the_classes_along_their_axis(rng):
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, (2, 4, 5))]
    z = rng.normal(size=y.shape).astype("float32")
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    want = value(ls.GeneralizedDice(), y, p)
    first = [np.moveaxis(x, -1, 1) for x in (y, z)]
    loss = ls.GeneralizedDice(class_axis=1, from_logits=True, exclusive=True)
    np.testing.assert_allclose(value(loss, *first), want, rtol=1e-5)


def test_exclusive_classes_need_their_axis_and_logits():
    for given in ({"class_axis": 1}, {"from_logits": True}):
        with pytest.raises(ls.ParameterError, match="softmax"):
            ls.Dice(exclusive=True, **given)


def test_generalized_dice_needs_an_axis_of_classes():
    with pytest.raises(ls.ShapeError, match="along the last axis that is not summed over"):
        ls.GeneralizedDice(axis=(0, 1))(np.zeros((2, 3)), np.zeros((2, 3)))


@pytest.mark.once
def test_lovasz_losses_look_at_all_pixels_of_an_image(rng):
    y, z = rng.integers(0, 4, (3, 5, 2)), rng.normal(size=(3, 5, 2, 4)).astype("float32")
    y[1] = 2
    labels, flat = y.reshape(3, -1), z.reshape(3, -1, 4)
    for classes in ("present", "all"):
        want = [float(v) for v in ORACLE["lovasz_softmax"](labels, flat, from_logits=True, classes=classes)]
        loss = ls.LovaszSoftmax(from_logits=True, classes=classes, reduction="none")
        np.testing.assert_allclose(array(loss(y, z)), want, rtol=1e-6)
        first = ls.LovaszSoftmax(from_logits=True, classes=classes, axis=1, reduction="none")
        np.testing.assert_allclose(array(first(y, np.moveaxis(z, -1, 1))), want, rtol=1e-6)
    mask, score = (y > 1).astype("float32"), z[..., 0]
    want = [float(v) for v in ORACLE["lovasz_hinge"](2 * mask.reshape(3, -1) - 1, score.reshape(3, -1))]
    np.testing.assert_allclose(array(ls.LovaszHinge(reduction="none")(mask, score)), want, rtol=1e-6)


@pytest.mark.once
def test_lovasz_losses_leave_ignored_pixels_out(rng):
    y, z = rng.integers(0, 4, (3, 6)), rng.normal(size=(3, 6, 4)).astype("float32")
    for loss, true, pred in (
        (ls.LovaszSoftmax(from_logits=True, ignore_class=255), y, z),
        (ls.LovaszHinge(ignore_class=255), (y > 1).astype("float32"), z[..., 0]),
    ):
        want = array(loss(true[:, :4], pred[:, :4]))
        out, spoilt = true.copy(), pred.copy()
        out[:, 4:], spoilt[:, 4:] = 255, 1e9
        np.testing.assert_allclose(array(loss(out, spoilt)), want, rtol=1e-6)
        found = gradient(lambda v, out=out, loss=loss: loss(out, v), spoilt)
        assert np.isfinite(found).all() and (found[:, 4:] == 0).all()
        out[0] = 255
        np.testing.assert_allclose(array(loss(out, spoilt)), array(loss(true[1:, :4], pred[1:, :4])), rtol=1e-6)


def test_a_certain_mask_has_the_jaccard_loss(rng):
    """Of errors that are 0 or 1, Lovász's extension is the Jaccard loss itself."""
    y, wrong = rng.integers(0, 2, (4, 9)), rng.integers(0, 2, (4, 9))
    p = np.where(wrong, 1 - y, y).astype("float32")
    by_class = array(ls.lovasz_softmax(y, np.stack([1 - p, p], -1)))
    masks = [array(ls.jaccard(one.astype("float32"), guess)) for one, guess in ((1 - y, 1 - p), (y, p))]
    np.testing.assert_allclose(by_class, np.mean(masks, axis=0), rtol=1e-6)


def test_kin_of_boxes_and_masks(rng):
    y, p = rng.integers(0, 2, (5, 8)).astype("float32"), rng.uniform(0.1, 0.9, (5, 8)).astype("float32")
    d = array(ls.dice(y, p))
    np.testing.assert_allclose(array(ls.jaccard(y, p)), 2 * d / (1 + d), rtol=1e-5)
    np.testing.assert_allclose(array(ls.log_cosh_dice(y, p)), np.log(np.cosh(d)), rtol=1e-5)
    np.testing.assert_allclose(array(ls.log_dice(y, p, smooth=1e-9)), -np.log(1 - d), rtol=1e-5)
    np.testing.assert_allclose(array(ls.focal_tversky(y, p, 0.5, 0.5, 1.0)), d, rtol=1e-6)
    near = [[1.0, 1.0, 3.0, 2.0]], [[1.5, 1.25, 3.5, 2.5]]
    plain = float(array(ls.iou(*near))[0])
    np.testing.assert_allclose(array(ls.iou(*near, mode="log")), -np.log(1 - plain), rtol=1e-6)
    np.testing.assert_allclose(array(ls.iou(*near, mode="square")), 1 - (1 - plain) ** 2, rtol=1e-6)
    np.testing.assert_allclose(array(ls.alpha_iou(*near, alpha=1.0)), plain, rtol=1e-6)
    apart = [[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]]
    np.testing.assert_allclose(array(ls.iou(*apart, mode="log")), np.log(1e6), rtol=1e-6)
    np.testing.assert_allclose(array(ls.diou(*apart)), 1 + 4 / 10, rtol=1e-6)


def test_the_mcc_of_hard_masks_is_that_of_sklearn(rng):
    from sklearn.metrics import matthews_corrcoef

    y, p = rng.integers(0, 2, (2, 4, 30))
    want = [1 - matthews_corrcoef(a, b) for a, b in zip(y, p, strict=True)]
    np.testing.assert_allclose(array(ls.mcc(f32(y), f32(p), smooth=0.0)), want, rtol=1e-5)


@pytest.mark.once
def test_a_sum_of_losses_is_dice_with_a_cross_entropy(rng):
    y, z = rng.integers(0, 2, (4, 9)).astype("float32"), rng.normal(size=(4, 9)).astype("float32")
    both = ls.Dice(from_logits=True) + 0.5 * ls.BinaryCrossentropy(from_logits=True)
    parts = [float(array(one(from_logits=True)(y, z))) for one in (ls.Dice, ls.BinaryCrossentropy)]
    np.testing.assert_allclose(array(both(y, z)), parts[0] + 0.5 * parts[1], rtol=1e-6)
    for name in ("DiceCELoss", "BCEDiceLoss", "DiceFocalLoss"):
        with pytest.raises(ls.UnknownLossError, match=r"ls.Dice\(\) \+ ls.BinaryCrossentropy\(\)"):
            ls.get(name)
