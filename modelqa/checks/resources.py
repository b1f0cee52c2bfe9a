"""`resources`: what a model takes of the process that serves it."""

from collections.abc import Iterator
from typing import Literal

from modelqa.core.check import Needs, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit

Statistic = Literal["load_time", "first_prediction", "load_memory", "predict_memory", "model_size", "threads"]
_UNITS = {"load_time": Unit.SECONDS, "first_prediction": Unit.SECONDS, "threads": Unit.NUMBER}


def _unit(statistic: str) -> Unit:
    return _UNITS.get(statistic, Unit.BYTES)


@check(needs=Needs.MODEL | Needs.BATCH, unit=_unit, facts=True, alone=True)
def resources(ctx: Context, statistic: Statistic) -> Iterator[Measurement]:
    """What a cold start takes: the model is loaded and called once in a new process.

    ``statistic`` is load_time (from nothing loaded to a model that can be called, imports of its
    libraries included), first_prediction (the first call, with one row), load_memory and
    predict_memory (the most that the whole process has held until then, the second after a call with
    up to 1,000 rows of the batch), model_size (the bytes of its files) or threads (after the calls).
    Each is a fact of one start on this machine; all of them come from the same one. A process that
    crashes or takes longer than five minutes is an error.

    Example::

        - resources: load_time
          max: 60 s
        - resources: predict_memory
          max: 4 GiB
    """
    found = ctx.cold()[statistic]
    yield Measurement(statistic, Estimate.fact(found, n=1), unit=_unit(statistic), counts="starts")
