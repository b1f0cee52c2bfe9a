"""Drift of a column that the model hardly depends on is a warning."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from modelqa.core.ports import Context
from modelqa.core.result import Measurement

LEAST = 0.01
"""Permuting a column moves predictions by less than this share of what shuffling them would: it is unused."""
FACTS = ("missing_column", "changed_kind")
"""What is red whatever the model makes of the column."""


def weighed(ctx: Context, found: Iterable[Measurement]) -> Iterator[Measurement]:
    """The same measurements; those of columns that the model hardly uses can only warn."""
    shares = ctx.importance()
    for measurement in found:
        share = shares.get(measurement.column or "", 0.0)
        if measurement.metric in FACTS or share >= LEAST:
            yield measurement
        else:
            told = f"the model hardly depends on it ({share:.1%})"
            note = "; ".join(filter(None, (measurement.note, told)))
            yield replace(measurement, advisory=True, note=note)
