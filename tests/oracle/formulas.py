"""The textbook formula of every loss in 40-digit arithmetic, written without a look at the losses' own code.

`ORACLE[name](y_true, y_pred, **parameters)` gives the value of each row as a list of mpmath numbers. The parameters
are those of the loss; nothing here is clever, so nothing here can share a mistake with what it judges.
"""

import itertools

from mpmath import mp, mpf

mp.dps = 40
ORACLE = {}


def oracle(name):
    def enter(fn):
        ORACLE[name] = fn
        return fn

    return enter


def numbers(row):
    return [mpf(float(v)) for v in row]


def mean(values):
    values = list(values)
    return mp.fsum(values) / len(values)


def entrywise(of):
    """A loss that is the mean of a formula over the entries of a row."""

    def rows(y_true, y_pred, **parameters):
        return [
            mean(of(y, p, **parameters) for y, p in zip(numbers(t), numbers(q), strict=True))
            for t, q in zip(y_true, y_pred, strict=True)
        ]

    return rows


def error(of):
    return entrywise(lambda y, p, **parameters: of(p - y, **parameters))


ORACLE["mean_squared_error"] = error(lambda e: e**2)
ORACLE["mean_absolute_error"] = error(abs)
ORACLE["log_cosh"] = error(lambda e: mp.log(mp.cosh(e)))
ORACLE["huber"] = error(lambda e, delta=1: e**2 / 2 if abs(e) <= delta else delta * (abs(e) - mpf(delta) / 2))
ORACLE["smooth_l1"] = error(lambda e, beta=1: e**2 / 2 / beta if abs(e) < beta else abs(e) - mpf(beta) / 2)
ORACLE["pseudo_huber"] = error(lambda e, delta=1: mpf(delta) ** 2 * (mp.sqrt(1 + (e / delta) ** 2) - 1))
ORACLE["cauchy"] = error(lambda e, c=1: mpf(c) ** 2 / 2 * mp.log(1 + (e / c) ** 2))
ORACLE["tukey_biweight"] = error(
    lambda e, c=4.685: mpf(c) ** 2 / 6 * (1 - (1 - (e / mpf(c)) ** 2) ** 3) if abs(e) <= c else mpf(c) ** 2 / 6
)
ORACLE["fair"] = error(lambda e, c=1: mpf(c) ** 2 * (abs(e) / c - mp.log(1 + abs(e) / c)))
ORACLE["quantile"] = error(lambda e, q=0.5: max(-mpf(q) * e, (1 - mpf(q)) * e))
ORACLE["log_lin_quantile"] = entrywise(
    lambda y, p, q=0.5: max(mpf(q) * (y - mp.exp(p)), (mpf(q) - 1) * (y - mp.exp(p)))
)
ORACLE["half_squared_error"] = error(lambda e: e**2 / 2)
ORACLE["power_error"] = error(lambda e, q=1.5: abs(e) ** mpf(q))
ORACLE["reverse_huber"] = error(
    lambda e, delta=1: abs(e) if abs(e) <= delta else (e**2 + mpf(delta) ** 2) / (2 * mpf(delta))
)
ORACLE["epsilon_insensitive"] = error(lambda e, epsilon=0.1: max(abs(e) - mpf(epsilon), mpf(0)))
ORACLE["squared_epsilon_insensitive"] = error(lambda e, epsilon=0.1: max(abs(e) - mpf(epsilon), mpf(0)) ** 2)
ORACLE["charbonnier"] = error(lambda e, epsilon=1e-3: mp.sqrt(e**2 + mpf(epsilon) ** 2))
ORACLE["welsch"] = error(lambda e, c=2.985: mpf(c) ** 2 / 2 * (1 - mp.exp(-((e / mpf(c)) ** 2))))
ORACLE["expectile"] = error(lambda e, q=0.5: abs(mpf(q) - (e > 0)) * e**2)
ORACLE["quantile_huber"] = error(
    lambda e, q=0.5, delta=1: (
        abs(mpf(q) - (e > 0)) * (e**2 / 2 if abs(e) <= delta else delta * (abs(e) - mpf(delta) / 2)) / delta
    )
)
ORACLE["smooth_quantile"] = error(
    lambda e, q=0.5, alpha=0.2: -mpf(q) * e + mpf(alpha) * mp.log(1 + mp.exp(e / mpf(alpha)))
)


@error
def _wing(e, width=10, epsilon=2):
    w = mpf(width)
    c = w - w * mp.log(1 + w / mpf(epsilon))
    return w * mp.log(1 + abs(e) / mpf(epsilon)) if abs(e) < w else abs(e) - c


