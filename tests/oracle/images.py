"""The textbook formulas of losses of images, as explicit loops over pixels; see named.py."""

from tests.oracle.named import NAMED_ORACLE, mean, mp, mpf


def turned(image):
    """Channels first as channels last."""
    channels, height, width = len(image), len(image[0]), len(image[0][0])
    return [[[image[c][i][j] for c in range(channels)] for j in range(width)] for i in range(height)]


def layers(image):
    """Each channel as a matrix."""
    return [[[pixel[c] for pixel in line] for line in image] for c in range(len(image[0][0]))]


def pictures(of):
    """A loss of two images; `of(y, p, ...)` gets each of them as a list of matrices, one for each channel."""

    def rows(slots, weight, keep, form, channels_first=False, **how):
        def made(image):
            return layers(turned(image) if channels_first else image)

        pairs = zip(slots.get("y_true", slots["y_pred"]), slots["y_pred"], keep, strict=True)
        return [of(made(y), made(p), **how) if there else None for y, p, there in pairs]

    NAMED_ORACLE[of.__name__.lstrip("_")] = rows
    return of


def each_window(y, p, size, weights):
    """(mean, mean, variance, variance, covariance) of all windows of two matrices."""
    high, wide = min(size, len(y)), min(size, len(y[0]))
    a, b = weights(high), weights(wide)
    for i in range(len(y) - high + 1):
        for j in range(len(y[0]) - wide + 1):
            w = [(a[k] * b[m], y[i + k][j + m], p[i + k][j + m]) for k in range(high) for m in range(wide)]
            my, mq = mp.fsum(s * u for s, u, _ in w), mp.fsum(s * v for s, _, v in w)
            yield (
                my, mq, mp.fsum(s * (u - my) ** 2 for s, u, _ in w), mp.fsum(s * (v - mq) ** 2 for s, _, v in w),
                mp.fsum(s * (u - my) * (v - mq) for s, u, v in w),
            )  # fmt: skip


def bell(sigma):
    def weights(n):
        heights = [mp.exp(-((k - mpf(n - 1) / 2) ** 2) / (2 * mpf(sigma) ** 2)) for k in range(n)]
        return [h / mp.fsum(heights) for h in heights]

    return weights


def similar(y, p, peak, window, sigma, k1, k2):
    """The similarity of means, and that of contrast and structure, of each window."""
    c1, c2 = (mpf(k1) * mpf(peak)) ** 2, (mpf(k2) * mpf(peak)) ** 2
    for my, mq, vy, vq, both in each_window(y, p, window, bell(sigma)):
        yield (2 * my * mq + c1) / (my**2 + mq**2 + c1), (2 * both + c2) / (vy + vq + c2)


@pictures
def ssim(y, p, peak=1.0, window=11, sigma=1.5, k1=0.01, k2=0.03):
    return 1 - mean(
        means * structure
        for a, b in zip(y, p, strict=True)
        for means, structure in similar(a, b, peak, window, sigma, k1, k2)
    )


def half(x):
    """A matrix of half the size; a last line or column without a partner is its own."""
    x = [*x, x[-1]] if len(x) % 2 else x
    x = [[*line, line[-1]] if len(line) % 2 else line for line in x]
    return [
        [(x[i][j] + x[i + 1][j] + x[i][j + 1] + x[i + 1][j + 1]) / 4 for j in range(0, len(x[0]), 2)]
        for i in range(0, len(x), 2)
    ]


