"""The textbook formulas of penalties, samples, levels, points and forecasts, as loops; see named.py."""

from tests.oracle.named import NAMED_ORACLE, distance, dot, mean, mp, mpf, nll, oracle


def softmax(z):
    e = {c: mp.exp(x) for c, x in enumerate(z)}
    whole = mp.fsum(e.values())
    return [v / whole for v in e.values()]


def costs(z):
    """-log of the softmax."""
    e = {c: mp.exp(x) for c, x in enumerate(z)}
    return [nll(e, c) for c in e]


def alone(of):
    """A penalty of rows of numbers, however many axes there are."""

    def rows(slots, weight, keep, form, **how):
        def entry(x, there):
            if isinstance(x[0], list):
                return [entry(one, there) for one in x]
            return of(x, **how) if there else None

        return [entry(x, there) for x, there in zip(slots["y_pred"], keep, strict=True)]

    NAMED_ORACLE[of.__name__] = rows
    return of


@alone
def z_loss(z):
    return mp.log(mp.fsum(map(mp.exp, z))) ** 2


@alone
def entropy_penalty(z, sure="pays"):
    found = mp.fsum(p * c for p, c in zip(softmax(z), costs(z), strict=True))
    return found if sure == "pays" else -found


@alone
def norm_penalty(x, most=1.0):
    return max(dot(x, x) - mpf(most), mpf(0))


@alone
def zero_mean_penalty(x):
    return abs(mp.fsum(x))


@oracle
def orthogonality(slots, weight, keep, form):
    def value(a):
        return mp.fsum((dot(u, v) - (i == j)) ** 2 for i, u in enumerate(a) for j, v in enumerate(a))

    return [value(a) if there else None for a, there in zip(slots["y_pred"], keep, strict=True)]


def whole(of):
    """A loss of all rows together; `of(rows, fixed, ...)` gets pairs (weight, row), and what is held fixed."""

    def value(slots, weight, keep, form, held=None, **how):
        def rows(x):
            return [(mpf(1) if weight is None else weight[i], r) for i, r in enumerate(x) if keep[i]]

        return [of(rows(slots["y_pred"]), rows((held or slots)["y_pred"]), **how)]

    NAMED_ORACLE[of.__name__] = value
    return of


def weighted_mean(values):
    """Of pairs (weight, value)."""
    values = list(values)
    return mp.fsum(w * v for w, v in values) / mp.fsum(w for w, _ in values)


@whole
def load_balancing(rows, fixed, top=1):
    n = len(rows[0][1])

    def chosen(z):
        return sorted(range(n), key=lambda e: (-z[e], e))[:top]

    f = [weighted_mean((w, mpf(e in chosen(z))) for w, z in fixed) for e in range(n)]
    return mpf(n) / top * mp.fsum(f[e] * weighted_mean((w, softmax(z)[e]) for w, z in rows) for e in range(n))


@whole
def flops_penalty(rows, fixed):
    return mp.fsum(weighted_mean((w, abs(x[j])) for w, x in rows) ** 2 for j in range(len(rows[0][1])))


@whole
def sparsity_penalty(rows, fixed, share=0.05):
    found, r = [], mpf(share)
    for j in range(len(rows[0][1])):
        a = weighted_mean((w, 1 / (1 + mp.exp(-x[j]))) for w, x in rows)
        b = weighted_mean((w, 1 / (1 + mp.exp(x[j]))) for w, x in rows)
        found.append(r * mp.log(r / a) + (1 - r) * mp.log((1 - r) / b))
    return mp.fsum(found)


@whole
def class_confusion(rows, fixed, temperature=2.5):
    k, t = len(rows[0][1]), mpf(temperature)
    m = mp.zeros(k, k)
    for (w, z), (_, q) in zip(rows, fixed, strict=True):
        p, still = softmax([x / t for x in z]), softmax([x / t for x in q])
        w = w * (1 + mp.exp(mp.fsum(s * mp.log(s) for s in still)))
        for a in range(k):
            for b in range(k):
                m[a, b] += w * p[a] * p[b]
    return mean(mp.fsum(m[a, b] for b in range(k) if b != a) / mp.fsum(m[a, b] for b in range(k)) for a in range(k))


def samples(of):
    """The value of each row beside all others; `of(y_i, p_i, y_j, p_j, ...)` is the part of one pair."""

    def rows(slots, weight, keep, form, **how):
        n = len(keep)
        w = [(mpf(1) if weight is None else weight[j]) * keep[j] for j in range(n)]
        y, p, every = slots["y_true"], slots["y_pred"], mp.fsum(w)
        return [
            mp.fsum(w[j] * of(y[i], p[i], y[j], p[j], **how) for j in range(n) if keep[j]) / every if keep[i] else None
            for i in range(n)
        ]

    NAMED_ORACLE[of.__name__] = rows
    return of