@error
def _soft_wing(e, omega1=2, omega2=20, epsilon=0.5):
    a, b, eps = mpf(omega1), mpf(omega2), mpf(epsilon)
    shift = a - b * mp.log(1 + a / eps)
    return abs(e) if abs(e) < a else b * mp.log(1 + abs(e) / eps) + shift


ORACLE["wing"], ORACLE["soft_wing"] = _wing, _soft_wing
ORACLE["arctangent_error"] = error(lambda e, c=1: mpf(c) ** 2 / 2 * mp.atan((e / mpf(c)) ** 2))
ORACLE["andrews_wave"] = error(
    lambda e, c=1.339: mpf(c) ** 2 * (1 - mp.cos(e / mpf(c))) if abs(e) <= mp.pi * mpf(c) else 2 * mpf(c) ** 2
)
ORACLE["truncated_squared_error"] = error(lambda e, c=2.795: min(e**2, mpf(c) ** 2) / 2)
ORACLE["linex"] = error(lambda e, a=1: mp.exp(mpf(a) * e) - mpf(a) * e - 1)
ORACLE["focal_regression"] = error(
    lambda e, beta=0.2, gamma=1: abs(e) * (2 / (1 + mp.exp(-mpf(beta) * abs(e))) - 1) ** mpf(gamma)
)
ORACLE["generalized_charbonnier"] = error(lambda e, a=0.45, epsilon=1e-3: (e**2 + mpf(epsilon) ** 2) ** mpf(a))


@error
def _hampel(e, a=2, b=4, c=8):
    x, a, b, c = abs(e), mpf(a), mpf(b), mpf(c)
    if x <= a:
        return x**2 / 2
    if x <= b:
        return a * x - a**2 / 2
    top = a * b - a**2 / 2 + (c - b) * a / 2
    return top - a * (c - x) ** 2 / (c - b) / 2 if x <= c else top


@error
def _balanced_l1(e, alpha=0.5, gamma=1.5):
    a, g, x = mpf(alpha), mpf(gamma), abs(e)
    b = mp.exp(g / a) - 1
    return a / b * (b * x + 1) * mp.log(b * x + 1) - a * x if x < 1 else g * x + g / b - a


ORACLE["hampel"], ORACLE["balanced_l1"] = _hampel, _balanced_l1
ORACLE["symmetric_mean_absolute_percentage_error"] = entrywise(
    lambda y, p: 2 * abs(p - y) / (abs(y) + abs(p)) if y or p else mpf(0)
)


def columnwise(of):
    """A loss of all rows together, one number for each column."""

    def columns(y_true, y_pred):
        return [
            of(numbers(t), numbers(q))
            for t, q in zip(zip(*y_true, strict=True), zip(*y_pred, strict=True), strict=True)
        ]

    return columns


@columnwise
def _pearson(y, p):
    my, mq = mean(y), mean(p)
    both = mp.fsum((a - my) * (b - mq) for a, b in zip(y, p, strict=True))
    return 1 - both / mp.sqrt(mp.fsum((a - my) ** 2 for a in y) * mp.fsum((b - mq) ** 2 for b in p))


ORACLE["pearson_correlation"] = _pearson
ORACLE["column_root_mean_squared_error"] = columnwise(
    lambda y, p: mp.sqrt(mean((b - a) ** 2 for a, b in zip(y, p, strict=True)))
)
ORACLE["weighted_mean_absolute_percentage_error"] = columnwise(
    lambda y, p: mp.fsum(abs(b - a) for a, b in zip(y, p, strict=True)) / mp.fsum(map(abs, y))
)
ORACLE["normalized_mean_squared_error"] = columnwise(
    lambda y, p: mp.fsum((b - a) ** 2 for a, b in zip(y, p, strict=True)) / mp.fsum((a - mean(y)) ** 2 for a in y)
)


@oracle("interval_score")
def interval_score(y_true, y_pred, alpha=0.1):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,), (low, high) = numbers(t), numbers(parts)
        outside = (low - y if y < low else 0) + (y - high if y > high else 0)
        rows.append(high - low + 2 / mpf(alpha) * outside)
    return rows


@oracle("ensemble_crps")
def ensemble_crps(y_true, y_pred, members=10, fair=False):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,), x = numbers(t), numbers(parts)
        m = len(x)
        spread = mp.fsum(abs(a - b) for a in x for b in x) / (2 * m * (m - 1 if fair else m))
        rows.append(mean(abs(a - y) for a in x) - spread)
    return rows


ORACLE["mean_arctangent_absolute_percentage_error"] = entrywise(
    lambda y, p: mp.atan(abs(p - y) / abs(y)) if y else (mp.pi / 2 if p else mpf(0))
)


