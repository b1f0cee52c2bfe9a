"""Profiles: small, mergeable, silent about single rows, and as good as the rows for every distance."""

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelqa.core.estimate import Levels
from modelqa.core.ports import Column
from modelqa.core.profile import Profile
from modelqa.core.profile_file import dumps, loads
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError
from modelqa.stats.distance import METHODS, categorical, numeric
from modelqa.stats.profiles import Seen, profile_of
from modelqa.stats.ranked import Ranked
from modelqa.stats.tally import edges_of, ranked, tally

LEVELS = Levels(alpha=1e-4, beta=0.05, reds="low")
NUMERIC = sorted(name for name, method in METHODS.items() if method.numeric)
CATEGORICAL = sorted(name for name, method in METHODS.items() if method.categorical)

SHAPES = {
    "normal": lambda rng, n, by: rng.normal(by, 1, n),
    "lognormal": lambda rng, n, by: rng.lognormal(by, 1, n),
    "heavy tails": lambda rng, n, by: rng.standard_cauchy(n) + by,
    "ties": lambda rng, n, by: np.round(rng.normal(by, 1, n), 1),
    "zero-inflated": lambda rng, n, by: (rng.random(n) < 0.05 + by / 4) * rng.exponential(1, n),
    "whole": lambda rng, n, by: rng.integers(0, 1000, n) + 100.0 * by,
    "seconds": lambda rng, n, by: 1.7e9 + 86400.0 * rng.integers(0, 300, n) + by * 1e6,
    "counts": lambda rng, n, by: rng.poisson(1.2 + by, n).astype(float),
    "two modes": lambda rng, n, by: rng.normal(0, 0.01, n) + (rng.random(n) < 0.5) * rng.normal(9 + by, 1, n),
    "constant": lambda rng, n, by: np.full(n, 3.0),
}  # fmt: skip

numbers = st.floats(allow_nan=False, width=64)
tied = st.sampled_from([-1e308, -1.0, 0.0, -0.0, 5e-324, 1.0, 1.0 + 2**-52, 1e300, np.inf, -np.inf])
samples = arrays.arrays(float, st.integers(1, 60), elements=st.one_of(numbers, tied))
texts = st.lists(st.one_of(st.none(), st.sampled_from("abcdef"), st.text(max_size=3)), max_size=60)


def column(values: np.ndarray, kind: ColumnKind = ColumnKind.FLOAT) -> Column:
    """Numbers as a column; NaN is missing."""
    return Column("x", kind, values=values, missing=np.isnan(values), dtype="double")


def words(values: list[str | None]) -> Column:
    """Texts as a column; None is missing."""
    known = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = np.array([known.index(value) if value is not None else -1 for value in values], dtype=np.int32)
    return Column("w", ColumnKind.TEXT, values=codes, missing=codes < 0, dtype="string", categories=known)


def table(**columns: Column) -> Profile:
    """Columns of one length as a profile with edges of their own."""
    profiles = {name: profile_of(one) for name, one in columns.items()}
    return Profile(next(iter(profiles.values())).rows, profiles)


