"""The former name of lossary.objective: imports and pickles of before find the same modules by it."""

import sys
from importlib import import_module

_OBJECTIVE = f"{__package__}.objective"

for _name in ("apart", "attachment", "layers", "learned", "routing", "sources", "term", "terms", "weights"):
    sys.modules[f"{__name__}.{_name}"] = import_module(f"{_OBJECTIVE}.{_name}")
sys.modules[__name__] = import_module(_OBJECTIVE)
