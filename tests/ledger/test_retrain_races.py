"""However many watchers see a red batch at once, one request is written down."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import results

from modelqa.actions.tickets import Failed, Passed
from modelqa.core.codec import Gathered
from modelqa.core.result import Measurement
from modelqa.core.subject import ModelInfo
from modelqa.ledger import Ledger, retrains
from modelqa.retraining import Considered, Order, carry_out, consider

ACTION = {"retrain": "command", "run": ["true"], "on": ["failed"], "does": "retrain"}
ROUNDS, WATCHERS = 12, 6


@pytest.mark.parametrize("by", ["command", "github", "webhook"])
def test_one_of_many_watchers_is_the_one(url: str, tmp_path: Path, by: str) -> None:
    """All others are told that it is under way; a webhook hears of it under one id."""
    run = Gathered("s", results.run(results.check("roc_auc", Measurement("roc_auc", results.RED))))
    with Ledger(url):  # its tables
        pass

    def watch(number: int) -> Considered:
        problem: Sequence[Any] = [(f"{number // WATCHERS:040x}", Failed("b", version="7"), run.result.checks)]
        where = {"MODELQA_LEDGER": url, "MODELQA_ENVIRONMENT": str(number // WATCHERS)}
        return consider(run, {**ACTION, "retrain": by}, problem, where, tmp_path)

    with ThreadPoolExecutor(WATCHERS) as pool:
        found = list(pool.map(watch, range(ROUNDS * WATCHERS)))
    for at in range(ROUNDS):
        orders = [each.order for each in found[at * WATCHERS : (at + 1) * WATCHERS] if each.order]
        assert len({order.retrain.id for order in orders}) == 1
        assert len(orders) == (WATCHERS if by == "webhook" else 1)


def seen(
    url: str, tmp_path: Path, event: Failed, version: str = "7", **action: Any
) -> tuple[str, Order | None]:
    """What one batch of a model version leads to, and the request where there is one."""
    result = results.run(results.check("roc_auc", Measurement("roc_auc", results.RED)))
    result = replace(result, subject=replace(result.subject, model=ModelInfo("m", name="m", version=version)))
    red = result.checks if type(event) is Failed else ()
    found = consider(
        Gathered("s", result),
        {**ACTION, **action},
        [("a" * 40, event, red)],
        {"MODELQA_LEDGER": url},
        tmp_path,
    )
    return found.said, found.order


SOON = {"cool_down": 1e-6}


def test_killed_before_it_began_it_is_asked_for_again_after_the_cool_down(url: str, tmp_path: Path) -> None:
    """Under another id, for the first one may have been done."""
    _, first = seen(url, tmp_path, Failed("a", version="7"))
    said, none = seen(url, tmp_path, Failed("b", version="7"))
    assert (none, "of which it is not known whether it was done" in said) == (None, True)
    said, second = seen(url, tmp_path, Failed("c", version="7"), **SOON)
    assert first
    assert second
    assert first.retrain.id != second.retrain.id


def test_a_problem_that_was_closed_may_be_trained_away_again(url: str, tmp_path: Path) -> None:
    """Three clean batches of the new version close it; until then the retrain has not helped."""
    _, order = seen(url, tmp_path, Failed("a", version="7"), **SOON)
    assert order
    carry_out(
        replace(order, action={**ACTION, "run": ["true"]}), {"MODELQA_LEDGER": url, **os.environ}, tmp_path
    )
    assert "no newer version has come" in seen(url, tmp_path, Failed("b", version="7"), **SOON)[0]
    assert "did not help" in seen(url, tmp_path, Failed("c", version="8"), "8", **SOON)[0]
    for name in "def":
        assert seen(url, tmp_path, Passed(name, version="9"), "9") == ("", None)
    said, again = seen(url, tmp_path, Failed("g", version="9"), "9", **SOON)
    assert "did not help" in said  # within a week of its closing it is the same problem
    assert again is None
    with Ledger(url) as ledger, ledger.writing() as work:
        state = retrains.episode(work, "a" * 40)
        long_ago = {**state, "phase": "closed", "closed": state["opened"] - 8 * 86_400}
        retrains.keep_episode(work, "a" * 40, long_ago, "")
    said, again = seen(url, tmp_path, Failed("h", version="9"), "9", **SOON)
    assert again, said
