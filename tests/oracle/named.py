"""The textbook formula of every loss of named slots in 80 digits, as explicit loops over rows.

`NAMED_ORACLE[name](slots, weight, keep, form, **parameters)` gives the value of each row, None for one that does not
count, or the one number of a loss of the whole batch. `slots` holds lists of mpmath numbers, `keep` says which rows
exist, `weight` is None or one number per row. Nothing here is clever, and nothing has seen the losses' own code.
"""

from mpmath import MPContext

mp = MPContext()  # a context of its own, so that no other test's precision can change a truth
mp.dps = 80
mpf = mp.mpf
NAMED_ORACLE = {}


def oracle(fn):
    NAMED_ORACLE[fn.__name__] = fn
    return fn


def mean(values):
    values = list(values)
    return mp.fsum(values) / len(values)


def nll(e, right):
    """Minus the log of what e[right] is of the sum."""
    return mp.log1p(mp.fsum(v for j, v in e.items() if j != right) / e[right])


def dot(a, b):
    return mp.fsum(x * y for x, y in zip(a, b, strict=True))


def distance(a, b):
    return mp.sqrt(mp.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def directions(rows):
    """Each row divided by its length; a zero vector has no direction, and all its cosines are 0."""
    sizes = [mp.sqrt(dot(row, row)) for row in rows]
    return [[x / size if size else mpf(0) for x in row] for row, size in zip(rows, sizes, strict=True)]


def partners(label, keep, i):
    """The other rows of the label of row i, and the rows of other labels."""
    there = [j for j in range(len(label)) if keep[j]]
    return [j for j in there if label[j] == label[i] and j != i], [j for j in there if label[j] != label[i]]


@oracle
def triplet_margin(slots, weight, keep, form, margin=1.0, mining="all"):
    def cost(near, far):
        return max(near - far + mpf(margin), mpf(0))

    if form == "call":
        triples = zip(slots["anchor"], slots["positive"], slots["negative"], keep, strict=True)
        return [cost(distance(a, p), distance(a, n)) if there else None for a, p, n, there in triples]
    x, values = slots["embedding"], []
    for i in range(len(x)):
        near, far = ([distance(x[i], x[j]) for j in some] for some in partners(slots["label"], keep, i))
        if not keep[i] or not near or not far:
            values.append(None)
        elif mining == "all":
            values.append(mean(cost(p, n) for p in near for n in far))
        elif mining == "hard":
            values.append(cost(max(near), min(far)))
        else:  # negatives that are farther than the positive, but by less than the margin
            inside = [cost(p, n) for p in near for n in far if p < n < p + mpf(margin)]
            values.append(mean(inside) if inside else None)
    return values


@oracle
def nt_xent(slots, weight, keep, form, temperature=0.5):
    def choice(x, i, right, among):
        """The cross-entropy of finding `right` for row i."""
        e = {j: mp.exp(dot(x[i], x[j]) / mpf(temperature)) for j in among}
        return nll(e, right)

    values = []
    if form == "labelled":
        x = directions(slots["embedding"])
        for i in range(len(x)):
            near, far = partners(slots["label"], keep, i)
            counts = keep[i] and near
            values.append(mean(choice(x, i, j, [j, *far]) for j in near) if counts else None)
        return values
    n = len(keep)
    x = directions(slots["first"] + slots["second"])
    for i in range(n):
        among = [j for j in range(2 * n) if keep[j % n]]
        views = ((i, i + n), (i + n, i)) if keep[i] else ()
        values.append([choice(x, a, b, [j for j in among if j != a]) for a, b in views] or [None, None])
    return values


@oracle
def arc_face(slots, weight, keep, form, margin=0.5, scale=64.0, classes=None, features=None):
    values, centres, m = [], directions(slots["centres"]), mpf(margin)
    for x, t, there in zip(directions(slots["embedding"]), slots["label"], keep, strict=True):
        cosine = [dot(x, centre) for centre in centres]
        angle = mp.acos(min(max(cosine[t], mpf(-1)), mpf(1)))
        cosine[t] = mp.cos(angle + m) if angle + m <= mp.pi else cosine[t] - (1 - mp.cos(m))
        e = {k: mp.exp(mpf(scale) * c) for k, c in enumerate(cosine)}
        values.append(nll(e, t) if there else None)
    return values


@oracle
def linear_cross_entropy(
    slots, weight, keep, form, classes=None, features=None, use_bias=False, label_smoothing=0.0, class_weight=None,
    ignore_class=None, z_loss=0.0, soft_cap=None,
):  # fmt: skip
    share, own = mpf(label_smoothing), class_weight or [1] * len(slots["kernel"])

    def row(t, h):
        z = [mp.fsum(a * b for a, b in zip(h, w, strict=True)) for w in slots["kernel"]]
        z = [a + b for a, b in zip(z, slots["bias"], strict=True)] if "bias" in slots else z
        z = [soft_cap * mp.tanh(a / soft_cap) for a in z] if soft_cap else z
        log = mp.log(mp.fsum(map(mp.exp, z)))
        value = (1 - share) * own[t] * (log - z[t]) + share * mean(w * (log - a) for w, a in zip(own, z, strict=True))
        return value + mpf(z_loss) * log**2

    def entries(t, h, there):
        if isinstance(t, list):
            return [entries(*one, there) for one in zip(t, h, strict=True)]
        return row(int(t), h) if there and t != ignore_class else None

    return [entries(*one) for one in zip(slots["label"], slots["hidden"], keep, strict=True)]


@oracle
def proxy_anchor(slots, weight, keep, form, margin=0.1, scale=32.0, classes=None, features=None):
    proxies, x, pull, push = directions(slots["proxies"]), directions(slots["embedding"]), [], []
    for p, proxy in enumerate(proxies):
        near, far = [], []
        for i, there in enumerate(keep):
            w = 1 if weight is None else weight[i]
            if there and slots["label"][i] == p:
                near.append(w * mp.exp(-mpf(scale) * (dot(x[i], proxy) - mpf(margin))))
            elif there:
                far.append(w * mp.exp(mpf(scale) * (dot(x[i], proxy) + mpf(margin))))
        if near:
            pull.append(mp.log1p(mp.fsum(near)))
        push.append(mp.log1p(mp.fsum(far)))
    return (mean(pull) if pull else 0) + mean(push)


@oracle
def circle(slots, weight, keep, form, gamma=80.0, margin=0.4, remove_diagonal=True, held=None):
    """`held` are the slots of which the factors alpha are made, where these stay as they are."""

    x, label, g, m, values = slots["embedding"], slots["label"], mpf(gamma), mpf(margin), []
    fixed = (held or slots)["embedding"]
    for i in range(len(x)):
        near, far = partners(label, keep, i)
        near = near if remove_diagonal else [*near, i]
        if not keep[i] or not near or not far:
            values.append(None)
            continue
        s, s_fixed = ([min(dot(rows[i], row), mpf(1)) for row in rows] for rows in (x, fixed))
        pull = mp.fsum(mp.exp(-g * max(1 + m - s_fixed[j], 0) * (s[j] - 1 + m)) for j in near)
        push = mp.fsum(mp.exp(g * max(s_fixed[j] + m, 0) * (s[j] - m)) for j in far)
        values.append(mp.log1p(pull * push))
    return values


@oracle
def listwise_softmax(slots, weight, keep, form):
    values = []
    for i, (y, s) in enumerate(zip(slots["relevance"], slots["score"], strict=True)):
        items = [j for j in range(len(s)) if "valid" not in slots or slots["valid"][i][j]]
        items = [j for j in items if "lengths" not in slots or j < slots["lengths"][i]]
        relevant, e = mp.fsum(y[j] for j in items), {j: mp.exp(s[j]) for j in items}
        terms = [y[j] / relevant * nll(e, j) for j in items if y[j]]
        values.append(mp.fsum(terms) if keep[i] and relevant else None)
    return values


class Two:
    """A true and a predicted box, by their corners."""

    def __init__(self, a, b):
        inner = self.area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
        self.common = [min(a[k + 2], b[k + 2]) - max(a[k], b[k]) for k in (0, 1)]
        self.lag = [abs(a[k] - b[k]) for k in (0, 1)]
        self.hull = min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
        self.hull_sides = self.sides(*self.hull)
        self.union = self.area(*a) + self.area(*b) - inner
        self.iou = inner / self.union
        self.true, self.pred = self.sides(*a), self.sides(*b)
        self.shift = [(b[k] + b[k + 2] - a[k] - a[k + 2]) / 2 for k in (0, 1)]

    def sides(self, left, top, right, bottom):
        return max(right - left, mpf(0)), max(bottom - top, mpf(0))

    def area(self, *ends):
        width, height = self.sides(*ends)
        return width * height

    def distance(self):
        """The squared distance of the centres."""
        return self.shift[0] ** 2 + self.shift[1] ** 2

    def diagonal(self):
        """The squared diagonal of the hull."""
        return self.hull_sides[0] ** 2 + self.hull_sides[1] ** 2

    def aspect(self):
        angles = [mp.atan2(*sides) for sides in (self.true, self.pred)]
        return 4 / mp.pi**2 * (angles[0] - angles[1]) ** 2


def corners(box, coding):
    a, b, c, d = box
    if coding == "corners":
        return a, b, c, d
    return (a - c / 2, b - d / 2, a + c / 2, b + d / 2) if coding == "centre" else (a, b, a + c, b + d)


def boxes(value):
    """A loss of each pair of boxes; `value(two, fixed)` gets those that the gradient holds fixed, too."""

    def each(true, pred, fixed, valid, coding, how):
        if isinstance(true[0], list):
            rows = zip(true, pred, fixed, valid or [None] * len(true), strict=True)
            return [each(*four, coding, how) for four in rows]
        ends = [corners(box, coding) for box in (true, pred, fixed)]
        return None if valid is False else value(Two(ends[0], ends[1]), Two(ends[0], ends[2]), **how)

    def rows(slots, weight, keep, form, coding="corners", held=None, **how):
        fixed = (held or slots)["y_pred"]
        valid = slots.get("valid") or [None] * len(keep)
        nothing = lambda true: [None] * len(true) if isinstance(true[0], list) else None  # noqa: E731
        found = zip(slots["y_true"], slots["y_pred"], fixed, valid, keep, strict=True)
        return [each(t, p, f, v, coding, how) if there else nothing(t) for t, p, f, v, there in found]

    NAMED_ORACLE[value.__name__] = rows


@boxes
def iou(two, fixed, mode="linear", epsilon=1e-6):
    if mode == "linear":
        return 1 - two.iou
    return 1 - two.iou**2 if mode == "square" else -mp.log(max(two.iou, mpf(epsilon)))


@boxes
def giou(two, fixed):
    hull = two.area(*two.hull)
    return 1 - two.iou + ((hull - two.union) / hull if hull else 0)


@boxes
def diou(two, fixed):
    return 1 - two.iou + two.distance() / two.diagonal()


@boxes
def ciou(two, fixed):
    alpha = fixed.aspect() / (1 - fixed.iou + fixed.aspect()) if fixed.aspect() else 0
    return 1 - two.iou + two.distance() / two.diagonal() + alpha * two.aspect()


@boxes
def eiou(two, fixed):
    sides = zip(two.true, two.pred, two.hull_sides, strict=True)
    return 1 - two.iou + two.distance() / two.diagonal() + mp.fsum(((p - t) / whole) ** 2 for t, p, whole in sides)


@boxes
def focal_eiou(two, fixed, gamma=0.5):
    sides = zip(two.true, two.pred, two.hull_sides, strict=True)
    apart = two.distance() / two.diagonal() + mp.fsum(((p - t) / whole) ** 2 for t, p, whole in sides)
    return fixed.iou ** mpf(gamma) * (1 - two.iou + apart)


@boxes
def bounded_iou(two, fixed, beta=0.2):
    found = [1 - max((t - 2 * abs(d)) / (t + 2 * abs(d)), 0) for t, d in zip(two.true, two.shift, strict=True)]
    found += [1 - (min(t, p) / max(t, p)) for t, p in zip(two.true, two.pred, strict=True)]
    return mp.fsum(x * x / (2 * mpf(beta)) if x < mpf(beta) else x - mpf(beta) / 2 for x in found)


@boxes
def alpha_iou(two, fixed, alpha=3):
    return 1 - two.iou ** mpf(alpha)


@boxes
def wiou(two, fixed):
    return mp.exp(two.distance() / fixed.diagonal()) * (1 - two.iou)


@boxes
def siou(two, fixed, theta=4):
    sine = abs(two.shift[1]) / mp.sqrt(two.distance()) if two.distance() else mpf(0)
    angle = 1 - 2 * mp.sin(mp.asin(sine) - mp.pi / 4) ** 2
    way = [1 - mp.exp((angle - 2) * (d / whole) ** 2) for d, whole in zip(two.shift, two.hull_sides, strict=True)]
    wrong = [(1 - mp.exp(-abs(p - t) / max(p, t))) ** mpf(theta) for t, p in zip(two.true, two.pred, strict=True)]
    return 1 - two.iou + mp.fsum(way + wrong) / 2


@boxes
def nwd(two, fixed, c=12.8):
    apart = [*two.shift, *((p - t) / 2 for t, p in zip(two.true, two.pred, strict=True))]
    return 1 - mp.exp(-mp.sqrt(mp.fsum(d * d for d in apart)) / mpf(c))


@oracle
def cox_ph(slots, weight, keep, form, ties="efron"):
    time, event, s, values = slots["time"], slots["event"], slots["score"], []
    risk = [(1 if weight is None else weight[j]) * mp.exp(s[j]) if keep[j] else mpf(0) for j in range(len(s))]
    for i in range(len(s)):
        if not keep[i] or not event[i]:
            values.append(None)
            continue
        at_risk = mp.fsum(risk[j] for j in range(len(s)) if time[j] >= time[i])
        tied = [risk[j] for j in range(len(s)) if keep[j] and event[j] and time[j] == time[i]]
        d = len(tied) if ties == "efron" else 1
        values.append(-s[i] + mean(mp.log(at_risk - mpf(k) / d * mp.fsum(tied)) for k in range(d)))
    return values


@oracle
def dpo(slots, weight, keep, form, beta=0.1, label_smoothing=0.0):
    values, zero = [], [mpf(0)] * len(keep)
    references = (slots.get("reference_chosen", zero), slots.get("reference_rejected", zero))
    for c, r, qc, qr, there in zip(slots["chosen"], slots["rejected"], *references, keep, strict=True):
        m = mpf(beta) * ((c - r) - (qc - qr))
        right, wrong = mp.log1p(mp.exp(-m)), mp.log1p(mp.exp(m))
        values.append((1 - mpf(label_smoothing)) * right + mpf(label_smoothing) * wrong if there else None)
    return values


@oracle
def adaptive_robust(slots, weight, keep, form, size=1, alpha=1.0, scale=1.0):
    def rho(x, a):
        b = 2 - a
        return b / a * ((x * x / b + 1) ** (a / 2) - 1)

    def log_z(a):
        if a not in LOG_Z:  # with x = sinh t, the tails are short
            half = mp.quad(lambda t: mp.cosh(t) * mp.exp(-rho(mp.sinh(t), a)), [0, 1, 2, 4, 7, 12, 20, 40])
            LOG_Z[a] = mp.log(2 * half)
        return LOG_Z[a]

    values = []
    for y, p, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        row = list(zip(y, p, strict=True)) if isinstance(y, list) else [(y, p)]
        shapes = [(slots["alpha"][j % len(slots["alpha"])], slots["scale"][j % len(slots["scale"])])
                  for j in range(len(row))]  # fmt: skip
        terms = [rho((q - t) / c, a) + mp.log(c) + log_z(a) for (t, q), (a, c) in zip(row, shapes, strict=True)]
        values.append(mean(terms) if there else None)
    return values


@oracle
def energy_score(slots, weight, keep, form, fair=False):
    values = []
    for y, x, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        m = len(x)
        spread = mp.fsum(distance(a, b) for a in x for b in x) / (2 * m * (m - 1 if fair else m))
        values.append(mean(distance(a, y) for a in x) - spread if there else None)
    return values


@oracle
def mean_absolute_scaled_error(slots, weight, keep, form, season=1):
    values = []
    for y, p, h, there in zip(slots["target"], slots["forecast"], slots["history"], keep, strict=True):
        scale = mean(abs(h[t] - h[t - season]) for t in range(season, len(h)))
        values.append(mean(abs(b - a) for a, b in zip(y, p, strict=True)) / scale if there else None)
    return values


@oracle
def censored_squared_error(slots, weight, keep, form):
    def cost(y, p, c):
        return mpf(0) if (c > 0 and p > y) or (c < 0 and p < y) else (p - y) ** 2

    values = []
    for y, p, c, there in zip(slots["target"], slots["prediction"], slots["censoring"], keep, strict=True):
        row = zip(y, p, c, strict=True) if isinstance(y, list) else [(y, p, c)]
        values.append(mean(cost(*three) for three in row) if there else None)
    return values


LOG_Z = {}


def scored(of):
    """A loss of class scores; `of(s, t, ...)` is the value of one row."""

    def rows(slots, weight, keep, form, **parameters):
        rows = zip(slots["y_pred"], slots["y_true"], keep, strict=True)
        return [of(s, int(t), **parameters) if there else None for s, t, there in rows]

    return rows


def other(values, t):
    return [v for c, v in enumerate(values) if c != t]


def ldam(s, t, class_counts=None, max_margin=0.5, scale=30.0):
    counts = [mpf(n) for n in class_counts or [1] * len(s)]
    margin = mpf(max_margin) * (min(counts) / counts[t]) ** (mpf(1) / 4)
    return nll({c: mp.exp(mpf(scale) * (v - margin if c == t else v)) for c, v in enumerate(s)}, t)


def logit_adjusted(s, t, class_counts=None, tau=1.0):
    counts = class_counts or [1] * len(s)
    return nll({c: mp.exp(v) * mpf(n) ** mpf(tau) for c, (v, n) in enumerate(zip(s, counts, strict=True))}, t)


NAMED_ORACLE["multi_margin"] = scored(
    lambda s, t, p=1, margin=1.0: mp.fsum(max(mpf(margin) - s[t] + v, 0) ** p for v in other(s, t)) / len(s)
)
NAMED_ORACLE["sparse_categorical_hinge"] = scored(lambda s, t: max(mpf(0), 1 + max(other(s, t)) - s[t]))
NAMED_ORACLE["multiclass_perceptron"] = scored(lambda s, t: max(s) - s[t])
NAMED_ORACLE["logit_adjusted"] = scored(logit_adjusted)
NAMED_ORACLE["ldam"] = scored(ldam)


def questions(z, level, asked):
    """The cross-entropies of whether the level lies above each threshold, of those that are asked."""
    return mp.fsum(mp.log1p(mp.exp(-x if level > k else x)) for k, x in enumerate(z) if asked(k))


@oracle
def coral(slots, weight, keep, form):
    rows = zip(slots["y_true"], slots["y_pred"], keep, strict=True)
    return [questions(z, level, lambda k: True) if there else None for level, z, there in rows]


@oracle
def corn(slots, weight, keep, form):
    value = asked = mpf(0)
    for i, (level, z) in enumerate(zip(slots["y_true"], slots["y_pred"], strict=True)):
        if keep[i]:
            w, reached = mpf(1) if weight is None else weight[i], min(level + 1, len(z))
            value += w * questions(z, level, lambda k, reached=reached: k < reached)
            asked += w * reached
    return [value / asked]


@oracle
def multivariate_normal_nll(slots, weight, keep, form, rank=None, full=True):
    values = []
    for y, p, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        d = len(y)
        off, diagonal, rest = [a - b for a, b in zip(y, p, strict=False)], [mp.exp(x) for x in p[d : 2 * d]], p[2 * d :]
        factor = mp.zeros(d, d if rank is None else d + rank)
        for i in range(d):
            factor[i, i] = diagonal[i]
            if rank is None:
                for k in range(i):
                    factor[i, k] = rest[i * (i - 1) // 2 + k]
            else:
                for k in range(rank):
                    factor[i, d + k] = rest[i * rank + k]
        covariance = factor * factor.T
        square = (mp.matrix(off).T * mp.lu_solve(covariance, mp.matrix(off)))[0]
        value = (square + mp.log(mp.det(covariance)) + (d * mp.log(2 * mp.pi) if full else 0)) / 2
        values.append(value if there else None)
    return values


@oracle
def cumulative_link(slots, weight, keep, form, noise="logistic"):
    def below(x):
        return 1 / (1 + mp.exp(-x)) if noise == "logistic" else mp.erfc(-x / mp.sqrt(2)) / 2

    values = []
    for level, z, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True):
        if level == 0:  # in digits that a sum of two near numbers would lose
            value = -mp.log(below(z[0]))
        elif level == len(z):
            value = -mp.log(below(-z[-1]))
        else:
            value = (
                -mp.log(below(z[level]) - below(z[level - 1]))
                if z[level] < 0
                else -mp.log(below(-z[level - 1]) - below(-z[level]))
            )
        values.append(value if there else None)
    return values


@oracle
def weighted_kappa(slots, weight, keep, form, weights="quadratic", logarithm=False, epsilon=1e-6):
    def cost(a, b):
        return mpf(abs(a - b)) ** (2 if weights == "quadratic" else 1)

    rows = [(t, p, mpf(1) if weight is None else weight[i])
            for i, (t, p) in enumerate(zip(slots["y_true"], slots["y_pred"], strict=True)) if keep[i]]  # fmt: skip
    classes = range(len(rows[0][1]))
    found = mp.fsum(w * cost(t, c) * p[c] for t, p, w in rows for c in classes)
    said = [mp.fsum(w * p[c] for _, p, w in rows) for c in classes]
    chance = mp.fsum(w * cost(t, c) * said[c] for t, _, w in rows for c in classes)
    found = found / (chance / mp.fsum(w for *_, w in rows))
    return [mp.log(found + mpf(epsilon)) if logarithm else found]


@oracle
def distribution_focal(slots, weight, keep, form):
    def entry(y, z, there):
        if isinstance(y, list):
            return [entry(*one, there) for one in zip(y, z, strict=True)]
        e, i = {k: mp.exp(x) for k, x in enumerate(z)}, min(int(mp.floor(y)), len(z) - 2)
        return (i + 1 - y) * nll(e, i) + (y - i) * nll(e, i + 1) if there else None

    return [entry(*one) for one in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]


@oracle
def margin_ranking(slots, weight, keep, form, margin=1.0):
    rows = zip(slots["y_true"], slots["first"], slots["second"], keep, strict=True)
    return [max(mpf(margin) - (1 if y > 0 else -1) * (a - b), mpf(0)) if there else None for y, a, b, there in rows]


@oracle
def cosine_embedding(slots, weight, keep, form, margin=0.0):
    values = []
    for y, a, b, there in zip(
        slots["y_true"], directions(slots["first"]), directions(slots["second"]), keep, strict=True
    ):
        values.append((1 - dot(a, b) if y > 0 else max(dot(a, b) - mpf(margin), mpf(0))) if there else None)
    return values


def each_token(of, y, p, keep):
    """A value of each index y with its row of numbers p, however many axes there are."""

    def entry(y, p, there):
        if isinstance(y, list):
            return [entry(*one, there) for one in zip(y, p, strict=True)]
        return of(int(y), p) if there else None

    return [entry(*one) for one in zip(y, p, keep, strict=True)]


def of_log_probabilities(slots, weight, keep, form, class_weight=None, ignore_class=None):
    def of(t, p):
        return None if t == ignore_class else -mpf(class_weight[t] if class_weight else 1) * p[t]

    return each_token(of, slots["y_true"], slots["y_pred"], keep)


NAMED_ORACLE["nll"] = of_log_probabilities


@oracle
def unlikelihood(slots, weight, keep, form):
    def of(t, z):
        e = [mp.exp(x - max(z)) for x in z]
        return -mp.log(mp.fsum(v for c, v in enumerate(e) if c != t) / mp.fsum(e))

    return each_token(of, slots["y_true"], slots["y_pred"], keep)


@oracle
def bootstrapped(slots, weight, keep, form, beta=0.95, kind="soft"):
    def of(t, z):
        e = {c: mp.exp(x) for c, x in enumerate(z)}
        costs = [nll(e, c) for c in e]
        own = min(costs) if kind == "hard" else mp.fsum(e[c] * costs[c] for c in e) / mp.fsum(e.values())
        return mpf(beta) * costs[t] + (1 - mpf(beta)) * own

    return each_token(of, slots["y_true"], slots["y_pred"], keep)


@oracle
def asymmetric_single_label(slots, weight, keep, form, gamma_pos=1.0, gamma_neg=4.0, label_smoothing=0.1):
    def of(t, z):
        e = {c: mp.exp(x) for c, x in enumerate(z)}
        whole, spread = mp.fsum(e.values()), mpf(label_smoothing) / len(z)
        rest = {c: mp.fsum(v for k, v in e.items() if k != c) / whole for c in e}
        value = (1 - mpf(label_smoothing) + spread) * rest[t] ** mpf(gamma_pos) * nll(e, t)
        return value + mp.fsum(spread * (e[c] / whole) ** mpf(gamma_neg) * nll(e, c) for c in e if c != t)

    return each_token(of, slots["y_true"], slots["y_pred"], keep)


@oracle
def gaussian_kl(slots, weight, keep, form):
    rows = zip(slots["mean"], slots["log_variance"], keep, strict=True)
    return [
        mp.fsum(m**2 + mp.exp(v) - v - 1 for m, v in zip(mu, log, strict=True)) / 2 if there else None
        for mu, log, there in rows
    ]


def of_tokens(of):
    """A loss of class indices and scores; `of(s, t, ...)` is the value of one row."""

    def rows(slots, weight, keep, form, **parameters):
        return each_token(lambda t, s: of(s, t, **parameters), slots["y_true"], slots["y_pred"], keep)

    return rows


def sparsemax(s, t):
    """By its definition: the threshold of the largest set of classes that stays above it."""
    for k in range(1, len(s) + 1):
        top = sorted(s, reverse=True)[:k]
        if 1 + k * top[-1] > mp.fsum(top):
            size, tau = k, (mp.fsum(top) - 1) / k
    top = sorted(s, reverse=True)[:size]
    return -s[t] + mp.fsum(v * v - tau * tau for v in top) / 2 + mpf(1) / 2


def entmax15(s, t):
    """The threshold by halving."""
    high = max(s) / 2
    low = high - 1
    for _ in range(260):
        middle = (low + high) / 2
        if mp.fsum(max(v / 2 - middle, mpf(0)) ** 2 for v in s) > 1:
            low = middle
        else:
            high = middle
    p = [max(v / 2 - low, mpf(0)) ** 2 for v in s]
    return mp.fsum(a * v for a, v in zip(p, s, strict=True)) - s[t] + (1 - mp.fsum(a * mp.sqrt(a) for a in p)) * 4 / 3


def fenchel_young(s, t, alpha=1.5):
    """The threshold by halving."""
    a = mpf(alpha) - 1
    high = a * max(s)
    low = high - 1
    for _ in range(260):
        middle = (low + high) / 2
        if mp.fsum(max(a * v - middle, mpf(0)) ** (1 / a) for v in s) > 1:
            low = middle
        else:
            high = middle
    p = [max(a * v - low, mpf(0)) ** (1 / a) for v in s]
    return dot(p, s) - s[t] + (1 - mp.fsum(v ** mpf(alpha) for v in p)) / (mpf(alpha) * a)


def cosine_cross_entropy(s, t, gamma=2.0, focal=0.1):
    (u,) = directions([s])
    cost = nll({c: mp.exp(v) for c, v in enumerate(u)}, t)
    return 1 - u[t] + mpf(focal) * (1 - mp.exp(-cost)) ** mpf(gamma) * cost


def seesaw(s, t, held, class_counts=None, p=0.8, q=2.0):
    counts = [mpf(n) for n in class_counts or [1] * len(s)]

    def factor(c):
        return min(mpf(1), counts[c] / counts[t]) ** mpf(p) * max(mpf(1), mp.exp(held[c] - held[t])) ** mpf(q)

    return nll({c: mp.exp(v) * (1 if c == t else factor(c)) for c, v in enumerate(s)}, t)


def evidential_classification(s, t, regularization=0.2):
    a = [1 + mp.log1p(mp.exp(v)) for v in s]
    whole, k = mp.fsum(a), len(s)
    p = [v / whole for v in a]
    fit = mp.fsum((int(c == t) - v) ** 2 + v * (1 - v) / (whole + 1) for c, v in enumerate(p))
    b = [mpf(1) if c == t else v for c, v in enumerate(a)]
    given = mp.loggamma(mp.fsum(b)) - mp.loggamma(k) - mp.fsum(map(mp.loggamma, b))
    pull = given + mp.fsum((v - 1) * (mp.digamma(v) - mp.digamma(mp.fsum(b))) for v in b)
    return fit + mpf(regularization) * pull


NAMED_ORACLE["one_vs_all"] = of_tokens(
    lambda s, t, average=False: (
        mp.fsum(mp.log1p(mp.exp(-v if c == t else v)) for c, v in enumerate(s)) / (len(s) if average else 1)
    )
)
NAMED_ORACLE["evidential_classification"] = of_tokens(evidential_classification)
NAMED_ORACLE["sparsemax"] = of_tokens(sparsemax)
NAMED_ORACLE["entmax15"] = of_tokens(entmax15)
NAMED_ORACLE["fenchel_young"] = of_tokens(fenchel_young)
NAMED_ORACLE["cosine_cross_entropy"] = of_tokens(cosine_cross_entropy)


def held_fixed(of):
    """A loss of class scores of which some are held fixed in the gradient."""

    def rows(slots, weight, keep, form, held=None, **parameters):
        rows = zip(slots["y_pred"], slots["y_true"], (held or slots)["y_pred"], keep, strict=True)
        return [of(s, int(t), fixed, **parameters) if there else None for s, t, fixed, there in rows]

    return rows


NAMED_ORACLE["seesaw"] = held_fixed(seesaw)


def each_entry(of, y, p, keep, *more):
    """A value of each number y and its prediction p, however many axes there are."""

    def entry(there, *parts):
        if isinstance(parts[0], list):
            return [entry(there, *one) for one in zip(*parts, strict=True)]
        return of(*parts) if there else None

    return [entry(*one) for one in zip(keep, y, p, *more, strict=True)]


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def bce(y, z):
    return y * mp.log1p(mp.exp(-z)) + (1 - y) * mp.log1p(mp.exp(z))


@oracle
def quality_focal(slots, weight, keep, form, beta=2.0):
    def of(y, z):
        return abs(sigmoid(z) - y) ** mpf(beta) * bce(y, z)

    return each_entry(of, slots["y_true"], slots["y_pred"], keep)


def labelled(of):
    """A loss of the scores of yes-labels and of no-labels in a row."""

    def rows(slots, weight, keep, form, **how):
        return [of(*sides(y, s), **how) if there else None
                for y, s, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]  # fmt: skip

    return rows


def sides(y, s):
    return [v for v, one in zip(s, y, strict=True) if one > 0], [v for v, one in zip(s, y, strict=True) if one <= 0]


NAMED_ORACLE["multi_label_margin"] = labelled(
    lambda yes, no: mp.fsum(max(1 - (a - b), mpf(0)) for a in yes for b in no) / (len(yes) + len(no))
)
NAMED_ORACLE["multi_positive_cross_entropy"] = labelled(
    lambda yes, no: mp.log1p(mp.fsum(mp.exp(b - a) for a in yes for b in no))
)


@oracle
def two_way(slots, weight, keep, form, tp=4.0, tn=1.0):
    def f(yes, no):
        """Of (score, weight)."""
        pull = mp.fsum(w * mp.exp(-s / mpf(tp)) for s, w in yes) ** mpf(tp)
        push = mp.fsum(w * mp.exp(s / mpf(tn)) for s, w in no) ** mpf(tn)
        return mp.log1p(pull * push)

    w = [(mpf(1) if weight is None else weight[i]) * int(keep[i]) for i in range(len(keep))]
    y, s = slots["y_true"], slots["y_pred"]
    classes = range(len(y[0]))
    rows, count = mpf(0), mpf(0)
    for i in range(len(y)):
        yes, no = sides(y[i], s[i])
        if yes:
            rows, count = rows + w[i] * f([(v, 1) for v in yes], [(v, 1) for v in no]), count + w[i]
    columns = []
    for c in classes:
        yes, no = ([(s[i][c], w[i]) for i in range(len(y)) if (y[i][c] > 0) == side and w[i]] for side in (True, False))
        if yes:
            columns.append(f(yes, no))
    return [(rows / count if count else 0) + (mean(columns) if columns else 0)]


def entries_of(y, z, w):
    """Every entry with its weight, however many axes there are; rows of weight 0 have none."""
    for a, b, share in zip(y, z, w, strict=True):
        if isinstance(a, list):
            yield from entries_of(a, b, [share] * len(a))
        elif share:
            yield a, b, share


def row_weights(weight, keep):
    return [(mpf(1) if weight is None else weight[i]) * int(there) for i, there in enumerate(keep)]


@oracle
def balanced_binary_crossentropy(slots, weight, keep, form):
    every = list(entries_of(slots["y_true"], slots["y_pred"], row_weights(weight, keep)))
    yes = [(z, w) for y, z, w in every if y > 0]
    no = [(z, w) for y, z, w in every if y <= 0]
    positive, negative = (mp.fsum(w for _, w in side) for side in (yes, no))
    n = positive + negative
    of_yes = mp.fsum(w * mp.log1p(mp.exp(-z)) for z, w in yes)
    of_no = mp.fsum(w * mp.log1p(mp.exp(z)) for z, w in no)
    return [(negative / n * of_yes + positive / n * of_no) / n]


@oracle
def auc_margin(slots, weight, keep, form, margin=1.0):
    every = list(entries_of(slots["y_true"], slots["y_pred"], row_weights(weight, keep)))

    def spread(side):
        whole = mp.fsum(w for _, w in side)
        centre = mp.fsum(w * s for s, w in side) / whole
        return centre, mp.fsum(w * (s - centre) ** 2 for s, w in side) / whole

    (high, of_yes), (low, of_no) = (spread([(s, w) for y, s, w in every if (y > 0) == side]) for side in (True, False))
    return [of_yes + of_no + max(mpf(margin) - (high - low), mpf(0)) ** 2]


def harmonised(cost, size):
    """A loss whose entries count by how many have a gradient of about the same size; that size is held fixed."""

    def rows(slots, weight, keep, form, bins=10, held=None, **how):
        fixed, kept = held or slots, [int(there) for there in keep]

        def place(y, z):
            return min(int(mp.floor(size(y, z, **how) * bins)), bins - 1)

        seen = [place(y, z) for y, z, _ in entries_of(fixed["y_true"], fixed["y_pred"], kept)]

        def of(y, z, at):
            share = mpf(len(seen)) / len(set(seen)) / max(seen.count(place(y, at)), 1)
            return cost(y, z, **how) * share

        return each_entry(of, slots["y_true"], slots["y_pred"], keep, fixed["y_pred"])

    return rows


NAMED_ORACLE["ghm_classification"] = harmonised(
    lambda y, z: mp.log1p(mp.exp(-z if y > 0 else z)), lambda y, z: sigmoid(-z if y > 0 else z)
)
NAMED_ORACLE["ghm_regression"] = harmonised(
    lambda y, z, mu=0.02: mp.sqrt((z - y) ** 2 + mpf(mu) ** 2) - mpf(mu),
    lambda y, z, mu=0.02: abs(z - y) / mp.sqrt((z - y) ** 2 + mpf(mu) ** 2),
)


@oracle
def hard_example_cross_entropy(slots, weight, keep, form, threshold=0.7, min_kept=100_000):
    there = [k and w != 0 for k, w in zip(keep, weight or [1] * len(keep), strict=True)]

    def of(t, s):
        return nll({c: mp.exp(v) for c, v in enumerate(s)}, t)

    costs = each_token(of, slots["y_true"], slots["y_pred"], there)
    flat = sorted((v for v in flattened(costs) if v is not None), reverse=True)
    least = min(-mp.log(mpf(threshold)), flat[min(min_kept, len(flat)) - 1]) if min_kept else -mp.log(mpf(threshold))
    return counted(costs, lambda v: v is not None and v >= least)


def flattened(values):
    return [v for part in values for v in flattened(part)] if isinstance(values, list) else [values]


def counted(values, counts):
    """The values that count, None for others."""
    return [counted(v, counts) if isinstance(v, list) else (v if counts(v) else None) for v in values]


def forward_corrected(s, t, transition=None):
    e = [mp.exp(v) for v in s]
    matrix = transition or [[int(a == b) for b in range(len(s))] for a in range(len(s))]
    other = mp.fsum((1 - mpf(matrix[c][t])) * v for c, v in enumerate(e))
    return mp.log1p(other / mp.fsum(mpf(matrix[c][t]) * v for c, v in enumerate(e)))


def backward_corrected(s, t, transition=None):
    e = {c: mp.exp(v) for c, v in enumerate(s)}
    if transition is None:
        return nll(e, t)
    inverse = mp.inverse(mp.matrix([[mpf(v) for v in row] for row in transition]))
    return mp.fsum(inverse[t, c] * nll(e, c) for c in e)


NAMED_ORACLE["forward_corrected"] = of_tokens(forward_corrected)
NAMED_ORACLE["backward_corrected"] = of_tokens(backward_corrected)


@oracle
def binned_nll(slots, weight, keep, form, edges=None):
    def entry(y, z, there):
        if isinstance(y, list):
            return [entry(*one, there) for one in zip(y, z, strict=True)]
        ends = [mpf(v) for v in edges or range(len(z) + 1)]
        b = sum(y >= end for end in ends[1:-1])
        return nll({c: mp.exp(v) for c, v in enumerate(z)}, b) + mp.log(ends[b + 1] - ends[b]) if there else None

    return [entry(*one) for one in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]


@oracle
def von_mises_fisher_nll(slots, weight, keep, form):
    values = []
    for u, v, there in zip(directions(slots["y_true"]), slots["y_pred"], keep, strict=True):
        k = mp.sqrt(dot(v, v))
        level = mp.log(mp.sinh(k) / k) if k else mpf(0)
        values.append(mp.log(4 * mp.pi) + level - dot(u, v) if there else None)
    return values


@oracle
def boundary(slots, weight, keep, form):
    return each_entry(lambda d, p: d * p, slots["y_true"], slots["y_pred"], keep)


@boxes
def extended_iou(two, fixed, beta=0.1):
    areas = two.true[0] * two.true[1] + two.pred[0] * two.pred[1]
    common, lag = two.common, two.lag
    if min(common) >= 0:
        inner = common[0] * common[1]
    else:
        (w, h), (u, v) = ([max(x, mpf(0)) for x in common], lag)
        a, b = (max(-x, mpf(0)) for x in common)
        inner = -(a * (h + 2 * v) + b * (w + 2 * u) - 2 * a * b)
    q = 1 - inner / (areas - inner)
    return q * q / (2 * mpf(beta)) if q < mpf(beta) else q - mpf(beta) / 2