@oracle("scale_invariant_logarithmic_error")
def scale_invariant_logarithmic_error(y_true, y_pred, lam=0.5):
    rows = []
    for t, q in zip(y_true, y_pred, strict=True):
        d = [mp.log(p) - mp.log(y) for y, p in zip(numbers(t), numbers(q), strict=True)]
        rows.append(mean(v**2 for v in d) - mpf(lam) * mean(d) ** 2)
    return rows


@oracle("gaussian_crps")
def gaussian_crps(y_true, y_pred, spread="log_variance"):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,), (mu, s) = numbers(t), numbers(parts)
        sigma = mp.exp(s / 2) if spread == "log_variance" else s
        z = (y - mu) / sigma
        rows.append(sigma * (z * (2 * mp.ncdf(z) - 1) + 2 * mp.npdf(z) - 1 / mp.sqrt(mp.pi)))
    return rows


ORACLE["mean_absolute_percentage_error"] = entrywise(
    lambda y, p, epsilon=1e-7: 100 * abs(p - y) / max(abs(y), mpf(epsilon))
)
ORACLE["mean_squared_logarithmic_error"] = entrywise(lambda y, p: (mp.log(1 + p) - mp.log(1 + y)) ** 2)
ORACLE["poisson_deviance"] = entrywise(lambda y, p: 2 * ((y * mp.log(y / p) if y else 0) - y + p))
ORACLE["gamma_deviance"] = entrywise(lambda y, p: 2 * (y / p - 1 - mp.log(y / p)))
ORACLE["inverse_gaussian_deviance"] = entrywise(lambda y, p: (y - p) ** 2 / (y * p**2))


@entrywise
def _tweedie_deviance(y, p, power=1.5):
    k = mpf(power)
    return 2 * (y ** (2 - k) / ((1 - k) * (2 - k)) - y * p ** (1 - k) / (1 - k) + p ** (2 - k) / (2 - k))


@entrywise
def _tweedie(y, p, power=1.5, log_rate=False):
    k, p = mpf(power), mp.exp(p) if log_rate else p
    return p ** (2 - k) / (2 - k) + y * p ** (1 - k) / (k - 1)


ORACLE["tweedie_deviance"] = _tweedie_deviance
ORACLE["tweedie"] = _tweedie
ORACLE["poisson"] = entrywise(lambda y, p, log_rate=False: mp.exp(p) - y * p if log_rate else p - y * mp.log(p))
ORACLE["hinge"] = entrywise(lambda y, p: max(0, 1 - (y or mpf(-1)) * p))
ORACLE["squared_hinge"] = entrywise(lambda y, p: max(0, 1 - (y or mpf(-1)) * p) ** 2)


def margin(of):
    return entrywise(lambda y, p, **parameters: of((y or mpf(-1)) * p, **parameters))


ORACLE["soft_margin"] = margin(lambda m: mp.log1p(mp.exp(-m)))
ORACLE["exponential"] = margin(lambda m: mp.exp(-m))
ORACLE["perceptron"] = margin(lambda m: max(-m, 0))
ORACLE["smooth_hinge"] = margin(
    lambda m, gamma=1: mpf(0) if m >= 1 else (1 - m) ** 2 / 2 / gamma if 1 - m < gamma else 1 - m - mpf(gamma) / 2
)
ORACLE["modified_huber"] = margin(lambda m: max(0, 1 - m) ** 2 if m >= -1 else -4 * m)
ORACLE["binary_sparsemax"] = margin(lambda m: mpf(0) if m >= 1 else -m if m <= -1 else (1 - m) ** 2 / 4)
ORACLE["truncated_hinge"] = margin(lambda m, s=-1: max(0, 1 - m) - max(0, mpf(s) - m))
ORACLE["savage"] = margin(lambda m: 1 / (1 + mp.exp(2 * m)) ** 2)
ORACLE["tangent"] = margin(lambda m: (2 * mp.atan(m) - 1) ** 2)
ORACLE["unhinged"] = margin(lambda m: 1 - m)


@oracle("root_mean_squared_error")
def root_mean_squared_error(y_true, y_pred):
    return [mp.sqrt(v) for v in ORACLE["mean_squared_error"](y_true, y_pred)]


@oracle("cosine_similarity")
def cosine_similarity(y_true, y_pred):
    rows = []
    for t, q in zip(y_true, y_pred, strict=True):
        t, q = numbers(t), numbers(q)
        dot = mp.fsum(a * b for a, b in zip(t, q, strict=True))
        rows.append(-dot / mp.sqrt(mp.fsum(a * a for a in t)) / mp.sqrt(mp.fsum(b * b for b in q)))
    return rows


@oracle("cosine_distance")
def cosine_distance(y_true, y_pred):
    return [1 + v for v in cosine_similarity(y_true, y_pred)]


