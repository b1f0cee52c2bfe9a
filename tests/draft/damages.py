"""Ten kinds of damage to the rows of an example, each a pure function of a frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Columns:
    """The columns of an example that are damaged; ``other`` is on another scale than ``number``."""

    number: str
    other: str
    label: str
    category: str
    stranger: object


COLUMNS: Mapping[str, Columns] = {
    "breast_cancer": Columns("worst area", "worst texture", "diagnosis", "diagnosis", "unclear"),
    "digits": Columns("pixel_4_3", "pixel_7_1", "digit", "digit", 11),
    "diabetes": Columns("bmi", "s5", "progression", "sex", 9),
    "churn": Columns("tenure", "monthly_charge", "churned", "region", "LATAM"),
}


def _unit(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    return frame.assign(**{at.number: frame[at.number] * 100})


def _swapped(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    swapped = {at.number: frame[at.other], at.other: frame[at.number]}
    return frame.assign(**{name: values.astype(frame[name].dtype) for name, values in swapped.items()})


def _nulls(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    gone = np.random.default_rng(1).random(len(frame)) < 0.05
    return frame.assign(**{at.number: frame[at.number].mask(gone)})


def _stale(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    return frame.assign(**{at.number: frame[at.number].iloc[0]})


def _shuffled(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    return frame.assign(**{at.label: frame[at.label].sample(frac=1, random_state=1).to_numpy()})


def _category(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    new = np.random.default_rng(2).random(len(frame)) < 0.05
    return frame.assign(**{at.category: frame[at.category].mask(new, at.stranger)})


def _truncated(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    return frame.head(len(frame) // 3)


def _duplicated(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    return pd.concat([frame, frame.head(len(frame) // 10)], ignore_index=True)


def _shifted(frame: pd.DataFrame, at: Columns) -> pd.DataFrame:
    """A third of the rows, those highest in another column, moved by three spreads."""
    values = frame[at.number].astype(float)
    here = frame[at.other] >= frame[at.other].quantile(2 / 3)
    moved = values.where(~here, values + 3 * values.std())
    return frame.assign(**{at.number: moved.astype(frame[at.number].dtype)})


DAMAGES: Mapping[str, Callable[[pd.DataFrame, Columns], pd.DataFrame]] = {
    "unit": _unit,
    "swapped": _swapped,
    "nulls": _nulls,
    "stale": _stale,
    "shuffled": _shuffled,
    "category": _category,
    "truncated": _truncated,
    "duplicated": _duplicated,
    "shifted": _shifted,
}
"""All that happens to rows; the tenth kind happens to the model, which is slow."""
