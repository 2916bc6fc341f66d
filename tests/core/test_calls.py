"""Public functions and classes that are called wrongly say what they take, and show a call that fits."""

import ast
import inspect

import pytest

import lossary as ls
from lossary._calls import checked_call

RESULTS = {  # what functions give: nobody makes them by hand
    "Card", "Certificate", "Compared", "DistributionFit", "Finding", "Findings", "History", "LikelihoodFit",
    "LinearFit", "Predictions", "Suggestions", "TableFit", "Param",
}  # fmt: skip
HEADS = {
    name: head for name, head in vars(ls.heads).items() if isinstance(head, type) and issubclass(head, ls.heads.Head)
}
PUBLIC = {
    **{name: getattr(ls, name) for name in ls._HOMES if name not in RESULTS and not name.endswith("Error")},
    **{f"heads.{name}": head for name, head in HEADS.items() if name not in ("Head", "Distribution")},
}
del PUBLIC["Loss"]  # losses have signatures of their own


def parameters(public):
    return [p for p in inspect.signature(public).parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def refused(public, *args, **kwargs):
    with pytest.raises(ls.LossaryError) as caught:
        public(*args, **kwargs)
    return caught.value


@pytest.mark.once
@pytest.mark.parametrize("name", PUBLIC)
def test_a_call_that_does_not_fit_shows_one_that_does(name):
    public, short = PUBLIC[name], name.rpartition(".")[2]
    takes = parameters(public)
    wrong = [refused(public, *[object()] * 30)]
    if needed := [p.name for p in takes if p.default is p.empty]:
        wrong.append(refused(public))
        assert all(one in wrong[-1].arrived for one in needed)
    if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(public).parameters.values()):
        wrong.append(refused(public, zzz=1))
        assert "zzz" in wrong[-1].arrived
    for error in wrong:
        assert isinstance(error, TypeError) and all([error.asked, error.arrived, error.allowed, error.do])
        assert error.asked.startswith(f"ls.{name} takes ")
        call = ast.parse(error.do.removeprefix("Write for instance: "), mode="eval").body
        assert isinstance(call, ast.Call) and ast.unparse(call.func) == f"ls.{name}", error.do
        bound = [object()] * len(call.args), {one.arg: object() for one in call.keywords}
        inspect.signature(public).bind(*bound[0], **bound[1])
    assert short in str(wrong[0])


@pytest.mark.backendless
def test_what_a_function_itself_raises_stays():
    @checked_call
    def double(x):
        return 2 * len(x)

    with pytest.raises(TypeError, match="has no len") as caught:
        double(5)
    assert not isinstance(caught.value, ls.LossaryError)
    assert double("ab") == 4


@pytest.mark.backendless
@pytest.mark.parametrize(
    ("args", "kwargs", "arrived"),
    [
        ((1, 2, 3, None), {}, "It was given 4 by position: 1, 2, 3, None."),
        ((), {"x": 1}, "It was called without y."),
        ((1,), {"x": 1, "y": 2}, "It was given x both by position and by name."),
        ((1,), {"why": 2}, "It was called without y, and given why, which it does not have."),
    ],
)
def test_all_that_is_wrong_is_named(args, kwargs, arrived):
    @checked_call
    def f(x, y, *, zeal=0):
        """f(1, 2)"""

    assert refused(f, *args, **kwargs).arrived == arrived


@pytest.mark.backendless
def test_a_near_name_is_suggested():
    assert refused(ls.train, 1, 2, validation_split=0.1).do == "Did you mean validation_data?"
