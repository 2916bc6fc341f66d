"""The one base class: a loss is its fields and its formula; everything else follows from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import field
from importlib import import_module
from inspect import Parameter
from typing import TYPE_CHECKING, Any, ClassVar, cast

import keras
from keras import ops

from ..numerics.backend import free_of_zeros, in_type, ordinary, recorded
from ..numerics.masks import mask_of, with_mask
from ..numerics.stable import wide
from . import absent, across, axes, catalogue, compiling, contract, inputs, moments, reduction, results
from .axes import Axis, Plane
from .contract import REAL, Contract, Values
from .declaration import COMMON, COMMON_NAMES, ENTRIES, ClassSignature, declaration, snake
from .engines import say_if_inexact
from .errors import DefinitionError, ParameterError, ShapeError
from .manners import Manners
from .padding import there
from .params import Param
from .places import bound, check_name, warn_of_moved_places
from .reduction import REDUCTIONS, Reduction
from .results import Anchors, Fused, Partial, RisingSums, Rows, Sums
from .schedules import Moving, moving
from .slots import Forms, OwnSlot, size_fields

Tensor = Any
Given = tuple[Rows | Sums, Tensor | None, Tensor | None]  # a result, with weight and mask in the rank of its values
CLASSES: dict[str, type[Loss]] = {}  # by registered name, "package>Class"


class Loss(Manners, keras.losses.Loss):
    """The base class of every loss. A subclass states its parameters as typed fields and its formula in `call`.

        class Ramp(ls.Loss):
            "Grows with the error up to `top`, then stays."

            top: float = 1.0

            def call(self, y_true, y_pred):  # one value per row
                return ops.mean(ops.minimum(ops.abs(y_pred - y_true), self.top), axis=-1)

    The constructor, the configuration, saving with Keras, weights, masks, reductions, the card and `ls.get` follow.

    Args:
        reduction: how the rows become one number; see lossary.core.reduction for the formulas.
        name: a name for logs.
        dtype: type of the result, by default keras.config.floatx(). Half precision is computed in float32.
        entries: whether every entry of y_true is a row of its own, as in torch and optax: a sum is then that of all
            entries, and reduction="none" keeps their shape. Losses have it whose rows are means of entries.
        missing: "nan" where y_true may hold NaN: such targets do not count, neither in a value or a gradient nor in
            what a mean is divided by. Losses have it whose rows are made of single targets.
    """

    if TYPE_CHECKING:  # the three arguments every loss shares; Keras stores them
        reduction: Reduction | None = field(default="sum_over_batch_size", kw_only=True)
        name: str | None = field(default=None, kw_only=True)
        dtype: Any = field(default=None, kw_only=True)

    reductions: ClassVar[tuple[str | None, ...]] = REDUCTIONS
    holds_fixed: ClassVar[bool] = False  # whether the gradient leaves parts of the formula out, by design
    entrywise: ClassVar[bool] = False  # whether a row's value is the mean of its entries' values
    entries = False
    missable: ClassVar[bool] = False  # whether single targets may be missing
    missing = cast("str | None", None)
    beside: ClassVar[tuple[str, ...]] = ()  # names of tensors that may come beside y_true and y_pred
    heads: ClassVar[tuple[str, ...]] = ()  # names of outputs that stand for the last axis of y_pred
    gives: ClassVar[Any] = Rows  # the type of the formula's result (core.results)
    undrawn: ClassVar[str] = "Its inputs do not say which number that would be."  # of a loss without axes
    two_classes: ClassVar[tuple[float, float] | None] = None  # a no and a yes, where a row may be a score of two
    answers: ClassVar[str] = ""  # what targets say, of losses of classes: "yes or no", "a class", "shares of classes"
    of_errors: ClassVar[bool] = False  # whether it is a loss of the error alone
    relative: ClassVar[bool] = False  # whether it compares sizes, so that a target of 0 has to stay 0
    divides_by_target: ClassVar[bool] = False
    __signature__ = ClassSignature()
    _takes: dict[str, tuple[str, ...]]  # the names that each formula of named slots takes

    def __init_subclass__(
        cls,
        *,
        abstract: bool = False,
        aliases: tuple[str, ...] = (),
        tasks: tuple[str, ...] | None = None,
        traits: tuple[str, ...] = (),
        family: str | None = None,
        package: str | None = None,
        positional: str | None = None,
    ) -> None:
        super().__init_subclass__()
        own = cls.__module__.startswith("lossary.families.")
        cls.aliases, cls.traits = aliases, traits
        cls.tasks = cls.tasks if tasks is None else tasks
        cls.family = family or (cls.__module__.rpartition(".")[2] if own else "custom")
        cls.signature, cls.params = declaration(cls, None if positional is None else positional.split())
        if not abstract:
            package = package or ("lossary" if own else "custom")
            if not own:
                compiling.needed()  # a class, too, can be given to compile
                catalogue.register(cls.card())
            keras.saving.register_keras_serializable(package)(cls)
            CLASSES[f"{package}>{cls.__name__}"] = cls

    def __new__(cls, *args: Any, **kwargs: Any) -> Loss:
        """Remembers the arguments, so that no subclass can lose one on saving, whatever its __init__ does."""
        self = super().__new__(cls)
        compiling.needed()
        if "missing" in kwargs and "missing" not in cls.signature.parameters:
            raise absent.refuse(cls.__name__, cls.params)
        given = bound(cls.__name__, cls.signature, args, kwargs)
        if args:
            warn_of_moved_places(cls.__name__, cls.params, cls.signature, args)
        given.apply_defaults()
        self._arguments = dict(given.arguments)
        common = {p.name: self._arguments.get(p.name, p.default) for p in COMMON}
        reduction.check_reduction(cls.__name__, common["reduction"], cls.reductions)
        check_name(cls.__name__, common["name"])
        known = common["reduction"] if common["reduction"] in REDUCTIONS else "sum_over_batch_size"
        common |= {
            "dtype": inputs.policy(cls.__name__, common["dtype"]),
            "name": common["name"] or snake(cls.__name__),
        }
        keras.losses.Loss.__init__(self, **{**common, "reduction": known})
        self.reduction = self.reduction if known == common["reduction"] else common["reduction"]
        if cls.entrywise:
            rows = Param("Whether each entry is a row.", kind="flag")
            self.entries = rows.check(cls.__name__, ENTRIES.name, self._arguments.get(ENTRIES.name, False))
        if cls.missable:
            self.missing = absent.CHOICE.check(cls.__name__, "missing", self._arguments.get("missing"))
        self._moving = {}
        self.layer = None  # holds the weights that a loss owns
        for name, param in cls.params.items():
            value = moving(self._arguments[name])
            if isinstance(value, Moving):
                param.check_moving(cls.__name__, name)
                self._moving[name] = value
                value = [param.check(cls.__name__, name, sample) for sample in (*value.samples(), value.first())][-1]
            setattr(self, name, param.check(cls.__name__, name, value))
        self.validate()
        if type(self).inputs:  # the names that each formula takes
            named = {form: inspect.signature(getattr(self, form)).parameters for form, _ in self.inputs.forms}
            self._takes = {form: tuple(parameters) for form, parameters in named.items()}
        if type(self).inputs and common["reduction"] is not None:  # without one, it is the loss of a function
            self.build_weights({})
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Everything is set in `__new__`; a subclass with an __init__ of its own may pass reduction, name, dtype."""
        unknown = set(kwargs) - set(type(self).signature.parameters) - {p.name for p in COMMON}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no parameter {', '.join(sorted(unknown))}.")
        for name in ("reduction", "name"):
            if kwargs.get(name) is not None and name not in self._arguments:
                setattr(self, name, kwargs[name])

    @property
    def inner(self) -> str:
        """The type that is computed in: half precision is computed in float32 and rounded once, at the end."""
        return wide(self.dtype)

    def validate(self) -> None:
        """Conditions that tie several parameters together; a form or a loss may override it."""

    # -- what a form or a loss defines --------------------------------------------------------------------------

    @property
    def contract(self) -> Contract:
        """What y_true and y_pred may be, with the present parameters."""
        return Contract(shape="free")

    @property
    def coupled(self) -> bool:
        """Whether the value of one row depends on the other rows of the batch."""
        return issubclass(self.gives, (Anchors, Sums)) and not issubclass(self.gives, RisingSums)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The formula: one value per row, or another result, from tensors that fit the contract.

        Losses with `inputs` take slots by their names, or `here` and `others`: the rows whose values are computed, and
        all rows of the batch.
        """
        raise DefinitionError(
            f"{type(self).__name__} cannot be called as a loss.",
            arrived="It has no formula.",
            allowed="Expected a class that defines call(self, y_true, y_pred).",
            do="Define `call`, and return one value per row.",
        )

    def gathered(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """y_pred as one tensor where it came as several, and what is left of the tensors by name."""
        return y_pred, named

    def drawn_over(self) -> list[Axis]:
        """What it can be drawn over: the first for figures and cards, the last, with most to move, for the page.

        A loss without any says why in `undrawn`.
        """
        return [] if type(self).inputs else axes.of_contract(self.contract)

    def mapped_over(self) -> Plane | None:
        """The two numbers that it is drawn over as a map; None where there are no such two."""
        free = not type(self).inputs and self.contract.shape == "free" and not self.tasks
        return axes.predictions() if free else None

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        """What it takes for probabilities p (n, 3) of three classes, the first one true; None for other losses."""
        return None

    def takes(self) -> str:
        """What it reads, in words."""
        return self.inputs.words() if type(self).inputs else self.contract.text()

    def logged_values(self) -> dict[str, Tensor]:
        """What changes while training, by name, for the logs: parameters that move."""
        return {name: value.now() for name, value in self._moving.items()}

    # -- what follows -------------------------------------------------------------------------------------------

    def __call__(
        self, y_true: Tensor = None, y_pred: Tensor = None, sample_weight: Tensor = None, **named: Tensor
    ) -> Tensor:
        with across.agreed(y_pred, named, y_true):
            result, weight, mask = self._result(y_true, y_pred, sample_weight, vectors=False, **named)
        say_if_inexact(self, masked=mask is not None, weighted=weight is not None)
        return in_type(across.reduce(self, result, weight, mask, self.reduction, (y_pred, named)), self.dtype)

    def rows(self, y_true: Tensor = None, y_pred: Tensor = None, **named: Tensor) -> Tensor:
        """One value per row: (n, d) becomes (n,), and (d,) is one row."""
        return self._unweighted(y_true, y_pred, named, None)

    def as_function(self, y_true: Tensor = None, y_pred: Tensor = None, **named: Tensor) -> Tensor:
        """What the function gives: one value per row; one number where it is made of sums over all rows."""
        return self._unweighted(y_true, y_pred, named, "sum_over_batch_size" if self.gives is RisingSums else None)

    def _unweighted(self, y_true: Tensor, y_pred: Tensor, named: dict[str, Tensor], how: str | None) -> Tensor:
        result, _, mask = self._result(y_true, y_pred, None, vectors=True, **named)
        values = ops.cast(across.reduce(self, result, None, mask, how, (y_pred, named)), self.dtype)
        if isinstance(result, Sums):
            return values
        return with_mask(values, reduction.both(mask, result.valid))

    def partial(
        self, y_true: Tensor = None, y_pred: Tensor = None, sample_weight: Tensor = None, **named: Tensor
    ) -> Partial:
        """The sums that the value of this batch is made of; those of several batches merge.

        A loss that compares rows with each other needs all of them: `others` holds the slots (and the `sample_weight`)
        of the whole batch, by name, and `start` is the row of it at which this piece begins.
        """
        if issubclass(self.gives, Anchors) and "others" not in named:
            raise DefinitionError(
                f"{type(self).__name__} compares rows with one another.",
                arrived="partial() was called on a piece of a batch, without the other rows.",
                allowed="Expected others=: the inputs of all rows, by name.",
                do="Call the loss on the whole batch, or pass others={...} and start=.",
            )
        result, weight, mask = self._result(y_true, y_pred, sample_weight, vectors=False, **named)
        return results.partial(result, weight, mask, str(self.reduction or "sum"))

    def _at_this_moment(self, y_pred: Tensor) -> Loss:
        """This loss with the present values of what moves. A copy: backward passes read parameters later on."""
        if moments.now() is None and any(map(recorded, keras.tree.flatten(y_pred))):
            raise moments.unknown_step(repr(self))
        present = object.__new__(type(self))
        present.__dict__.update(self.__dict__)
        present.__dict__.update({name: value.now() for name, value in self._moving.items()})
        return present

    def _result(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor, *, vectors: bool, **named: Any) -> Given:
        """What the formula gives, with weight and mask. Rows that do not count hold neutral numbers."""
        loss = self._at_this_moment([y_pred, named]) if self._moving else self
        forms: Forms = loss.inputs
        if forms:
            return loss._of_slots(forms, y_true, y_pred, sample_weight, **named)
        y_pred, named = loss.gathered(y_true, y_pred, named)
        if named:
            raise unknown_names(type(self).__name__, named)
        return loss._of_pair(y_true, y_pred, sample_weight, vectors)

    def _of_pair(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor, vectors: bool) -> Given:
        """The result from one y_true and one y_pred."""
        owner, inner, rules = type(self).__name__, self.inner, self.contract
        whole = "int64" if rules.target.whole else inner
        ready = self.missing is None and ordinary(y_pred, inner) and ordinary(y_true, whole) and rules.shape != "free"
        if ready and (sample_weight is None or (ordinary(sample_weight, inner) and _plain(sample_weight, y_pred))):
            return self._of_ordinary(y_true, y_pred, sample_weight, rules, vectors)
        mask, arrived = mask_of(y_pred), (y_true, y_pred)
        y_pred = self._read("y_pred", y_pred, inner, rules, REAL)
        y_true = self._read("y_true", y_true, inner, rules, rules.target)
        narrow = inputs.narrow(arrived, (y_true, y_pred))
        weight = None if sample_weight is None else inputs.read(owner, "sample_weight", sample_weight, inner)
        mask = None if mask is None else ops.cast(inputs.arrived(owner, "mask", mask), "bool")
        contract.check_ranks(owner, y_true=_first(y_true), y_pred=_first(y_pred), sample_weight=weight)
        if rules.shape != "free":
            y_true, y_pred = self._in_shape(rules, y_true, y_pred, vectors)
        for what, given in (("sample_weight", weight), ("mask", mask)):
            if given is not None and len(given.shape) > 0:
                _check_leading(owner, what, given, y_true, y_pred)
        if self.missing is not None and rules.ignored is not None:
            y_true = ops.where(ops.isnan(y_true), float(rules.ignored), y_true)
        out = None if rules.absent is None else rules.absent(y_true)
        mask = reduction.both(mask, None if out is None else ops.logical_not(out))
        if self.missing is not None:
            mask = reduction.both(mask, ops.logical_not(absent.rows(y_true, rules)))
        every = weight is None or len(weight.shape) == 0 or free_of_zeros(weight)
        mask = mask if every else reduction.both(mask, there(weight))
        keep = mask if every else reduction.both(mask, ops.not_equal(weight, 0))
        came = y_true, y_pred
        if keep is not None:
            y_true = _each(y_true, lambda y: reduction.drop(keep, y, rules.target.neutral))
            y_pred = _each(y_pred, lambda y: reduction.drop(keep, y, rules.prediction.neutral))
        if rules.shape != "free":
            known = y_true if self.missing is None else absent.filled(y_true, rules)
            contract.check_values(owner, rules, known, y_pred, type(self).params)
        result = self.call(y_true, y_pred)
        if isinstance(result, Sums):
            return result, self._met(result, "sample_weight", weight), self._met(result, "mask", mask)
        if not isinstance(result, Rows):
            result = Rows(result)
            mask = reduction.both(mask, mask_of(result.values))
        if isinstance(result, Fused):
            result.covered((y_true, came[0], rules.target.neutral), (y_pred, came[1], rules.prediction.neutral))
            result.narrow = narrow
        else:
            result.values = ops.cast(ops.convert_to_tensor(result.values), inner)
        if rules.shape == "free":
            contract.check_rows(owner, result.values, _first(y_pred))
        by_row = keep is not None or (weight is not None and len(weight.shape) > 0)
        if by_row and len(result.shape) == 0:
            raise contract.no_rows(owner, _first(y_pred))
        return result, self._met(result, "sample_weight", weight), self._met(result, "mask", mask)

    def _of_ordinary(
        self, y_true: Tensor, y_pred: Tensor, weight: Tensor | None, rules: Contract, vectors: bool
    ) -> Given:
        """The same for tensors that need no reading, without masks and weights of 0: the fewest steps."""
        y_true, y_pred = self._in_shape(rules, y_true, y_pred, vectors)
        mask = None if rules.absent is None else rules.absent(y_true)
        if mask is not None:
            mask = ops.logical_not(mask)
            y_true = reduction.drop(mask, y_true, rules.target.neutral)
            y_pred = reduction.drop(mask, y_pred, rules.prediction.neutral)
        contract.check_values(type(self).__name__, rules, y_true, y_pred, type(self).params)
        result = self.call(y_true, y_pred)
        if not isinstance(result, (Rows, Sums)):
            result = Rows(result)
            mask = reduction.both(mask, mask_of(result.values))
        if weight is None and mask is None:
            return result, None, None
        return result, self._met(result, "sample_weight", weight), self._met(result, "mask", mask)

    def _met(self, result: Rows | Sums, what: str, given: Tensor | None) -> Tensor | None:
        """A weight or mask in the rank of what it applies to."""
        if given is None or (len(given.shape) == 0 and what == "sample_weight"):
            return given
        given = given if what == "sample_weight" else ops.cast(given, "bool")
        return reduction.align_weight(type(self).__name__, what, given, result.shape)

    def _of_slots(
        self, forms: Forms, y_true: Any, y_pred: Any, sample_weight: Any, *, mask: Any = None,
        others: dict[str, Any] | None = None, start: int = 0, **named: Any,
    ) -> Given:  # fmt: skip
        """The result from named slots. `others` are the slots of all rows, where this batch is a piece of them."""
        owner, inner = type(self).__name__, self.inner
        arrived = [y_pred, *named.values()]
        mask = mask if mask is not None else next(masks_of(arrived), None)
        weights = self._weights_for(y_true, y_pred, named)
        named = {**weights, **named}
        form, slots = forms.chosen(y_true, y_pred, named)
        coupled = others is None and "others" in self._takes[form]
        with across.agreed(y_pred, named, y_true) if coupled else nullcontext():
            batch = slots.read(owner, y_true, y_pred, named, dtype=inner, weight=sample_weight, mask=mask, loss=self)
        batch.start = start
        whole = across.everyone(batch, slots) if coupled else batch
        if others is not None:
            rest = dict(others)
            weight = rest.pop("sample_weight", None)
            whole = slots.read(owner, None, None, {**weights, **rest}, dtype=inner, weight=weight, loss=self)
        formula = getattr(self, form)
        extra: dict[str, Callable[[], Any]] = {"here": batch.rows, "others": whole.rows}
        given = [extra[n]() if n in extra else batch.slots.get(n) for n in self._takes[form]]
        result = formula(*given)
        result = result if isinstance(result, (Rows, Sums)) else Rows(result)
        if isinstance(result, Anchors):  # a row of weight 0 is no partner, so it is none to be counted either
            keep = None if batch.keep is None else reduction.widened(batch.keep, result.values)
            result.valid = reduction.both(result.valid, keep)
        return result, self._met(result, "sample_weight", batch.weight), self._met(result, "mask", batch.mask)

    def build_weights(self, sizes: dict[str, int]) -> bool:
        """Make the weights that the loss owns, where all sizes are known: by its fields, or by the axes given here.

        compile does so with the sizes of the model's outputs, a first call with those of its tensors.
        """
        slots: dict[str, OwnSlot] = self.inputs.own_of(self)
        if not slots or self.layer is not None:
            return True
        shapes = {}
        for name, slot in slots.items():
            known = [getattr(self, f, None) or sizes.get(a) for f, a in zip(slot.sizes, slot.axes, strict=True)]
            if None in known:
                return False
            shapes[name] = known
        self.layer: Any = Learned(name=self.name)
        for name, slot in slots.items():
            start = slot.start if isinstance(slot.start, str) else keras.initializers.Constant(slot.start(self))
            self.layer.add_weight(
                shape=shapes[name],
                dtype="float32",
                initializer=start,
                trainable=slot.trainable,
                name=name,
                aggregation=None if slot.trainable else "mean",  # replicas agree on a state
            )
        self.layer.built = True
        return True

    def own_slots(self) -> dict[str, Tensor]:
        """The weights that the loss owns, by the names of their slots."""
        found = {} if self.layer is None else {v.name: ops.convert_to_tensor(v) for v in self.layer.weights}
        links = {name: slot.link for name, slot in self.inputs.own().items()}
        return {name: x if (link := links[name]) is None else link(x) for name, x in found.items()}

    def remember(self, **states: Tensor) -> None:
        """In a formula: what own weights that do not train hold from now on, a moving centre for instance.

        They move in training steps alone: in fit, ls.train, loss layers, and blocks of ls.at_step.
        """
        moment = moments.now()
        if moment is not None and moment.training and self.layer is not None:
            for variable in self.layer.weights:
                if variable.name in states:
                    variable.assign(ops.cast(ops.stop_gradient(states[variable.name]), variable.dtype))

    def _weights_for(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> dict[str, Tensor]:
        """The same for tensors that arrive; a first call makes them."""
        own = self.inputs.own_of(self)
        if not own or own.keys() <= named.keys():
            return {}
        if self.layer is None:
            slots = self.inputs.values()[0]
            if not self.build_weights(slots.sizes(type(self).__name__, y_true, y_pred, named)):
                fields = size_fields(own)
                raise ParameterError(
                    f"{type(self).__name__} creates its weights when their sizes are known.",
                    arrived=f"{self!r} lacks some of {fields}.",
                    allowed="Expected a loss with these parameters, or a model whose outputs have known sizes.",
                    do=f"Pass {fields} to {type(self).__name__}.",
                )
        return self.own_slots()

    def _read(self, what: str, y: Any, dtype: str, rules: Contract, values: Values) -> Any:
        """A tensor; for a loss of one's own also a dictionary of them."""
        owner = type(self).__name__
        if not isinstance(y, dict) or rules.shape != "free":
            return inputs.read(owner, what, y, dtype, values.whole, values.low == 0)
        if not y:
            raise ShapeError(
                f"{owner} reads {what}, one tensor or several by name.",
                arrived="It was given an empty dictionary.",
                allowed="Expected a tensor, or a dictionary that holds at least one.",
                do="Check what the model returns.",
            )
        return {name: inputs.read(owner, f"{what}[{name!r}]", part, dtype, values.whole) for name, part in y.items()}

    def _in_shape(self, rules: Contract, y_true: Tensor, y_pred: Tensor, vectors: bool) -> tuple[Tensor, Tensor]:
        """Fitting shapes, with the axis that the loss works along moved to the end."""
        if not self.entries and contract.alike_already(rules, y_true, y_pred):
            return y_true, y_pred
        y_true, y_pred = contract.match_shapes(type(self).__name__, rules, y_true, y_pred)
        if self.entrywise and self.entries:
            return ops.expand_dims(y_true, -2 if rules.ends else -1), ops.expand_dims(
                y_pred, -2 if rules.shape == "parameters" else -1
            )
        if rules.shape == "same":
            if not vectors and len(y_pred.shape) == 1:  # n rows of one number each, so that weights meet their rows
                y_true, y_pred = ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
            contract.check_axis(type(self).__name__, rules.axis, len(y_pred.shape))
            y_true = _to_end(y_true, rules.axis)
        return y_true, _to_end(y_pred, rules.axis)

    def get_config(self) -> dict[str, Any]:
        """Every constructor argument with its present value; `from_config` builds the same loss from it."""
        config = {name: getattr(self, name, value) for name, value in self._arguments.items()} | self._moving
        dtype = config.pop("dtype", None)
        if self.entrywise and not self.entries:
            config.pop("entries", None)
        if self.missing is None:
            config.pop("missing", None)
        if self._arguments.get("dtype") is not None:
            config["dtype"] = keras.dtype_policies.get(dtype).name
        return config | {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these arguments. An own __init__ need not take reduction, name and dtype; they are kept."""
        taken = inspect.signature(cls.__init__).parameters
        if any(p.kind is Parameter.VAR_KEYWORD for p in taken.values()):
            return cls(**config)
        rest = {name: value for name, value in config.items() if name in COMMON_NAMES and name not in taken}
        loss = cls(**{name: value for name, value in config.items() if name not in rest})
        loss._arguments.update(rest)
        common = {"name": loss.name, "reduction": loss.reduction, "dtype": loss._arguments.get("dtype")}
        keras.losses.Loss.__init__(loss, **{**common, **rest})
        return loss

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self).__module__, keras.saving.get_registered_name(type(self)), self.get_config())


class Learned(keras.layers.Layer):
    """The variables of a loss, as a layer. Saved files know it by the name of this class."""


def _each(y: Any, change: Callable[[Any], Tensor]) -> Any:
    """Apply to a tensor, or to every entry of a dictionary of tensors."""
    return {name: change(part) for name, part in y.items()} if isinstance(y, dict) else change(y)


def _to_end(y: Tensor, axis: int) -> Tensor:
    return y if axis in (-1, len(y.shape) - 1) else ops.moveaxis(y, axis, -1)


def _check_leading(owner: str, what: str, given: Tensor, y_true: Any, y_pred: Any) -> None:
    """Refuse weights and masks whose rows are not those of y_true and y_pred, before they meet any number."""
    shape = tuple(given.shape)
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    tensors = [y for given in (y_true, y_pred) for y in (given.values() if isinstance(given, dict) else (given,))]
    if not all(reduction.leading(shape, tuple(y.shape)) for y in tensors):
        raise ShapeError(
            f"{owner} multiplies each row by its weight or mask.",
            arrived=f"The {what} has shape {tuple(given.shape)}, y_true has shape {tuple(_first(y_true).shape)} and "
            f"y_pred has shape {tuple(_first(y_pred).shape)}.",
            allowed="Expected one number, one per row, or one per value (leading axes equal).",
            do=f"Reshape the {what} so that its first axes are those of y_true.",
        )


def _plain(weight: Tensor, y_pred: Tensor) -> bool:
    """Whether it is one number for each row, of which none is 0."""
    return bool(len(weight.shape) == 1 and weight.shape == y_pred.shape[:1]) and free_of_zeros(weight)


def _first(y: Any) -> Tensor:
    return next(iter(y.values())) if isinstance(y, dict) else y


def masks_of(arrived: Any) -> Any:
    """The masks that came with tensors."""
    return (mask for mask in map(mask_of, keras.tree.flatten(arrived)) if mask is not None)


def unknown_names(owner: str, named: dict[str, Any]) -> DefinitionError:
    """What is said of tensors by names that a loss does not know."""
    return DefinitionError(
        f"{owner} takes y_true, y_pred and sample_weight.",
        arrived=f"It was called with {', '.join(named)}.",
        allowed="Expected one of these three.",
        do=f"Parameters belong to the constructor: write {owner}({next(iter(named))}=...)(y_true, y_pred).",
    )


def _revive(module: str, registered: str, config: dict[str, Any]) -> Loss:
    if registered not in CLASSES:
        import_module(module)
    return CLASSES[registered].from_config(config)