@oracle("multi_quantile")
def multi_quantile(y_true, y_pred, q=(0.1, 0.5, 0.9), crossing=0.0):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,) = numbers(t)
        gaps = [(mpf(level), y - p) for level, p in zip(q, numbers(parts), strict=True)]
        crossed = mp.fsum(max(a - b, 0) for (_, b), (_, a) in itertools.pairwise(gaps))
        pinball = mean(max(level * gap, (level - 1) * gap) for level, gap in gaps)
        rows.append(pinball + mpf(crossing) / len(gaps) * crossed)
    return rows


@oracle("gaussian_nll")
def gaussian_nll(y_true, y_pred, spread="log_variance", full=True):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,), (mu, s) = numbers(t), numbers(parts)
        variance = {"log_variance": mp.exp(s), "variance": s, "std": s * s}[spread]
        rows.append((mp.log(variance) + (y - mu) ** 2 / variance + (mp.log(2 * mp.pi) if full else 0)) / 2)
    return rows


@oracle("beta_nll")
def beta_nll(y_true, y_pred, spread="log_variance", full=True, beta=0.5):
    made = gaussian_nll(y_true, y_pred, spread, full)
    logs = [numbers(parts)[1] if spread == "log_variance" else mp.log(numbers(parts)[1]) for parts in y_pred]
    turns = 2 if spread == "std" else 1
    return [mp.exp(mpf(beta) * turns * line) * value for line, value in zip(logs, made, strict=True)]


ORACLE["fixed_gaussian_nll"] = error(lambda e, std=1: (e / mpf(std)) ** 2 / 2 + mp.log(std * mp.sqrt(2 * mp.pi)))


def binary(of):
    """A loss of independent yes/no entries; `of(y, p, ...)` has y smoothed and p a probability."""

    def rows(
        y_true,
        y_pred,
        from_logits=False,
        label_smoothing=0,
        class_weight=None,
        ignore_class=None,
        epsilon=None,
        **parameters,
    ):
        w0, w1 = class_weight or (1, 1)
        values = []
        for t, q in zip(y_true, y_pred, strict=True):
            row = []
            for y, p in zip(numbers(t), numbers(q), strict=True):
                if ignore_class is not None and y == ignore_class:
                    continue
                p = 1 / (1 + mp.exp(-p)) if from_logits else p
                if epsilon is not None:
                    p = min(max(p, mpf(epsilon)), 1 - mpf(epsilon))
                y = y * (1 - mpf(label_smoothing)) + mpf(label_smoothing) / 2
                yes = -w1 * y * mp.log(p) if y else 0
                no = -w0 * (1 - y) * mp.log(1 - p) if y != 1 else 0
                row.append(of(y, p, yes, no, **parameters))
            values.append(mean(row) if row else mpf(0))
        return values

    return rows


ORACLE["binary_crossentropy"] = binary(lambda y, p, yes, no: yes + no)
ORACLE["weighted_binary_crossentropy"] = binary(lambda y, p, yes, no, pos_weight=1: pos_weight * yes + no)


@binary
def _binary_focal(y, p, yes, no, apply_class_balancing=False, alpha=0.25, gamma=2):
    alpha = mpf(alpha)
    weight = y * alpha + (1 - y) * (1 - alpha) if apply_class_balancing else 1
    return weight * (1 - (y * p + (1 - y) * (1 - p))) ** mpf(gamma) * (yes + no)


ORACLE["binary_focal_crossentropy"] = _binary_focal


def categorical(of, sparse, normalised=True):
    """A loss of exclusive classes; `of(c, p, ...)` is the value were c the true class, with p all probabilities."""

    def rows(
        y_true,
        y_pred,
        from_logits=False,
        label_smoothing=0,
        class_weight=None,
        ignore_class=None,
        epsilon=None,
        **parameters,
    ):
        values = []
        for t, q in zip(y_true, y_pred, strict=True):
            p = numbers(q)
            classes = len(p)
            y = [mpf(c == int(t)) for c in range(classes)] if sparse else numbers(t)
            if ignore_class is not None and y[ignore_class] == 1:
                values.append(mpf(0))
                continue
            if from_logits:
                p = [mp.exp(v) for v in p]
            if from_logits or normalised:
                p = [v / mp.fsum(p) for v in p]
            if epsilon is not None:
                p = [min(max(v, mpf(epsilon)), 1 - mpf(epsilon)) for v in p]
            y = [v * (1 - mpf(label_smoothing)) + mpf(label_smoothing) / classes for v in y]
            weights = class_weight or [1] * classes
            values.append(mp.fsum(weights[c] * y[c] * of(c, p, **parameters) for c in range(classes) if y[c]))
        return values

    return rows


