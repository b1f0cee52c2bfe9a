"""The rows of a column in order: one by one, or put together in bins."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A sample in ascending order, so that whole tables and their profiles are measured alike.

    Row by row, ``counts`` is None. In bins, ``values`` are the means of the rows in each, ``counts`` how
    many there are (none is empty), and ``tops`` the upper ends that place them: two samples that are
    binned by the same edges are compared exactly at those. ``hidden`` is the largest share of rows whose
    order within a bin is not known.
    """

    values: Floats
    _: KW_ONLY
    counts: Whole | None = None
    tops: Floats | None = None
    hidden: float = 0.0

    @classmethod
    def of(cls, rows: "Floats | Ranked") -> "Ranked":
        """Rows in any order, without the missing ones (NaN); what is ranked already stays as it is.

        >>> Ranked.of(np.array([2.0, np.nan, 1.0])).values.tolist()
        [1.0, 2.0]
        """
        if isinstance(rows, Ranked):
            return rows
        gone = np.isnan(rows)
        return cls(np.sort(rows[~gone] if gone.any() else rows))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values) if self.counts is None else int(self.counts.sum())

    @property
    def weights(self) -> "Whole | int":
        """The rows at each value."""
        return 1 if self.counts is None else self.counts

    @property
    def ranked(self) -> Self:
        """The same rows."""
        return self

    @property
    def lowest(self) -> float:
        """The place of the first row."""
        return float(self.ends[0])

    @property
    def highest(self) -> float:
        """The place of the last row."""
        return float(self.ends[-1])

    @property
    def ends(self) -> Floats:
        """Where the rows are placed for counting: the values, or the upper ends of their bins."""
        return self.values if self.tops is None else self.tops

    @property
    def mean(self) -> float:
        """The mean of the rows."""
        if self.counts is None:
            return float(np.mean(self.values))
        return float(np.sum(self.values * self.counts)) / self.rows

    @property
    def spread(self) -> float:
        """The standard deviation of the rows.

        >>> Ranked(np.array([0.0, 3.0]), counts=np.array([2, 1])).spread == np.std([0.0, 0.0, 3.0])
        np.True_
        """
        if self.counts is None:
            return float(np.std(self.values))
        return float(np.sqrt(np.sum((self.values - self.mean) ** 2 * self.counts) / self.rows))

    def at(self, values: Floats) -> Self:
        """The same rows with other values in the same order."""
        return type(self)(values, counts=self.counts, tops=self.tops, hidden=self.hidden)

    def placed(self) -> Self:
        """The rows at the ends that place them."""
        return self.at(self.ends)

    def finite(self) -> Self:
        """The rows that have a finite place."""
        ends = self.ends
        if len(ends) and np.isfinite(ends[0]) and np.isfinite(ends[-1]):
            return self
        known = np.isfinite(ends)
        counts = None if self.counts is None else self.counts[known]
        tops = None if self.tops is None else self.tops[known]
        return type(self)(self.values[known], counts=counts, tops=tops, hidden=self.hidden)

    def quantiles(self, ranks: NDArray[np.intp]) -> Floats:
        """The places of the rows of these ranks, counted from 0.

        >>> binned = Ranked(np.array([0.5, 1.5]), counts=np.array([2, 1]), tops=np.array([1.0, 2.0]))
        >>> binned.quantiles(np.array([0, 1, 2])).tolist()
        [1.0, 1.0, 2.0]
        """
        if self.counts is None:
            return self.values[ranks]
        return self.ends[np.searchsorted(np.cumsum(self.counts), ranks, side="right")]

    def upto(self, edges: Floats, side: Literal["left", "right"] = "right") -> Whole:
        """How many rows are placed at or below each edge; only below it for ``side="left"``.

        >>> Ranked(np.array([0.5, 1.5]), counts=np.array([2, 1])).upto(np.array([0.0, 1.0, 9.0])).tolist()
        [0, 2, 3]
        """
        places = np.searchsorted(self.ends, edges, side=side)
        return places if self.counts is None else np.append(0, np.cumsum(self.counts))[places]
