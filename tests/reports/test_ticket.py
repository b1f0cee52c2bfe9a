"""A ticket tells what failed, since when, how bad, what it probably is, and how to see it again."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hostile import HOSTILE
from markdown_it import MarkdownIt

from modelqa.core.bound import Bound, Outcome
from modelqa.core.cause import diagnose, muted
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.reports.ticket import LONGEST_BODY, LONGEST_TITLE, Story, body, comment, title, values

RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
STORY = Story(
    "2026-11-20.parquet",
    failures=3,
    last_good="2026-11-19.parquet",
    clean=0,
    close_after=3,
    open=True,
    trend=[("a", {"roc_auc": "0.912"}), ("b", {"roc_auc": "0.905"}), ("c", {"roc_auc": "0.871"})],
    owner="ml-team",
    environment="production",
    links={"run": "https://github.com/acme/ml/actions/runs/7"},
)


def check(kind: str, outcome: Outcome = Outcome.FAILED, name: str = "") -> CheckResult:
    """A check without verdicts."""
    return CheckResult(name or kind, kind, (), outcome, seconds=0, where="")


def run(text: str = "", *more: CheckResult) -> SuiteResult:
    """A run with one red score and a slice; every text of it the same where one is given."""
    found = [
        Verdict.of(Measurement(text or "roc_auc", each, slice=part), Bound(min=0.9))
        for part, each in (("", RED), (text or "region=EU", Estimate(0.842, low=0.829, high=0.855, n=9120)))
    ]
    red = CheckResult(
        text or "roc_auc",
        "metric",
        tuple(found),
        Outcome.FAILED,
        seconds=1,
        where=text or "churn.suite.yaml:14",
    )
    name = text or "churn"
    subject = SubjectInfo(
        model=ModelInfo(
            text or "models:/churn@new", name=name, version=text or "7", digest="sha256:" + "a" * 64
        ),
        champion=ModelInfo(text or "models:/churn@champion"),
        batch=DataInfo(
            text or "2026-11-22.parquet",
            rows=41203,
            digest="sha256:" + "b" * 64,
            source=text or "data/2026-11-22.parquet",
        ),
        reference=DataInfo(text or "train.parquet", rows=100),
    )
    return SuiteResult(name, subject, (red, *more), started="", digest="sha256:" + "c" * 64)


def html(markdown: str) -> str:
    """What a reader of the same dialect makes of it."""
    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


def shown(result: SuiteResult, story: Story = STORY) -> str:
    """The text that a person reads."""
    return unescape(body(result, story, path="suites/churn.suite.yaml", red=result.checks[:1]))


def test_a_ticket_tells_all_that_is_asked_of_it() -> None:
    """Since when, how bad, with interval, slices, trend, cause, last good batch, data, command and links."""
    told = shown(run())
    for part in (
        "Not green since <code>2026-11-20.parquet</code>: 3 batches in a row",
        "roc_auc is 0.871, below the floor of 0.90",
        "0.871 [0.862, 0.880], n=41,203",
        "roc_auc in region=EU</code>: 0.842 [0.829, 0.855]",
        "the last 3 batches, from <code>a</code>: 0.912 → 0.905 → 0.871",
        "**Probably:** Scores fell.",
        "| last good batch | <code>2026-11-19.parquet</code> |",
        "<code>2026-11-22.parquet</code>, 41,203 rows <code>sha256:bbbbbbbbbbbb</code>",
        "| owner | <code>ml-team</code> |",
        "| environment | <code>production</code> |",
        "[run](https://github.com/acme/ml/actions/runs/7)",
        "churn.suite.yaml:14",
        "modelqa run suites/churn.suite.yaml --model models:/churn/7 --batch data/2026-11-22.parquet",
    ):
        assert part in told, part


def test_what_many_batches_say_is_told_of_a_check() -> None:
    """Beside what this one says, and as text: a column's name is no markup."""
    words = "accuracy of <b>: evidence over 7 batches since day 3: e-value 512"
    told = body(run(), replace(STORY, evidence={"roc_auc": words}), path="s", red=run().checks)
    assert words in unescape(html(told))
    assert "<b>" not in html(told)
    assert "evidence" not in shown(run())