@pytest.mark.parametrize("by", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("shape", SHAPES)
def test_distances_are_those_of_the_rows(shape: str, by: float) -> None:
    """Value within 0.005 by every method, both ends too: of 100,000 rows against 20,000."""
    rng = np.random.default_rng(7)
    before, after = SHAPES[shape](rng, 100_000, 0.0), SHAPES[shape](rng, 20_000, by)
    edges = edges_of(before)
    binned = [ranked(tally(rows, edges)) for rows in (before, after)]
    for method in NUMERIC:
        raw, told = (numeric(method, *sides, LEVELS)[0] for sides in ((before, after), binned))
        for end in ("value", "low", "high"):
            assert getattr(told, end) == pytest.approx(getattr(raw, end), abs=0.005), (method, end)


@pytest.mark.parametrize("rows", [221, 3000])
def test_small_references_agree_within_a_tenth_of_their_interval(rows: int) -> None:
    """Of few rows the profile knows less, far below what chance makes of them."""
    rng = np.random.default_rng(3)
    for shape in ("normal", "lognormal", "ties", "counts"):
        before, after = SHAPES[shape](rng, rows, 0.0), SHAPES[shape](rng, rows, 0.3)
        edges = edges_of(before)
        binned = [ranked(tally(side, edges)) for side in (before, after)]
        for method in NUMERIC:
            raw, told = (numeric(method, *sides, LEVELS)[0] for sides in ((before, after), binned))
            room = (raw.high - raw.low) / 10
            assert told.value == pytest.approx(raw.value, abs=room), (shape, method)


def test_distances_of_categories_are_those_of_the_rows() -> None:
    """Rare ones are counted together, which a distance hardly sees."""
    rng = np.random.default_rng(5)
    names = [f"level {number}" for number in range(200)]
    shares = 1 / np.arange(1, 201)
    picks = [rng.choice(names, n, p=shares / shares.sum()).tolist() for n in (50_000, 9_000)]
    raw = [Seen.of(words(side)).counts for side in picks]
    like = profile_of(words(picks[0]))
    told = [Seen.of_profile(profile_of(words(side), like)) for side in picks]
    for method in CATEGORICAL:
        exact = [np.array([side.get(name, 0) for name in names]) for side in raw]
        binned = [np.array([*side.counts.values(), side.others]) for side in told]
        one, two = (categorical(method, *sides, LEVELS)[0].value for sides in (exact, binned))
        assert two == pytest.approx(one, abs=0.005)


@settings(max_examples=150, deadline=None)
@given(before=samples, after=samples)
def test_any_numbers_are_counted_whole(before: np.ndarray, after: np.ndarray) -> None:
    """Every row lies in a bin, at a mean within it; distances of what was counted exist and hold."""
    edges = edges_of(before)
    for rows in (before, after):
        found = ranked(tally(rows, edges))
        assert found.rows == len(rows)
        assert np.all(found.values <= found.ends)
        assert np.all(np.diff(found.ends) > 0)
    for method in NUMERIC:
        numeric(method, ranked(tally(before, edges)), ranked(tally(after, edges)), LEVELS)


@settings(max_examples=100, deadline=None)
@given(rows=samples)
def test_no_row_of_the_reference_lies_in_an_open_bin(rows: np.ndarray) -> None:
    """The outermost ends lie beyond every row that has a finite size."""
    usual = rows[np.abs(rows) <= 1e300]
    counts = tally(usual, edges_of(rows)).counts
    assert sum(counts[1:-1]) == len(usual) or not len(usual)


@settings(max_examples=60, deadline=None)
@given(whole=samples, parts=st.lists(st.tuples(samples, texts), min_size=2, max_size=4), order=st.randoms())
def test_merging_is_exact_in_any_order(whole: np.ndarray, parts: list, order) -> None:
    """Parts counted alike add up to the bytes of the whole, however they are put together."""
    edges = table(x=column(whole)).columns["x"]
    made = [Profile(len(rows), {"x": profile_of(column(rows), edges)}) for rows, _ in parts]
    together = profile_of(column(np.concatenate([rows for rows, _ in parts])), edges)
    shuffled = order.sample(made, len(made))
    merged = shuffled[0]
    for one in shuffled[1:]:
        merged = merged.merged(one)
    assert dumps(merged) == dumps(Profile(together.rows, {"x": together}))


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(texts, min_size=2, max_size=3))
def test_categories_merge_exactly_too(parts: list[list[str | None]]) -> None:
    """Names are fixed by the first; what it does not name is counted as others, whoever merges."""
    like = profile_of(words(parts[0]))
    made = [Profile(len(part), {"w": profile_of(words(part), like)}) for part in parts]
    whole = profile_of(words(list(itertools.chain(*parts))), like)
    for order in itertools.permutations(made):
        merged = order[0]
        for one in order[1:]:
            merged = merged.merged(one)
        assert merged.columns["w"] == whole


@settings(max_examples=60, deadline=None)
@given(rows=samples, said=texts)
def test_files_hold_what_was_counted(rows: np.ndarray, said: list[str | None]) -> None:
    """What is read is what was written."""
    for made in (table(x=column(rows)), table(w=words(said))):
        assert loads(dumps(made)) == made


def test_profiles_with_other_edges_are_refused() -> None:
    """The message names the column and the way out."""
    one, two = (table(x=column(np.random.default_rng(seed).normal(size=99))) for seed in (1, 2))
    with pytest.raises(SubjectError, match="'x' was not counted alike; make both with --edges-from"):
        one.merged(two)
    with pytest.raises(SubjectError, match="different columns: 'w'"):
        one.merged(Profile(99, {**one.columns, "w": one.columns["x"]}))


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\x1f\x8b", dumps(Profile(3, {}))[:-9]],
    ids=["nothing", "json", "header", "cut"],
)
def test_what_is_no_profile_is_refused(data: bytes) -> None:
    """In words, without a traceback of the reader's."""
    with pytest.raises(SubjectError, match=r"part\.profile\.json\.gz: not a whole profile"):
        loads(data, "part.profile.json.gz")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_damaged_profile_is_refused_or_still_one(data: st.DataObject) -> None:
    """Any part of the JSON may be anything: a profile comes out, or a `SubjectError`."""
    import gzip
    import json

    read = json.loads(gzip.decompress(dumps(table(x=column(np.arange(40.0))))))
    target = data.draw(st.sampled_from(["rows", "columns"]) | st.sampled_from(sorted(read["columns"][0])))
    junk = data.draw(
        st.none() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=3)
    )
    (read if target in ("columns",) else read["columns"][0])[target] = junk
    with contextlib.suppress(SubjectError):
        loads(gzip.compress(json.dumps(read).encode()))


