"""`modelqa profile`: tables into small files, parts that add up, the same bytes whoever asks."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from modelqa.cli import app
from modelqa.core.profile_file import SUFFIX, loads
from modelqa.errors import ModelQAError, SubjectError

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three days of one table, two as csv."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for day in (1, 2, 3):
        frame = pd.DataFrame(
            {"amount": rng.lognormal(3, 1, 900), "plan": rng.choice(["a", "b"], 900), "day": day}
        )
        frame.to_parquet(f"{day}.parquet") if day == 1 else frame.to_csv(f"{day}.csv", index=False)
    return [Path("1.parquet"), Path("2.csv"), Path("3.csv")]


def profile(*arguments: object) -> str:
    """Run the command; what it printed. Raises what it raises."""
    result = RUNNER.invoke(app, ["profile", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_table_becomes_a_small_file(parts: list[Path]) -> None:
    """Beside the table, and said in one line."""
    said = profile(parts[0])
    assert re.fullmatch(r"1\.profile\.json\.gz: 900 rows, 3 columns, [\d,]+ bytes\n", said)
    made = loads(Path(f"1{SUFFIX}").read_bytes())
    assert made.columns["plan"].held.names == ("a", "b")


def test_parts_add_up_to_the_whole_in_any_order(parts: list[Path]) -> None:
    """Day by day between the edges of the first, merged as they come: the bytes of all days at once."""
    profile(parts[0], "-o", f"edges{SUFFIX}")
    days = [f"day{place}{SUFFIX}" for place in range(3)]
    for part, day in zip(parts, days, strict=True):
        profile(part, "--edges-from", f"edges{SUFFIX}", "-o", day)
    profile("--merge", *days, "-o", f"one{SUFFIX}")
    profile("--merge", days[2], days[0], days[1], "-o", f"other{SUFFIX}", "--edges-from", f"edges{SUFFIX}")
    frames = [pd.read_parquet(parts[0]), *map(pd.read_csv, parts[1:])]
    pd.concat(frames).to_parquet("all.parquet")
    profile("all.parquet", "--edges-from", f"edges{SUFFIX}")
    whole = Path(f"all{SUFFIX}").read_bytes()
    assert Path(f"one{SUFFIX}").read_bytes() == whole == Path(f"other{SUFFIX}").read_bytes()


def test_several_files_are_parts_of_one_table(parts: list[Path]) -> None:
    """They are counted together."""
    assert "1,800 rows" in profile(*parts[1:])


def test_a_profile_made_twice_is_the_same_file(parts: list[Path]) -> None:
    """To the byte, so that a store sees no change."""
    profile(parts[0], "-o", f"one{SUFFIX}")
    profile(parts[0], "-o", f"two{SUFFIX}")
    assert Path(f"one{SUFFIX}").read_bytes() == Path(f"two{SUFFIX}").read_bytes()


def test_profiles_with_other_edges_are_not_merged(parts: list[Path]) -> None:
    """The message names the column and the option."""
    for part in parts[:2]:
        profile(part)
    with pytest.raises(SubjectError, match="'amount' was not counted alike; make both with --edges-from"):
        profile("--merge", f"1{SUFFIX}", f"2{SUFFIX}")


def test_rare_categories_are_named_only_where_asked(parts: list[Path]) -> None:
    """Four rows are too few to be named."""
    frame = pd.DataFrame({"plan": ["basic"] * 9 + ["anna@example.com"] * 4})
    frame.to_parquet("people.parquet")
    profile("people.parquet")
    assert loads(Path(f"people{SUFFIX}").read_bytes()).columns["plan"].held.names == ("basic",)
    profile("people.parquet", "--rare")
    assert len(loads(Path(f"people{SUFFIX}").read_bytes()).columns["plan"].held.names) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.parquet"], "no such file"),
        (["1.parquet", "-o", "out.json"], r"ends in \.profile\.json\.gz"),
        (["--merge", "1.parquet"], "not a whole profile"),
        (["1.parquet", "--edges-from", "2.csv"], "not a whole profile"),
    ],
)
def test_what_cannot_be_profiled_is_said(arguments: list[str], says: str) -> None:
    """In one sentence, and nothing is written."""
    with pytest.raises(ModelQAError, match=says):
        profile(*arguments)
    assert not list(Path().glob("*.gz"))


def test_a_table_that_lacks_a_column_of_the_edges_is_refused(parts: list[Path]) -> None:
    """Its profile could not be held against the other."""
    profile(parts[0])
    pd.DataFrame({"amount": [1.0]}).to_parquet("narrow.parquet")
    with pytest.raises(SubjectError, match=r"narrow\.parquet: no column 'plan', 'day'"):
        profile("narrow.parquet", "--edges-from", f"1{SUFFIX}")
