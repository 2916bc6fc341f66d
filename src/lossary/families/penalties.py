"""Penalties: terms that ask nothing of a target, beside the loss that does."""

from typing import Annotated

from keras import ops

from ..core.axes import Axis
from ..core.contract import LOGIT, REAL
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import choice, fraction, nonnegative, whole
from ..core.results import Sums
from ..core.scenes import SCORE, VECTOR_ALONE
from ..core.slots import Slot, declare
from ..numerics.backend import log1p, total
from ..numerics.classes import nll_of_logits, one_hot, probabilities_of_logits
from ..numerics.stable import at_least, sigmoid

SCORES = declare(y_pred=Slot(LOGIT, ("row", "...", "class")))
ALONE = "It is one number for all rows together, so there is no value per row to draw."


class ZLoss(Loss, aliases=("router_z_loss", "logit_z_loss"), tasks=("multiclass",), traits=("smooth",)):
    r"""The squared logarithm of the sum of all exponentials: keeps logits from drifting away.

    Formula: (\log \sum_c e^{z_c})^2, with the logits z = y_pred
    Use: large vocabularies and routers of experts, with a factor of about 0.001 beside the cross-entropy.
    Beware: takes predictions only, without targets. It moves all logits of a row together, which no softmax sees.
        LinearCrossEntropy(z_loss=…) adds it without holding the logits.
    Reference: Zoph, Bello, Kumar, Du, Huang, Dean, Shazeer and Fedus (2022), ST-MoE: designing stable and transferable
        sparse expert models, arXiv:2202.08906

    >>> z_loss([[0.0, 0.0]]), z_loss([[5.0, -100.0]])
    (0.48045301, 25.0)
    """

    inputs = SCORES

    def drawn_over(self) -> list[Axis]:
        return [SCORE]

    def call(self, y_pred: Tensor) -> Tensor:
        first = one_hot(ops.argmax(ops.stop_gradient(y_pred), axis=-1), y_pred)
        best = total(ops.where(first, y_pred, 0.0), -1)
        rest = total(ops.where(first, 0.0, ops.exp(y_pred - ops.expand_dims(best, -1))), -1)
        return ops.square(best + log1p(rest))


z_loss = function(ZLoss)


class EntropyPenalty(
    Loss, aliases=("entropy_minimization", "entropy_regularizer", "confidence_penalty"), tasks=("multiclass",)
):
    r"""The entropy of the predicted classes: small where the model is confident.

    Formula: -\sum_c p_c \log p_c, with p = softmax(y_pred); minus that for sure="costs"
    Use: sure="pays" for rows without labels, whose predictions should decide; sure="costs", with a small factor beside
        a cross-entropy, against predictions that are too sure.
    Beware: takes logits only, without targets. Rewarding confidence also rewards predicting one class for every row:
        keep a loss with labels beside it. The paper on confidence has a factor of 0.1.
    Reference: Grandvalet and Bengio (2005), Semi-supervised learning by entropy minimization, Advances in Neural
        Information Processing Systems 17:529-536; Pereyra, Tucker, Chorowski, Kaiser and Hinton (2017), Regularizing
        neural networks by penalizing confident output distributions, arXiv:1701.06548

    >>> entropy_penalty([[0.0, 0.0]]), entropy_penalty([[0.0, 0.0]], sure="costs")
    (0.69314718, -0.69314718)
    """

    sure: Annotated[
        str, choice("Whether confident predictions are rewarded ('pays') or penalised ('costs').", "pays", "costs")
    ] = "pays"

    inputs = SCORES

    def drawn_over(self) -> list[Axis]:
        return [SCORE]

    def call(self, y_pred: Tensor) -> Tensor:
        p, _ = probabilities_of_logits(y_pred)
        found = total(p * nll_of_logits(y_pred), -1)
        return found if self.sure == "pays" else -found


entropy_penalty = function(EntropyPenalty)