def test_a_ticket_says_what_to_train_on_and_what_is_done_about_it() -> None:
    """The batches that failed, the last good one before them, and whether a retraining was asked for."""
    told = shown(run(), replace(STORY, retraining="held back: in the cool-down", severity="high"))
    assert (
        "**Retrain on:** rows like those of the 3 batches from <code>2026-11-20.parquet</code> to "
        "<code>2026-11-22.parquet</code>, all newer than the last good one, <code>2026-11-19.parquet</code>"
    ) in told
    assert "**Retraining:** held back: in the cool-down" in told
    assert "| severity | high |" in told
    assert "**Retrain on:** rows like those of <code>2026-11-22.parquet</code>, beside" in shown(
        run(), replace(STORY, failures=1, last_good="")
    )


def test_nobody_is_told_to_train_on_bad_rows() -> None:
    """Where the cause is data quality there is no window."""
    assert "Retrain on" not in shown(run("", check("schema")))


def test_a_ticket_leads_to_the_report_the_run_and_the_version() -> None:
    """As links where there are addresses, else by name."""
    links = {"MLflow run": "https://mlflow.example/#/experiments/1/runs/ab"}
    told = shown(run(), replace(STORY, links=links, facts={"report": "out/churn.html"}))
    assert "[MLflow run](https://mlflow.example/#/experiments/1/runs/ab)" in told
    assert "| report | <code>out/churn.html</code> |" in told


def test_without_a_batch_it_speaks_of_runs() -> None:
    """A suite of ages alone has none."""
    result = run()
    told = shown(replace(result, subject=replace(result.subject, batch=None)))
    assert "3 runs in a row" in told
    assert "| last good run | <code>2026-11-19.parquet</code> |" in told
    assert "batch" not in told.replace("--batch", "")


def test_the_command_has_the_path_of_the_batch() -> None:
    """Its name alone would be found in the folder of the command only."""
    result = run()
    batch = DataInfo("new.csv", rows=1, digest="x", source="data/new.csv")
    result = replace(result, subject=replace(result.subject, batch=batch))
    assert "--batch data/new.csv</pre>" in shown(result)


def test_the_command_can_be_copied() -> None:
    """Not a character more than it has: no invisible space in an address."""
    result = run()
    batch = DataInfo("a", rows=1, source="s3://lake/a b@1.parquet")
    result = replace(result, subject=replace(result.subject, batch=batch))
    assert "--batch 's3://lake/a b@1.parquet'</pre>" in shown(result)


def test_rows_of_a_database_are_asked_for_again() -> None:
    """By the SELECT that gave them, line by line, with a word on where the database is named."""
    result = run()
    batch = DataInfo("scored 2 to 7", rows=1, source="SELECT *\nFROM scored WHERE id <= 7 AND id > 2")
    result = replace(result, subject=replace(result.subject, batch=batch))
    told = shown(result)
    assert "--batch 'SELECT *\nFROM scored WHERE id <= 7 AND id > 2'</pre>" in told
    assert "See it again, with the address of the database in `MODELQA_DATABASE`:" in told


def test_rows_that_only_memory_held_are_not_named() -> None:
    """No command has them again, so none pretends to."""
    result = run()
    batch = DataInfo("DataFrame", rows=1, digest="x")
    result = replace(result, subject=replace(result.subject, batch=batch))
    assert "--batch" not in shown(result)


def test_the_title_has_no_value_in_it() -> None:
    """It stays the same while the problem does."""
    first, second, third = (check("metric", name=name) for name in ("a", "b", "c"))
    assert title(run(), run().checks) == "churn: roc_auc not green on churn"
    assert title(run(), [first, second]) == "churn: a and b not green on churn"
    assert title(run(), [first, second, third]) == "churn: a, b and 1 more not green on churn"


