"""Mistakes that are often made with a loss, and that are refused: docs/errors.md begins with what is said."""

from __future__ import annotations

from tools.errors_example import Example

MISUSES = [
    Example(
        "Boxes as centre and size, read as corners", "",
        "ls.GIoU()(np.array([[5.0, 5.0, 2.0, 2.0]]), np.array([[4.0, 4.0, 6.0, 6.0]]))", "",
    ),
    Example("Masks of 0 and 255", "", "ls.Dice()(np.array([[0, 255, 255]]), np.array([[0.1, 0.9, 0.8]]))", ""),
    Example(
        "One-hot rows where class numbers are read", "",
        "ls.SparseCategoricalCrossentropy()(np.eye(3), np.full((3, 3), 1 / 3))", "",
    ),
    Example(
        "Class numbers where one-hot rows are read", "",
        "ls.CategoricalCrossentropy()(np.array([0, 2, 1]), np.full((3, 3), 1 / 3))", "",
    ),
    Example("Quantiles that are not sorted", "", "ls.MultiQuantile(q=(0.9, 0.5, 0.1))", ""),
    Example(
        "Logits where probabilities are read", "",
        "ls.BinaryCrossentropy()(np.array([[1.0], [0.0]]), np.array([[3.2], [-1.5]]))", "",
    ),
    Example(
        "Labels -1 and 1 where 0 and 1 are read", "",
        "ls.BinaryCrossentropy()(np.array([[1.0], [-1.0]]), np.array([[0.2], [0.5]]))", "",
    ),
    Example("Levels counted from 1", "", "ls.Coral()(np.array([1, 3]), np.zeros((2, 2)))", ""),
    Example(
        "Images of 8 bits, as if they went from 0 to 1", "",
        "ls.SSIM()(np.full((1, 4, 4, 3), 200.0), np.full((1, 4, 4, 3), 190.0))", "",
    ),
    Example(
        "Channels first where the classes are read last", "",
        "ls.SparseCategoricalCrossentropy(from_logits=True)(np.zeros((2, 4, 5)), np.zeros((2, 3, 4, 5)))", "",
    ),
]  # fmt: skip
