"""Handwritten digits for the examples: scikit-learn's own, or MNIST from a file or folder that the user names."""

import gzip
from pathlib import Path

import numpy as np

Images = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 1,797 digits: images (n, 8, 8) in [0, 1] and labels (n,)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ValueError("The built-in digits come with scikit-learn: pip install 'lossary[data]'.") from error
    digits = load_digits()
    return (digits.images / 16.0).astype("float32"), digits.target.astype("int32")


def large_digits(place: str = "") -> Images:
    """Training images (n, 28, 28) in [0, 1] and labels (n,), then those for testing.

    `place` is a .csv or .csv.gz file (label, then 784 pixels), an .npz file with x_train, y_train, x_test and y_test,
    or a folder with MNIST's four IDX files (gzipped or not). Without it the small digits are enlarged: each pixel
    becomes 3×3, with a border of 2.
    """
    if not place:
        images, labels = small_digits()
        return _split(np.pad(np.kron(images, np.ones((1, 3, 3))), ((0, 0), (2, 2), (2, 2))).astype("float32"), labels)
    path = Path(place)
    if path.is_dir():
        train_x, train_y, test_x, test_y = (_idx(path, name) for name in PARTS)
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            train_x, train_y, test_x, test_y = (arrays[n] for n in ("x_train", "y_train", "x_test", "y_test"))
    elif path.name.endswith((".csv", ".csv.gz")):
        table = np.loadtxt(path, delimiter=",", dtype="float32")
        return _split(table[:, 1:].reshape(-1, 28, 28) / 255.0, table[:, 0].astype("int32"))
    else:
        raise ValueError(f"{place} is neither a folder with IDX files nor a .csv, .csv.gz or .npz file.")
    scaled = [(images / 255.0).astype("float32") for images in (train_x, test_x)]
    return scaled[0], train_y.astype("int32"), scaled[1], test_y.astype("int32")


def _split(images: np.ndarray, labels: np.ndarray) -> Images:
    """Four fifths for training, one fifth for testing, in a fixed random order."""
    order = np.random.default_rng(0).permutation(len(images))
    cut = len(images) * 4 // 5
    train, test = order[:cut], order[cut:]
    return images[train], labels[train], images[test], labels[test]


def _idx(folder: Path, name: str) -> np.ndarray:
    """One IDX file: two zero bytes, the type (8 = unsigned byte), the number of axes, each axis's length, the data."""
    found = [path for path in (folder / name, folder / f"{name}.gz") if path.exists()]
    if not found:
        raise ValueError(f"{folder} holds neither {name} nor {name}.gz.")
    raw = gzip.decompress(found[0].read_bytes()) if found[0].suffix == ".gz" else found[0].read_bytes()
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{found[0]} is not an IDX file of unsigned bytes.")
    shape = np.frombuffer(raw, dtype=">u4", count=raw[3], offset=4)
    return np.frombuffer(raw, dtype="uint8", offset=4 + 4 * raw[3]).reshape(shape)
