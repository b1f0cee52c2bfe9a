"""Rows that are put in order only where somebody looks answer as sorted ones do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.stats import loose
from modelqa.stats.loose import Loose, ordered
from modelqa.stats.ranked import Ranked

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "whole numbers": lambda rng, n: rng.integers(-3, 40, n).astype(float),
    "one value and few others": lambda rng, n: np.where(rng.random(n) < 0.999, 7.0, rng.normal(size=n)),
    "constant": lambda _, n: np.full(n, -0.0),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n) ** 3,
    "infinities": lambda rng, n: np.where(rng.random(n) < 0.3, rng.choice([-np.inf, np.inf], n), 1.0),
    "the largest numbers": lambda rng, n: rng.uniform(-1, 1, n) * 1.7e308,
    "the smallest numbers": lambda rng, n: rng.integers(0, 9, n) * 5e-324,
    "far from zero": lambda rng, n: 1.7e9 + rng.random(n),
    "in order": lambda _, n: np.arange(float(n)),
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables go the way of large ones."""
    monkeypatch.setattr(loose, "_FEW", 30)
    monkeypatch.setattr(loose, "_CHUNK", 64)


@pytest.mark.parametrize("shape", SHAPES)
def test_quantiles_and_counts_are_exact(shape: str) -> None:
    """Of any rank, at values of rows, beside them and far from them, in whatever order it is asked."""
    rng = np.random.default_rng(3)
    values = SHAPES[shape](rng, 5000)
    found, sorted_ = ordered(values), Ranked(np.sort(values))
    assert isinstance(found, Loose)
    assert (found.lowest, found.highest, found.rows) == (sorted_.lowest, sorted_.highest, sorted_.rows)
    with np.errstate(over="ignore", under="ignore"):
        edges = np.concatenate(
            [
                values[:40],
                np.nextafter(values[:40], -np.inf),
                values[:40] * 1.01,
                [-np.inf, 0.0, 1e300, np.inf],
            ]
        )
    ranks = rng.integers(0, 5000, 100)
    for _ in range(2):
        assert (found.quantiles(ranks) == sorted_.quantiles(ranks)).all()
        assert (found.upto(edges) == sorted_.upto(edges)).all()
        assert (found.upto(edges, "left") == sorted_.upto(edges, "left")).all()
    assert (found.finite().ranked.values == sorted_.finite().values).all()
    assert (found.ranked.values == sorted_.values).all()
    assert (found.upto(edges) == sorted_.upto(edges)).all()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False), min_size=40, max_size=90),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=9),
)
def test_any_numbers_have_their_places(values: list[float], edges: list[float]) -> None:
    """Whatever they are."""
    found, sorted_ = ordered(np.array(values)), Ranked(np.sort(values))
    ranks = np.arange(len(values))
    assert isinstance(found, Loose)
    assert (found.upto(np.array(edges)) == sorted_.upto(np.array(edges))).all()
    assert (found.quantiles(ranks) == sorted_.quantiles(ranks)).all()


def test_few_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000 rows, ten quantiles and the usual ones need less than a twentieth to be sorted."""
    seen = []
    plain = np.sort
    monkeypatch.setattr(loose.np, "sort", lambda rows: seen.append(len(rows)) or plain(rows))
    ordered(np.random.default_rng(0).random(100_000)).quantiles(np.arange(0, 100_000, 10_000))
    assert sum(seen) < 5000


def test_what_has_an_order_stays_as_it_is() -> None:
    """Binned and sorted samples, and loose ones; missing values go."""
    for one in (Ranked(np.array([1.0])), Loose(np.array([1.0]))):
        assert ordered(one) is one
    assert ordered(np.array([np.nan, 1.0])).rows == 1
