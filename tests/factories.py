"""The example subjects: frames, damages and models, all seeded, and what each damage must turn red.

`example_store.build_all` writes them to disk; a test that wants a frame asks here.
Every subject is split into rows to train on (the reference) and a holdout (the batch), which have
no row in common. A damage is a pure function of a batch; a degraded model is trained on spoiled rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# --- breast cancer: binary, 569 rows, numbers only


def breast_cancer_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and holdout; the label is text, and every row has a key."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    frame = data.data.assign(
        sample=[f"S{number:04d}" for number in range(len(data.data))],
        diagnosis=data.target.map({0: "malignant", 1: "benign"}).astype("str"),
    )
    return _halves(frame, by="diagnosis")


def damage_breast_cancer(batch: pd.DataFrame) -> pd.DataFrame:
    """Areas in another unit, a column moved by two spreads, nulls, and rows delivered twice."""
    texture = "mean texture"
    damaged = batch.assign(
        **{
            "mean area": batch["mean area"] * 100,
            texture: batch[texture] + 2 * batch[texture].std(),
            "mean symmetry": _with_nulls(batch["mean symmetry"], share=0.05),
        }
    )
    return pd.concat([damaged, damaged.head(10)], ignore_index=True)


# --- digits: ten classes, 1,797 images of 8 x 8 pixels


def digits_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and holdout: 64 pixels from 0 to 16, and the digit."""
    from sklearn.datasets import load_digits

    data = load_digits(as_frame=True)
    frame = data.data.assign(digit=data.target.astype("int64"))
    return _halves(frame, by="digit")


def damage_digits(batch: pd.DataFrame) -> pd.DataFrame:
    """A camera that slipped by two columns, half of the images in 0 to 255 instead of 0 to 16."""
    pixels = [name for name in batch if name != "digit"]
    images = batch[pixels].to_numpy().reshape(-1, 8, 8)
    moved = np.roll(images, 2, axis=2).reshape(-1, 64)
    moved[::2] *= 255 / 16
    return pd.DataFrame(moved, columns=pixels).assign(digit=batch["digit"].to_numpy())


# --- diabetes: regression, 442 rows


def diabetes_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and holdout in the units of the clinic; every row has a key."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True, scaled=False)
    frame = data.data.astype({"age": "int64", "sex": "int64"}).assign(
        patient=[f"P{number:03d}" for number in range(len(data.data))],
        progression=data.target.astype("float64"),
    )
    return _halves(frame)


def damage_diabetes(batch: pd.DataFrame) -> pd.DataFrame:
    """Blood pressure in kPa instead of mmHg, body mass off by a factor of four, rows twice, a sex unknown."""
    damaged = batch.assign(
        bp=batch["bp"] * 0.1333,
        bmi=batch["bmi"] * 4,
        sex=batch["sex"].mask(batch.index % 20 == 0, 9),
        s5=_with_nulls(batch["s5"], share=0.05),
    )
    return pd.concat([damaged, damaged.head(5)], ignore_index=True)


# --- churn: generated, 50,000 customers, mixed types

CHURN_ROWS = 50_000
REGIONS = {"EU": 0.45, "US": 0.35, "APAC": 0.20}
PLANS = {"basic": 0.5, "plus": 0.35, "pro": 0.15}
CHURN_FEATURES = ("age", "tenure", "monthly_charge", "region", "plan", "is_business", "support_calls")


