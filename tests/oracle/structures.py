"""The textbook formulas of skeletons, outlines, spectra, plans of transport and tempered shares; see named.py."""

import itertools
from functools import cache

from tests.oracle.images import flat, layers, pictures
from tests.oracle.named import (
    NAMED_ORACLE,
    distance,
    dot,
    mean,
    mp,
    mpf,
    of_tokens,
    oracle,
)
from tests.oracle.sets import costs, levels, softmax

# -- masks ----------------------------------------------------------------------------------------------------------


def masks(of):
    """A loss of two masks, each a matrix; `fixed` is what is held of the predicted one."""

    def rows(slots, weight, keep, form, channels_first=False, held=None, **how):
        def made(image):
            return [list(zip(*lines, strict=True)) for lines in zip(*image, strict=True)] if channels_first else image

        fixed = (held or slots)["y_pred"]
        every = zip(slots["y_true"], slots["y_pred"], fixed, keep, strict=True)
        return [of(y, made(p), made(f), **how) if there else None for y, p, f, there in every]

    NAMED_ORACLE[of.__name__] = rows
    return of


def pixels(x):
    return [(i, j) for i in range(len(x)) for j in range(len(x[0]))]


def around(x, i, j, places):
    """The pixels at these places around one, those inside of the image."""
    return [x[i + a][j + b] for a, b in places if 0 <= i + a < len(x) and 0 <= j + b < len(x[0])]


CROSS = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
SQUARE = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]


def pooled(x, choose, places):
    return [[choose(around(x, i, j, places)) for j in range(len(x[0]))] for i in range(len(x))]


@cache
def skeleton(x, steps):
    found = [[mpf(0)] * len(x[0]) for _ in x]
    for _ in range(steps + 1):
        eroded = pooled(x, min, CROSS)
        opened = pooled(eroded, max, SQUARE)
        for i, j in pixels(x):
            ridge = max(x[i][j] - opened[i][j], mpf(0))
            found[i][j] = found[i][j] + max(ridge - found[i][j] * ridge, mpf(0))
        x = eroded
    return found


def channels(of):
    """A loss of each channel of two masks, and the mean over the channels."""

    def rows(slots, weight, keep, form, channels_first=False, held=None, **how):
        def made(image):
            return image if channels_first else layers(image)

        fixed = (held or slots)["y_pred"]
        every = zip(slots["y_true"], slots["y_pred"], fixed, keep, strict=True)
        return [
            [of(*one, **how) for one in zip(*map(made, row), strict=True)] if there else None for *row, there in every
        ]

    return rows


def soft_cl_dice(y, p, fixed, steps=3):
    """The sums that the ratios of a channel are made of."""

    def ratio(lines, mask):
        return mp.fsum(lines[i][j] * mask[i][j] for i, j in pixels(mask)), mp.fsum(flat([lines]))

    lines = [skeleton(tuple(map(tuple, x)), steps) for x in (p, y)]
    return *ratio(lines[0], y), *ratio(lines[1], p)


@oracle
def _(*given, smooth=1.0, joint=False, epsilon=0.0, **how):
    def value(sums):
        hit_p, p, hit_y, y = (v + mpf(smooth) for v in sums)
        a, b = hit_p / p, hit_y / y
        return 1 - 2 * a * b / (a + b + mpf(epsilon))

    every = channels(soft_cl_dice)(*given, **how)
    whole = [None if row is None else [[mp.fsum(v) for v in zip(*row, strict=True)]] if joint else row for row in every]
    return [None if row is None else mean(map(value, row)) for row in whole]


def depths(x):
    """The distance of each pixel to the nearest one on the other side."""
    return depths_of(tuple(tuple(v > 0.5 for v in line) for line in x))


@cache
def depths_of(x):
    def depth(i, j):
        other = [(a, b) for a, b in pixels(x) if x[a][b] != x[i][j]]
        return min((mp.hypot(a - i, b - j) for a, b in other), default=mpf(0))

    return [[depth(i, j) for j in range(len(x[0]))] for i in range(len(x))]


