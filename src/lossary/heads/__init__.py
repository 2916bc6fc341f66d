"""Heads: the last layer of a model, whose outputs are what one loss reads. `head.loss()` gives that loss.

model = keras.Sequential([keras.layers.Dense(32, "relu"), ls.heads.Coral(levels=5)])
model.compile("adam", loss=model.layers[-1].loss())
"""

from .base import Head as Head
from .bins import DistributionFocal as DistributionFocal
from .distributions import AsymmetricLaplace as AsymmetricLaplace
from .distributions import Beta as Beta
from .distributions import BetaBinomial as BetaBinomial
from .distributions import Binomial as Binomial
from .distributions import Cauchy as Cauchy
from .distributions import Distribution as Distribution
from .distributions import Exponential as Exponential
from .distributions import Gamma as Gamma
from .distributions import GeneralizedExtremeValue as GeneralizedExtremeValue
from .distributions import GeneralizedNormal as GeneralizedNormal
from .distributions import GeneralizedPareto as GeneralizedPareto
from .distributions import Geometric as Geometric
from .distributions import Gumbel as Gumbel
from .distributions import HalfNormal as HalfNormal
from .distributions import HurdleNegativeBinomial as HurdleNegativeBinomial
from .distributions import HurdlePoisson as HurdlePoisson
from .distributions import InverseGamma as InverseGamma
from .distributions import InverseGaussian as InverseGaussian
from .distributions import Kumaraswamy as Kumaraswamy
from .distributions import Laplace as Laplace
from .distributions import Logistic as Logistic
from .distributions import LogLogistic as LogLogistic
from .distributions import LogNormal as LogNormal
from .distributions import Mixture as Mixture
from .distributions import NegativeBinomial as NegativeBinomial
from .distributions import Normal as Normal
from .distributions import Pareto as Pareto
from .distributions import Poisson as Poisson
from .distributions import Predicted as Predicted
from .distributions import SkewNormal as SkewNormal
from .distributions import StudentT as StudentT
from .distributions import Tweedie as Tweedie
from .distributions import VonMises as VonMises
from .distributions import Weibull as Weibull
from .distributions import ZeroInflatedBeta as ZeroInflatedBeta
from .distributions import ZeroInflatedLogNormal as ZeroInflatedLogNormal
from .distributions import ZeroInflatedNegativeBinomial as ZeroInflatedNegativeBinomial
from .distributions import ZeroInflatedPoisson as ZeroInflatedPoisson
from .ordinal import Coral as Coral
from .ordinal import Corn as Corn
from .ordinal import CumulativeLink as CumulativeLink
from .quantiles import Quantiles as Quantiles
from .shares import Categorical as Categorical
from .shares import Dirichlet as Dirichlet
from .shares import DirichletMultinomial as DirichletMultinomial
from .shares import Multinomial as Multinomial
from .shares import PredictedClasses as PredictedClasses
from .shares import PredictedCounts as PredictedCounts
from .shares import PredictedShares as PredictedShares
from .vectors import MultivariateNormal as MultivariateNormal
from .vectors import PredictedVectors as PredictedVectors
