"""Losses of images beside TensorFlow's tf.image, which has similarities where these are losses."""

import numpy as np
import pytest

import lossary as ls
from tests.backends import array

tf = pytest.importorskip("tensorflow")
SIZES = [(11, 11, 1), (16, 19, 3), (33, 24, 2)]


def pair(size, peak, rng):
    y = rng.uniform(0, peak, size=(3, *size))
    return y.astype("float32"), np.clip(y + 0.2 * peak * rng.normal(size=y.shape), 0, peak).astype("float32")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_ssim_is_one_less_that_of_tensorflow(size, peak, rng):
    y, p = pair(size, peak, rng)
    for how, theirs in (({}, {}), ({"window": 5, "sigma": 1.0, "k1": 0.02, "k2": 0.05},
                                   {"filter_size": 5, "filter_sigma": 1.0, "k1": 0.02, "k2": 0.05})):  # fmt: skip
        want = 1 - tf.image.ssim(y, p, peak, **theirs).numpy()
        np.testing.assert_allclose(array(ls.ssim(y, p, peak=peak, **how)), want, rtol=2e-4, atol=2e-6)
    turned = (np.moveaxis(x, -1, 1) for x in (y, p))
    np.testing.assert_allclose(
        array(ls.ssim(*turned, peak=peak, channels_first=True)), array(ls.ssim(y, p, peak=peak)), rtol=1e-5
    )


def test_ms_ssim_is_one_less_that_of_tensorflow(rng):
    """Also where halves have odd sizes."""
    y, p = pair((37, 44, 2), 1.0, rng)
    want = 1 - tf.image.ssim_multiscale(y, p, 1.0, power_factors=(0.2, 0.5, 0.3), filter_size=5).numpy()
    np.testing.assert_allclose(array(ls.multi_scale_ssim(y, p, scales=(0.2, 0.5, 0.3), window=5)), want, rtol=2e-4)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_psnr_and_total_variation(size, rng):
    y, p = pair(size, 255.0, rng)
    np.testing.assert_allclose(array(ls.psnr(y, p, peak=255.0)), -tf.image.psnr(y, p, 255.0).numpy(), rtol=1e-5)
    np.testing.assert_allclose(
        array(ls.total_variation(p)), tf.image.total_variation(tf.constant(p)).numpy(), rtol=1e-5
    )


def test_nearly_equal_images_keep_their_digits():
    """TensorFlow's own is 0, or below, where one pixel differs by a thousandth in a flat image."""
    y = np.full((1, 16, 16, 1), 0.5, "float32")
    p = y.copy()
    p[0, 8, 8, 0] += 1e-3
    exact = array(ls.ssim(y.astype("float64"), p.astype("float64")))
    np.testing.assert_allclose(array(ls.ssim(y, p)), exact, rtol=1e-5)