def focal(c, p, alpha=0.25, gamma=2):
    factor = mpf(alpha[c] if isinstance(alpha, (tuple, list)) else alpha)
    return -factor * (1 - p[c]) ** mpf(gamma) * mp.log(p[c])


ORACLE["categorical_crossentropy"] = categorical(lambda c, p: -mp.log(p[c]), sparse=False)
ORACLE["sparse_categorical_crossentropy"] = categorical(lambda c, p: -mp.log(p[c]), sparse=True)
ORACLE["categorical_focal_crossentropy"] = categorical(focal, sparse=False)
ORACLE["sparse_categorical_focal_crossentropy"] = categorical(focal, sparse=True)
ORACLE["categorical_generalized_cross_entropy"] = categorical(
    lambda c, p, q=0.5: (1 - p[c] ** mpf(q)) / mpf(q), sparse=True, normalised=False
)


def symmetric(c, p, alpha=0.1, beta=1, log_zero=-4):
    return -mpf(alpha) * mp.log(p[c]) - mpf(beta) * log_zero * (1 - p[c])


def normalized(c, p):
    return mp.log(p[c]) / mp.fsum(mp.log(v) for v in p)


ORACLE["poly_cross_entropy"] = categorical(
    lambda c, p, epsilon_1=2: -mp.log(p[c]) + epsilon_1 * (1 - p[c]), sparse=True
)
ORACLE["symmetric_cross_entropy"] = categorical(symmetric, sparse=True)
ORACLE["taylor_cross_entropy"] = categorical(
    lambda c, p, order=2: mp.fsum((1 - p[c]) ** k / k for k in range(1, order + 1)), sparse=True
)
ORACLE["class_absolute_error"] = categorical(lambda c, p: 2 * (1 - p[c]), sparse=True)
ORACLE["normalized_cross_entropy"] = categorical(normalized, sparse=True)
ORACLE["active_passive"] = categorical(
    lambda c, p, alpha=1, beta=1, log_zero=-4: mpf(alpha) * normalized(c, p) + symmetric(c, p, 0, beta, log_zero),
    sparse=True,
)


@oracle("brier")
def brier(y_true, y_pred, label_smoothing=0, class_weight=None, ignore_class=None, **form):
    def squares(t, q):
        y = [v * (1 - mpf(label_smoothing)) + mpf(label_smoothing) / len(q) for v in numbers(t)]
        p = [mp.exp(v) for v in numbers(q)] if form.get("from_logits") else numbers(q)
        p = [v / mp.fsum(p) for v in p]
        if ignore_class is not None and t[ignore_class] == 1:
            return mpf(0)
        return mp.fsum(w * (a - b) ** 2 for w, a, b in zip(class_weight or [1] * len(p), y, p, strict=True))

    return [squares(t, q) for t, q in zip(y_true, y_pred, strict=True)]


@oracle("categorical_hinge")
def categorical_hinge(y_true, y_pred):
    rows = []
    for t, q in zip(y_true, y_pred, strict=True):
        scores, true = numbers(q), [float(v) for v in t].index(1.0)
        rows.append(max(mpf(0), 1 + max(s for c, s in enumerate(scores) if c != true) - scores[true]))
    return rows


@oracle("kl_divergence")
def kl_divergence(y_true, y_pred):
    return [
        mp.fsum(y * mp.log(y / p) for y, p in zip(numbers(t), numbers(q), strict=True) if y)
        for t, q in zip(y_true, y_pred, strict=True)
    ]


def counts(y_true, y_pred, from_logits, ignore_class=None):
    tp, fp, fn, tn = mpf(0), mpf(0), mpf(0), mpf(0)
    for t, q in zip(y_true, y_pred, strict=True):
        for y, p in zip(numbers(t), numbers(q), strict=True):
            if ignore_class is not None and y == ignore_class:
                continue
            p = 1 / (1 + mp.exp(-p)) if from_logits else p
            tp, fp, fn, tn = tp + y * p, fp + (1 - y) * p, fn + y * (1 - p), tn + (1 - y) * (1 - p)
    return tp, fp, fn, tn


def overlap(value):
    """A loss of soft counts, per row or over the whole batch."""

    def rows(y_true, y_pred, from_logits=False, whole_batch=False, ignore_class=None, **parameters):
        if whole_batch:
            return [value(*counts(y_true, y_pred, from_logits, ignore_class), **parameters)]
        pairs = zip(y_true, y_pred, strict=True)
        return [value(*counts([t], [q], from_logits, ignore_class), **parameters) for t, q in pairs]

    return rows


def dice(tp, fp, fn, smooth):
    return (2 * tp + mpf(smooth)) / (2 * tp + fp + fn + mpf(smooth))