class LoadBalancing(Loss, aliases=("moe_load_balance", "load_balancing_loss", "switch_load_balancing"),
                    tasks=("multiclass",)):  # fmt: skip
    r"""Experts of a mixture should get equal shares of the rows: the share each was sent, times its mean probability.

    Formula: \frac{E}{k} \sum_e f_e P_e, with the share f_e of the rows that have expert e among their k largest logits,
        the mean probability P_e of the expert, the number E of experts and k = top
    Use: the router of a mixture of experts, with a factor of about 0.01 beside the loss of the model.
    Beware: one number for the batch, which should be large; it is 1 where the load is balanced. Takes only the logits
        of the router. The shares f are fixed in the gradient. transformers does not divide by k.
    Reference: Fedus, Zoph and Shazeer (2021), Switch transformers: scaling to trillion parameter models with simple and
        efficient sparsity, arXiv:2101.03961

    >>> load_balancing([[0.0, 0.0], [0.0, 0.0]]), load_balancing([[40.0, 0.0], [40.0, 0.0]])
    (1.0, 2.0)
    """

    top: Annotated[int, whole("How many experts get each row.", unusual=2, low=1)] = 1

    inputs = declare(y_pred=Slot(LOGIT, ("row", "expert")))
    gives = Sums
    holds_fixed = True
    undrawn = ALONE

    def call(self, y_pred: Tensor) -> Sums:
        experts = y_pred.shape[-1]
        top = min(self.top, experts)
        _, chosen = ops.top_k(ops.stop_gradient(y_pred), top)
        routed = sum(ops.cast(one_hot(chosen[:, k], y_pred), y_pred.dtype) for k in range(top))
        parts = {"routed": routed, "p": probabilities_of_logits(y_pred)[0], "rows": ops.ones_like(y_pred[:, :1])}

        def finish(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            rows = ops.where(sums["rows"] > 0, sums["rows"], 1.0)
            return experts / top * total(ops.stop_gradient(sums["routed"] / rows) * (sums["p"] / rows))

        return Sums(parts, finish, (0,))


load_balancing = function(LoadBalancing)


class FlopsPenalty(Loss, aliases=("flops_reg", "flops_loss", "flops_regularizer"), tasks=("retrieval",)):
    r"""The squared mean size of each feature, summed: embeddings become sparse, and no feature is used by all.

    Formula: \sum_j (\frac1n \sum_i |x_{ij}|)^2, with the embeddings x = y_pred of n rows
    Use: sparse retrieval: the value is in proportion to the work of comparing two embeddings by an index.
    Beware: one number for the batch. Takes embeddings only, without targets; raise its weight slowly from 0, or it may
        switch off all features at once.
    Reference: Paria, Yeh, Yen, Xu, Ravikumar and Póczos (2020), Minimizing FLOPs to learn efficient sparse
        representations, arXiv:2004.05665

    >>> flops_penalty([[1.0, 0.0], [-1.0, 2.0]])
    2.0
    """

    inputs = declare(y_pred=Slot(REAL, ("row", "feature")))
    gives = Sums
    undrawn = ALONE

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_pred: Tensor) -> Sums:
        parts = {"size": ops.abs(y_pred), "rows": ops.ones_like(y_pred[:, :1])}

        def finish(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            return total(ops.square(sums["size"] / ops.where(sums["rows"] > 0, sums["rows"], 1.0)))

        return Sums(parts, finish, (0,))


flops_penalty = function(FlopsPenalty)


class SparsityPenalty(Loss, aliases=("sparsity_kl", "kl_sparsity", "sparse_autoencoder"), tasks=("distribution",)):
    r"""Keeps each unit active in a given share of the rows: the divergence of that share from its mean activity.

    Formula: \sum_j (\rho \log \frac{\rho}{a_j} + (1 - \rho) \log \frac{1 - \rho}{1 - a_j}), with the mean a_j of
        sigmoid(y_pred) over the rows and \rho = share
    Use: sparse autoencoders: each unit stands for something that is there in few rows.
    Beware: one number for the batch, which should be large. Takes the units before their sigmoid, without targets.
    Reference: Ng (2011), Sparse autoencoder, lecture notes CS294A, Stanford University

    >>> sparsity_penalty([[0.0], [0.0]], share=0.5), sparsity_penalty([[0.0]], share=0.25)
    (0.0, 0.13081203)
    """

    share: Annotated[float, fraction("The share of the rows in which a unit should be active.")] = 0.05

    inputs = declare(y_pred=Slot(REAL, ("row", "feature")))
    gives = Sums
    undrawn = ALONE

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_pred: Tensor) -> Sums:
        parts = {"on": sigmoid(y_pred), "off": sigmoid(-y_pred)}

        def finish(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            on, off = sums["on"], sums["off"]
            nothing = on + off <= 0
            rows = ops.where(nothing, 1.0, on + off)
            # of the distance d between the shares: nothing cancels near the wanted one
            apart = (on - self.share * rows) / rows
            found = -self.share * log1p(apart / self.share) - (1 - self.share) * log1p(-apart / (1 - self.share))
            return total(ops.where(nothing, 0.0, found))

        return Sums(parts, finish, (0,))


sparsity_penalty = function(SparsityPenalty)


class NormPenalty(Loss, aliases=("emb_margin", "embedding_margin_penalty"), tasks=("retrieval",), traits=("convex",)):
    r"""How far the squared length of an embedding exceeds `most`: keeps embeddings inside a ball.

    Formula: \max(\sum_j x_j^2 - m, 0), with x = y_pred and m = most
    Use: embeddings that are compared by distances, as a small term beside the loss that compares them.
    Beware: takes embeddings only, without targets. Inside the ball there is no gradient. RecBole sums over the rows.
    Reference: Weinberger and Saul (2009), Distance metric learning for large margin nearest neighbor classification,
        Journal of Machine Learning Research 10:207-244

    >>> norm_penalty([[3.0, 4.0]]), norm_penalty([[0.5, 0.5]])
    (24.0, 0.0)
    """

    most: Annotated[float, nonnegative("The squared length up to which there is no penalty.", slide=(0.0, 5.0))] = 1.0

    inputs = declare(y_pred=Slot(REAL, ("row", "feature")))

    def drawn_over(self) -> list[Axis]:
        return [VECTOR_ALONE]

    def call(self, y_pred: Tensor) -> Tensor:
        return at_least(total(ops.square(y_pred), -1) - self.most, 0.0)


norm_penalty = function(NormPenalty)


class ZeroMeanPenalty(Loss, aliases=("zero_mean", "zero_mean_regularizer"), tasks=("retrieval",), traits=("convex",)):
    r"""The size of the sum of an embedding's entries: embeddings should have mean 0.

    Formula: |\sum_j x_j|, with x = y_pred
    Use: embeddings whose similarity should not come from a part that all have in common.
    Beware: takes embeddings only, without targets. It says nothing about single entries.
    Reference: Musgrave, Belongie and Lim (2020), PyTorch metric learning, arXiv:2008.09164

    >>> zero_mean_penalty([[3.0, -1.0]])
    2.0
    """

    inputs = declare(y_pred=Slot(REAL, ("row", "feature")))

    def drawn_over(self) -> list[Axis]:
        return [VECTOR_ALONE]

    def call(self, y_pred: Tensor) -> Tensor:
        return ops.abs(total(y_pred, -1))


zero_mean_penalty = function(ZeroMeanPenalty)


class Orthogonality(Loss, aliases=("orthogonality_penalty", "orthogonal_penalty", "attention_penalty"),
                    tasks=("retrieval",)):  # fmt: skip
    r"""How far several vectors of one row are from being at right angles to one another, and of length 1.

    Formula: \|A A^T - I\|_F^2, with the vectors as rows of A
    Use: heads of attention, slots, or prototypes of one row, which should represent different things.
    Beware: takes predictions only, without targets: (row, member, feature). More vectors than features cannot be at
        right angles. A penalty of weights is a regularizer of Keras.
    Reference: Lin, Feng, dos Santos, Yu, Xiang, Zhou and Bengio (2017), A structured self-attentive sentence embedding,
        arXiv:1703.03130

    >>> orthogonality([[[1.0, 0.0], [0.0, 1.0]]]), orthogonality([[[1.0, 0.0], [1.0, 0.0]]])
    (0.0, 2.0)
    """

    inputs = declare(y_pred=Slot(REAL, ("row", "member", "feature")))
    undrawn = "It looks at several vectors of a row: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_pred: Tensor) -> Tensor:
        products = ops.matmul(y_pred, ops.transpose(y_pred, (0, 2, 1)))
        return total(ops.square(products - ops.eye(y_pred.shape[1], dtype=y_pred.dtype)), (1, 2))


orthogonality = function(Orthogonality)
