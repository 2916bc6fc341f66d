"""The mathematical shapes a loss can take. A form turns (y_true, y_pred) into what the formula is written in.

Loss
├── Distance       of the error e = y_pred - y_true alone
├── Pointwise      of y_true and y_pred entry by entry
├── Columns        of sums over all rows, for each column
├── Margin         of the margin m = y * y_pred, with labels y = -1 or 1
├── Binary         of probabilities or logits of independent yes/no questions
├── Categorical    of probabilities or logits of exclusive classes, with soft or one-hot targets
│   └── Sparse     the same with class indices as targets
├── Divergence     of two distributions along one axis
├── Vector         of two vectors along one axis
├── Overlap        of true positives, false positives and false negatives of a mask
├── Parameters     of the parameters of a distribution, predicted along one more axis
│   └── Outputs    at real outputs that become these parameters
│       ├── Score       a closed form of the continuous ranked probability score
│       └── Likelihood  minus the log-density
│           └── Censorable  the same, with a closed distribution function: censored and truncated targets
├── VectorLikelihood  minus the log-density of a vector, with one output for each entry
├── Boxes          of two boxes: areas of intersection, union and hull, sides, distance of the centres
├── Images         of two images: neighbours, windows, scales
└── OneImage       of an image alone
"""

from .censored import Censorable as Censorable
from .errors import Columns as Columns
from .errors import Distance as Distance
from .errors import Margin as Margin
from .errors import Parameters as Parameters
from .errors import Pointwise as Pointwise
from .images import Images as Images
from .images import OneImage as OneImage
from .labels import Axis as Axis
from .labels import Binary as Binary
from .labels import Categorical as Categorical
from .labels import ClassWeights as ClassWeights
from .labels import Epsilon as Epsilon
from .labels import FromLogits as FromLogits
from .labels import Ignored as Ignored
from .labels import Probabilities as Probabilities
from .labels import Smoothing as Smoothing
from .labels import Sparse as Sparse
from .labels import YesNo as YesNo
from .labels import absent as absent
from .labels import all_ignored as all_ignored
from .labels import one_each as one_each
from .likelihoods import Likelihood as Likelihood
from .likelihoods import Outputs as Outputs
from .likelihoods import Score as Score
from .likelihoods import VectorLikelihood as VectorLikelihood
from .regions import Boxes as Boxes
from .regions import Divergence as Divergence
from .regions import Image as Image
from .regions import Overlap as Overlap
from .regions import Pair as Pair
from .regions import Vector as Vector
