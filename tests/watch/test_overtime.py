"""What many batches say of a check: alarms, how they end, and one budget whatever begins anew."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.actions.tickets import Passed, Phase, Policy, Ticket, advance
from modelqa.core import codec
from modelqa.core.bound import Bound, Outcome
from modelqa.core.codec import Gathered
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import OVER_TIME, Evidence
from modelqa.core.result import Budget, CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.standing import Stand
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.ledger import Ledger
from modelqa.stats.inverted import of_share
from modelqa.ticketing import FLAPS, over_time, patience, problems
from modelqa.watch.overtime import MOST_AWAY, MOST_VERSIONS, Rules, after, commit

DAY = 86_400.0
ACTION: Mapping[str, Any] = {"ticket": "local", "on": ["failed"]}
FLOOR = Bound(min=0.9)


def score(p: float | None = None, value: float = 0.91, *, name: str = "accuracy", **more: Any) -> Measurement:
    """A score whose own interval never tells, and the p-value that it told of its floor."""
    told = () if p is None else (Evidence(OVER_TIME, {"min": p}),)
    return Measurement(
        name, Estimate(value, low=value - 0.05, high=value + 0.05, n=500), evidence=told, **more
    )


def check(
    *found: Measurement, bound: Bound = FLOOR, id_: str = "accuracy", kind: str = "metric"
) -> CheckResult:
    """A check as a run makes it."""
    verdicts = tuple(Verdict.of(each, bound) for each in found)
    outcome = Outcome.worst([verdict.outcome for verdict in verdicts])
    return CheckResult(id_, kind, verdicts, outcome, seconds=0, where="")


def run(*checks: CheckResult, batch: str = "a", version: str = "7", share: int = 1) -> SuiteResult:
    """A run of a model version on a batch, in a suite where so many checks share the budget."""
    subject = SubjectInfo(
        model=ModelInfo("m", name="churn", version=version), batch=DataInfo(batch, rows=500, digest=batch)
    )
    levels = Budget(false_alarms=0.01, confidence=0.95, alpha=0.01 / share, checks=share)
    return SuiteResult("churn", subject, checks, started="", digest="", levels=levels)


class Watched:
    """A suite, watched batch by batch, a day apart, with a ledger of plain data."""

    def __init__(self, **rules: Any) -> None:
        self.state: dict[str, Any] | None = None
        self.day, self.rules = 0, Rules(**rules)

    def sees(self, result: SuiteResult) -> dict[str, Stand]:
        plain = json.loads(json.dumps(self.state, allow_nan=False))
        self.state, standing = after(result, plain, now=self.day * DAY, rules=self.rules)
        self.day += 1
        return standing

    def score(self, p: float, **more: Any) -> Outcome:
        """One check of one score."""
        batch = f"day {self.day}"
        return self.sees(run(check(score(p)), batch=batch, **more))["accuracy"].outcome

    def alarmed(self) -> "Watched":
        """Bad batches until there is an alarm."""
        while self.score(1e-5) is not Outcome.FAILED:
            assert self.day < 50
        return self


def test_one_bad_batch_is_none_and_many_are_an_alarm() -> None:
    """The words say what it rests on, and since when."""
    there = Watched()
    for p in (1.0, 0.7, 1.0):
        assert there.score(p) is Outcome.PASSED
    assert there.score(0.01) is Outcome.PASSED
    while (stand := there.sees(run(check(score(0.01)), batch=f"day {there.day}"))["accuracy"]).words == "":
        assert there.day < 30
    assert stand.outcome is Outcome.FAILED
    count = there.day - 3
    assert f"accuracy: evidence over {count} batches since day 3: e-value " in stand.words
    assert "anytime-valid p = " in stand.words
    assert "budget 2% a year" in stand.words


def test_an_alarm_ends_after_clean_batches_in_a_row() -> None:
    """Clean is what is no evidence by itself; a batch that is some begins the count anew."""
    there = Watched(close_after=3).alarmed()
    said = [there.score(p) for p in (1.0, 1.0, 0.4, 0.6, 1.0)]
    clean, bad = Outcome.PASSED, Outcome.FAILED
    assert said == [clean, clean, bad, clean, clean]
    assert "alarm" in json.dumps(there.state)
    assert there.score(1.0) is clean
    assert there.score(0.4) is clean, "it is over: one such batch is no evidence"


def test_an_alarm_spends_what_was_staked() -> None:
    """A second one needs evidence of its own."""
    there = Watched(close_after=1).alarmed()
    assert there.score(1.0) is Outcome.PASSED
    assert there.score(1e-5) is Outcome.PASSED


def test_red_without_an_alarm_is_undecided() -> None:
    """A batch that is red by itself is no clean one, nor a ticket."""
    low = score(0.004, 0.84)
    assert check(low).outcome is Outcome.FAILED
    assert Watched().sees(run(check(low)))["accuracy"] == Stand(Outcome.INCONCLUSIVE)


def test_an_undecided_batch_is_in_order() -> None:
    """500 rows never prove a floor that is near: over time that is no matter."""
    assert check(score()).outcome is Outcome.INCONCLUSIVE
    assert Watched().score(1.0) is Outcome.PASSED


def test_a_check_that_tells_no_p_value_tells_red_or_not() -> None:
    """Red at its own level is a p-value of that level: enough of them are an alarm; others are in order."""
    there, red = Watched(), score(None, 0.84)
    said = [there.sees(run(check(red), batch=str(day)))["accuracy"].outcome for day in range(9)]
    assert said[0] is Outcome.INCONCLUSIVE
    assert said[-1] is Outcome.FAILED
    assert there.sees(run(check(score(None, 0.88))))["accuracy"].outcome is Outcome.PASSED


def test_facts_are_what_their_result_says() -> None:
    """They have no standing of their own, and inside a statistical check they count at once."""
    fact = Measurement("missing_column", Estimate.fact(1, n=5), bound=Bound(max=0))
    assert Watched().sees(run(check(fact, kind="schema"))) == {}
    assert Watched().sees(run(check(score(1.0), fact)))["accuracy"].outcome is Outcome.FAILED


def test_warnings_are_no_alarms() -> None:
    """What can only warn has no process, and is told as it is."""
    soft = check(score(), bound=Bound(warn_min=0.9))
    assert Watched().sees(run(soft)) == {}
    both = check(score(1.0, 0.98), bound=Bound(min=0.5, warn_min=0.99))
    assert Watched().sees(run(both))["accuracy"].outcome is Outcome.PASSED


def test_what_was_not_measured_is_not_in_order() -> None:
    """A score that does not exist, a crashed check, a broken schema."""
    none = replace(score(), estimate=Estimate.undefined(n=3))
    there = Watched()
    assert there.sees(run(check(none)))["accuracy"].outcome is Outcome.INCONCLUSIVE
    crashed = CheckResult("accuracy", "metric", (), Outcome.ERRORED, seconds=0, where="", reason="it broke")
    assert there.sees(run(crashed)) == {}
    broken = CheckResult("schema", "schema", (), Outcome.FAILED, seconds=0, where="")
    before = json.dumps(there.state["versions"]) if there.state else ""
    assert there.sees(run(broken, check(score(1e-9)))) == {}
    assert there.state
    assert json.dumps(there.state["versions"]) == before
    assert there.sees(replace(run(check(score(1e-9))), levels=None)) == {}


def test_an_alarm_lasts_while_its_measurement_is_away_and_is_forgotten_in_the_end() -> None:
    """A slice that does not come is not known to be well; nor does it hold a ticket open for ever."""
    there = Watched()
    for day in range(9):
        found = check(score(1.0), score(1e-5, slice="region=EU"))
        standing = there.sees(run(found, batch=str(day)))
    assert standing["accuracy"].outcome is Outcome.FAILED
    assert "accuracy in region=EU" in standing["accuracy"].words
    said = [there.score(1.0) for _ in range(MOST_AWAY + 1)]
    assert set(said[:-1]) == {Outcome.INCONCLUSIVE}
    assert said[-1] is Outcome.PASSED


def on_the_brink() -> Watched:
    """One that the next batch of p = 0.01 would alarm."""
    there = Watched()
    while there.score(0.01) is Outcome.PASSED:
        assert there.day < 9
    needed, there = there.day, Watched()
    for _ in range(needed - 1):
        there.score(0.01)
    return there


def test_a_new_version_begins_anew_but_not_as_if_nothing_had_been() -> None:
    """Evidence is left behind, what was bad has to be clean first; other versions' batches change nothing."""
    there = on_the_brink()
    assert there.score(0.01, version="8") is Outcome.PASSED
    there.alarmed()
    assert there.score(0.4, version="9") is Outcome.FAILED
    assert [there.score(1.0, version="9") for _ in range(4)][-1] is Outcome.PASSED
    assert there.score(0.4, version="9") is Outcome.PASSED
    assert there.score(0.4, version="7") is Outcome.FAILED
    for version in range(20, 30):
        there.score(1.0, version=str(version))
    assert there.state
    assert len(there.state["versions"]) == MOST_VERSIONS