def hausdorff_distance(y, p, fixed, alpha=2.0):
    a, b = depths(y), depths(fixed)
    found = mean((p[i][j] - y[i][j]) ** 2 * (a[i][j] ** mpf(alpha) + b[i][j] ** mpf(alpha)) for i, j in pixels(y))
    return found


def mean_of(of):
    """The mean over the channels, and what is made of it."""

    def rows(slots, weight, *given, logarithm=False, whole_batch=False, **how):
        found = [None if row is None else mean(row) for row in channels(of)(slots, weight, *given, **how)]
        if logarithm and whole_batch:
            w = [(mpf(1) if weight is None else weight[i], v) for i, v in enumerate(found) if v is not None]
            return [mp.log1p(mp.fsum(a * v for a, v in w) / mp.fsum(a for a, _ in w))]
        return [mp.log1p(v) if logarithm and v is not None else v for v in found]

    return rows


def hausdorff_erosion(y, p, fixed, alpha=2.0, steps=10):
    x = [[(a - b) ** 2 for a, b in zip(*lines, strict=True)] for lines in zip(p, y, strict=True)]
    found = mpf(0)
    for k in range(1, steps + 1):
        x = pooled(x, lambda near: max(mp.fsum(near) / 5 - mpf(1) / 2, mpf(0)), CROSS)
        low, high = min(flat([x])), max(flat([x]))
        x = [[(v - low) / (high - low) for v in line] for line in x] if high > low else x
        found += mpf(k) ** mpf(alpha) * mean(flat([x]))
    return found


NAMED_ORACLE["hausdorff_erosion"] = mean_of(hausdorff_erosion)
NAMED_ORACLE["soft_cl_dice"] = NAMED_ORACLE.pop("_")
NAMED_ORACLE["hausdorff_distance"] = mean_of(hausdorff_distance)


@masks
def neighbour_calibration(t, z, fixed, alpha=0.1):
    classes = range(len(z[0][0]))

    def value(i, j):
        near = around(t, i, j, SQUARE)
        pull = mean(abs(mpf(near.count(c)) / 9 - z[i][j][c]) for c in classes)
        return costs(z[i][j])[int(t[i][j])] + mpf(alpha) * pull

    return mean(value(i, j) for i, j in pixels(t))


@masks
def wasserstein_dice(t, z, fixed, distances=None, smooth=1e-5):
    count = len(z[0][0])
    m = [[mpf(v) for v in row] for row in distances or [[int(a != b) for b in range(count)] for a in range(count)]]
    top = max(max(row) for row in m)
    wrong = {(i, j): dot([v / top for v in m[int(t[i][j])]], softmax(z[i][j])) for i, j in pixels(t)}
    hit = mp.fsum(1 - w for (i, j), w in wrong.items() if t[i][j] > 0)
    return 1 - (2 * hit + mpf(smooth)) / (2 * hit + mp.fsum(wrong.values()) + mpf(smooth))


# -- spectra --------------------------------------------------------------------------------------------------------


def waves(x, count):
    """The first Fourier coefficients of a row."""
    return [mp.fsum(v * turn(k * t, len(x)) for t, v in enumerate(x)) for k in range(count)]


@cache
def turn(place, n):
    return mp.expj(-2 * mp.pi * place / n)


@cache
def spectrum(x):
    """The sizes of the unitary transform of a matrix, which is a tuple of tuples."""
    lines = [waves(line, len(line)) for line in x]
    columns = [waves(column, len(x)) for column in zip(*lines, strict=True)]
    return [abs(v) / mp.sqrt(len(x) * len(x[0])) for column in columns for v in column]


