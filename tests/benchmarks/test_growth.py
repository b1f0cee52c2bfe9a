"""Cost and memory grow in proportion to rows, columns, checks and slices, or slower."""

from pathlib import Path

import pytest
from growth import measured

pytestmark = pytest.mark.slow
GIB = 2**30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables are written."""
    return tmp_path_factory.mktemp("growth")


@pytest.mark.parametrize(
    ("kind", "small", "large"),
    [("rows", 1_000_000, 10_000_000), ("columns", 100, 1000), ("checks", 200, 2000), ("slices", 100, 1000)],
)
def test_ten_times_the_size_costs_at_most_ten_times(folder: Path, kind: str, small: int, large: int) -> None:
    """The processor's seconds and the memory, beside those of the smaller size; rows are sorted, so their
    logarithm comes on top."""
    before, after = measured(folder, kind, small), measured(folder, kind, large)
    assert after["seconds"] <= (13 if kind == "rows" else 11) * before["seconds"], (before, after)
    assert after["peak"] <= 11 * before["peak"], (before, after)


def test_ten_million_rows_fit_into_two_gibibytes(folder: Path) -> None:
    """Four scores, schema and drift of 10,000,000 rows x 10 columns from parquet."""
    assert measured(folder, "rows", 10_000_000)["peak"] <= 2 * GIB


def test_a_column_among_a_thousand_costs_what_one_among_twenty_does(folder: Path) -> None:
    """At most 1.2 times; and the peak is at most twice both tables in memory, the interpreter aside."""
    few, many = (measured(folder, "columns", size) for size in (20, 1000))
    assert many["seconds"] / 997 <= 1.2 * few["seconds"] / 17, (few, many)
    held = 2 * 100_000 * 1000 * 8
    assert many["peak"] - _empty() <= 2 * held, (many["peak"], held)


def test_a_check_among_two_thousand_costs_a_millisecond_beside_its_measuring(folder: Path) -> None:
    """The run, less what measuring the same takes without anything around it."""
    found = measured(folder, "checks", 2000)
    assert (found["seconds"] - found["alone"]) / 2000 <= 0.001, found


def _empty() -> float:
    import subprocess
    import sys

    code = "import modelqa, pandas, pyarrow.parquet, scipy.special, growth; print(growth.peak())"
    here = Path(__file__).parent
    return float(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here
        ).stdout
    )