def test_a_changed_bound_begins_anew() -> None:
    """Evidence against one floor is none against another."""
    there = on_the_brink()
    eased = check(score(0.01), bound=Bound(min=0.8))
    assert there.sees(run(eased))["accuracy"].outcome is Outcome.PASSED


def staked(state: Mapping[str, Any]) -> float:
    """All that is staked on all measurements of all versions."""
    return sum(
        sum(kept["process"]["stakes"])
        for version in state["versions"].values()
        for held in version.values()
        for kept in held.values()
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3), st.sampled_from("789")), min_size=1, max_size=25)
)
def test_what_flows_in_is_the_budget_whatever_comes_and_goes(
    batches: list[tuple[int, int, str]],
) -> None:
    """Columns and versions that appear and vanish: a batch that says nothing at all stakes its inflow once.

    The p-value at which all bets together are fair is looked for, so that stakes stay what they are.
    """
    there, flowed = Watched(), 0.0
    for day, (columns, sides, version) in enumerate(batches, start=1):
        bound = Bound(min=0.9) if sides == 1 else Bound(min=0.9, max=0.99 if sides == 2 else 0.95)
        found = [score(1.0, name=f"c{number}") for number in range(columns)]
        there.sees(run(check(*found, bound=bound), batch=str(day), version=version, share=2))
        flowed += 0.02 / 2 * (0.2 / (day * (day + 1)) + (0.8 / 365 if day > 1 else 0.0))
        assert there.state
        assert 0 < staked(there.state) < flowed <= 0.01


