"""Results as runs make them, for tests of whatever tells them."""

from dataclasses import replace

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.core.units import Unit

RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
OPEN = Estimate(0.908, low=0.884, high=0.929, n=412)
GOOD = Estimate(0.95, low=0.94, high=0.96, n=41203)


def check(id_: str, *found: Measurement, bound: Bound | None = None, reason: str = "") -> CheckResult:
    """A check with a minimum of 0.9, unless another bound is given."""
    verdicts = tuple(Verdict.of(each, bound or Bound(min=0.9)) for each in found)
    outcome = Outcome.ERRORED if reason else Outcome.worst([verdict.outcome for verdict in verdicts])
    return CheckResult(
        id_, "metric", verdicts, outcome, seconds=1, where="churn.suite.yaml:14", reason=reason
    )


def run(*checks: CheckResult, name: str = "churn") -> SuiteResult:
    """A run of one model version on a batch."""
    subject = SubjectInfo(
        model=ModelInfo("m", name=name, version="7", digest="sha256:0123456789abcdef"),
        batch=DataInfo("new.parquet", rows=41203, digest="sha256:fedcba"),
    )
    return SuiteResult(name, subject, checks, started="2026-11-22T10:00:00+00:00", digest="sha256:aa")


def columns(number: int, name: str = "column") -> list[Measurement]:
    """Columns that have moved, each more than the one before, with both distributions."""
    shares = [0.05] * 20
    data = {"labels": [str(at) for at in range(20)], "reference": shares, "batch": shares[::-1]}
    return [
        Measurement(
            "wasserstein",
            Estimate(0.001 * at, low=0.0, high=0.001 * at + 0.001, n=20_000),
            column=f"{name}_{at}",
            evidence=(Evidence("distributions", data),),
        )
        for at in range(number)
    ]


def drifted(number: int, *, limit: float = 0.1) -> CheckResult:
    """A drift check of many columns."""
    return check("drift-all", *columns(number), bound=Bound(max=limit))


def latency(*names: str, limit: float = 0.04, metric: str = "latency_p95") -> Measurement:
    """Calls of one model, or of two side by side."""
    edges = [0.001 * 2**at for at in range(5)]
    each = {"n": 10, "quantiles": [0.002, 0.005, 0.009], "counts": [1, 5, 3, 1], "course": [0.002]}
    data = {"shares": [0.5, 0.66, 0.99], "edges": edges, "series": dict.fromkeys(names, each)}
    found = Estimate(0.009, low=0.008, high=limit - 0.01, n=400)
    return Measurement(
        metric, found, unit=Unit.SECONDS, counts="calls", evidence=(Evidence("latency", data),)
    )


def across(*values: float, metric: str = "gap of recall", name: str = "region=") -> Measurement:
    """A gap between slices, and each of them."""
    data = {
        "across": "gap",
        "metric": "recall",
        "slices": [f"{name}{at or ''}" for at in range(len(values))],
        "values": list(values),
        "low": [value - 0.1 for value in values],
        "high": [value + 0.1 for value in values],
        "n": [100] * len(values),
    }
    gap = max(values) - min(values)
    return Measurement(
        metric, Estimate(gap, low=gap - 0.05, high=gap + 0.05, n=500), evidence=(Evidence("slices", data),)
    )


def full_run(*checks: CheckResult, name: str = "churn") -> SuiteResult:
    """A run with everything that a page can show."""
    step = Measurement("roc_auc versus champion", Estimate(0.01, low=0.001, high=0.02, n=500))
    some = (
        check("roc_auc", Measurement("roc_auc", RED), Measurement("roc_auc", RED, slice="region=EU")),
        check("f1", Measurement("f1", OPEN)),
        check("recall-across-gap", across(0.9, 0.5, 0.7), bound=Bound(max=0.1)),
        check("roc_auc-versus-champion", step, bound=Bound(min=-0.005)),
        check("latency-p95", latency("model", "champion"), bound=Bound(max=0.04)),
        check("drift-all", *columns(9), bound=Bound(max=0.004)),
        check("broken", reason="the batch has no rows"),
    )
    made = run(*some, *checks, name=name)
    return replace(made, subject=replace(made.subject, champion=ModelInfo("c", name=name, version="6")))


def hostile_run(text: str) -> SuiteResult:
    """A run in which every text is the same evil one."""
    shares = {"labels": [text], "reference": [1.0], "batch": [1.0]}
    more = (Evidence("distributions", shares), *latency(text).evidence, *across(0.5, name=text).evidence)
    found = Measurement(text, RED, column=text, slice=text, note=text, counts=text, evidence=more)
    step = replace(found, metric=f"{text} versus champion")
    verdicts = tuple(Verdict.of(each, Bound(min=0.9)) for each in (found, step))
    checks = (
        CheckResult(text, text, verdicts, Outcome.FAILED, seconds=1, where=text, notes=(text,)),
        CheckResult(text, text, (), Outcome.ERRORED, seconds=1, where=text, reason=text or "x"),
    )
    info = ModelInfo(text, name=text, version=text, digest=text)
    subject = SubjectInfo(model=info, champion=info, batch=DataInfo(text, rows=1, digest=text))
    return SuiteResult(text, subject, checks, started=text, digest=text)
