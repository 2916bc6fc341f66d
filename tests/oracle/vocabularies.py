"""The textbook formulas of losses of very many classes, of peaks over levels, and of rotated boxes; see named.py."""

from tests.oracle.named import distance, mp, mpf, nll, oracle
from tests.oracle.sets import costs, levels


def corrected(slots, i):
    """The logits of the true class and of those that were drawn, less the logs of their counts."""
    true, drawn = slots["true"][i], slots["drawn"][i]
    true = true - mp.log(slots["true_count"][i]) if "true_count" in slots else true
    if "drawn_count" in slots:
        drawn = [z - mp.log(n) for z, n in zip(drawn, slots["drawn_count"][i], strict=True)]
    valid = slots["valid"][i] if "valid" in slots else [True] * len(drawn)
    return true, [z for z, there in zip(drawn, valid, strict=True) if there]


@oracle
def sampled_softmax(slots, weight, keep, form):
    def value(true, drawn):
        return nll({c: mp.exp(z) for c, z in enumerate([true, *drawn])}, 0)

    return [value(*corrected(slots, i)) if there else None for i, there in enumerate(keep)]


@oracle
def noise_contrastive_estimation(slots, weight, keep, form):
    def value(true, drawn):
        return mp.log1p(mp.exp(-true)) + mp.fsum(mp.log1p(mp.exp(z)) for z in drawn)

    return [value(*corrected(slots, i)) if there else None for i, there in enumerate(keep)]


@oracle
def adaptive_softmax(slots, weight, keep, form, cutoffs=None):
    def value(t, z, clusters):
        n, k = len(z), len(clusters)
        starts = [round(mpf(n) * (j + 1) / (k + 1)) for j in range(k)] if cutoffs is None else list(cutoffs)
        choices = {("class", c): mp.exp(v) for c, v in enumerate(z[: starts[0]])}
        choices |= {("cluster", c): mp.exp(v) for c, v in enumerate(clusters)}
        for c, (start, end) in enumerate(zip(starts, [*starts[1:], n], strict=True)):
            if start <= t < end:
                inner = {j: mp.exp(z[j]) for j in range(start, end)}
                return nll(choices, ("cluster", c)) + nll(inner, t)
        return nll(choices, ("class", t))

    rows = zip(slots["label"], slots["logits"], slots["clusters"], keep, strict=True)
    return [value(int(t), z, c) if there else None for t, z, c, there in rows]


def normalised(row):
    return [v / mp.fsum(row) for v in row]


def poisson_peak(t, n, spread):
    return normalised([mp.exp(mp.exp(-(t + 1)) * mpf(t + 1) ** c / mp.factorial(c)) for c in range(n)])


def binomial_peak(t, n, spread):
    p = mpf(1) / 10 + mpf(8) / 10 * t / (n - 1)
    return [mp.binomial(n - 1, c) * p**c * (1 - p) ** (n - 1 - c) for c in range(n)]


def geometric_peak(t, n, spread):
    a = mpf(spread or 0.1)
    rest = mp.fsum(a ** abs(t - c) for c in range(n) if c != t)
    return [1 - a if c == t else a * a ** abs(t - c) / rest for c in range(n)]


def triangular_peak(t, n, spread):
    """The area of a triangle over [k, k + 1], by its corners."""
    a = mpf(spread or 0.05)

    def end(share):
        """The width of half a triangle of which that share, squared, lies beyond the interval."""
        beyond = (mp.sqrt(1 + 4 * share * (1 - 2 * a) * (mp.sqrt(2 * a) - 2 * a)) - 1) / 2
        return 1 / (1 - beyond)

    if t == 0:
        low, top, high = mpf(0), mpf(0), end(1)
    elif t == n - 1:
        low, top, high = n - end((mpf(n - 1) / n) ** 2), mpf(n), mpf(n)
    else:  # of an isosceles triangle, the share a lies on either side
        half = 1 / (1 - mp.sqrt(2 * a)) / 2
        low, top, high = t + mpf(1) / 2 - half, t + mpf(1) / 2, t + mpf(1) / 2 + half

    def below(u):
        if u <= low:
            return mpf(0)
        if u >= high:
            return mpf(1)
        return (
            (u - low) ** 2 / (high - low) / (top - low)
            if u < top
            else 1 - (high - u) ** 2 / (high - low) / (high - top)
        )

    return normalised([below(k + 1) - below(k) for k in range(n)])