def tversky(tp, fp, fn, alpha, beta, smooth):
    return (tp + mpf(smooth)) / (tp + mpf(alpha) * fp + mpf(beta) * fn + mpf(smooth))


def mcc(tp, fp, fn, tn, smooth=1e-5):
    tp, fp, fn, tn = (count + mpf(smooth) for count in (tp, fp, fn, tn))
    square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return 1 - (tp * tn - fp * fn) / mp.sqrt(square) if square else mpf(1)


ORACLE["dice"] = overlap(lambda tp, fp, fn, tn, smooth=0: 1 - dice(tp, fp, fn, smooth))
ORACLE["log_dice"] = overlap(lambda tp, fp, fn, tn, smooth=1: -mp.log(dice(tp, fp, fn, smooth)))
ORACLE["log_cosh_dice"] = overlap(lambda tp, fp, fn, tn, smooth=0: mp.log(mp.cosh(1 - dice(tp, fp, fn, smooth))))
ORACLE["jaccard"] = overlap(lambda tp, fp, fn, tn, smooth=0: 1 - (tp + mpf(smooth)) / (tp + fp + fn + mpf(smooth)))
ORACLE["tversky"] = overlap(
    lambda tp, fp, fn, tn, alpha=0.5, beta=0.5, smooth=0: 1 - tversky(tp, fp, fn, alpha, beta, smooth)
)
ORACLE["focal_tversky"] = overlap(
    lambda tp, fp, fn, tn, alpha=0.3, beta=0.7, gamma=0.75, smooth=0: (
        (1 - tversky(tp, fp, fn, alpha, beta, smooth)) ** mpf(gamma)
    )
)
ORACLE["mcc"] = overlap(mcc)


@oracle("squared_dice")
def squared_dice(y_true, y_pred, from_logits=False, whole_batch=False, ignore_class=None, smooth=0):
    if not whole_batch:
        pairs = zip(y_true, y_pred, strict=True)
        return [squared_dice([t], [q], from_logits, True, ignore_class, smooth)[0] for t, q in pairs]
    both, squares = mpf(smooth), mpf(smooth)
    for t, q in zip(y_true, y_pred, strict=True):
        for y, p in zip(numbers(t), numbers(q), strict=True):
            if ignore_class is None or y != ignore_class:
                p = 1 / (1 + mp.exp(-p)) if from_logits else p
                both, squares = both + 2 * y * p, squares + y * y + p * p
    return [1 - both / squares]


@oracle("generalized_dice")
def generalized_dice(y_true, y_pred, from_logits=False, whole_batch=False, ignore_class=None):
    """Rows of one entry for each class; over the whole batch, each class is a column."""
    if not whole_batch:
        pairs = zip(y_true, y_pred, strict=True)
        return [generalized_dice([t], [q], from_logits, True, ignore_class)[0] for t, q in pairs]
    columns = [counts([[v] for v in t], [[v] for v in q], from_logits, ignore_class)
               for t, q in zip(zip(*y_true, strict=True), zip(*y_pred, strict=True), strict=True)]  # fmt: skip
    weights = [1 / (tp + fn) ** 2 if tp + fn else None for tp, _, fn, _ in columns]
    most = max((w for w in weights if w is not None), default=mpf(1))
    weights = [most if w is None else w for w in weights]
    both = mp.fsum(w * 2 * tp for w, (tp, _, _, _) in zip(weights, columns, strict=True))
    whole = mp.fsum(w * (2 * tp + fp + fn) for w, (tp, fp, fn, _) in zip(weights, columns, strict=True))
    return [1 - both / whole]


def lovasz(errors, positive):
    """The Lovász extension of the Jaccard loss of a set of wrong pixels, added from the largest error on."""

    def jaccard(wrong):
        true = {k for k, one in enumerate(positive) if one}
        return mpf(len(wrong)) / len(true | wrong) if wrong else mpf(0)

    value, wrong = mpf(0), set()
    for k in sorted(range(len(errors)), key=lambda k: -errors[k]):
        value += max(errors[k], mpf(0)) * (jaccard(wrong | {k}) - jaccard(wrong))
        wrong = wrong | {k}
    return value


@oracle("lovasz_hinge")
def lovasz_hinge(y_true, y_pred):
    pairs = [(numbers(t), numbers(q)) for t, q in zip(y_true, y_pred, strict=True)]
    return [
        lovasz([1 - z if y > 0 else 1 + z for y, z in zip(t, q, strict=True)], [y > 0 for y in t]) for t, q in pairs
    ]


