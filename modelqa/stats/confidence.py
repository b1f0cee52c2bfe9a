"""Expected scores of a classifier, from its probabilities and what they were worth."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property

import numpy as np

from modelqa.stats.calibrator import Calibrator, log_odds
from modelqa.stats.estimation import Expected, Positions, Rows
from modelqa.stats.expected import EXPECTED, Likely, hits
from modelqa.stats.intervals import Floats
from modelqa.stats.likeness import effective, likeness
from modelqa.stats.linear import Undefined
from modelqa.stats.sample import Sample


@dataclass(frozen=True)
class Confidence:
    """Confidence-based estimation, from labelled reference rows; ``seen`` are those whose labels it uses.

    Every row is a positive with its chance c and a negative with 1 - c, so that expected true and false
    positives make up the expected score: the idea of NannyML's CBPE. The chances are the model's
    probabilities, calibrated (`Calibrator.fit`) on reference rows that count as much as the rows to
    estimate are like them (`likeness`): where features are distributed otherwise, a probability may be
    worth something else, though no label has changed its meaning.
    """

    name: str
    reference: Rows
    _: KW_ONLY
    seen: Positions | None = None

    def without(self, out: Positions) -> "Confidence":
        """The same, blind for the labels of some rows of the reference."""
        return replace(self, seen=np.setdiff1d(np.arange(len(self.reference)), out))

    @cached_property
    def _past(self) -> Rows:
        """The rows whose labels may be used, which have to be of both kinds."""
        rows = self.reference if self.seen is None else self.reference.take(self.seen)
        truth = came_true(rows.sample)
        if not 0 < truth.sum() < len(truth):
            what = "decision is right" if rows.sample.task == "multiclass" else "row is positive"
            raise Undefined(f"in the reference {'every' if truth.any() else 'no'} {what}")
        return rows

    def expect(self, rows: Rows) -> Expected:
        """The score that is expected of rows. Raises `Undefined` where it does not exist on them.

        With D the change of the score with a row's truth, labels that are drawn one by one have variance
        sum of D^2 c (1 - c) and third moment sum of D^3 c (1 - c) (1 - 2c): exactly those of the
        Poisson-binomial distribution where the score is linear in the truth (accuracy, precision, log loss),
        by the delta method where it is not. The coefficients of the calibration move the score by the sum
        of D c (1 - c) x, with x a row's columns, so that their covariance carries over.
        """
        if not len(rows):
            raise Undefined("no rows")
        if rows.sample.groups is not None:
            raise Undefined("labels of grouped rows are not drawn one by one")
        heard = said(self.name, rows.sample)
        before = said(self.name, self._past.sample)
        weights = likeness(_seen(self._past, before), _seen(rows, heard))
        calibrator = Calibrator.fit(before, came_true(self._past.sample), weights)
        likely = Likely(rows.sample, calibrator.chances(heard))
        score = EXPECTED[self.name]
        value, change = hits(likely) if rows.sample.task == "multiclass" else score.of(likely)
        spread = likely.chance * (1 - likely.chance)
        lever = calibrator.columns(heard).T @ (change * spread)
        return Expected(
            value=value,
            noise=float(change**2 @ spread),
            third=float(change**3 @ (spread * (1 - 2 * likely.chance))),
            model=max(float(lever @ calibrator.covariance @ lever), 0.0),
            rested=effective(weights),
            top=score.top,
        )


def said(name: str, sample: Sample) -> Floats:
    """What the model said of the chance that a score needs: of the positive class, or of its decision.

    Of many classes only the accuracy can be expected: a row is as likely right as the probability of the
    class that was decided, calibrated (top-label calibration, Gupta and Ramdas 2022).
    Raises `Undefined` where there are no finite probabilities.
    """
    if sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    if not np.isfinite(sample.probabilities).all():
        raise Undefined("a probability is not a finite number")
    if sample.task == "multiclass":
        if name != "accuracy":
            raise Undefined(f"{name} of more than two classes cannot be estimated")
        decided = sample.predicted.astype(np.intp)
        return np.asarray(np.take_along_axis(sample.probabilities, decided[:, None], axis=1)[:, 0])
    return np.asarray(sample.probabilities[:, 1])


def came_true(sample: Sample) -> Floats:
    """What the chance of each row was of: 1 where the row is positive, or its decision right."""
    right = sample.truth == (sample.predicted if sample.task == "multiclass" else 1)
    return np.asarray(right).astype(np.float64)


def _seen(rows: Rows, heard: Floats) -> Floats:
    """The features of rows, and what was said of them."""
    return np.column_stack([rows.features, log_odds(heard)])