def churn_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Last month's customers and this month's, who pay one percent more."""
    return churn_frame(seed=1), churn_frame(seed=2, first=CHURN_ROWS, prices=1.01)


def churn_frame(*, seed: int, rows: int = CHURN_ROWS, first: int = 0, prices: float = 1.0) -> pd.DataFrame:
    """Customers numbered from ``first``; a few have no count of support calls."""
    rng = np.random.default_rng(seed)
    tenure = np.minimum(rng.exponential(30, rows), 120).astype("int64")
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:07d}" for number in range(first, first + rows)],
            "age": np.clip(rng.normal(46, 15, rows), 18, 90).astype("int64"),
            "tenure": tenure,
            "monthly_charge": np.round(np.clip(prices * rng.lognormal(3.9, 0.5, rows), 5, 400), 2),
            "region": _pick(rng, REGIONS, rows),
            "plan": _pick(rng, PLANS, rows),
            "is_business": rng.random(rows) < 0.15,
            "support_calls": rng.poisson(1.2, rows).astype("float64"),
            "signup_date": _signup(rng, tenure),
        }
    )
    chance = 1 / (1 + np.exp(-_churn_logit(frame)))
    frame["churned"] = np.where(rng.random(rows) < chance, "yes", "no")
    frame["support_calls"] = frame["support_calls"].mask(rng.random(rows) < 0.03)
    return frame


def damage_churn(batch: pd.DataFrame) -> pd.DataFrame:
    """Cents for euros, nulls, an unknown region, older customers, dates as text, and rows twice."""
    rng = np.random.default_rng(3)
    damaged = batch.assign(
        monthly_charge=batch["monthly_charge"].where(
            rng.random(len(batch)) < 0.5, batch["monthly_charge"] * 100
        ),
        region=batch["region"].mask(rng.random(len(batch)) < 0.2, "LATAM"),
        plan=batch["plan"].mask(rng.random(len(batch)) < 0.05),
        age=np.minimum(batch["age"] + 15, 90),
        signup_date=batch["signup_date"].dt.strftime("%d.%m.%Y"),
    )
    return pd.concat([damaged, damaged.head(200)], ignore_index=True)


def _churn_logit(frame: pd.DataFrame) -> Any:
    """The true log-odds: a straight part, and a part that no straight line follows."""
    straight = 1.6 - 0.075 * frame["tenure"] + 0.45 * frame["support_calls"]
    plans = frame["plan"].map({"basic": 0.0, "plus": -0.4, "pro": 0.9})
    regions = frame["region"].map({"EU": -0.5, "US": 0.3, "APAC": 0.0})
    dear = np.where(frame["monthly_charge"] > 70, 2.2, 0.0) * np.where(frame["plan"] == "pro", -0.5, 1.0)
    ages = 1.8 * (np.abs(frame["age"] - 46) / 15 - 0.8)
    return 1.3 * (straight + plans + regions + dear + ages - 1.2 * frame["is_business"] - 1.6)


def _signup(rng: np.random.Generator, tenure: Any) -> Any:
    """The day a customer came, from the months since."""
    days = 30 * tenure + rng.integers(0, 30, len(tenure))
    return np.datetime64("2026-11-01", "us") - days.astype("timedelta64[D]").astype("timedelta64[us]")


def _pick(rng: np.random.Generator, shares: Mapping[str, float], rows: int) -> Any:
    return rng.choice(list(shares), size=rows, p=list(shares.values()))


# --- what all share


def _halves(frame: pd.DataFrame, by: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    from sklearn.model_selection import train_test_split

    stratify = None if by is None else frame[by]
    train, holdout = train_test_split(frame, test_size=0.5, random_state=2, stratify=stratify)
    return train.reset_index(drop=True), holdout.reset_index(drop=True)


def _with_nulls(column: pd.Series, *, share: float) -> pd.Series:
    rng = np.random.default_rng(5)
    return column.mask(rng.random(len(column)) < share)


def shuffled(column: str, *, rows: int | None = None) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What spoils training rows: the first ``rows`` only, their labels in no order."""

    def spoil(train: pd.DataFrame) -> pd.DataFrame:
        few = train.head(rows or len(train))
        return few.assign(**{column: few[column].sample(frac=1, random_state=7).to_numpy()})

    return spoil


