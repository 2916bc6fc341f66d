"""The textbook formulas of losses of sequences, by enumeration of every alignment; see named.py."""

from tests.oracle.named import NAMED_ORACLE, mp, mpf, nll, oracle


@oracle
def rnnt(slots, weight, keep, form, blank=0):
    def value(y, z):
        """z holds the frames that exist."""
        blank_class = blank % len(z[0][0])
        said = y[: y.index(blank_class)] if blank_class in y else y
        price = [[[nll(dict(enumerate(map(mp.exp, p))), c) for c in range(len(p))] for p in frame] for frame in z]
        found = []

        def go_on(t, u, sum_):
            if t == len(z):
                if u == len(said):
                    found.append(mp.exp(-sum_))
                return
            go_on(t + 1, u, sum_ + price[t][u][blank_class])
            if u < len(said):
                go_on(t, u + 1, sum_ + price[t][u][said[u]])

        go_on(0, 0, mpf(0))
        return -mp.log(mp.fsum(found))

    values = []
    for i, (y, z) in enumerate(zip(slots["y_true"], slots["y_pred"], strict=True)):
        there = [t for t in range(len(z)) if "frames" not in slots or slots["frames"][i][t]]
        there = [t for t in there if "frame_lengths" not in slots or t < slots["frame_lengths"][i]]
        values.append(value([int(v) for v in y], [z[t] for t in there]) if keep[i] and there else None)
    return values


@oracle
def soft_dtw(slots, weight, keep, form, gamma=1.0):
    def value(y, p):
        cost = [[mp.fsum((a - b) ** 2 for a, b in zip(u, v, strict=True)) for v in p] for u in y]
        found = []

        def go_on(i, j, sum_):
            sum_ += cost[i][j]
            if (i, j) == (len(y) - 1, len(p) - 1):
                found.append(sum_)
            for k, m in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
                if k < len(y) and m < len(p):
                    go_on(k, m, sum_)

        go_on(0, 0, mpf(0))
        least = min(found)
        return least - mpf(gamma) * mp.log(mp.fsum(mp.exp((least - c) / mpf(gamma)) for c in found))

    return [value(y, p) if there else None
            for y, p, there in zip(slots["y_true"], slots["y_pred"], keep, strict=True)]  # fmt: skip


def dynamic_fine_tuning(slots, weight, keep, form, held=None):
    """`held` are the slots of which the factor is made, where these stay as they are."""
    fixed = (held or slots)["y_pred"]

    def both(y, pair, there):
        if isinstance(y, list):
            return [both(t, (p, q), there) for t, p, q in zip(y, *pair, strict=True)]
        e, f = ({c: mp.exp(x) for c, x in enumerate(z)} for z in pair)
        return f[int(y)] / mp.fsum(f.values()) * nll(e, int(y)) if there else None

    rows = zip(slots["y_true"], slots["y_pred"], fixed, keep, strict=True)
    return [both(y, (p, q), there) for y, p, q, there in rows]


NAMED_ORACLE["dynamic_fine_tuning"] = dynamic_fine_tuning