def test_what_has_become_of_it_is_said() -> None:
    """Clean batches are counted, a closed one says so."""
    clean = replace(STORY, clean=2, failures=0)
    assert "2 clean batches in a row since <code>2026-11-20.parquet</code> failed; closes after 3." in shown(
        run(), clean
    )
    assert "failed; closed." in shown(run(), replace(clean, clean=3, open=False))
    assert "Still not green on <code>2026-11-22.parquet</code>: 3 batches in a row" in unescape(
        comment(run(), STORY, red=run().checks)
    )
    assert "a person closes it" in comment(run(), clean, red=[])


def test_what_a_broken_schema_mutes_is_said() -> None:
    """It is neither counted nor forgotten."""
    result = run("", check("schema"))
    told = unescape(body(result, STORY, path="s", red=result.checks[1:]))
    assert "not counted, since the schema is broken: <code>roc_auc</code>" in told
    assert "Data quality" in told


CAUSES = [
    (["schema"], [], "Data quality"),
    (["expect", "metric", "drift"], [], "Data quality"),
    (["drift", "metric"], [], "Drift with harm"),
    (["drift"], ["metric"], "Drift without harm"),
    (["drift"], [], "Whether it does harm is not known"),
    (["metric"], ["drift"], "Decay"),
    (["staleness"], ["metric", "drift"], "Age"),
    (["staleness", "latency"], [], "Age"),
    (["staleness", "metric"], [], "Scores fell"),
    (["serving"], ["metric"], "Serving"),
    (["fairness"], [], "Whether the rows have changed is not known"),
    (["latency"], ["metric"], "Serving"),
    (["errors"], [], "Serving"),
    ([], ["metric"], "Not known"),
]


@pytest.mark.parametrize(("red", "green", "cause"), CAUSES)
def test_what_it_probably_is(red: list[str], green: list[str], cause: str) -> None:
    """From what failed and what did not."""
    checks = [*(check(kind) for kind in red), *(check(kind, Outcome.PASSED) for kind in green)]
    assert cause in diagnose(checks)


def test_a_broken_schema_mutes_drift_and_scores_only() -> None:
    """A serving problem is one all the same; and a schema that holds mutes nothing."""
    kinds = ("schema", "expect", "drift", "metric", "latency", "flips:rate")
    assert muted([check(kind) for kind in kinds]) == {"drift", "metric", "flips:rate"}
    assert muted([check("schema", Outcome.PASSED), check("metric")]) == frozenset()


def test_a_trend_is_made_of_whole_measurements() -> None:
    """A slice or one of many columns is none."""
    assert values(run().checks) == {"roc_auc": "0.871"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_is_more_than_a_name(text: str) -> None:
    """No markup, mention, reference, link or image, in title, body or comment."""
    result = run(text)
    story = replace(
        STORY, since=text, last_good=text, owner=text, environment=text, links={text: "javascript:alert(1)"},
        retraining=text, severity=text, facts={text: text}, trend=[(text, {text: text})] * 2,
    )  # fmt: skip
    made = (
        body(result, story, path=text, red=result.checks) + "\n\n" + comment(result, story, red=result.checks)
    )
    rendered = html(made)
    allowed = {"p", "ul", "li", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "pre"}
    assert set(re.findall(r"<([a-z][a-z0-9]*)", rendered)) <= allowed
    told = re.sub(r"<pre>.*?</pre>", "", rendered, flags=re.DOTALL)
    assert not re.search(r"@[A-Za-z0-9]", unescape(re.sub(r"<[^>]*>", "", told)))
    assert not re.search(r"@[A-Za-z0-9]", title(result, result.checks))
    assert "\n" not in title(result, result.checks)


def test_a_ticket_fits_where_it_goes() -> None:
    """However many checks and slices there are, and however long their names."""
    part = Verdict.of(Measurement("m" * 300, RED, slice="s" * 300), Bound(min=0.9))
    many = [
        CheckResult(f"{'c' * 300}{n}", "metric", (part,) * 50, Outcome.FAILED, seconds=0, where="")
        for n in range(100)
    ]
    result = replace(run(), checks=tuple(many))
    assert len(body(result, STORY, path="s", red=many)) <= LONGEST_BODY + 100
    assert len(title(result, many)) <= LONGEST_TITLE
