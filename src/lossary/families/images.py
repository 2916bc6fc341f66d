"""Images: how well a picture is reconstructed, and how smooth it is. No trained network is needed."""

import math
from typing import Annotated

from ..core.axes import Axis
from ..core.errors import ShapeError
from ..core.forms import Images, OneImage
from ..core.forms.images import (
    IMAGE,
    PIXEL,
    ChannelsFirst,
    bell,
    channels_last,
    even,
    halved,
    image_mean,
    local,
    part,
    steps,
)
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, choice, flag, fraction, positive, whole
from ..core.slots import Forms, Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, log, log1p, total
from ..numerics.classes import probabilities_of_logits
from ..numerics.pairs import distance
from ..numerics.stable import at_least, divergence, mean, rising_power, root_mean_square, square_root

Peak = Annotated[float, positive("The largest brightness that there can be: 1, or 255 for 8 bits.", slide=(0.5, 2.0))]
Window = Annotated[
    int, Param("The size of the windows, in pixels.", kind="whole", low=1, closed=True, unusual=3)
]  # an image that is smaller is one window
Sigma = Annotated[
    float,
    positive(
        "The standard deviation of the Gaussian window, in pixels.",
        slide=(0.5, 3.0),
        prepared="the windows are prepared",
    ),
]
K1 = Annotated[float, fraction("Steadies the comparison of means where a window is dark.", slide=(0.001, 0.1))]
K2 = Annotated[float, fraction("Steadies the comparison of contrasts where a window is flat.", slide=(0.001, 0.1))]


def _at_least_three(owner: str, x: Tensor) -> None:
    """Refuse images that are known to have fewer pixels along an axis."""
    if min(size or 3 for size in x.shape[1:3]) < 3:
        raise ShapeError(
            f"{owner} needs three pixels along each axis.",
            arrived=f"y_pred is {x.shape[1]} high and {x.shape[2]} wide.",
            allowed="Expected at least three pixels along both.",
            do="Pass larger images; pass channels_first=True if the channels are the second axis.",
        )


