"""Examples of the errors of likelihoods and of the heads of distributions."""

from __future__ import annotations

from tools.errors_example import Example

DISTRIBUTIONS = [
    Example("Ends of targets in the wrong order", "With censored=True, a lower end lies above the upper one.",
            "ls.WeibullNLL(censored=True)(np.array([[2.0, 1.0]]), np.zeros((1, 2)))"),
    Example("Truncation without room", "above and below leave nothing between them.",
            "ls.NormalNLL(above=1.0, below=1.0)"),
    Example("Numbers of another covariance", "y_pred has more or fewer numbers than the mean and the covariance.",
            "ls.MultivariateNormalNLL()(np.zeros((2, 3)), np.zeros((2, 6)))"),
    Example("A row of half a count",
            "A head of counts is given a number of trials that is not a whole number.",
            "head = ls.heads.Multinomial(classes=2)\nhead.predicted(np.zeros((1, 2)), trials=2.5)"),
    Example("Successes among how many", "Counts of trials are fitted by the name of a distribution alone.",
            'ls.fit_distribution([3, 0, 2, 5], "binomial")'),
    Example("A power that moves", "The power of a Tweedie density is given a schedule.",
            "ls.TweedieNLL(power=ls.LinearSchedule(1.2, 1.8, steps=100))"),
]  # fmt: skip