@levels
def unimodal_cross_entropy(t, z, peak="poisson", spread=None, eta=1.0, labels=None):
    peaks = {"poisson": poisson_peak, "binomial": binomial_peak, "geometric": geometric_peak}
    row = peaks.get(peak, triangular_peak)(t, len(z), spread) if labels is None else [mpf(v) for v in labels[t]]
    share = [(1 - mpf(eta)) * (c == t) + mpf(eta) * q for c, q in enumerate(row)]
    return mp.fsum(q * cost for q, cost in zip(share, costs(z), strict=True))


@oracle
def prob_iou(slots, weight, keep, form, mode="distance"):
    """By matrices."""

    def blob(box):
        w, h, a = box[2:]
        turned = mp.matrix([[mp.cos(a), -mp.sin(a)], [mp.sin(a), mp.cos(a)]])
        return turned * mp.diag([w * w, h * h]) * turned.T / 12

    def value(one, other):
        s, t = blob(one), blob(other)
        d = mp.matrix([other[0] - one[0], other[1] - one[1]])
        far = (d.T * mp.inverse(s + t) * d)[0] / 4
        b = far + mp.log(mp.det(s + t) / (4 * mp.sqrt(mp.det(s) * mp.det(t)))) / 2
        return b if mode == "log" else mp.sqrt(max(1 - mp.exp(-b), mpf(0)))

    def each(true, pred, valid):
        if isinstance(true[0], list):
            return [each(*three) for three in zip(true, pred, valid or [None] * len(true), strict=True)]
        return None if valid is False else value(true, pred)

    nothing = lambda true: [None] * len(true) if isinstance(true[0], list) else None  # noqa: E731
    rows = zip(slots["y_true"], slots["y_pred"], slots.get("valid") or [None] * len(keep), keep, strict=True)
    return [each(t, p, v) if there else nothing(t) for t, p, v, there in rows]


@oracle
def bone_length(slots, weight, keep, form, parents=None):
    points = range(len(slots["y_true"][0]))
    parents = [max(k - 1, 0) for k in points] if parents is None else parents
    w = [there * (mpf(1) if weight is None else weight[i]) for i, there in enumerate(keep)]

    def length(x, k):
        return mp.fsum(a * distance(row[k], row[parents[k]]) for a, row in zip(w, x, strict=True)) / mp.fsum(w)

    bones = [k for k in points if parents[k] != k]
    return [mp.fsum(abs(length(slots["y_pred"], k) - length(slots["y_true"], k)) for k in bones) / len(bones)]


@oracle
def equalization_v2(slots, weight, keep, form, ratios=None, gamma=12.0, mu=0.8, alpha=4.0):
    def value(y, z):
        found = mpf(0)
        for c, (t, v) in enumerate(zip(y, z, strict=True)):
            less = mpf(1) if ratios is None else 1 / (1 + mp.exp(-mpf(gamma) * (mpf(ratios[c]) - mpf(mu))))
            found += (1 + mpf(alpha) * (1 - less)) * t * mp.log1p(mp.exp(-v)) + less * (1 - t) * mp.log1p(mp.exp(v))
        return found

    return [value(y, z) if there else None for y, z, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]


@oracle
def ranking_squared_hinge(slots, weight, keep, form, margin=0.2):
    y, s, values = slots["y_true"], slots["y_pred"], []
    there = [k and (weight is None or weight[i] != 0) for i, k in enumerate(keep)]
    for i, t in enumerate(y):
        met = [j for j in range(len(y)) if there[j] and (y[j] > 0) != (t > 0)]
        gaps = [s[i] - s[j] if t > 0 else s[j] - s[i] for j in met]
        values.append(mp.fsum(max(mpf(margin) - g, mpf(0)) ** 2 for g in gaps) / len(met) if there[i] and met else None)
    return values


@oracle
def hardest_hinges(slots, weight, keep, form, share=0.25):
    def value(y, s):
        short = sorted((max(1 - (v if t > 0 else -v), mpf(0)) for t, v in zip(y, s, strict=True)), reverse=True)
        return mp.fsum(short[: max(1, int(share * len(y)))])

    return [value(y, s) if there else None for y, s, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]
