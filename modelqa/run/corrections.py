"""What people corrected, as rows to retrain on and as cases that the next model has to get right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelqa.checks.reviewed import Names, Reviewed, reviewed
from modelqa.core.ports import Table
from modelqa.run.opened import Opened
from modelqa.stats.reviews import APPROVED
from modelqa.suite.spec import Labels

if TYPE_CHECKING:
    import pandas as pd

EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class Corrections:
    """Rows with the labels that people gave them (``labelled``) and the cases among them (``cases``).

    Cases are rows that were corrected, with what the model has to predict in the column ``expected``.
    """

    labelled: "pd.DataFrame"
    cases: "pd.DataFrame"
    found: Reviewed


def corrections(opened: Opened, table: Table, names: Names) -> Corrections:
    """The rows of a subject's batch that people corrected, one label each.

    What people call right without saying what it is stays out: nobody said a label. A row about which
    they differ has the answer of the majority, of a tie the latest. Raises `CheckError` where a column is
    missing or a verdict is none, `SubjectError` where the batch cannot be had.
    """
    found = reviewed(opened.batch, table, names)
    answers = found.resolved.answers
    told = answers > APPROVED
    rows = found.resolved.rows[told]
    values = np.array([None, *found.corrections], dtype=object)[answers[told]].tolist()
    labels = opened.suite.labels
    label = labels.column if isinstance(labels, Labels) else labels
    there = [each for each in opened.batch.kinds if each != label]
    frame = opened.batch.take(rows).to_pandas(there).reset_index(drop=True)
    name = label if isinstance(label, str) else "label"
    return Corrections(
        frame.assign(**{name: values}).convert_dtypes(),
        frame.assign(**{EXPECTED: values}).convert_dtypes(),
        found,
    )