@pictures
def multi_scale_ssim(
    y, p, peak=1.0, window=11, sigma=1.5, k1=0.01, k2=0.03, scales=(0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
):
    found = []
    for a, b in zip(y, p, strict=True):
        product, below = mpf(1), mpf(0)
        for k, weight in enumerate(scales):
            last = k == len(scales) - 1 or (len(a) == 1 and len(a[0]) == 1)
            terms = [m * s if last else s for m, s in similar(a, b, peak, window, sigma, k1, k2)]
            product *= max(mean(terms), mpf(0)) ** mpf(weight)
            below += mpf(weight) * min(mean(terms), mpf(0))
            if last:
                break
            a, b = half(a), half(b)
        found.append(below if below else product)
    return 1 - mean(found)


def flat(x):
    return [v for layer in x for line in layer for v in line]


@pictures
def psnr(y, p, peak=1.0):
    squares = [(b - a) ** 2 for a, b in zip(flat(y), flat(p), strict=True)]
    return -10 * mp.log10(mpf(peak) ** 2 / mean(squares))


def down(x):
    return [[x[i + 1][j] - x[i][j] for j in range(len(x[0]))] for i in range(len(x) - 1)]


def right(x):
    return [[line[j + 1] - line[j] for j in range(len(line) - 1)] for line in x]


@pictures
def gradient_difference(y, p, alpha=1.0):
    return mp.fsum(
        abs(abs(u) - abs(v)) ** mpf(alpha)
        for a, b in zip(y, p, strict=True)
        for way in (down, right)
        for u, v in zip(flat([way(a)]), flat([way(b)]), strict=True)
    )


@pictures
def local_cross_correlation(y, p, window=9, epsilon=1e-5):
    return 1 - mean(
        both**2 / (vy * vq + mpf(epsilon))
        for a, b in zip(y, p, strict=True)
        for _, _, vy, vq, both in each_window(a, b, window, lambda n: [mpf(1) / n] * n)
    )


@pictures
def total_variation(_, p, kind="anisotropic"):
    found = []
    for x in p:
        for i in range(len(x)):
            for j in range(len(x[0])):
                a = x[i + 1][j] - x[i][j] if i + 1 < len(x) else mpf(0)
                b = x[i][j + 1] - x[i][j] if j + 1 < len(x[0]) else mpf(0)
                found.append(abs(a) + abs(b) if kind == "anisotropic" else mp.sqrt(a * a + b * b))
    return mp.fsum(found)


def inside(x, of):
    """The mean over the pixels inside of the border of the squares down and right."""
    every = [(i, j) for i in range(1, len(x) - 1) for j in range(1, len(x[0]) - 1)]
    return mean(mp.fsum(of(x, i, j, a, b) ** 2 for a, b in ((1, 0), (0, 1))) for i, j in every)


@pictures
def diffusion_penalty(_, p, central=False):
    if central:
        found = [inside(x, lambda x, i, j, a, b: (x[i + a][j + b] - x[i - a][j - b]) / 2) for x in p]
        return mean(found)
    return mp.fsum(mean(v**2 for x in p for v in flat([way(x)])) for way in (down, right))


@pictures
def bending_energy(_, p, central=False):
    if central:
        pure = [inside(x, lambda x, i, j, a, b: x[i + a][j + b] - 2 * x[i][j] + x[i - a][j - b]) for x in p]
        mixed = [
            inside(x, lambda x, i, j, a, b: a * mp.fsum(c * d * x[i + c][j + d] for c in (-1, 1) for d in (-1, 1)) / 4)
            for x in p
        ]
        return mean(pure) + 2 * mean(mixed)
    ways = ((down, down), (right, right), (down, right), (down, right))
    return mp.fsum(mean(v**2 for x in p for v in flat([one(other(x))])) for one, other in ways)


@pictures
def gradient_similarity(y, p, peak=1.0):
    def strength(x, i, j):
        across = [(x[i + k][j] - x[i + k][j + 2]) / 3 for k in range(3)]
        along = [(x[i][j + k] - x[i + 2][j + k]) / 3 for k in range(3)]
        return mp.sqrt(mp.fsum(across) ** 2 + mp.fsum(along) ** 2)

    c, found = mpf(170) / 255**2 * mpf(peak) ** 2, []
    for a, b in zip(y, p, strict=True):
        for i in range(len(a) - 2):
            for j in range(len(a[0]) - 2):
                g, h = strength(a, i, j), strength(b, i, j)
                found.append((2 * g * h + c) / (g * g + h * h + c))
    return mp.sqrt(mean((v - mean(found)) ** 2 for v in found))


def edge_aware_smoothness(slots, weight, keep, form, channels_first=False):
    def value(image, depth):
        image, found = image if channels_first else layers(image), []
        for way in (down, right):
            edges = [flat([way(layer)]) for layer in image]
            calm = [mp.exp(-mean(abs(edge[k]) for edge in edges)) for k in range(len(edges[0]))]
            found.append(mean(abs(v) * c for v, c in zip(flat([way(depth)]), calm, strict=True)))
        return mp.fsum(found)

    rows = zip(slots["image"], slots["depth"], keep, strict=True)
    return [value(image, depth) if there else None for image, depth, there in rows]


NAMED_ORACLE["edge_aware_smoothness"] = edge_aware_smoothness
