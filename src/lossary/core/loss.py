"""The one base class: a loss is its fields and its formula; everything else follows from them."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import field
from functools import lru_cache
from importlib import import_module
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Concatenate, ParamSpec, dataclass_transform, get_type_hints

import keras
from keras import ops

from ..numerics.backend import recorded
from ..numerics.masks import mask_of, with_mask
from ..numerics.stable import wide
from . import catalogue, contract, inputs, moments, reduction
from .cards import Card, ParamCard, read_docstring
from .contract import REAL, Contract, Values
from .engines import say_if_inexact
from .errors import DefinitionError, ParameterError, ShapeError
from .params import INF, Param
from .places import bound, check_name, ordered, warn_of_moved_places
from .reduction import REDUCTIONS, Reduction
from .schedules import Moving, moving

Tensor = Any
P = ParamSpec("P")
COMMON = [
    Parameter(name, Parameter.KEYWORD_ONLY, default=default)
    for name, default in {"reduction": "sum_over_batch_size", "name": None, "dtype": None}.items()
]
ENTRIES = Parameter("entries", Parameter.KEYWORD_ONLY, default=False)
CLASSES: dict[str, type[Loss]] = {}  # by registered name, "package>Class"


class ClassSignature:
    """The constructor's signature, for the class alone: an instance is called with y_true and y_pred."""

    def __get__(self, instance: Any, owner: Any) -> Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        return owner.signature


@dataclass_transform(field_specifiers=(field,))
class Fields:
    """Tells type checkers that annotated attributes are constructor arguments."""