@samples
def mmd(y, p, z, q, bandwidths=(1.0,)):
    def k(a, b):
        return mean(mp.exp(-(distance(a, b) ** 2) / (2 * mpf(h) ** 2)) for h in bandwidths)

    return k(y, z) + k(p, q) - k(y, q) - k(p, z)


@samples
def energy_distance(y, p, z, q):
    return distance(y, q) + distance(p, z) - distance(y, z) - distance(p, q)


@oracle
def domain_coral(slots, weight, keep, form):
    """The squared difference of the matrices, shared out over the rows of the first factor."""
    w = [(mpf(1) if weight is None else weight[j]) * keep[j] for j in range(len(keep))]
    n, d = mp.fsum(w), len(slots["y_pred"][0])

    def apart(x):
        centre = [mp.fsum(v * row[k] for v, row in zip(w, x, strict=True)) / n for k in range(d)]
        return [[row[k] - centre[k] for k in range(d)] for row in x]

    y, p = apart(slots["y_true"]), apart(slots["y_pred"])

    def covariance(x, a, b):
        return mp.fsum(v * row[a] * row[b] for v, row in zip(w, x, strict=True)) / (n - 1)

    gap = [[covariance(y, a, b) - covariance(p, a, b) for b in range(d)] for a in range(d)]
    return [
        mp.fsum(gap[a][b] * (y[i][a] * y[i][b] - p[i][a] * p[i][b]) for a in range(d) for b in range(d))
        * n / (n - 1) / (4 * d**2) if there else None
        for i, there in enumerate(keep)
    ]  # fmt: skip


def levels(of):
    """A loss of a level and one number for each class or threshold."""

    def rows(slots, weight, keep, form, **how):
        return [of(int(t), z, **how) if there else None
                for t, z, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]  # fmt: skip

    NAMED_ORACLE[of.__name__] = rows
    return of


@levels
def sord(t, z, alpha=1.5):
    q = softmax([-mpf(alpha) * abs(c - t) for c in range(len(z))])
    return mp.fsum(a * b for a, b in zip(q, costs(z), strict=True))


@levels
def distance_weighted_cross_entropy(t, z, alpha=5.0):
    p = softmax(z)
    return mp.fsum(
        -(mpf(abs(c - t)) ** mpf(alpha)) * mp.log(mp.fsum(v for k, v in enumerate(p) if k != c)) for c in range(len(z))
    )


@levels
def ordinal_ecoc(t, p):
    return mp.fsum((v - (t > k)) ** 2 for k, v in enumerate(p))


@oracle
def oks(slots, weight, keep, form, sigmas=0.05):
    values = []
    for i, (y, area, p) in enumerate(zip(slots["target"], slots["area"], slots["prediction"], strict=True)):
        some = [k for k in range(len(y)) if "valid" not in slots or slots["valid"][i][k]]
        s = sigmas if isinstance(sigmas, tuple) else (sigmas,) * len(y)
        found = [-mp.expm1(-(distance(y[k], p[k]) ** 2) / (2 * area * (2 * mpf(s[k])) ** 2)) for k in some]
        values.append(mean(found) if keep[i] and some else None)
    return values


@oracle
def point_distance(slots, weight, keep, form):
    rows = zip(slots["y_true"], slots["y_pred"], keep, strict=True)
    return [mean(distance(a, b) for a, b in zip(y, p, strict=True)) if there else None for y, p, there in rows]


@oracle
def implicit_quantile(slots, weight, keep, form):
    values = []
    for y, t, p, there in zip(slots["target"], slots["level"], slots["prediction"], keep, strict=True):
        row = list(zip(y, t, p, strict=True)) if isinstance(y, list) else [(y, t, p)]
        values.append(mean(max(a * (b - c), (a - 1) * (b - c)) for b, a, c in row) if there else None)
    return values


@oracle
def categorical_distributional(slots, weight, keep, form, low=-10.0, high=10.0):
    values = []
    for places, mass, z, there in zip(slots["place"], slots["mass"], slots["y_pred"], keep, strict=True):
        last, cost, terms = len(z) - 1, costs(z), []
        for v, q in zip(places, mass, strict=True):
            at = (min(max(v, mpf(low)), mpf(high)) - mpf(low)) / (mpf(high) - mpf(low)) * last
            terms += [q * max(1 - abs(at - k), mpf(0)) * cost[k] for k in range(len(z))]
        values.append(mp.fsum(terms) if there else None)
    return values


@oracle
def soft_spearman(slots, weight, keep, form, temperature=1.0):
    def correlation(a, b):
        a, b = ([v - mean(x) for v in x] for x in (a, b))
        size = mp.sqrt(dot(a, a) * dot(b, b))
        return dot(a, b) / size if size else mpf(0)

    values = []
    for y, s, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        true = [mp.fsum((v > u) + mpf(v == u) / 2 for u in y) for v in y]
        soft = [mp.fsum(1 / (1 + mp.exp((u - v) / mpf(temperature))) for u in s) for v in s]
        values.append(1 - correlation(true, soft) if there else None)
    return values
