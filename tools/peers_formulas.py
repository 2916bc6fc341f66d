"""The documented formulas of tensorflow_addons, which ended in 2024 and runs with no Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = "0.23.0"
Array = Any


def PinballLoss(y: Array, p: Array, tau: float = 0.5) -> Array:
    return np.mean(np.maximum(tau * (y - p), (tau - 1) * (y - p)))


def GIoULoss(y: Array, p: Array, mode: str = "giou") -> Array:
    """One minus the (generalized) intersection over union, of corners."""
    inner = np.minimum(y[:, 2:], p[:, 2:]) - np.maximum(y[:, :2], p[:, :2])
    outer = np.maximum(y[:, 2:], p[:, 2:]) - np.minimum(y[:, :2], p[:, :2])
    both, hull = np.prod(np.maximum(inner, 0), -1), np.prod(outer, -1)
    union = np.prod(y[:, 2:] - y[:, :2], -1) + np.prod(p[:, 2:] - p[:, :2], -1) - both
    return np.mean(1 - both / union + (mode == "giou") * (hull - union) / hull)


def SparsemaxLoss(label: Array, z: Array) -> Array:
    """Of class numbers, which stand for one-hot rows."""
    y, values = np.eye(z.shape[-1])[label], []
    for a, b in zip(z, y, strict=True):
        order = np.sort(a)[::-1]
        size = max(k for k in range(1, len(a) + 1) if 1 + k * order[k - 1] > np.sum(order[:k]))
        p = np.maximum(a - (np.sum(order[:size]) - 1) / size, 0)
        values.append(np.sum(p * (a - 0.5 * p)) + np.sum(b * (0.5 * b - a)))
    return np.mean(values)


def SigmoidFocalCrossEntropy(
    y: Array, p: Array, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, reduction: str = "sum"
) -> Array:
    share = 1 / (1 + np.exp(-p)) if from_logits else p
    true, weight = np.where(y == 1, share, 1 - share), np.where(y == 1, alpha, 1 - alpha)
    return np.sum(-weight * (1 - true) ** gamma * np.log(true))


def WeightedKappaLoss(
    label: Array, p: Array, num_classes: int, weightage: str = "quadratic", epsilon: float = 1e-6
) -> Array:
    """Of class numbers, which stand for one-hot rows."""
    places = np.arange(num_classes)
    apart = np.abs(places[:, None] - places) ** (2 if weightage == "quadratic" else 1)
    counts = np.bincount(label, minlength=num_classes)
    chance = counts @ apart @ np.sum(p, 0) / len(p)
    return np.log(np.sum(apart[label] * p) / chance + epsilon)


def _distances(x: Array) -> Array:
    return np.sqrt(np.sum((x[:, None] - x[None]) ** 2, -1))


def TripletHardLoss(label: Array, x: Array, margin: float = 1.0, soft: bool = False) -> Array:
    """The farthest row of the same class against the nearest of another."""
    d, same = _distances(x), label[:, None] == label
    far = np.max(np.where(same & ~np.eye(len(x), dtype=bool), d, 0), -1)
    near = np.min(np.where(same, np.inf, d), -1)
    return np.mean(np.maximum(far - near + margin, 0))


def TripletSemiHardLoss(label: Array, x: Array, margin: float = 1.0) -> Array:
    """Each pair of a class against the nearest other row that is farther, or else the farthest."""
    d, same = _distances(x), label[:, None] == label
    values = []
    for i in range(len(x)):
        others = d[i, ~same[i]]
        for j in np.flatnonzero(same[i]):
            if j != i:
                farther = others[others > d[i, j]]
                values.append(max(d[i, j] - (farther.min() if len(farther) else others.max()) + margin, 0))
    return np.mean(values)
