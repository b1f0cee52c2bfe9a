"""How many tickets are open about what a run judged, whichever tracker has them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from results import GOOD, RED, check, run

from modelqa.core.codec import Gathered
from modelqa.core.result import Measurement, SuiteResult
from modelqa.core.subject import ModelInfo, SubjectInfo
from modelqa.errors import LedgerError
from modelqa.ledger import Ledger, address, issues
from modelqa.ticketing import open_tickets, tell

TICKET: Mapping[str, Any] = {"ticket": "local", "on": ["failed"], "close_after": 1}


def result(
    *ids: str, red: bool = True, suite: str = "churn", model: str = "churn", day: int = 1
) -> SuiteResult:
    """A run on another batch each day."""
    made = run(*(check(each, Measurement("f1", RED if red else GOOD)) for each in ids or ("f1",)), name=suite)
    subject = SubjectInfo(model=ModelInfo("m", name=model, version="7"))
    return replace(made, subject=subject, started=f"2026-11-{day:02}T10:00:00+00:00")


def told(root: Path, made: SuiteResult, environ: Mapping[str, str] | None = None, **keys: str) -> None:
    """Tell a run to the tracker in the ledger."""
    tell(Gathered("churn.suite.yaml", made), {**TICKET, **keys}, environ or {}, root)


def test_without_a_ledger_it_is_not_known(tmp_path: Path) -> None:
    """And none is made by asking."""
    assert open_tickets(result(), {}, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_open_ones_count_and_closed_ones_do_not(tmp_path: Path) -> None:
    """One for the model; a green batch closes it."""
    told(tmp_path, result())
    assert open_tickets(result(), {}, tmp_path) == 1
    told(tmp_path, result(red=False, day=2))
    assert open_tickets(result(), {}, tmp_path) == 0


def test_each_check_may_have_its_own(tmp_path: Path) -> None:
    """As the suite groups them."""
    told(tmp_path, result("a", "b", "c"), group="check")
    assert open_tickets(result("a", "b", "c"), {}, tmp_path) == 3


def test_tickets_of_others_do_not_count(tmp_path: Path) -> None:
    """Of another suite, model or environment."""
    told(tmp_path, result(suite="digits"))
    told(tmp_path, result(model="other"))
    told(tmp_path, result(), {"MODELQA_ENVIRONMENT": "staging"})
    assert open_tickets(result(), {}, tmp_path) == 0
    assert open_tickets(result(), {"MODELQA_ENVIRONMENT": "staging"}, tmp_path) == 1


def test_the_ledger_may_lie_elsewhere(tmp_path: Path) -> None:
    """Where the environment says; one that cannot be opened is an error."""
    there = {"MODELQA_LEDGER": f"sqlite:///{tmp_path / 'there.db'}"}
    told(tmp_path, result(), there)
    assert open_tickets(result(), there, tmp_path / "elsewhere") == 1
    with Ledger(address(there, tmp_path)) as ledger, ledger.writing() as work:
        assert len(issues.every(work)) == 1
    (tmp_path / "broken.db").write_text("no database")
    with pytest.raises(LedgerError):
        open_tickets(result(), {"MODELQA_LEDGER": f"sqlite:///{tmp_path / 'broken.db'}"}, tmp_path)
