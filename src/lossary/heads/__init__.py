"""Heads: the last layer of a model, whose outputs are what one loss reads. `head.loss()` gives that loss.

model = keras.Sequential([keras.layers.Dense(32, "relu"), ls.heads.Coral(levels=5)])
model.compile("adam", loss=model.layers[-1].loss())
"""

from .base import Head as Head
from .bins import DistributionFocal as DistributionFocal
from .ordinal import Coral as Coral
from .ordinal import Corn as Corn
from .ordinal import CumulativeLink as CumulativeLink
from .quantiles import Quantiles as Quantiles