class Loss(Fields, keras.losses.Loss):
    """The base of every loss. A subclass states its parameters as typed fields and its formula in `call`.

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
    """

    if TYPE_CHECKING:  # the three arguments every loss shares; Keras stores them
        reduction: Reduction | None = field(default="sum_over_batch_size", kw_only=True)
        name: str | None = field(default=None, kw_only=True)
        dtype: Any = field(default=None, kw_only=True)

    params: ClassVar[dict[str, Param]] = {}
    tasks: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[tuple[str, ...]] = ()
    family: ClassVar[str] = "custom"
    reductions: ClassVar[tuple[str | None, ...]] = REDUCTIONS
    entrywise: ClassVar[bool] = False  # whether a row's value is the mean of its entries' values
    entries = False
    signature: ClassVar[Signature] = Signature(COMMON)
    __signature__ = ClassSignature()
    _arguments: dict[str, Any]
    _moving: dict[str, Moving]  # parameters that follow a schedule

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
        cls.signature, cls.params = _declaration(cls, None if positional is None else positional.split())
        if not abstract:
            package = package or ("lossary" if own else "custom")
            if not own:
                catalogue.register(cls.card())
            keras.saving.register_keras_serializable(package)(cls)
            CLASSES[f"{package}>{cls.__name__}"] = cls

    def __new__(cls, *args: Any, **kwargs: Any) -> Loss:
        """Remembers the arguments, so that no subclass can lose one on saving, whatever its __init__ does."""
        self = super().__new__(cls)
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
        self._moving = {}
        for name, param in cls.params.items():
            value = moving(self._arguments[name])
            if isinstance(value, Moving):
                self._moving[name] = value
                value = [param.check(cls.__name__, name, sample) for sample in (*value.samples(), value.first())][-1]
            setattr(self, name, param.check(cls.__name__, name, value))
        self.validate()
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Everything is set in `__new__`; a subclass with an __init__ of its own may pass reduction, name, dtype."""
        unknown = set(kwargs) - set(type(self).signature.parameters) - {p.name for p in COMMON}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no parameter {', '.join(sorted(unknown))}.")
        for name in ("reduction", "name"):
            if kwargs.get(name) is not None and name not in self._arguments:
                setattr(self, name, kwargs[name])

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
        return False

    @property
    def weighs_inside(self) -> bool:
        """Whether `call_coupled` applies weights and mask itself, because its values are not those of rows."""
        return False

    @property
    def takes_root(self) -> bool:
        """Whether the squares of the values are reduced, and the root is taken after that."""
        return False

    def at_rank(self, rank: int) -> Loss:
        """This loss for predictions of so many axes: with axes counted from the start, where it has several."""
        return self

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """One value per row, from tensors that fit the contract."""
        raise DefinitionError(
            f"{type(self).__name__} was called as a loss.",
            arrived="It has no formula.",
            allowed="Allowed are classes that define call(self, y_true, y_pred).",
            do="Define it; return one value per row.",
        )

    def call_coupled(
        self, y_true: Tensor, y_pred: Tensor, keep: Tensor | None, weight: Tensor | None, **extra: Tensor
    ) -> Tensor:
        """As `call`, for losses whose rows look at one another: `keep` says which rows exist."""
        raise NotImplementedError(type(self).__name__)

    def ignored(self, y_true: Tensor) -> Tensor | None:
        """Which rows the targets themselves take out (ignore_class), in the shape of the values."""
        return None

    def reduced(self, values: Tensor, weight: Tensor | None, mask: Tensor | None) -> Tensor:
        """The rows as one number; a loss that is no mean of rows (a root mean square) overrides it."""
        return reduction.reduce(values, weight, mask, self.reduction)

    def reduced_of(self, y_true: Tensor, values: Tensor, weight: Tensor | None, mask: Tensor | None) -> Tensor:
        """As `reduced`; a loss whose divisor depends on the targets overrides it."""
        return self.reduced(values, weight, mask)

    def knobs(self) -> dict[str, Tensor]:
        """What changes while training, by name, for the logs: parameters that move."""
        return {name: value.now() for name, value in self._moving.items()}

    # -- what follows -------------------------------------------------------------------------------------------

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        values, weight, mask = self._rows(y_true, y_pred, sample_weight, vectors=False)
        say_if_inexact(self, masked=mask is not None, weighted=weight is not None)
        return ops.cast(self.reduced_of(y_true, values, weight, mask), self.dtype)

    def as_function(self, y_true: Tensor, y_pred: Tensor, **extra: Tensor) -> Tensor:
        """What the function gives: one value per row; a loss that is no mean of rows overrides it."""
        return self.rows(y_true, y_pred, **extra)

    def rows(self, y_true: Tensor, y_pred: Tensor, **extra: Tensor) -> Tensor:
        """One value per row: (n, d) becomes (n,), and (d,) is one row."""
        values, _, mask = self._rows(y_true, y_pred, None, vectors=True, **extra)
        values = reduction.reduce(values, None, mask, None)
        return with_mask(ops.cast(values, self.dtype), mask)

    def _at_this_moment(self, y_pred: Tensor) -> Loss:
        """This loss with the present values of what moves. A copy: backward passes read parameters later on."""
        if moments.now() is None and recorded(_first(y_pred)):
            raise moments.unknown_step(repr(self))
        present = object.__new__(type(self))
        present.__dict__.update(self.__dict__)
        present.__dict__.update({name: value.now() for name, value in self._moving.items()})
        return present

    def _rows(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor, *, vectors: bool, **extra: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """The values of the rows with weight and mask in their rank. Rows that do not count hold neutral numbers."""
        loss = self._at_this_moment(y_pred) if self._moving else self
        return loss._computed(y_true, y_pred, sample_weight, vectors=vectors, **extra)

    def _computed(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor, *, vectors: bool, **extra: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        owner, inner, rules = type(self).__name__, wide(self.dtype), self.contract
        mask = mask_of(y_pred)
        y_pred = self._read("y_pred", y_pred, inner, rules, REAL)
        y_true = self._read("y_true", y_true, inner, rules, rules.target)
        weight = None if sample_weight is None else inputs.read(owner, "sample_weight", sample_weight, inner)
        mask = None if mask is None else ops.cast(inputs.arrived(owner, "mask", mask), "bool")
        contract.check_ranks(owner, y_true=_first(y_true), y_pred=_first(y_pred), sample_weight=weight)
        if rules.shape != "free":
            y_true, y_pred = self._in_shape(rules, y_true, y_pred, vectors)
        for what, given in (("sample_weight", weight), ("mask", mask)):
            if given is not None and len(given.shape) > 0:
                _check_leading(owner, what, given, y_true, y_pred)
        ignored = self.ignored(y_true)
        mask = reduction.both(mask, None if ignored is None else ops.logical_not(ignored))
        keep = mask if weight is None or len(weight.shape) == 0 else reduction.both(mask, ops.not_equal(weight, 0))
        if keep is not None:
            y_true = _each(y_true, lambda y: reduction.drop(keep, y, rules.target.neutral))
            y_pred = _each(y_pred, lambda y: reduction.drop(keep, y, rules.prediction.neutral))
        if rules.shape != "free":
            contract.check_values(owner, rules, y_true, y_pred, type(self).params)
        loss = self.at_rank(len(_first(y_pred).shape))
        if loss.coupled:
            values = loss.call_coupled(y_true, y_pred, keep, weight, **extra)
        else:
            values = loss.call(y_true, y_pred)
        mask = reduction.both(mask, mask_of(values))
        values = ops.cast(ops.convert_to_tensor(values), inner)
        if rules.shape == "free":
            _check_rows(owner, values, y_pred)
        if loss.weighs_inside:  # one number for all rows can only be multiplied by one number
            return values, weight if weight is not None and len(weight.shape) == 0 else None, None
        if len(values.shape) == 0 and keep is not None:
            raise _no_rows(owner, y_pred)
        weight = None if weight is None else reduction.align_weight(owner, "sample_weight", weight, values)
        mask = None if mask is None else reduction.align_weight(owner, "mask", ops.cast(mask, "bool"), values)
        return values, weight, mask

    def _read(self, what: str, y: Any, dtype: str, rules: Contract, values: Values) -> Any:
        """A tensor; for a loss of one's own also a dictionary of them."""
        owner = type(self).__name__
        if not isinstance(y, dict) or rules.shape != "free":
            return inputs.read(owner, what, y, dtype, values.whole, values.low == 0)
        if not y:
            raise ShapeError(
                f"{owner} reads {what}, one tensor or several by name.",
                arrived="It was given an empty dictionary.",
                allowed="Allowed are tensors, and dictionaries that hold at least one.",
                do="Look at what the model returns.",
            )
        return {name: inputs.read(owner, f"{what}[{name!r}]", part, dtype, values.whole) for name, part in y.items()}

    def _in_shape(self, rules: Contract, y_true: Tensor, y_pred: Tensor, vectors: bool) -> tuple[Tensor, Tensor]:
        """Fitting shapes, with the axis that the loss works along moved to the end."""
        y_true, y_pred = contract.match_shapes(type(self).__name__, rules, y_true, y_pred)
        if self.entrywise and self.entries:
            return ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -2 if rules.shape == "parameters" else -1)
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
        if self._arguments.get("dtype") is not None:
            config["dtype"] = keras.dtype_policies.get(dtype).name
        return config | {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these arguments. An own __init__ need not take reduction, name and dtype; they are kept."""
        taken = inspect.signature(cls.__init__).parameters
        if any(p.kind is Parameter.VAR_KEYWORD for p in taken.values()):
            return cls(**config)
        rest = {name: value for name, value in config.items() if name in _COMMON_NAMES and name not in taken}
        loss = cls(**{name: value for name, value in config.items() if name not in rest})
        loss._arguments.update(rest)
        common = {"name": loss.name, "reduction": loss.reduction, "dtype": loss._arguments.get("dtype")}
        keras.losses.Loss.__init__(loss, **{**common, **rest})
        return loss

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self).__module__, keras.saving.get_registered_name(type(self)), self.get_config())

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in type(self).signature.parameters.items()}
        defaults["name"] = snake(type(self).__name__)
        now = {n: self._moving.get(n, getattr(self, n, v)) for n, v in self._arguments.items() if v is not None}
        shown = [f"{n}={v!r}" for n, v in now.items() if v != defaults.get(n) and n != "dtype"]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.loss(self, catalogue.names().get(type(self).__name__) or type(self).card())

    def __add__(self, other: Any) -> Any:
        """Several losses as one: `Huber() + 0.1 * CosineSimilarity()`; see lossary.core.sums."""
        return _sums().added(self, other)

    def __radd__(self, other: Any) -> Any:
        return _sums().added(other, self)

    def __mul__(self, weight: Any) -> Any:
        """The loss with a weight: a number, or a schedule."""
        return _sums().Weighted(self, weight)

    __rmul__ = __mul__

    def plot(self, **how: Any) -> Any:
        """A figure of this loss: value, gradient and curvature. It takes the arguments of `lossary.draw`.

        ls.Huber().plot(delta=[0.5, 1, 2]).save("huber.svg")
        """
        return import_module("lossary").draw(self, **how)

    @classmethod
    def card(cls) -> Card:
        """What the catalogue, the documents and the explorer show."""
        parameters = cls.signature.parameters
        return Card(
            name=cls.__name__,
            function=snake(cls.__name__),
            module=cls.__module__,
            family=cls.family,
            tasks=cls.tasks,
            traits=cls.traits,
            aliases=cls.aliases,
            params=tuple(_param_card(n, p, parameters[n]) for n, p in cls.params.items()),
            **read_docstring(cls.__dict__.get("__doc__")),
        )


def _sums() -> Any:
    """The losses of losses, which are losses themselves: loaded when they are first made."""
    return import_module(f"{__package__}.sums")


def _declaration(cls: type[Loss], positional: list[str] | None) -> tuple[Signature, dict[str, Param]]:
    """Constructor signature and parameters: from an own __init__ where there is one, else from the typed fields.

    `positional` names what may be given by place, in Keras's order; all else is taken by name. Without it, fields may
    be given by place except those of lossary's forms, and those that all losses share.
    """
    if "__init__" in cls.__dict__ and cls is not Loss:
        written = list(Signature.from_callable(cls.__init__).parameters.values())[1:]
        own = [p for p in written if p.kind is not Parameter.VAR_KEYWORD]
        params = {p.name: Param("A parameter of this loss.", kind="free") for p in own if p.name not in _COMMON_NAMES}
        rest = [p for p in COMMON if p.name not in {q.name for q in own}]
        return Signature(sorted([*own, *rest], key=lambda p: p.kind)), params
    params, parameters = {}, {p.name: p for p in COMMON}
    hints, shared = _field_hints(cls), _fields_of_forms(cls)
    for name, hint in hints.items():
        params[name] = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Param)), None) or Param(
            "A parameter of this loss.", kind="free"
        )
        default = getattr(cls, name, Parameter.empty)
        parameters[name] = Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
    order = [name for name in hints if name not in shared] if positional is None else positional
    first = [parameters[name].replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for name in order]
    rest = [parameters[name] for name in [*hints, *_COMMON_NAMES] if name not in order]
    rest += [ENTRIES] if cls.entrywise else []
    return Signature([*first, *rest]), params


def _fields_of_forms(cls: type[Loss]) -> set[str]:
    """The fields that lossary's own forms give to many losses."""
    forms = [base for base in cls.__mro__ if base.__module__ == f"{__package__}.forms"]
    own = [base for base in cls.__mro__ if base not in forms and base is not Loss and issubclass(base, Loss)]
    return {n for b in forms for n in inspect.get_annotations(b)} - {n for b in own for n in inspect.get_annotations(b)}


_COMMON_NAMES = tuple(p.name for p in COMMON)
_OWN_NAMES = {*_COMMON_NAMES, "params", "tasks", "traits", "aliases", "family", "signature", "_arguments"}


def _field_hints(cls: type[Loss]) -> dict[str, Any]:
    """The typed fields of a class: its own first, then those of its form."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError:  # a user's annotation that cannot be resolved here; its name is enough
        hints = {name: Any for base in cls.__mro__ for name in inspect.get_annotations(base)}
    order: dict[str, Any] = {}
    for base in cls.__mro__:
        if base is not Loss and issubclass(base, Loss):
            for name in inspect.get_annotations(base):
                if name not in _OWN_NAMES and typing.get_origin(hints[name]) is not ClassVar:
                    order.setdefault(name, hints[name])
    return order


def _param_card(name: str, param: Param, parameter: Parameter) -> ParamCard:
    hint = parameter.annotation
    shown = hint.__origin__ if typing.get_origin(hint) is Annotated else hint
    default = None if parameter.default is Parameter.empty else parameter.default
    return ParamCard(
        name=name,
        type=getattr(shown, "__name__", str(shown)) if "|" not in str(shown) else str(shown),
        default=default,
        text=param.text,
        allowed=param.allowed(),
        low=None if param.low == -INF else param.low,
        high=None if param.high == INF else param.high,
        closed=param.closed,
        slide=param.slide,
    )


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
            allowed="Allowed is one number, one per row, or one per value (leading axes equal).",
            do=f"Reshape the {what} so that its first axes are those of y_true.",
        )


def _check_rows(owner: str, values: Tensor, y_pred: Any) -> None:
    """A user's loss must give one value per row: a batch mean would make weights and masks meaningless."""
    first = _first(y_pred)
    if len(first.shape) > 1 and (len(values.shape) == 0 or values.shape[0] not in (first.shape[0], None)):
        if first.shape[0] is None and len(values.shape) > 0:
            return
        raise _no_rows(owner, first, tuple(values.shape))


def _no_rows(owner: str, y_pred: Any, shape: tuple[int | None, ...] = ()) -> ShapeError:
    return ShapeError(
        f"{owner} must give one value per row of the batch.",
        arrived=f"For predictions of shape {tuple(_first(y_pred).shape)} it gave values of shape {shape}.",
        allowed="Allowed are values whose first axis is the batch; only then can rows be weighed or masked.",
        do="Take the mean over axis=-1 inside the loss, not over everything; lossary reduces the rows.",
    )


def _first(y: Any) -> Tensor:
    return next(iter(y.values())) if isinstance(y, dict) else y


def _revive(module: str, registered: str, config: dict[str, Any]) -> Loss:
    if registered not in CLASSES:
        import_module(module)
    return CLASSES[registered].from_config(config)


def snake(name: str) -> str:
    """HuberLoss -> huber_loss, KLDivergence -> kl_divergence, SmoothL1 -> smooth_l1."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@lru_cache(maxsize=256)
def _cached(
    cls: type[Loss], dtype: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], written: str
) -> Loss:
    """`written` tells apart what Python takes for equal: True and 1, 1 and 1.0, 0.0 and -0.0."""
    return cls(*args, **dict(kwargs), reduction=None, dtype=dtype)


def build(cls: type[Loss], dtype: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Loss:
    """An unreduced loss with these parameters; the same one again for the same parameters."""
    try:
        return _cached(cls, dtype, args, tuple(kwargs.items()), _written(args, kwargs))  # type: ignore[arg-type]
    except TypeError:  # a parameter that cannot be hashed, such as a list of class weights, or written
        return cls(*args, **kwargs, reduction=None, dtype=dtype)


def _written(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    try:
        return repr((args, kwargs))
    except Exception:  # an object's own repr, or an integer of more digits than Python writes
        raise TypeError from None


MISSING: Any = Parameter.empty


def function(
    cls: Callable[P, Loss], *, extra: tuple[str, ...] = (), positional: str | None = None
) -> Callable[Concatenate[Tensor, Tensor, P], Tensor]:
    """The functional twin: `huber(y_true, y_pred, delta=2.0)` gives one value per row, in the type of y_pred.

    `extra` names tensors that the function takes beside the two, before the parameters. `positional` orders the
    parameters where Keras's function has another order than its class.
    """

    def twin(y_true: Tensor = MISSING, y_pred: Tensor = MISSING, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        if y_true is MISSING and y_pred is MISSING:  # ls.MSE() can only mean the loss itself
            return loss_class(*args, **kwargs)
        if y_true is MISSING or y_pred is MISSING:
            raise ParameterError(
                f"{twin.__name__} is a function of (y_true, y_pred).",
                arrived=f"It was called without {'y_true' if y_true is MISSING else 'y_pred'}.",
                allowed="Allowed are both, or neither for the loss itself.",
                do=f"Pass both; for compile, write {loss_class.__name__}().",
            )
        given: dict[str, Any] = kwargs
        if args:
            given = bound(twin.__name__, parameters, args, kwargs).arguments
            warn_of_moved_places(twin.__name__, loss_class.params, own, args[len(extra) :])
        beside = {name: given[name] for name in extra if name in given}
        given = {name: value for name, value in given.items() if name not in beside}
        if not given.keys().isdisjoint(_COMMON_NAMES):
            raise ParameterError(
                f"{twin.__name__} gives one value per row, in the type of y_pred.",
                arrived=f"It was given {', '.join(sorted(given.keys() & set(_COMMON_NAMES)))}.",
                allowed=f"Allowed are {', '.join(twin.__signature__.parameters)}.",  # type: ignore[attr-defined]
                do=f"Use the class for it: {loss_class.__name__}(reduction=...).",
            )
        dtype = str(keras.config.floatx())
        if not isinstance(y_pred, (list, tuple, dict, int, float)):
            y_pred = inputs.arrived(loss_class.__name__, "y_pred", y_pred)
            dtype = inputs.real_type(y_pred)
        loss = build(loss_class, dtype, (), given)
        if loss.coupled or loss.takes_root:
            say_if_inexact(loss)
        return loss.as_function(y_true, y_pred, **beside)

    loss_class: Any = cls
    twin.__name__ = twin.__qualname__ = snake(loss_class.__name__)
    twin.__module__, twin.__doc__ = loss_class.__module__, loss_class.__doc__
    first = [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in ("y_true", "y_pred")]
    beside = [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD, default=None) for n in extra]
    declared = loss_class.signature.parameters.values()
    own = ordered([p for p in declared if p.name not in _COMMON_NAMES and p is not ENTRIES], positional)
    parameters = Signature([*beside, *own.parameters.values()])
    twin.__signature__ = Signature([*first, *parameters.parameters.values()])  # type: ignore[attr-defined]
    twin.cls = loss_class  # type: ignore[attr-defined]
    package = keras.saving.get_registered_name(loss_class).partition(">")[0]
    keras.saving.register_keras_serializable(package)(twin)
    return twin
