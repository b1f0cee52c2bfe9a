"""However many watchers see a red batch at once, one request is written down."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import results

from modelqa.actions.tickets import Failed
from modelqa.core.codec import Gathered
from modelqa.core.result import Measurement
from modelqa.ledger import Ledger
from modelqa.retraining import Considered, consider

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