def test_the_clock_may_jump() -> None:
    """Back, or a year ahead: no budget comes out of nothing."""
    state, _ = after(run(check(score(1.0))), None, now=1e9, rules=Rules())
    back, _ = after(run(check(score(1.0))), state, now=0.0, rules=Rules())
    assert back["time"] == 1e9
    ahead, _ = after(run(check(score(1.0))), back, now=5e9, rules=Rules())
    assert staked(ahead) < 0.02 * (0.25 + 0.75 / 12)


def test_it_survives_the_result_file() -> None:
    """What a check tells crosses processes and files with the result."""
    result = run(check(score(0.0123)))
    back = codec.loads(codec.dumps(result))
    assert after(back, None, now=0.0, rules=Rules()) == after(result, None, now=0.0, rules=Rules())


def test_the_ledger_keeps_it(tmp_path: Path) -> None:
    """In the transaction of the batch: what is rolled back was never seen."""
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:

        def sees(p: float, *, environment: str = "", crashes: bool = False) -> Outcome:
            with ledger.writing() as work:
                found = commit(work, run(check(score(p))), environment=environment, rules=Rules())
                if crashes:
                    raise KeyError
            return found["accuracy"].outcome

        said = [sees(1e-3) for _ in range(4)]
        assert (said[0], said[-1]) == (Outcome.PASSED, Outcome.FAILED)
        for _ in range(5):
            with pytest.raises(KeyError):
                sees(1.0, crashes=True)
        assert sees(0.4) is Outcome.FAILED
        assert sees(1e-3, environment="staging") is Outcome.PASSED


def test_a_batch_that_does_not_come_takes_nothing_of_what_flows_in() -> None:
    """The budget of the days without one is there for the next."""
    late = CheckResult("arrival", "arrival", (), Outcome.ERRORED, seconds=0, where="", reason="late")
    one, other = Watched(), Watched()
    for each in (one, other):
        each.score(0.01)
    assert one.sees(replace(run(late), levels=None)) == {}
    other.day += 1
    assert one.score(0.01) is other.score(0.01)
    assert one.state == other.state