@oracle
def fre_df(slots, weight, keep, form, alpha=0.5):
    values = []
    for y, p, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        e = [[b - a for a, b in zip(*pair, strict=True)] for pair in zip(y, p, strict=True)]
        found = [abs(v) for column in zip(*e, strict=True) for v in waves(column, len(e) // 2 + 1)]
        square = mean(v * v for line in e for v in line)
        values.append((1 - mpf(alpha)) * square + mpf(alpha) * mean(found) if there else None)
    return values


@pictures
def spectral_amplitude(y, p):
    sizes = [[v for layer in x for v in spectrum(tuple(map(tuple, layer)))] for x in (y, p)]
    return mean((b - a) ** 2 for a, b in zip(*sizes, strict=True))


@oracle
def focal_frequency(slots, weight, keep, form, channels_first=False, alpha=1.0, held=None):
    def each(y, p):
        """The sizes of the waves of the error, for each channel."""
        y, p = ([*image] if channels_first else layers(image) for image in (y, p))
        for a, b in zip(y, p, strict=True):
            yield spectrum(tuple(tuple(v - u for u, v in zip(*two, strict=True)) for two in zip(a, b, strict=True)))

    values, fixed = [], (held or slots)["y_pred"]
    for y, p, still, there in zip(slots["y_true"], slots["y_pred"], fixed, keep, strict=True):
        if not there:
            values.append(None)
            continue
        tops, terms = [(sizes, max(sizes)) for sizes in each(y, still)], []
        for sizes, (held_sizes, top) in zip(each(y, p), tops, strict=True):
            terms += [(w / top) ** mpf(alpha) * v * v for v, w in zip(sizes, held_sizes, strict=True)]
        values.append(mean(terms))
    return values


@cache
def counts(v, peak, bins, sigma_ratio):
    """What a pixel of the brightness v counts in each bin."""
    width = mpf(peak) / (bins - 1)
    heights = [mp.exp(-(((v - k * width) / (mpf(sigma_ratio) * width)) ** 2) / 2) for k in range(bins)]
    return [h / mp.fsum(heights) for h in heights]


@pictures
def mutual_information(y, p, peak=1.0, bins=23, sigma_ratio=0.5):
    pairs = [
        (counts(u, peak, bins, sigma_ratio), counts(v, peak, bins, sigma_ratio))
        for u, v in zip(flat(y), flat(p), strict=True)
    ]
    first, second = ([mean(pair[side][k] for pair in pairs) for k in range(bins)] for side in (0, 1))
    joint = {(a, b): mean(u[a] * v[b] for u, v in pairs) for a in range(bins) for b in range(bins)}
    return -mp.fsum(h * mp.log(h / (first[a] * second[b])) for (a, b), h in joint.items())


@pictures
def hardest_heatmaps(y, p, top=8):
    each = [mean((v - u) ** 2 for u, v in zip(flat([a]), flat([b]), strict=True)) for a, b in zip(y, p, strict=True)]
    return mean(sorted(each)[-top:])


# -- samples --------------------------------------------------------------------------------------------------------


def cost(a, b):
    return distance(a, b) ** 2 / 2


def met(x, others, w, e, potential):
    return -e * mp.log(mp.fsum(v * mp.exp((potential[j] - cost(x, others[j])) / e) for j, v in w.items()))


@cache
def potentials(a, b, shares, e, steps):
    w = dict(shares)
    f, g = dict.fromkeys(w, mpf(0)), dict.fromkeys(w, mpf(0))
    for _ in range(steps):
        f, g = (
            {i: (f[i] + met(a[i], b, w, e, g)) / 2 for i in w},
            {i: (g[i] + met(b[i], a, w, e, f)) / 2 for i in w},
        )
    return f, g


@oracle
def sinkhorn_divergence(slots, weight, keep, form, blur=0.5, steps=50, held=None):
    rows = [i for i in range(len(keep)) if keep[i]]
    w = {i: mpf(1) if weight is None else weight[i] for i in rows}
    w = {i: v / mp.fsum(w.values()) for i, v in w.items()}
    fixed, e = held or slots, mpf(blur) ** 2

    y, p = (tuple(map(tuple, fixed[name])) for name in ("y_true", "y_pred"))
    (f, g), (own_y, _), (own_p, _) = (potentials(*two, tuple(w.items()), e, steps) for two in ((y, p), (y, y), (p, p)))

    def value(i):
        there, here = slots["y_true"][i], slots["y_pred"][i]
        return met(there, p, w, e, g) - met(there, y, w, e, own_y) + met(here, y, w, e, f) - met(here, p, w, e, own_p)

    return [value(i) if keep[i] else None for i in range(len(keep))]


@oracle
def batch_nuclear_norm(slots, weight, keep, form):
    """The norm is the trace of the root of P^T P; each row has its part of it."""
    p = [softmax(z) for z in slots["y_pred"]]
    w = [(mpf(1) if weight is None else weight[i]) * keep[i] for i in range(len(keep))]
    k = len(p[0])
    gram = mp.matrix(
        [[mp.fsum(v * x[a] * x[b] for v, x in zip(w, p, strict=True)) for b in range(k)] for a in range(k)]
    )
    squares, ways = mp.eigsy(gram)

    def part(x):
        return mp.fsum(dot(x, [ways[a, j] for a in range(k)]) ** 2 / mp.sqrt(squares[j]) for j in range(k))

    return [-part(x) if there else None for x, there in zip(p, keep, strict=True)]


# -- classes and levels ---------------------------------------------------------------------------------------------


def tempered(z, t):
    """The m such that the shares sum to 1, and these."""
    b, m, step = mpf(t) - 1, mpf(1), mpf(1)
    while step > mpf(10) ** -75:  # Newton's steps from below: the sum of the shares is convex, and falls
        x = [m + b * (max(z) - v) for v in z]
        step = (mp.fsum(v ** (-1 / b) for v in x) - 1) / mp.fsum(v ** (-1 / b - 1) / b for v in x)
        m += step
    return [(m + b * (max(z) - v)) ** (-1 / b) for v in z]


def bi_tempered_logistic(s, t, t1=0.8, t2=1.2):
    p, a = tempered(s, t2), 1 - mpf(t1)
    own = -(p[t] ** a - 1) / a
    return own - (1 - mp.fsum(v ** (1 + a) for v in p)) / (1 + a)


NAMED_ORACLE["bi_tempered_logistic"] = of_tokens(bi_tempered_logistic)


@oracle
def early_learning(slots, weight, keep, form, strength=3.0):
    values = []
    for t, q, z, there in zip(slots["label"], slots["running"], slots["y_pred"], keep, strict=True):
        apart = mp.log(mp.fsum((1 - a) * b for a, b in zip(q, softmax(z), strict=True)))
        values.append(costs(z)[int(t)] + mpf(strength) * apart if there else None)
    return values


@oracle
def views_cross_entropy(slots, weight, keep, form, alpha=12.0):
    values = []
    for t, views, there in zip(slots["label"], slots["y_pred"], keep, strict=True):
        p = [softmax(z) for z in views]
        m = [mean(column) for column in zip(*p, strict=True)]
        apart = mean(mp.fsum(a * mp.log(a / b) for a, b in zip(view, m, strict=True)) for view in p)
        values.append(costs(views[0])[int(t)] + mpf(alpha) * apart if there else None)
    return values


@oracle
def cross_entropy_tvd(slots, weight, keep, form, alpha=1.0):
    values = []
    for t, q, z, there in zip(slots["label"], slots["teacher"], slots["y_pred"], keep, strict=True):
        apart = mp.fsum(abs(a - b) for a, b in zip(softmax(z), q, strict=True)) / 2
        values.append(costs(z)[int(t)] + mpf(alpha) * apart if there else None)
    return values


@levels
def slace(t, z, alpha=1.0):
    q, p = softmax([-mpf(alpha) * abs(c - t) for c in range(len(z))]), softmax(z)
    return -mp.fsum(
        q[c] * mp.log(mp.fsum(p[d] for d in range(len(z)) if abs(d - t) <= abs(c - t))) for c in range(len(z))
    )


@oracle
def distribution_balanced(
    slots, weight, keep, form, frequency=None, gamma=2.0, neg_scale=2.0, kappa=0.05, alpha=0.1, beta=10.0, mu=0.2
):
    def sigmoid(x):
        return 1 / (1 + mp.exp(-x))

    def value(y, z):
        f = [mpf(v) for v in frequency or [0.5] * len(z)]
        seen, s = mp.fsum(a / b for a, b in zip(y, f, strict=True)), mpf(neg_scale)
        terms = []
        for a, b, v in zip(y, f, z, strict=True):
            w = mpf(alpha) + (sigmoid(mpf(beta) * (1 / b / seen - mpf(mu))) if seen else 1)
            x = v - mpf(kappa) / s * mp.log(1 / b - 1)
            yes = -(sigmoid(-x) ** mpf(gamma)) * mp.log(sigmoid(x))
            no = -(sigmoid(s * x) ** mpf(gamma)) * mp.log(sigmoid(-s * x)) / s
            terms.append(w * (a * yes + (1 - a) * no))
        return mean(terms)

    return [value(y, z) if there else None for y, z, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]


# -- numbers --------------------------------------------------------------------------------------------------------


def root_of_rows(of):
    """The root of the weighted mean of one number for each row."""

    def value(slots, weight, keep, form):
        w = [(mpf(1) if weight is None else weight[i]) * keep[i] for i in range(len(keep))]
        rows = zip(w, slots["y_true"], slots["y_pred"], strict=True)
        return [mp.sqrt(mp.fsum(v * of(y, p) for v, y, p in rows if v) / mp.fsum(w))]

    return value


NAMED_ORACLE["multi_target_rmse"] = root_of_rows(lambda y, p: distance(y, p) ** 2)
NAMED_ORACLE["root_mean_squared_logarithmic_error"] = root_of_rows(
    lambda y, p: mean((mp.log1p(b) - mp.log1p(a)) ** 2 for a, b in zip(y, p, strict=True))
)


@oracle
def spline_crps(slots, weight, keep, form):
    """By the integral of the cubic on each piece, cut where the quantile function passes the target."""

    def value(y, low, rise, width):
        level, at, found = mpf(0), low, mpf(0)
        for step, share in zip(rise, width, strict=True):
            ends = [mpf(0), *[c for c in [(y - at) / step] if 0 < c < 1], mpf(1)]
            for a, b in itertools.pairwise(ends):
                # Simpson's rule, exact for a cubic
                def integrand(c, inside=(a + b) / 2, at=at, step=step, level=level, share=share):
                    over = at + inside * step > y
                    return 2 * (over - (level + c * share)) * (at + c * step - y)

                found += share * (b - a) / 6 * (integrand(a) + 4 * integrand((a + b) / 2) + integrand(b))
            level, at = level + share, at + step
        return found

    rows = zip(slots["target"], slots["low"], slots["rise"], slots["width"], keep, strict=True)
    return [value(*row) if there else None for *row, there in rows]


@oracle
def discretized_logistic_mixture(slots, weight, keep, form, levels=256):
    def below(x):
        return 1 / (1 + mp.exp(-x))

    def value(y, logit, centre, scale):
        found = []
        for share, m, s in zip(softmax(logit), centre, scale, strict=True):
            ends = (-mp.inf if y == 0 else y - mpf(1) / 2), (mp.inf if y == levels - 1 else y + mpf(1) / 2)
            low, high = ((end - m) / s for end in ends)
            if low > 0:  # far above, both are 1 to all digits
                low, high = -high, -low
            found.append(share * (below(high) - below(low)))
        return -mp.log(mp.fsum(found))

    rows = zip(slots["y_true"], slots["logit"], slots["mean"], slots["scale"], keep, strict=True)
    return [value(*row) if there else None for *row, there in rows]


@oracle
def associative_embedding(slots, weight, keep, form, sigma=1.0, alpha=1.0):
    values = []
    for i, (objects, tags) in enumerate(zip(slots["y_true"], slots["y_pred"], strict=True)):
        valid = slots["valid"][i] if "valid" in slots else [True] * len(tags)
        groups = {}
        for n, h, there in zip(objects, tags, valid, strict=True):
            if there:
                groups.setdefault(n, []).append(h)
        if not keep[i] or not groups:
            values.append(None)
            continue
        centre = [mean(group) for group in groups.values()]
        pull = mean(mean((h - m) ** 2 for h in group) for group, m in zip(groups.values(), centre, strict=True))
        apart = [mp.exp(-((a - b) ** 2) / (2 * mpf(sigma) ** 2))
                 for j, a in enumerate(centre) for k, b in enumerate(centre) if j != k]  # fmt: skip
        values.append(pull + mpf(alpha) * (mean(apart) if apart else 0))
    return values
