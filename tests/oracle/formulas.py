"""The textbook formula of every loss in 40-digit arithmetic, written without a look at the losses' own code.

`ORACLE[name](y_true, y_pred, **parameters)` gives the value of each row as a list of mpmath numbers. The parameters
are those of the loss; nothing here is clever, so nothing here can share a mistake with what it judges.
"""

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
ORACLE["mean_absolute_percentage_error"] = entrywise(
    lambda y, p, epsilon=1e-7: 100 * abs(p - y) / max(abs(y), mpf(epsilon))
)
ORACLE["mean_squared_logarithmic_error"] = entrywise(lambda y, p: (mp.log(1 + p) - mp.log(1 + y)) ** 2)
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


@oracle("multi_quantile")
def multi_quantile(y_true, y_pred, q=(0.1, 0.5, 0.9)):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,) = numbers(t)
        gaps = [(mpf(level), y - p) for level, p in zip(q, numbers(parts), strict=True)]
        rows.append(mean(max(level * gap, (level - 1) * gap) for level, gap in gaps))
    return rows


@oracle("gaussian_nll")
def gaussian_nll(y_true, y_pred, spread="log_variance", full=True):
    rows = []
    for t, parts in zip(y_true, y_pred, strict=True):
        (y,), (mu, s) = numbers(t), numbers(parts)
        variance = {"log_variance": mp.exp(s), "variance": s, "std": s * s}[spread]
        rows.append((mp.log(variance) + (y - mu) ** 2 / variance + (mp.log(2 * mp.pi) if full else 0)) / 2)
    return rows


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


def counts(y_true, y_pred, from_logits):
    tp, fp, fn = mpf(0), mpf(0), mpf(0)
    for t, q in zip(y_true, y_pred, strict=True):
        for y, p in zip(numbers(t), numbers(q), strict=True):
            p = 1 / (1 + mp.exp(-p)) if from_logits else p
            tp, fp, fn = tp + y * p, fp + (1 - y) * p, fn + y * (1 - p)
    return tp, fp, fn


def overlap(ratio):
    """A loss of soft counts, per row or over the whole batch."""

    def rows(y_true, y_pred, from_logits=False, whole_batch=False, **parameters):
        if whole_batch:
            return [1 - ratio(*counts(y_true, y_pred, from_logits), **parameters)]
        pairs = zip(y_true, y_pred, strict=True)
        return [1 - ratio(*counts([t], [q], from_logits), **parameters) for t, q in pairs]

    return rows


ORACLE["dice"] = overlap(lambda tp, fp, fn, smooth=0: (2 * tp + smooth) / (2 * tp + fp + fn + smooth))
ORACLE["tversky"] = overlap(
    lambda tp, fp, fn, alpha=0.5, beta=0.5, smooth=0: (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
)


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
def ctc(y_true, y_pred):
    """By enumeration of every path: slow, and nothing to get wrong."""
    from itertools import product

    rows = []
    for t, frames in zip(y_true, y_pred, strict=True):
        wanted = [int(v) for v in t if int(v) != 0]
        p = []
        for frame in frames:
            e = [mp.exp(v) for v in numbers(frame)]
            p.append([v / mp.fsum(e) for v in e])
        total = mpf(0)
        for path in product(range(len(p[0])), repeat=len(p)):
            spelled = [s for k, s in enumerate(path) if s != 0 and (k == 0 or path[k - 1] != s)]
            if spelled == wanted:
                total += mp.fprod(p[k][s] for k, s in enumerate(path))
        rows.append(-mp.log(total))
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
