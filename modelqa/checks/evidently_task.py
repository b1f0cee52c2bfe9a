"""One question to Evidently: what is asked, of which rows, and how its answers become measurements."""

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from modelqa.checks import evidently_data as data
from modelqa.checks.evidently_names import Method
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context, Table
from modelqa.core.result import Measurement
from modelqa.errors import CheckError, ModelQAError

NOTE = "Evidently's own number, no interval"
DRIFT_NOTE = f"{NOTE} (native `drift` has one)"
P_VALUE_NOTE = f"a p-value, small where the batch differs; {DRIFT_NOTE}"


@dataclass(frozen=True, slots=True)
class Task:
    """What is measured, and on what; ``names`` is None where no column was named."""

    method: Method
    ctx: Context
    library: SimpleNamespace
    _: KW_ONLY
    batch: Table
    reference: Table | None
    names: list[str] | None
    kind: str | None
    arguments: Mapping[str, Any]
    value: str | None
    only: tuple[str, ...]
    rows: int | None
    ranking: Mapping[str, str]

    @property
    def before(self) -> Table:
        """The reference. Raises `CheckError` where the method has none."""
        if self.reference is None:
            raise CheckError(f"{self.method.name} needs a reference")
        return self.reference

    def undefined(self, note: str, column: str | None = None, metric: str = "") -> Measurement:
        """A value that could not be had, with the reason."""
        nothing = Estimate.undefined(n=self.batch.rows)
        return Measurement(metric or self.method.name, nothing, column=column, note=note)


def called(task: Task, call: Callable[[], Any]) -> Any:
    """What a call of Evidently gives, silent and contained. Raises `CheckError` where it raises."""
    try:
        with data.contained(task.ctx.rng):
            return call()
    except ModelQAError:
        raise
    except Exception as error:  # the text of an error may quote rows, so only its type and place are told
        raise CheckError(_said(task.method, error)) from error


def _said(found: Method, error: Exception) -> str:
    wants = f"; it wants {found.wants}" if found.wants else ""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"Evidently raised {type(error).__name__} at {Path(at.filename).name}:{at.lineno}{wants}"


def made(name: str, make: Callable[[], Any]) -> Any:
    """Something of Evidently's, made from a suite's arguments. Raises `CheckError` where they are wrong."""
    try:
        return make()
    except Exception as error:
        listed = error.errors() if hasattr(error, "errors") else []
        told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in listed]
        raise CheckError(f"{name} cannot take its arguments: {'; '.join(told) or error}") from None


def measurement(
    metric: str, score: Any, rows: int, *, column: str | None = None, note: str = NOTE
) -> Measurement:
    """One of Evidently's numbers as a fact; none where it is NaN or infinite."""
    number = float(score)
    if math.isfinite(number):
        return Measurement(metric, Estimate.fact(number, n=rows), column=column, note=note)
    return Measurement(
        metric, Estimate.undefined(n=rows), column=column, note=f"Evidently's number is {number}"
    )