@oracle("lovasz_softmax")
def lovasz_softmax(y_true, y_pred, from_logits=False, classes="present"):
    """Rows of one pixel, (row, class), or of several, (row, pixel, class)."""
    values = []
    for labels, row in zip(y_true, y_pred, strict=True):
        labels, row = (labels, row) if getattr(labels, "ndim", 0) else ([labels], [row])
        p = [numbers(one) for one in row]
        if from_logits:
            p = [[mp.exp(v) / mp.fsum(map(mp.exp, one)) for v in one] for one in p]
        parts = []
        for c in range(len(p[0])):
            own = [int(label) == c for label in labels]
            if any(own) or classes == "all":
                parts.append(lovasz([1 - one[c] if yes else one[c] for one, yes in zip(p, own, strict=True)], own))
        values.append(mean(parts))
    return values


@oracle("concordance_correlation")
def concordance_correlation(y_true, y_pred):
    """One number for each column."""
    columns = []
    for t, q in zip(zip(*y_true, strict=True), zip(*y_pred, strict=True), strict=True):
        y, p = numbers(t), numbers(q)
        my, mean_p = mean(y), mean(p)
        both = mean((a - my) * (b - mean_p) for a, b in zip(y, p, strict=True))
        spread = mean((a - my) ** 2 for a in y) + mean((b - mean_p) ** 2 for b in p) + (my - mean_p) ** 2
        columns.append(1 - 2 * both / spread)
    return columns


@oracle("ctc")
def ctc(y_true, y_pred, blank=0, per_symbol=False):
    """By enumeration of every path: slow, and nothing to get wrong."""
    from itertools import product

    rows = []
    for t, frames in zip(y_true, y_pred, strict=True):
        end = blank % len(frames[0])
        wanted = [int(v) for v in t if int(v) != end]
        p = []
        for frame in frames:
            e = [mp.exp(v) for v in numbers(frame)]
            p.append([v / mp.fsum(e) for v in e])
        total = mpf(0)
        for path in product(range(len(p[0])), repeat=len(p)):
            spelled = [s for k, s in enumerate(path) if s != end and (k == 0 or path[k - 1] != s)]
            if spelled == wanted:
                total += mp.fprod(p[k][s] for k, s in enumerate(path))
        rows.append(-mp.log(total) / (max(len(wanted), 1) if per_symbol else 1))
    return rows


def binary_right(y, p):
    """The probability given to the label."""
    return y * p + (1 - y) * (1 - p)


@binary
def _asymmetric(y, p, yes, no, gamma_pos=1, gamma_neg=4, clip=0.05):
    kept = max(p - mpf(clip), mpf(0))
    w0 = no / -mp.log(1 - p) if no else 1 - y  # the weight of the class
    return (1 - p) ** mpf(gamma_pos) * yes - kept ** mpf(gamma_neg) * w0 * mp.log(1 - kept)


ORACLE["asymmetric_multi_label"] = _asymmetric
ORACLE["poly_binary_cross_entropy"] = binary(
    lambda y, p, yes, no, epsilon_1=2: yes + no + mpf(epsilon_1) * (1 - binary_right(y, p))
)
ORACLE["varifocal"] = binary(
    lambda y, p, yes, no, alpha=0.75, gamma=2: (y if y else mpf(alpha) * p ** mpf(gamma)) * (yes + no)
)


@binary
def _penalty_reduced(y, p, yes, no, alpha=2, beta=4):
    if y == 1:
        return (1 - p) ** mpf(alpha) * yes
    return (1 - y) ** (mpf(beta) - 1) * p ** mpf(alpha) * no


ORACLE["penalty_reduced_focal"] = _penalty_reduced


@binary
def _reduced_focal(y, p, yes, no, gamma=2, threshold=0.5):
    right, h = binary_right(y, p), mpf(threshold)
    return (yes + no) * (((1 - right) / h) ** mpf(gamma) if right >= h else 1)


ORACLE["reduced_focal"] = _reduced_focal
ORACLE["categorical_poly_cross_entropy"] = categorical(
    lambda c, p, epsilon_1=2: -mp.log(p[c]) + mpf(epsilon_1) * (1 - p[c]), sparse=False
)
ORACLE["asymmetric_focal"] = binary(
    lambda y, p, yes, no, delta=0.7, gamma=2: mpf(delta) * yes + (1 - mpf(delta)) * p ** mpf(gamma) * no
)


@oracle("zlpr")
def zlpr(y_true, y_pred):
    return [
        mp.log1p(mp.fsum((y < 1) * mp.exp(z) for y, z in zip(numbers(t), numbers(q), strict=True)))
        + mp.log1p(mp.fsum((y == 1) * mp.exp(-z) for y, z in zip(numbers(t), numbers(q), strict=True)))
        for t, q in zip(y_true, y_pred, strict=True)
    ]


