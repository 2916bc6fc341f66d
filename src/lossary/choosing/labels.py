"""Rules for targets that are labels: yes or no, classes, several labels, levels."""

from __future__ import annotations

from . import sources
from .facts import Facts
from .rule import SHARES, Cost, Suggestion, number, rounded, rule

CHANCE = "the probability of each class"
RARE = 0.1  # the share below which a class is called rare


def _costs(cost: Cost) -> bool:
    return isinstance(cost, (tuple, list)) and len(cost) == 2


@rule("binary", "costs of a missed positive and of a false alarm", lambda facts, cost: _costs(cost))
def costly(facts: Facts, cost: Cost) -> list[Suggestion]:
    weight = cost[0] / cost[1]
    return [
        Suggestion(
            "WeightedBinaryCrossentropy",
            {"from_logits": True, "pos_weight": rounded(weight)},
            "the odds, times the ratio of the costs",
            f"a missed positive costs {number(weight)} times a false alarm: so weighted, 0.5 is the right threshold",
            "predicted probabilities are too high; divide the odds by pos_weight to get them back",
            SHARES,
            "the cost of the decisions",
            sources.ELKAN,
        ),
        Suggestion(
            "BinaryCrossentropy",
            {"from_logits": True},
            CHANCE,
            f"with probabilities, the best threshold is known: {number(1 / (1 + weight))}",
            "needs probabilities that are right near that threshold",
            SHARES,
            "BinaryCrossentropy",
            sources.ELKAN,
        ),
    ]


@rule("binary", "fewer than a tenth of the rows are of one class", lambda facts, cost: facts.rarest < RARE)
def rare(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        _yes_no(
            facts, f"only {facts.rarest:.1%} of the rows are of the rarer class, and their probability is still right"
        ),
        Suggestion(
            "BinaryFocalCrossentropy",
            {"from_logits": True, "gamma": 2.0},
            "a score that ranks, not a probability",
            "many easy negatives add little, hard rows decide",
            "probabilities come out nearer to 1/2 than they are",
            SHARES,
            "ranking, such as average precision",
            sources.LIN,
        ),
    ]


def _yes_no(facts: Facts, said: str) -> Suggestion:
    return Suggestion(
        "BinaryCrossentropy",
        {"from_logits": True},
        "the probability of a yes",
        said,
        ("" if facts.binary and not facts.text else "labels have to be 0 and 1; ")
        + "accuracy says little where one class is rare; a threshold of 0.5 is right only for equal costs",
        SHARES,
        "BinaryCrossentropy",
        sources.RAFTERY,
    )


@rule("binary", "any other", lambda facts, cost: True)
def yes_or_no(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [_yes_no(facts, "two classes; only a proper loss gives their probability")]


@rule("multiclass", "rows of probabilities or one-hot labels", lambda facts, cost: facts.one_of_each)
def shares(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "CategoricalCrossentropy",
            {"from_logits": True},
            CHANCE,
            f"{facts.columns} columns that sum to 1 in each row",
            "columns of independent labels would need the binary cross-entropy",
            f"{facts.columns} numbers, no activation",
            "CategoricalCrossentropy",
            sources.RAFTERY,
        )
    ]


def _sparse(facts: Facts, said: str) -> Suggestion:
    classes = facts.distinct
    return Suggestion(
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        CHANCE,
        said,
        "labels are counted from 0: np.unique(y, return_inverse=True)[1]",
        f"{classes} numbers, no activation",
        "SparseCategoricalCrossentropy",
        sources.RAFTERY,
    )


@rule(
    "multiclass", "the rarest class has less than a tenth of an even share", lambda f, c: f.rarest * f.distinct < RARE
)
def long_tail(facts: Facts, cost: Cost) -> list[Suggestion]:
    adjusted = Suggestion(
        "LogitAdjusted",
        {"class_counts": tuple(facts.counts.astype(int).tolist())},
        "the class, as if all were equally frequent",
        f"the rarest class has {int(facts.counts.min())} of {facts.rows:,} rows: cross-entropy hardly ever names it",
        "probabilities are those of balanced data; overall accuracy may fall",
        f"{facts.distinct} numbers, no activation",
        "balanced accuracy",
        sources.MENON,
    )
    plain_one = _sparse(facts, "true probabilities are wanted, rare classes included")
    return [plain_one, adjusted] if cost == "probability" else [adjusted, plain_one]


@rule("multiclass", "any other", lambda facts, cost: True)
def classes(facts: Facts, cost: Cost) -> list[Suggestion]:
    found = [_sparse(facts, f"{facts.distinct} classes, each with {facts.rarest:.1%} of the rows or more")]
    if facts.distinct > 10_000:
        found.insert(
            0,
            Suggestion(
                "LinearCrossEntropy",
                {"classes": facts.distinct},
                CHANCE,
                "with so many classes the logits of a batch fill the memory; this loss never holds them all",
                "it owns the last layer: give it hidden states, not logits",
                "hidden states",
                "SparseCategoricalCrossentropy",
                sources.WIJMANS,
            ),
        )
    return found


@rule("multilabel", "fewer than a tenth of the labels are 1", lambda facts, cost: facts.mean < RARE)
def few_labels(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "AsymmetricMultiLabel",
            {"from_logits": True},
            "a score that ranks the labels",
            f"{facts.mean:.1%} of the labels are 1: the many easy zeros would decide everything",
            "its scores are no probabilities",
            "one number per label, no activation",
            "ranking, such as average precision",
            sources.RIDNIK,
        ),
        labels(facts, cost)[0],
    ]


@rule("multilabel", "any other", lambda facts, cost: True)
def labels(facts: Facts, cost: Cost) -> list[Suggestion]:
    return [
        Suggestion(
            "BinaryCrossentropy",
            {"from_logits": True},
            "the probability of each label",
            f"{facts.columns} columns of 0 and 1 that do not exclude one another",
            "a softmax would let them compete",
            "one number per label, no activation",
            "BinaryCrossentropy",
            sources.RAFTERY,
        ),
        Suggestion(
            "Zlpr",
            {},
            "a score that is above 0 for the labels that hold",
            "labels of one row depend on one another",
            "its scores are no probabilities",
            "one number per label, no activation",
            "the labels themselves, such as F1",
            sources.SU,
        ),
    ]


@rule("ordinal", "classes in an order", lambda facts, cost: True)
def ordered(facts: Facts, cost: Cost) -> list[Suggestion]:
    k = facts.distinct
    return [
        Suggestion(
            "CumulativeLink",
            {},
            "the probability of each level",
            f"{k} levels in order: one score and {k - 1} thresholds, so that a near miss costs less than a far one",
            "levels are counted from 0; a score has the same effect at every threshold",
            f"ls.heads.CumulativeLink({k})",
            "the nll of the level",
            sources.MCCULLAGH,
        ),
        Suggestion(
            "Coral",
            {},
            "the probability of more than each level",
            "for deep networks, with ranks that agree",
            "levels are counted from 0",
            f"ls.heads.Coral({k})",
            "the distance of the levels",
            sources.CAO,
        ),
        _sparse(facts, "the order does not matter for what a mistake costs"),
    ]