def test_what_was_counted_is_not_counted_again_when_it_is_restated(tmp_path: Path) -> None:
    """What a broken schema muted was not; a check that was counted stands as it stood."""
    counted = Measurement("types", Estimate.fact(1.0, n=500), bound=Bound(max=0))
    broken = check(counted, id_="types", kind="schema")
    bad = check(score(1e-12))
    first, second = run(broken, bad), run(bad)
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger, ledger.writing() as work:

        def sees(result: SuiteResult, *earlier: SuiteResult) -> Mapping[str, Stand]:
            return commit(work, result, environment="", rules=Rules(), earlier=earlier)

        def state() -> object:
            return work.connection.exec_driver_sql("SELECT state FROM modelqa_processes").all()

        assert sees(first) == {}
        stands = sees(second, first)
        assert stands["accuracy"].outcome is Outcome.FAILED
        kept = state()
        assert sees(second, first, second) == stands
        assert state() == kept
        # A schema that breaks later mutes what it would mute in a first run.
        assert sees(first, second) == {}
        assert state() == kept


# --- what becomes of tickets


class Tickets(Watched):
    """The same, with the state machine of one ticket."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket, self.done = Ticket(), list[str]()

    def batch(self, *checks: CheckResult) -> Phase:
        result = run(*checks, batch=f"day {self.day}", share=2)
        standing = self.sees(result)
        seen = over_time(Gathered("churn.suite.yaml", result), standing)
        for _, event, red in problems(seen, ACTION, {}):
            policy = patience(Policy(), red, standing)
            self.ticket, commands = advance(self.ticket, event, policy, self.day * DAY)
            self.done += [each for each in commands if each in ("create", "close", "reopen")]
        return self.ticket.phase


def schema(*, red: bool) -> CheckResult:
    """A check that counts; of expectations, which mute nothing."""
    found = Measurement("nulls", Estimate.fact(float(red), n=500), bound=Bound(max=0))
    return check(found, id_="expect-nulls", kind="expect")


def scored(rng: np.random.Generator, truth: float) -> CheckResult:
    """500 rows of a score."""
    hits = int(rng.binomial(500, truth))
    return check(score(of_share(hits, 500)("min", 0.9), hits / 500))


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_failing_batches_and_three_good_ones_are_one_ticket(seed: int) -> None:
    """Opened once, closed once, though no single batch is sure of it."""
    there, rng = Tickets(), np.random.default_rng(seed)
    for _ in range(100):
        there.batch(schema(red=False), scored(rng, 0.87))
    assert there.done == ["create"]
    good = 0
    while there.batch(schema(red=False), check(score(1.0))) is Phase.OPEN:
        good += 1
    assert there.done == ["create", "close"]
    assert good == 2


@pytest.mark.parametrize("fact", [False, True])
def test_two_hundred_alternating_batches_are_one_ticket(fact: bool) -> None:
    """Bad and good in turn, by what is counted or by what is estimated: a ticket, and no end of it."""
    there = Tickets()
    for number in range(200):
        bad = bool(number % 2)
        there.batch(schema(red=fact and bad), check(score(1e-4 if bad and not fact else 1.0)))
    assert there.done == ["create"]


@pytest.mark.parametrize("seed", range(5))
def test_a_healthy_year_has_no_ticket_and_a_recovered_model_no_second_one(seed: int) -> None:
    """At 0.91 every batch is undecided, and some are red by chance."""
    there, rng = Tickets(), np.random.default_rng(100 + seed)
    for _ in range(365):
        there.batch(schema(red=False), scored(rng, 0.91))
    assert there.done == []
    for _ in range(30):
        there.batch(schema(red=False), scored(rng, 0.86))
    for _ in range(60):
        there.batch(schema(red=False), scored(rng, 0.92))
    assert there.done == ["create", "close"]


def test_a_fact_opens_a_ticket_where_two_of_three_batches_fail() -> None:
    """One bad delivery is none; an alarm waits for nothing."""
    there = Tickets()
    assert FLAPS == 2
    assert there.batch(schema(red=True), check(score(1.0))) is Phase.NONE
    assert there.batch(schema(red=False), check(score(1.0))) is Phase.NONE
    assert there.batch(schema(red=True), check(score(1.0))) is Phase.OPEN


def test_without_a_standing_runs_are_told_as_they_are() -> None:
    """Nobody watches: a red run opens a ticket at once, as ever."""
    red = check(score(None, 0.8))
    seen = Gathered("churn.suite.yaml", run(red))
    assert over_time(seen, {}) == seen
    assert patience(Policy(), [red], None) == Policy()
    assert patience(Policy(), [red], {}).open_after == FLAPS
    [(_, event, found)] = problems(over_time(seen, {"accuracy": Stand(Outcome.PASSED)}), ACTION, {})
    assert isinstance(event, Passed)
    assert found == []
