"""Logged requests through challenger and champion: what is judged, and the rows that are worth a label."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.churn import differs
from modelqa.core.ports import Predictions
from modelqa.core.result import SuiteResult
from modelqa.errors import ModelQAError
from modelqa.run.events import Listener, nobody
from modelqa.run.execute import run_opened
from modelqa.run.opened import Opened, Settings
from modelqa.stats.drawn import inclusion, systematic
from modelqa.suite.spec import Labels, Suite

if TYPE_CHECKING:
    import pandas as pd

CHALLENGER, CHAMPION, WEIGHT = "modelqa_challenger", "modelqa_champion", "modelqa_weight"
SEED = 0


@dataclass(frozen=True, slots=True)
class ToLabel:
    """Rows on which the models disagree, for people to label; ``disagreements`` is how many there are."""

    frame: "pd.DataFrame"
    disagreements: int


def shadowed(suite: Suite, limits: Mapping[str, str]) -> Suite:
    """The suite's subject under the checks of a shadow test.

    ``limits`` are the most ``disagreement`` (a share of rows), ``errors`` more than the champion's (points),
    and ``latency`` beyond the champion's 95% quantile (percent). Raises `SuiteError` where they cannot be.
    """
    checks = [
        {"churn": "rate", "generalise": True, "max": limits["disagreement"], "name": "disagreement"},
        {"errors": "rate", "versus": "champion", "max": limits["errors"], "name": "errors-versus-champion"},
        {"latency": "p95", "versus": "champion", "max": limits["latency"], "name": "latency-versus-champion"},
    ]
    return suite.override(checks=checks, actions=None, champion_missing=None, slices=None)


def replay(
    suite: Suite, settings: Settings, rows: int, *, listener: Listener = nobody
) -> tuple[SuiteResult, ToLabel | None]:
    """Judge a shadow test, and draw up to `rows` rows to label; None where a model does not answer."""
    with closing(Opened(suite, settings)) as opened:
        result = run_opened(opened, listener=listener)
        try:
            return result, to_label(opened, rows)
        except ModelQAError:  # its check has said so
            return result, None


def to_label(opened: Opened, rows: int) -> ToLabel:
    """Draw rows on which the two models disagree, the more likely the further they are apart.

    All that one model has over the other lies in these rows, so labels elsewhere are wasted on the
    question. ``modelqa_weight`` is one over a row's chance to be drawn: weighted by it, the rows speak of all
    disagreements. The column of the labels is there, and empty.

    Raises `SubjectError` where a model cannot be had or does not answer.
    """
    ours, theirs = opened.decisions("model"), opened.decisions("champion")
    apart = differs(ours, theirs, 0.0)
    sizes = np.where(apart, _distance(opened.predictions("model"), opened.predictions("champion")), 0.0)
    chances = inclusion(sizes, rows)
    chosen = systematic(chances, np.random.default_rng(SEED))
    suite = opened.suite
    label = suite.labels.column if isinstance(suite.labels, Labels) else suite.labels
    name = label if isinstance(label, str) else "label"
    names = [each for each in dict.fromkeys((*suite.key, *opened.features())) if each in opened.batch.kinds]
    frame = opened.batch.take(chosen).to_pandas(names).reset_index(drop=True)
    told: dict[str, Any] = {name: None, CHALLENGER: ours.values[chosen], CHAMPION: theirs.values[chosen]}
    return ToLabel(frame.assign(**told, **{WEIGHT: 1 / chances[chosen]}), int(np.count_nonzero(apart)))


def _distance(ours: Predictions, theirs: Predictions) -> NDArray[np.float64]:
    """How far apart two predictions are: by total variation, as numbers, or just apart.

    No two of one call are less than a millionth of the largest, so that whoever disagrees can be drawn.
    """
    one, other = ours.probabilities, theirs.probabilities
    if one is not None and other is not None and ours.classes == theirs.classes:
        far = np.abs(one - other).sum(axis=1) / 2
    elif all(said.classes is None and said.values.dtype.kind in "fiu" for said in (ours, theirs)):
        far = np.abs(ours.values.astype(np.float64) - theirs.values.astype(np.float64))
    else:
        far = np.ones(len(ours.values))
    far = np.where(np.isfinite(far), far, np.max(far, initial=1.0, where=np.isfinite(far)))
    return np.asarray(np.maximum(far, 1e-6 * max(float(far.max(initial=0.0)), 1e-300)))