def swapped(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What spoils training rows: yes and no mistaken for each other."""

    def spoil(train: pd.DataFrame) -> pd.DataFrame:
        return train.assign(**{column: np.where(train[column] == "yes", "no", "yes")})

    return spoil


def mirrored(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What spoils training rows: their numbers mirrored at the mean, as if a sign had been lost."""

    def spoil(train: pd.DataFrame) -> pd.DataFrame:
        return train.assign(**{column: 2 * train[column].mean() - train[column]})

    return spoil


# --- the table


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One example: its rows, the columns that its models read, and how it is spoiled.

    ``key`` names the column that names a row; ``batch_suffix`` is the format of the healthy batch;
    where ``labels_apart``, its labels lie in a file of their own, joined by the key.
    """

    frames: Callable[[], tuple[pd.DataFrame, pd.DataFrame]]
    damage: Callable[[pd.DataFrame], pd.DataFrame]
    spoil: Callable[[pd.DataFrame], pd.DataFrame]
    label: str
    key: str = ""
    unread: tuple[str, ...] = ()
    batch_suffix: str = "parquet"
    labels_apart: bool = False

    def features(self, frame: pd.DataFrame) -> list[Any]:
        """The columns that the models read, in the order of the frame."""
        return [name for name in frame.columns if name not in (self.label, self.key, *self.unread)]


SUBJECTS: Mapping[str, Subject] = {
    "breast_cancer": Subject(
        frames=breast_cancer_frames,
        damage=damage_breast_cancer,
        spoil=shuffled("diagnosis", rows=40),
        label="diagnosis",
        key="sample",
    ),
    "digits": Subject(
        frames=digits_frames, damage=damage_digits, spoil=shuffled("digit", rows=200), label="digit"
    ),
    "diabetes": Subject(
        frames=diabetes_frames,
        damage=damage_diabetes,
        spoil=mirrored("progression"),
        label="progression",
        key="patient",
        batch_suffix="csv",
        labels_apart=True,
    ),
    "churn": Subject(
        frames=churn_frames,
        damage=damage_churn,
        spoil=swapped("churned"),
        label="churned",
        key="customer_id",
        unread=("signup_date",),
    ),
}

SCORES: Mapping[str, frozenset[str]] = {
    "breast_cancer": frozenset(
        [
            "roc_auc",
            "accuracy",
            "recall",
            "screening-recall",
            "precision",
            "f1",
            "log_loss",
            "brier_score",
            "roc_auc-versus-champion",
            "log_loss-versus-dummy",
        ]
    ),
    "digits": frozenset(
        [
            "accuracy",
            "accuracy-each-digit",
            "f1_macro",
            "balanced_accuracy",
            "matthews_corrcoef",
            "roc_auc_ovr",
            "log_loss",
            "top_k_accuracy",
            "accuracy-versus-champion",
            "churn-rate",
        ]
    ),
    "diabetes": frozenset(
        [
            "mean_absolute_error",
            "root_mean_squared_error",
            "median_absolute_error",
            "mean_absolute_percentage_error",
            "r2",
            "mean_absolute_error-versus-champion",
            "root_mean_squared_error-versus-champion",
            "mean_absolute_error-versus-dummy",
        ]
    ),
    "churn": frozenset(
        [
            "roc_auc",
            "roc_auc-newcomers",
            "roc_auc-across-worst",
            "average_precision",
            "accuracy",
            "f1",
            "called-recall",
            "called-precision",
            "log_loss",
            "brier_score",
            "roc_auc-versus-champion",
            "log_loss-versus-champion",
        ]
    ),
}
"""The ids of the checks that look at the model's quality: what a degraded model fails, and nothing else."""

EXPECTED_RED: Mapping[tuple[str, str], frozenset[str]] = {
    **{(name, "degraded"): ids for name, ids in SCORES.items()},
    # Everybody is told to have cancer: nobody is missed, so no recall is red.
    ("breast_cancer", "damaged"): SCORES["breast_cancer"] - {"recall", "screening-recall"}
    | {"contract", "drift-measures", "drift-prediction", "expected_calibration_error"},
    # The champion cannot read such images either.
    ("digits", "damaged"): SCORES["digits"] - {"accuracy-versus-champion"} | {"contract", "drift-prediction"},
    ("diabetes", "damaged"): SCORES["diabetes"] | {"contract", "errors-range", "drift-entered"},
    # The champion suffers more, and those at risk are still among the many that are called.
    ("churn", "damaged"): SCORES["churn"]
    - {"roc_auc-versus-champion", "log_loss-versus-champion", "called-recall"}
    | {"contract", "keys", "drift-prediction", "drift-psi", "drift-ks"}
    | {
        "drift-all-importance-auto",
        "drift-share-threshold-0.1",
        "drift-table",
        "drift-error-given-plan-tenure",
    },
}
"""(subject, case) -> the ids of exactly the checks that end `failed`, all other things being healthy."""