@pytest.mark.parametrize("rows", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_twenty_columns_fit_in_64_kib(rows: int) -> None:
    """The worst case: twenty columns of numbers of which no two are equal."""
    rng = np.random.default_rng(0)
    columns = {f"c{k}": column(rng.lognormal(k / 5, 1, rows)) for k in range(20)}
    assert len(dumps(table(**columns))) <= 64 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("by", [0.0, 0.1])
def test_distances_of_a_million_rows_are_those_of_the_rows(by: float) -> None:
    """Value within 0.005 by every method, for every shape of column."""
    rng = np.random.default_rng(9)
    for shape, draw in SHAPES.items():
        before, after = draw(rng, 1_000_000, 0.0), draw(rng, 1_000_000, by)
        edges = edges_of(before)
        binned = [ranked(tally(rows, edges)) for rows in (before, after)]
        for method in NUMERIC:
            raw, told = (numeric(method, *sides, LEVELS)[0].value for sides in ((before, after), binned))
            assert told == pytest.approx(raw, abs=0.005), (shape, method)


@pytest.mark.parametrize("shape", ["normal", "lognormal", "ties", "zero-inflated"])
def test_a_profile_raises_no_more_alarms_than_its_rows(shape: str) -> None:
    """Two samples of one distribution: where the profile tells them apart, the rows do, but for a few."""
    rng = np.random.default_rng(11)
    often = Levels(alpha=0.01, beta=0.05, reds="low")
    alarms = {"rows": 0, "profile": 0}
    for _ in range(100):
        before, after = SHAPES[shape](rng, 400, 0.0), SHAPES[shape](rng, 200, 0.0)
        edges = edges_of(before)
        binned = [ranked(tally(rows, edges)) for rows in (before, after)]
        for name, sides in (("rows", (before, after)), ("profile", binned)):
            alarms[name] += any(numeric(method, *sides, often)[0].low > 0 for method in ("wasserstein", "ks"))
    assert alarms["profile"] <= alarms["rows"] + 1
    assert alarms["profile"] <= 7


def test_texts_that_few_rows_hold_are_not_kept() -> None:
    """Five rows make a category; ``rare`` keeps all."""
    said = words([*["basic"] * 5, *["pro"] * 4, "anna@example.com"])
    assert b"anna" not in dumps(Profile(10, {"w": profile_of(said)}))
    assert profile_of(said).held.names == ("basic",)
    assert profile_of(said, rare=True).held.names == ("anna@example.com", "basic", "pro")


def test_numbers_of_single_rows_are_not_quoted() -> None:
    """Neither an end nor a mean is a row's own number, unless many rows hold it."""
    rows = np.random.default_rng(2).lognormal(10, 1, 400)
    edges = edges_of(rows)
    assert not set(rows.tolist()) & {*edges.ends, edges.low, edges.high}
    assert not set(rows.tolist()) & set(ranked(tally(rows, edges)).values.tolist())


def test_a_frequent_value_has_a_bin_of_its_own() -> None:
    """So that it is told from what lies just beside it."""
    rng = np.random.default_rng(4)
    before = np.where(rng.random(5000) < 0.5, 0.0, rng.exponential(1, 5000))
    after = np.where(before == 0, -1e-9, before)
    edges = edges_of(before)
    found = numeric("ks", ranked(tally(before, edges)), ranked(tally(after, edges)), LEVELS)[0]
    assert found.value == pytest.approx(0.5, abs=0.02)


def test_bins_make_the_ks_distance_unsure_by_what_they_hide() -> None:
    """The high end adds the largest share that the reference has in one bin of several values."""
    rows = np.random.default_rng(6).normal(size=10_000)
    binned = ranked(tally(rows, edges_of(rows)))
    raw, told = numeric("ks", rows, rows, LEVELS)[0], numeric("ks", binned, binned, LEVELS)[0]
    assert 0 < binned.hidden < 0.005
    assert told.high == pytest.approx(raw.high + binned.hidden, abs=1e-12)
    assert Ranked.of(rows).hidden == 0
