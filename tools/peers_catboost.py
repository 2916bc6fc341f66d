"""The formulas that the documents of CatBoost give for its objectives, of predictions before any transformation."""

from __future__ import annotations

from typing import Any

import numpy as np

VERSION = "1.2"
Array = Any


def RMSE(y: Array, p: Array) -> Array:
    return np.sqrt(np.mean((p - y) ** 2))


def MultiRMSE(y: Array, p: Array) -> Array:
    return np.sqrt(np.sum((p - y) ** 2) / len(y))


def MAE(y: Array, p: Array) -> Array:
    return np.mean(np.abs(p - y))


def MAPE(y: Array, p: Array) -> Array:
    return np.mean(np.abs(p - y) / np.maximum(1, np.abs(y)))


def LogCosh(y: Array, p: Array) -> Array:
    return np.mean(np.log(np.cosh(p - y)))


def Quantile(y: Array, p: Array, alpha: float = 0.5) -> Array:
    return np.mean((alpha - (y <= p)) * (y - p))


def LogLinQuantile(y: Array, p: Array, alpha: float = 0.5) -> Array:
    return Quantile(y, np.exp(p), alpha)


def Expectile(y: Array, p: Array, alpha: float = 0.5) -> Array:
    return np.mean(np.abs(alpha - (y <= p)) * (y - p) ** 2)


def Lq(y: Array, p: Array, q: float) -> Array:
    return np.mean(np.abs(p - y) ** q)


def Huber(y: Array, p: Array, delta: float) -> Array:
    size = np.abs(p - y)
    return np.mean(np.where(size < delta, 0.5 * size**2, delta * size - 0.5 * delta**2))


def Poisson(y: Array, p: Array) -> Array:
    return np.mean(np.exp(p) - p * y)


def Tweedie(y: Array, p: Array, variance_power: float) -> Array:
    k = variance_power
    return np.mean(np.exp(p * (2 - k)) / (2 - k) - y * np.exp(p * (1 - k)) / (1 - k))


def RMSEWithUncertainty(y: Array, p: Array) -> Array:
    spread = p[:, 1]
    return np.mean(0.5 * np.log(2 * np.pi) + spread + 0.5 * np.exp(-2 * spread) * (y[:, 0] - p[:, 0]) ** 2)


def Logloss(y: Array, p: Array) -> Array:
    share = 1 / (1 + np.exp(-p))
    return -np.mean(y * np.log(share) + (1 - y) * np.log(1 - share))


CrossEntropy = MultiLogloss = MultiCrossEntropy = Logloss


def Focal(y: Array, p: Array, focal_alpha: float, focal_gamma: float) -> Array:
    share = 1 / (1 + np.exp(-p))
    true, weight = np.where(y == 1, share, 1 - share), np.where(y == 1, focal_alpha, 1 - focal_alpha)
    return -np.mean(weight * (1 - true) ** focal_gamma * np.log(true))


def MultiClass(y: Array, p: Array) -> Array:
    return -np.mean(p[np.arange(len(y)), y] - np.log(np.sum(np.exp(p), -1)))


def MultiClassOneVsAll(y: Array, p: Array) -> Array:
    share = 1 / (1 + np.exp(-p))
    return -np.mean(np.where(np.arange(p.shape[-1]) == y[:, None], np.log(share), np.log(1 - share)))