def divergence(of):
    def rows(y_true, y_pred, **parameters):
        return [
            mp.fsum(of(y, p, **parameters) for y, p in zip(numbers(t), numbers(q), strict=True))
            for t, q in zip(y_true, y_pred, strict=True)
        ]

    return rows


def jensen_shannon(y, p, beta=0.5):
    m = mpf(beta) * y + (1 - mpf(beta)) * p
    return (mpf(beta) * y * mp.log(y / m) if y else 0) + ((1 - mpf(beta)) * p * mp.log(p / m) if p else 0)


ORACLE["reverse_kl"] = divergence(lambda y, p: p * mp.log(p / y) if p else mpf(0))
ORACLE["jeffreys"] = divergence(lambda y, p: (p - y) * mp.log(p / y))
ORACLE["jensen_shannon"] = divergence(jensen_shannon)
ORACLE["hellinger"] = divergence(lambda y, p: (mp.sqrt(y) - mp.sqrt(p)) ** 2 / 2)
ORACLE["total_variation_distance"] = divergence(lambda y, p: abs(y - p) / 2)
ORACLE["triangular_discrimination"] = divergence(lambda y, p: (y - p) ** 2 / (y + p) if y + p else mpf(0))
ORACLE["generalized_kl"] = divergence(lambda y, p: (y * mp.log(y / p) if y else 0) - y + p)
ORACLE["hinge_embedding"] = entrywise(lambda y, p, margin=1: p if y == 1 else max(mpf(margin) - p, mpf(0)))


def rowwise(of):
    def rows(y_true, y_pred, **parameters):
        return [of(numbers(t), numbers(q), **parameters) for t, q in zip(y_true, y_pred, strict=True)]

    return rows


@rowwise
def _squared_emd(y, p):
    return mp.fsum((mp.fsum(y[: k + 1]) - mp.fsum(p[: k + 1])) ** 2 for k in range(len(y)))


@rowwise
def _pairwise(y, p):
    pairs = [(i, j) for i in range(len(y)) for j in range(len(y)) if i != j]
    return mean(((y[i] - y[j]) - (p[i] - p[j])) ** 2 for i, j in pairs) if pairs else mpf(0)


ORACLE["squared_emd"], ORACLE["mean_pairwise_squared_error"] = _squared_emd, _pairwise


def general_robust(e, alpha=1, c=1):
    x, a = (e / mpf(c)) ** 2, mpf(alpha)
    if a == 2:
        return x / 2
    return mp.log(1 + x / 2) if a == 0 else (2 - a) / a * ((x / (2 - a) + 1) ** (a / 2) - 1)


ORACLE["general_robust"] = error(general_robust)
ORACLE["geman_mc_clure"] = error(lambda e, c=1: e**2 / 2 / (1 + (e / mpf(c)) ** 2))


@entrywise
def _adaptive_wing(y, p, omega=14, epsilon=1, theta=0.5, alpha=2.1):
    w, s, t, a, e = mpf(omega), mpf(epsilon), mpf(theta), mpf(alpha) - y, abs(p - y)
    steep = w / (1 + (t / s) ** a) * a * (t / s) ** (a - 1) / s
    return w * mp.log(1 + (e / s) ** a) if e < t else steep * e - (t * steep - w * mp.log(1 + (t / s) ** a))


ORACLE["adaptive_wing"] = _adaptive_wing
ORACLE["chi_squared"] = divergence(lambda y, p: (y - p) ** 2 / p)
ORACLE["alpha_divergence"] = divergence(
    lambda y, p, alpha=0.5: (
        (mpf(alpha) * y + (1 - mpf(alpha)) * p - y ** mpf(alpha) * p ** (1 - mpf(alpha)))
        / (mpf(alpha) * (1 - mpf(alpha)))
    )
)
ORACLE["bhattacharyya"] = rowwise(lambda y, p: -mp.log(mp.fsum(mp.sqrt(a * b) for a, b in zip(y, p, strict=True))))
ORACLE["wasserstein"] = rowwise(
    lambda y, p: mp.fsum(abs(mp.fsum(y[: k + 1]) - mp.fsum(p[: k + 1])) for k in range(len(y) - 1))
)


@rowwise
def _log_kl(y, p, log_target=False, average=False, unnormalized=False):
    found = mp.fsum(
        mp.exp(a) * (a - b) if log_target else (a * (mp.log(a) - b) if a else mpf(0)) for a, b in zip(y, p, strict=True)
    )
    if unnormalized:
        found += mp.fsum(mp.exp(b) - (mp.exp(a) if log_target else a) for a, b in zip(y, p, strict=True))
    return found / len(y) if average else found


ORACLE["log_kl"] = _log_kl