class Structure(Images, abstract=True):
    """What windows of two images have in common: their means, and their contrast and structure."""

    peak: Peak = 1.0
    window: Window = 11
    sigma: Sigma = 1.5
    k1: K1 = 0.01
    k2: K2 = 0.03

    def lacking(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """One less the similarity of means, and one less that of contrast and structure, in each window."""

        def weights(size: int) -> list[float]:
            return bell(size, self.sigma)

        three = ops.concatenate([y, p, p - y], axis=-1)
        found = local(three, three, self.window, weights)
        (m_y, m_p, m_d), (v_y, v_p, v_d) = (ops.split(x, 3, axis=-1) for x in (found[0], found[2]))
        means = ops.square(m_y) + ops.square(m_p) + (self.k1 * self.peak) ** 2
        return ops.square(m_d) / means, v_d / (v_y + v_p + (self.k2 * self.peak) ** 2)


class SSIM(Structure, aliases=("structural_similarity", "dssim"), positional=""):
    r"""One minus the structural similarity: means, contrast and structure of small windows should be alike.

    Formula: 1 - \mathrm{mean} \frac{(2 \mu_y \mu_p + c_1)(2 s_{yp} + c_2)}{(\mu_y^2 + \mu_p^2 + c_1)(s_y^2 + s_p^2 +
        c_2)}, with means, variances and the covariance in each window of each channel, c_1 = (k_1 L)^2,
        c_2 = (k_2 L)^2 and L = peak
    Use: reconstruction, denoising and super-resolution, where people view the result: it penalises blur that squared
        errors accept. Often beside an absolute error, which fixes the brightness.
    Beware: between 0 and 2. `peak` must match the images. Only windows that lie inside the image count, as in
        TensorFlow; Kornia pads the image, and halves the value. An image smaller than the window is one window.
    Reference: Wang, Bovik, Sheikh and Simoncelli (2004), Image quality assessment: from error visibility to structural
        similarity, doi:10.1109/TIP.2003.819861
    Elsewhere:
        monai.losses.SSIMLoss(spatial_dims={2}, data_range=1.0, kernel_type="gaussian", win_size=11, kernel_sigma=1.5,
            k1=0.01, k2=0.03) -> channels_first=True, peak=data_range, window=win_size, sigma=kernel_sigma, k1=k1, k2=k2
        kornia.losses.SSIMLoss(window_size={11, ...}, max_val=1.0, padding={"valid"}, reduction="mean") ->
            channels_first=True, window=window_size, peak=max_val, times=0.5, reduction="mean"

    >>> ssim([[[[0.0]], [[1.0]]]], [[[[1.0]], [[0.0]]]]), ssim([[[[0.5]]]], [[[[0.5]]]])
    (1.9964064, 0.0)
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        means, structure = self.lacking(y, p)
        return image_mean(means + structure - means * structure)


ssim = function(SSIM)


class MultiScaleSSIM(Structure, aliases=("ms_ssim", "msssim"), positional="scales"):
    r"""One minus the structural similarity over several scales, each half as large as the one before.

    Formula: 1 - \prod_j C_j^{w_j}, with the mean C of contrast and structure at scale j, and of all three at the last
        one; 1 - \sum_j w_j \min(C_j, 0) where some C are below 0; for each channel, then their mean
    Use: as SSIM, for images that may be looked at from near and from far; it is kinder to fine texture.
    Beware: where the similarity at a scale is below 0, other libraries give 1, without a gradient. Scales too coarse
        for an image are left out; five scales of whole windows need 176 pixels. Odd sizes repeat the last line, as in
        TensorFlow. Kornia's MS_SSIMLoss is a different loss, mixed with absolute errors.
    Reference: Wang, Simoncelli and Bovik (2003), Multiscale structural similarity for image quality assessment,
        doi:10.1109/ACSSC.2003.1292216

    >>> multi_scale_ssim([[[[0.5]]]], [[[[0.5]]]]), multi_scale_ssim([[[[0.0]], [[1.0]]]], [[[[1.0]], [[0.0]]]])
    (0.0, 1.0446390)
    """

    scales: Annotated[
        tuple[float, ...],
        Param("The weight of each scale, the finest first.", kind="numbers", low=0.0, unusual=(0.3, 0.7)),
    ] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        if None in y.shape[1:3]:
            raise ShapeError(
                "MultiScaleSSIM halves images several times.",
                arrived=f"y_true has shape {tuple(y.shape)}.",
                allowed="Expected images of known height and width.",
                do="Set the shape where the images are loaded, or resize them to one size.",
            )
        weights = self.scales if isinstance(self.scales, tuple) else (self.scales,)
        logs, below = 0.0 * y[:, 0, 0], 0.0 * y[:, 0, 0]
        for place, weight in enumerate(weights):
            last = place + 1 == len(weights) or max(y.shape[1:3]) == 1
            means, structure = self.lacking(y, p)
            missed = mean(mean(ops.moveaxis(means + structure - means * structure if last else structure, -1, 1)))
            below = below + weight * at_least(missed - 1, 0.0)
            logs = logs + weight * log1p(-ops.where(missed >= 1, 0.0, missed))
            if last:
                break
            y, p = halved(y), halved(p)
        return mean(ops.where(below > 0, 1 + below, -expm1(logs)))


multi_scale_ssim = function(MultiScaleSSIM)


class PSNR(Images, aliases=("psnr_loss", "peak_signal_to_noise_ratio")):
    r"""Minus the ratio of the peak to the error, in decibels: the logarithm of the squared error of each image.

    Formula: 10 \log_{10}(\mathrm{mean}(e^2) / L^2), with e = y_pred - y_true and L = peak
    Use: reconstruction that is evaluated by this number; images that are nearly right get gradients as large as poor
        ones.
    Beware: the gradient grows as an image gets better: it is that of the squared error, divided by the squared error.
        The value falls without end; equal images count as if they differed by the smallest number.
    Reference: Huynh-Thu and Ghanbari (2008), Scope of validity of PSNR in image/video quality assessment,
        doi:10.1049/el:20080522
    Unlike:
        kornia.losses.PSNRLoss, kornia.losses.psnr_loss: of the mean squared error of the whole batch

    >>> psnr([[[[0.0]], [[0.5]]]], [[[[0.1]], [[0.6]]]]), psnr([[[[0.0]]]], [[[[25.5]]]], peak=255.0)
    (-20.0, -20.0)
    """

    peak: Peak = 1.0

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        root = p - y
        for _ in range(3):  # over channels, width and height: the root of the mean of the squares of roots
            root = root_mean_square(root, self.dtype)
        return 20 / math.log(10) * log(at_least(root, 1e-30) / self.peak)


psnr = function(PSNR)


class GradientDifference(Images, aliases=("gdl", "image_gradient_difference", "gradient_difference_loss")):
    r"""Edges of the prediction should be as strong as those of the target: against blur.

    Formula: \sum_{i,j} \big| |y_{i,j} - y_{i-1,j}| - |p_{i,j} - p_{i-1,j}| \big|^\alpha + \big| |y_{i,j-1} - y_{i,j}| -
        |p_{i,j-1} - p_{i,j}| \big|^\alpha
    Use: frame prediction and super-resolution, beside an absolute or squared error.
    Beware: a sum over pixels and channels, as in the paper: large images have large values. It ignores the direction of
        edges, and the brightness.
    Reference: Mathieu, Couprie and LeCun (2016), Deep multi-scale video prediction beyond mean square error,
        arXiv:1511.05440

    >>> gradient_difference([[[[0.0]], [[1.0]]]], [[[[0.5]], [[0.5]]]])
    1.0
    """

    alpha: Annotated[float, positive("The power of each difference, 1 or 2 in the paper.", slide=(0.5, 2.0))] = 1.0

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        gaps = [ops.abs(ops.abs(steps(p, axis)) - ops.abs(steps(y, axis))) for axis in (1, 2)]
        return sum(total(rising_power(gap, self.alpha), (1, 2, 3)) for gap in gaps)


gradient_difference = function(GradientDifference)


class LocalCrossCorrelation(Images, aliases=("lncc", "local_ncc", "local_normalized_cross_correlation")):
    r"""One minus the squared correlation of the two images, window by window.

    Formula: 1 - \mathrm{mean} \frac{s_{yp}^2}{s_y^2 s_p^2 + \epsilon}, with variances and the covariance in windows
    Use: registration of images whose brightness differs by a factor and an offset that vary slowly.
    Beware: the negative of an image scores as well as the image itself. Flat windows have no correlation, and count as
        wrong. Others omit the 1, or pad the image.
    Reference: Avants, Epstein, Grossman and Gee (2008), Symmetric diffeomorphic image registration with
        cross-correlation: evaluating automated labeling of elderly and neurodegenerative brain,
        doi:10.1016/j.media.2007.06.004
    Unlike:
        monai.losses.LocalNormalizedCrossCorrelationLoss: less by 1, of images with a border of 0

    >>> local_cross_correlation([[[[0.0]], [[1.0]]]], [[[[0.0]], [[0.5]]]], epsilon=0.015625)
    0.5
    """

    window: Window = 9
    epsilon: Annotated[float, positive("Steadies windows that are nearly flat.", slide=(1e-7, 1e-2))] = 1e-5

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        (_, _, v_y), (_, _, v_p), (_, _, both) = (local(a, b, self.window, even) for a, b in ((y, y), (p, p), (y, p)))
        return image_mean(1 - ops.square(both) / (v_y * v_p + self.epsilon))


local_cross_correlation = function(LocalCrossCorrelation)


class TotalVariation(OneImage, aliases=("tv", "tv_loss", "total_variation_loss", "image_variation")):
    r"""The sum of the differences between neighbouring pixels: flat areas with sharp edges cost little.

    Formula: \sum_{i,j} |p_{i+1,j} - p_{i,j}| + |p_{i,j+1} - p_{i,j}| (anisotropic), or
        \sum_{i,j} \sqrt{(p_{i+1,j} - p_{i,j})^2 + (p_{i,j+1} - p_{i,j})^2} (isotropic)
    Use: denoising and reconstruction, as a small term beside a loss of the pixels.
    Beware: takes predictions only, without targets. A sum over pixels and channels: large images have large values, and
        need a smaller factor. Beyond the border there is no difference.
    Reference: Rudin, Osher and Fatemi (1992), Nonlinear total variation based noise removal algorithms,
        doi:10.1016/0167-2789(92)90242-F
    Unlike:
        kornia.losses.TotalVariation, kornia.losses.total_variation: a number for each channel

    >>> total_variation([[[[0.0], [1.0]], [[1.0], [1.0]]]]), total_variation([[[[0.0], [3.0]], [[4.0], [4.0]]]])
    (2.0, 8.0)
    """

    kind: Annotated[str, choice("How the two differences of a pixel are added.", "anisotropic", "isotropic")] = (
        "anisotropic"
    )

    def of(self, p: Tensor) -> Tensor:
        down, right = steps(p, 1), steps(p, 2)
        if self.kind == "anisotropic":
            return total(ops.abs(down), (1, 2, 3)) + total(ops.abs(right), (1, 2, 3))
        down = ops.concatenate([down, ops.zeros_like(p[:, :1])], axis=1)
        right = ops.concatenate([right, ops.zeros_like(p[:, :, :1])], axis=2)
        both = ops.stack([down, right], axis=-1)
        return total(distance(both, ops.zeros_like(both)), (1, 2, 3))


total_variation = function(TotalVariation)


Central = Annotated[
    bool, flag("Whether to take central differences inside the border, in place of differences between neighbours.")
]


def _across(x: Tensor, axis: int) -> Tensor:
    """Half the difference of the pixels before and after each one along an axis."""
    return (part(x, axis, 2, 2) - part(x, axis, 0, 2)) / 2


class DiffusionPenalty(OneImage, aliases=("diffusion_regularizer", "diffusion_reg", "gradient_smoothness")):
    r"""The mean of the squared differences between neighbours: smooth fields cost little.

    Formula: \mathrm{mean}(u_x^2) + \mathrm{mean}(u_y^2), with the differences of neighbours along both axes
    Use: displacement fields in image registration, and maps that should change slowly, as a term beside another loss.
    Beware: takes predictions only, without targets. It blurs edges, which TotalVariation keeps. With central=True a
        pattern that changes from pixel to pixel costs nothing.
    Reference: Balakrishnan, Zhao, Sabuncu, Guttag and Dalca (2019), VoxelMorph: a learning framework for deformable
        medical image registration, arXiv:1809.05231
    Elsewhere:
        monai.losses.DiffusionLoss(normalize=False) -> channels_first=True, central=True, reduction="mean"

    >>> diffusion_penalty([[[[0.0], [2.0]], [[0.0], [2.0]]]])
    4.0
    """

    central: Central = False

    def of(self, p: Tensor) -> Tensor:
        if self.central:
            _at_least_three(type(self).__name__, p)
            return sum(image_mean(ops.square(_across(part(p, 3 - axis, 1, 2), axis))) for axis in (1, 2))
        found = [image_mean(ops.square(steps(p, axis))) for axis in (1, 2) if p.shape[axis] != 1]
        return sum(found[1:], start=found[0]) if found else total(0.0 * p, (1, 2, 3))


diffusion_penalty = function(DiffusionPenalty)


class BendingEnergy(OneImage, aliases=("bending_energy_loss", "thin_plate")):
    r"""The mean of the squared second differences: straight slopes cost nothing, bends do.

    Formula: \mathrm{mean}(u_{xx}^2) + \mathrm{mean}(u_{yy}^2) + 2\,\mathrm{mean}(u_{xy}^2)
    Use: displacement fields in image registration, where turning and stretching should be free.
    Beware: takes predictions only, without targets; at least three pixels along each axis.
    Reference: Rueckert, Sonoda, Hayes, Hill, Leach and Hawkes (1999), Nonrigid registration using free-form
        deformations: application to breast MR images, doi:10.1109/42.796284
    Elsewhere:
        monai.losses.BendingEnergyLoss(normalize=False) -> channels_first=True, central=True, reduction="mean"

    >>> bending_energy([[[[0.0], [0.0], [1.0]], [[0.0], [0.0], [1.0]], [[0.0], [0.0], [1.0]]]])
    1.0
    """

    central: Central = False

    def of(self, p: Tensor) -> Tensor:
        _at_least_three(type(self).__name__, p)
        if self.central:
            pure = (steps(steps(part(p, 3 - axis, 1, 2), axis), axis) for axis in (1, 2))
            return sum(image_mean(ops.square(x)) for x in pure) + 2 * image_mean(ops.square(_across(_across(p, 1), 2)))
        down, right = (image_mean(ops.square(steps(steps(p, axis), axis))) for axis in (1, 2))
        return down + right + 2 * image_mean(ops.square(steps(steps(p, 1), 2)))


bending_energy = function(BendingEnergy)


class EdgeAwareSmoothness(Loss, aliases=("inverse_depth_smoothness", "disparity_smoothness"), tasks=("images",)):
    r"""A depth map should be smooth, except where the image itself has an edge.

    Formula: \mathrm{mean}(|d_x| e^{-|I_x|}) + \mathrm{mean}(|d_y| e^{-|I_y|}), with the differences of neighbours in
        the depth map and in the image, the latter as a mean over its channels
    Use: depth or disparity that is learned without labels, beside a photometric loss.
    Beware: the scale of the image decides what is an edge: the paper has brightness from 0 to 1. Divide the depth map
        by its mean first, else it shrinks.
    Reference: Godard, Mac Aodha and Brostow (2017), Unsupervised monocular depth estimation with left-right
        consistency, arXiv:1609.03677
    Elsewhere:
        kornia.losses.InverseDepthSmoothnessLoss(reduction="mean") -> channels_first=True

    >>> edge_aware_smoothness([[[[0.0], [0.0]]]], [[[1.0, 3.0]]])
    2.0
    """

    channels_first: ChannelsFirst = False

    undrawn = "It compares a map with the edges of an image: there is no single number to move."

    @property
    def inputs(self) -> Forms:
        axes = ("row", "channel", "height", "width") if self.channels_first else IMAGE
        return declare(image=Slot(PIXEL, axes, "true"), depth=Slot(PIXEL, ("row", "height", "width")))

    def call(self, image: Tensor, depth: Tensor) -> Tensor:
        image = channels_last(image, self.channels_first)

        def along(axis: int) -> Tensor:
            calm = ops.exp(-mean(ops.abs(steps(image, axis))))
            return mean(mean(ops.abs(steps(depth, axis)) * calm))

        found = [along(axis) for axis in (1, 2) if depth.shape[axis] != 1]
        return sum(found[1:], start=found[0]) if found else total(0.0 * depth, (1, 2))


edge_aware_smoothness = function(EdgeAwareSmoothness)


class GradientSimilarity(Images, aliases=("gmsd", "gradient_magnitude_similarity_deviation")):
    r"""How unevenly edge strength is preserved over an image: the standard deviation of gradient similarity.

    Formula: \mathrm{std} \frac{2 g_y g_p + c}{g_y^2 + g_p^2 + c}, with the strengths g of the gradients by Prewitt's
        3 x 3 filter, over all windows and channels, and c = 0.0026 L^2, L = peak
    Use: reconstruction, beside a loss of the pixels: damage in one place costs more than a slight one everywhere.
    Beware: an image that is equally wrong everywhere costs nothing. The paper halves the size of the images first; that
        is left to you here. At least three pixels along each axis.
    Reference: Xue, Zhang, Mou and Bovik (2014), Gradient magnitude similarity deviation: a highly efficient perceptual
        image quality index, arXiv:1308.3052

    >>> gradient_similarity([[[[0.5], [0.5], [0.5]]] * 3], [[[[0.5], [0.5], [0.5]]] * 3])
    0.0
    """

    peak: Peak = 1.0

    undrawn = "It looks at how unevenly windows differ: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        _at_least_three(type(self).__name__, p)
        a, b = self.strength(y), self.strength(p)
        c = 170 / 255**2 * self.peak**2
        missed = ops.square(a - b) / (ops.square(a) + ops.square(b) + c)
        apart = missed - ops.reshape(image_mean(missed), (-1, 1, 1, 1))
        return square_root(image_mean(ops.square(apart)))

    def strength(self, x: Tensor) -> Tensor:
        """The length of the gradient in each window of 3 x 3."""
        down = part(x, 1, 2, 2) - part(x, 1, 0, 2)
        right = part(x, 2, 2, 2) - part(x, 2, 0, 2)
        both = [sum(part(step, axis, k, 2) for k in range(3)) / 3 for step, axis in ((down, 2), (right, 1))]
        both = ops.stack(both, axis=-1)
        return distance(both, ops.zeros_like(both))


gradient_similarity = function(GradientSimilarity)


class MutualInformation(Images, aliases=("mutual_information_global", "global_mutual_information", "mi_loss"),
                        positional=""):  # fmt: skip
    r"""Minus what the brightness of one image says about that of the other, in nats: by their joint histogram.

    Formula: -\sum_{ab} h_{ab} \log \frac{h_{ab}}{h_a h_b}, with the joint histogram h over the pixels, each of which
        counts in every bin as a normal density around its brightness
    Use: registration of images of different kinds, such as CT beside MR, where no formula turns one into the other.
    Beware: never above 0; equal images have minus the entropy of their histogram. Images from 0 to `peak`. Memory grows
        with pixels times bins. Kornia's class stores the reference image.
    Reference: Viola and Wells (1997), Alignment by maximization of mutual information, International Journal of
        Computer Vision 24(2):137-154
    Elsewhere:
        monai.losses.GlobalMutualInformationLoss(kernel_type={"gaussian"}, num_bins=23, sigma_ratio=0.5,
            smooth_nr=1e-07, smooth_dr=1e-07) -> channels_first=True, bins=num_bins, sigma_ratio=sigma_ratio

    >>> mutual_information([[[[0.0]], [[1.0]]]], [[[[1.0]], [[0.0]]]], bins=2, sigma_ratio=0.1)
    -0.69314718
    """

    peak: Peak = 1.0
    bins: Annotated[int, whole("How many bins there are from 0 to the peak.", low=2, unusual=5)] = 23
    sigma_ratio: Annotated[float, positive("The width of a pixel's density, in bins.", slide=(0.2, 2.0))] = 0.5

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        a, b = self.shares(y), self.shares(p)
        joint = ops.matmul(ops.transpose(a / ops.cast(ops.shape(a)[1], a.dtype), (0, 2, 1)), b)
        alone = ops.expand_dims(mean(a, 1), 2) * ops.expand_dims(mean(b, 1), 1)
        return -total(divergence(joint, alone, self.inner), (1, 2))  # both sum to 1

    def shares(self, x: Tensor) -> Tensor:
        """What each pixel counts in each bin: (row, pixel, bin)."""
        width = self.peak / (self.bins - 1)
        place = ops.cast(ops.arange(self.bins), x.dtype)
        apart = ops.reshape(x, (ops.shape(x)[0], -1, 1)) / width - place
        return probabilities_of_logits(-ops.square(apart / self.sigma_ratio) / 2)[0]


mutual_information = function(MutualInformation)
