"""modelqa: pytest for models.

Names are resolved on first use, so that importing the package costs nothing::

    import modelqa

    suite = modelqa.Suite(
        "churn",
        model="models:/churn@challenger",
        batch="data/today.parquet",
        labels="churned",
        positive="yes",
        checks=[modelqa.metric("roc_auc", min=0.90), {"errors": "rate", "max": "0.1%"}],
    )
    result = suite.run()

``modelqa.metric(...)``, ``modelqa.latency(...)`` and so on build a check of that kind; a mapping
with the keys of a suite file says the same (``errors`` only so: the name is a module's).
"""

from functools import partial
from importlib.util import find_spec
from time import time as _time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `__getattr__` resolves, for those who read types
    from modelqa.core.bound import Bound as Bound
    from modelqa.core.bound import Outcome as Outcome
    from modelqa.core.check import Needs as Needs
    from modelqa.core.check import Shape as Shape
    from modelqa.core.check import check as check
    from modelqa.core.estimate import Estimate as Estimate
    from modelqa.core.evidence import Evidence as Evidence
    from modelqa.core.ports import Context as Context
    from modelqa.core.result import CheckResult as CheckResult
    from modelqa.core.result import Measurement as Measurement
    from modelqa.core.result import SuiteResult as SuiteResult
    from modelqa.core.result import Verdict as Verdict
    from modelqa.core.units import Unit as Unit
    from modelqa.errors import ActionError as ActionError
    from modelqa.errors import CheckError as CheckError
    from modelqa.errors import CheckFailed as CheckFailed
    from modelqa.errors import MissingExtra as MissingExtra
    from modelqa.errors import ModelQAError as ModelQAError
    from modelqa.errors import SubjectError as SubjectError
    from modelqa.errors import SuiteError as SuiteError
    from modelqa.profiles import log_reference as log_reference
    from modelqa.python_tests import parametrize as parametrize
    from modelqa.run.plan import plan as plan
    from modelqa.suite.load import load as load
    from modelqa.suite.spec import Suite as Suite

BEGAN = _time()
"""When this process began to use modelqa, in seconds since 1970: it does not run what changed later."""

_PUBLIC = {
    "ActionError": "modelqa.errors:ActionError",
    "Bound": "modelqa.core.bound:Bound",
    "CheckError": "modelqa.errors:CheckError",
    "CheckFailed": "modelqa.errors:CheckFailed",
    "CheckResult": "modelqa.core.result:CheckResult",
    "Context": "modelqa.core.ports:Context",
    "Estimate": "modelqa.core.estimate:Estimate",
    "Evidence": "modelqa.core.evidence:Evidence",
    "Measurement": "modelqa.core.result:Measurement",
    "MissingExtra": "modelqa.errors:MissingExtra",
    "ModelQAError": "modelqa.errors:ModelQAError",
    "Needs": "modelqa.core.check:Needs",
    "Outcome": "modelqa.core.bound:Outcome",
    "Shape": "modelqa.core.check:Shape",
    "SubjectError": "modelqa.errors:SubjectError",
    "Suite": "modelqa.suite.spec:Suite",
    "SuiteError": "modelqa.errors:SuiteError",
    "SuiteResult": "modelqa.core.result:SuiteResult",
    "Unit": "modelqa.core.units:Unit",
    "Verdict": "modelqa.core.result:Verdict",
    "check": "modelqa.core.check:check",
    "load": "modelqa.suite.load:load",
    "log_reference": "modelqa.profiles:log_reference",
    "parametrize": "modelqa.python_tests:parametrize",
    "plan": "modelqa.run.plan:plan",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Resolve a public name, or the builder of a kind of check."""
    from modelqa.catalog import load, names

    if name in _PUBLIC:
        return load(_PUBLIC[name])
    if name in names("checks") and find_spec(f"modelqa.{name}") is None:
        return partial(load("modelqa.suite.spec:check"), name)
    raise AttributeError(f"module 'modelqa' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
