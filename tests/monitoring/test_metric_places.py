"""Where metrics go: a folder of text files, a Pushgateway (a fake, and a real one where it is installed)."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fake_pushgateway import FakePushgateway
from hostile import HOSTILE
from prometheus_client.parser import text_string_to_metric_families
from real_prometheus import free_port, needed, started
from results import GOOD, RED, check, full_run, hostile_run, run

from modelqa.core.result import Measurement, SuiteResult
from modelqa.core.subject import ModelInfo, SubjectInfo
from modelqa.errors import ActionError, ModelQAError
from modelqa.monitoring.places import Folder, Place, export, place
from modelqa.reports.exposition import text
from modelqa.reports.metrics import LAST_SUCCESS
from modelqa.reports.prometheus import samples

BEGAN = 1795341600.0


def result(*, red: bool = False, suite: str = "churn", model: str = "churn", day: int = 22) -> SuiteResult:
    """A run on a day of November."""
    made = run(check("f1", Measurement("f1", RED if red else GOOD)), name=suite)
    subject = SubjectInfo(model=ModelInfo("m", name=model, version="7") if model else None)
    return replace(made, subject=subject, started=f"2026-11-{day}T10:00:00+00:00")


def put(to: Place, *results: SuiteResult) -> list[str]:
    """Bring runs to a place that is not counted on to hold them at once."""
    return [export(each, to, lambda _: None) for each in results]


def value(page: str, metric: str, **labels: str) -> list[float]:
    """The values of a metric on a page."""
    return [
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == metric and labels.items() <= sample.labels.items()
    ]


# --- a folder


def test_a_suite_has_one_file_that_others_may_read(tmp_path: Path) -> None:
    """The node exporter is another user."""
    told = put(Folder(tmp_path / "new"), result())
    file = tmp_path / "new" / "modelqa-churn.prom"
    assert told == [str(file)]
    assert file.read_bytes().decode() == text(samples(result()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_names_of_suites_are_no_paths_and_share_no_file(tmp_path: Path) -> None:
    """Whatever they are called."""
    names = ["a/b", "a_b", "../evil", ".", "a%2Fb", "a\0b", "Ü"]
    put(Folder(tmp_path), *(result(suite=name) for name in names))
    assert len(list(tmp_path.iterdir())) == len(names)
    assert all(each.name.startswith("modelqa-") and each.suffix == ".prom" for each in tmp_path.iterdir())


def test_two_runs_of_a_name_do_not_overwrite_each_other_in_silence(tmp_path: Path) -> None:
    """One would be seen, the other not."""
    to = Folder(tmp_path)
    put(to, result())
    with pytest.raises(ActionError, match="two runs of a suite 'churn'"):
        put(to, result(red=True))


def test_somebody_who_reads_meanwhile_sees_whole_files(tmp_path: Path) -> None:
    """The old one or the new one, whenever it looks."""
    texts = {text(samples(full_run())), text(samples(result()))}
    Folder(tmp_path).put("churn", "churn", text(samples(result())))
    seen, done = set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(each.read_text() for each in tmp_path.glob("*.prom"))

    reader = threading.Thread(target=watch)
    reader.start()
    for _ in range(30):
        put(Folder(tmp_path), full_run())
        put(Folder(tmp_path), result())
    done.set()
    reader.join()
    # Both runs keep the moment of the green one.
    assert seen <= texts | {text(samples(full_run(), last_success=BEGAN))}


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """And nothing half written stays behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        put(Folder(tmp_path / "file"), result())


def test_a_file_of_somebody_else_is_replaced(tmp_path: Path) -> None:
    """It tells of no earlier run."""
    (tmp_path / "modelqa-churn.prom").write_bytes(b'\xff{"\n')
    put(Folder(tmp_path), result(red=True))
    page = (tmp_path / "modelqa-churn.prom").read_text()
    assert value(page, LAST_SUCCESS) == []


# --- a Pushgateway


@pytest.fixture(scope="module", params=["fake", "real"])
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway."""
    if request.param == "fake":
        with FakePushgateway() as fake:
            yield fake.address
        return
    program = needed("prometheus-pushgateway", "prometheus-pushgateway")
    address, log = f"127.0.0.1:{free_port()}", tmp_path_factory.mktemp("gateway") / "log"
    with started([program, f"--web.listen-address={address}"], log, lambda: _answers(f"http://{address}")):
        yield f"http://{address}"


def _answers(address: str) -> bool:
    try:
        return bool(page_of(address))
    except httpx.HTTPError:
        return False


def page_of(address: str) -> str:
    """What Prometheus would scrape."""
    return httpx.get(f"{address}/metrics", timeout=10).text


def groups(page: str) -> list[dict[str, str]]:
    """The labels of the groups that a gateway holds."""
    families = text_string_to_metric_families(page)
    return [
        dict(sample.labels)
        for family in families
        for sample in family.samples
        if sample.name == "push_time_seconds"
    ]


def at(address: str) -> Place:
    """A gateway, asked anew."""
    return place(address, {})


@pytest.fixture
def empty(gateway: str) -> str:
    """A gateway that holds nothing of ours."""
    for suite in {each.get("suite", "") for each in groups(page_of(gateway))}:
        at(gateway).delete(suite)
    assert value(page_of(gateway), "modelqa_checks") == []
    return gateway


def test_a_push_is_all_of_the_run_and_replaces_the_last_one(empty: str) -> None:
    """To the last digit, and nothing stays of the run before."""
    put(at(empty), full_run(), result(suite="digits"))
    page = page_of(empty)
    for sample in samples(full_run()):
        found = value(page, f"{sample.metric}{sample.suffix}", **{k: v for k, v in sample.labels if v})
        assert found == [sample.value], sample
    put(at(empty), result(red=True))
    assert value(page_of(empty), "modelqa_check_passed", suite="churn") == [0]
    assert value(page_of(empty), "modelqa_check_passed", suite="digits") == [1]


def test_the_groups_are_of_suite_and_model_and_of_no_instance(empty: str) -> None:
    """Whichever machine a suite ran on."""
    put(at(empty), result(), result(model="other"), result(model=""))
    assert sorted(
        ({"model": "", **each} for each in groups(page_of(empty))), key=lambda each: each["model"]
    ) == [
        {"job": "modelqa", "suite": "churn", "model": model, "instance": ""}
        for model in ("", "churn", "other")
    ]


def test_a_retired_suite_disappears_and_no_other(empty: str) -> None:
    """All of its models, and what others have pushed stays."""
    put(at(empty), result(), result(model="a/b"), result(model=""), result(suite="digits"))
    assert len(at(empty).delete("churn")) == 3
    page = page_of(empty)
    assert (
        value(page, "modelqa_check_passed", suite="churn")
        == value(page, "push_time_seconds", suite="churn")
        == []
    )
    assert value(page, "modelqa_check_passed", suite="digits") == [1]
    assert at(empty).delete("churn") == []


def test_hostile_names_make_one_group_each(empty: str) -> None:
    """A name is no path, no label and no line of the gateway's."""
    evil = [each for each in HOSTILE[::20] if each.strip() and each != "."]
    put(at(empty), *(replace(hostile_run(each), started="2026-11-22T10:00:00+00:00") for each in evil))
    page = page_of(empty)
    for each in evil:
        assert value(page, "modelqa_check_passed", suite=each, check=each) == [0], each
        assert len(at(empty).delete(each)) == 1
    assert value(page_of(empty), "modelqa_check_passed") == []


def test_two_runs_on_one_model_do_not_overwrite_each_other_in_silence(empty: str) -> None:
    """The group is the same."""
    to = at(empty)
    put(to, result(), result(model="other"))
    with pytest.raises(ActionError, match="two runs of a suite 'churn' on the same model"):
        put(to, result(red=True))


def test_a_path_before_the_gateway_s_own_is_kept() -> None:
    """Behind a proxy."""
    with FakePushgateway() as fake:
        fake.prefix = "/push"
        told = put(at(f"{fake.address}/push/"), result())
        assert told == [f"{fake.address}/push/ (job modelqa, suite churn, model churn)"]
        assert value(fake.page(), "modelqa_check_passed") == [1]


def test_what_others_have_pushed_is_theirs() -> None:
    """A job of another name may use our names: it is neither read nor deleted."""
    with FakePushgateway() as fake:
        fake.put("/metrics/job/other/suite/churn/model/churn", text(samples(result())))
        put(at(fake.address), result(red=True))
        assert value(fake.page(), LAST_SUCCESS, job="modelqa") == []
        assert len(at(fake.address).delete("churn")) == 1
        assert value(fake.page(), LAST_SUCCESS, job="other") == [BEGAN]


def test_what_a_gateway_refuses_is_an_error_with_its_words() -> None:
    """On one line."""
    with FakePushgateway() as fake:
        fake.answers = [(400, b"text format\n::error::x")]
        with pytest.raises(ActionError, match=r"the Pushgateway answered 400: text format\\n::error::x"):
            put(at(fake.address), result())
        assert fake.groups == {}


def test_nobody_there_is_an_error_at_once() -> None:
    """With the address, and without what is secret in it."""
    with pytest.raises(ModelQAError, match=r"http://127\.0\.0\.1:1: nobody answers there") as caught:
        at("http://me:canary@127.0.0.1:1")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://host/x", "http://", "https://host:99999", "http://a b"])
def test_an_address_that_is_none_is_an_error(address: str) -> None:
    """And no folder of that name."""
    with pytest.raises(ModelQAError, match="expected http://host:port"):
        at(address)


def test_a_token_is_sent_and_not_told() -> None:
    """Of the environment."""
    with FakePushgateway() as fake:
        told = put(place(fake.address, {"MODELQA_METRICS_TOKEN": "canary"}), result())
        assert set(fake.tokens) == {"Bearer canary"}
        assert "canary" not in str(told) + fake.page()


# --- both


@pytest.fixture(params=["folder", "gateway"])
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """An address, and what is there now."""
    if request.param == "folder":
        yield (
            str(tmp_path),
            lambda: "".join(each.read_bytes().decode() for each in sorted(tmp_path.glob("*.prom"))),
        )
        return
    with FakePushgateway() as fake:
        yield fake.address, fake.page


Somewhere = tuple[str, Callable[[], str]]


def test_when_a_suite_was_last_green_outlives_red_runs(somewhere: Somewhere) -> None:
    """Each suite for itself, until it is deleted."""
    address, page = somewhere
    put(place(address, os.environ), result(), result(suite="digits", red=True))
    for day in (23, 24):
        put(place(address, os.environ), result(red=True, day=day), result(suite="digits", red=True))
    assert value(page(), LAST_SUCCESS, suite="churn") == [BEGAN]
    assert value(page(), LAST_SUCCESS, suite="digits") == []
    assert value(page(), "modelqa_last_run_timestamp_seconds", suite="churn") == [BEGAN + 2 * 86400]
    put(place(address, os.environ), result(day=25))
    assert value(page(), LAST_SUCCESS, suite="churn") == [BEGAN + 3 * 86400]
    assert len(place(address, os.environ).delete("churn")) == 1
    put(place(address, os.environ), result(red=True, day=26))
    assert value(page(), LAST_SUCCESS, suite="churn") == []


def test_a_hostile_suite_is_known_again(somewhere: Somewhere) -> None:
    """A name with a line break or a carriage return is the same name when it is read back."""
    address, page = somewhere
    for evil in ("a\rb", "a\nb", 'a"b\\', "a\u2028b", "{", "#"):
        put(place(address, os.environ), result(suite=evil))
        put(place(address, os.environ), result(suite=evil, red=True, day=23))
        assert value(page(), LAST_SUCCESS, suite=evil) == [BEGAN], evil


def test_tickets_are_counted_when_metrics_are_written(somewhere: Somewhere) -> None:
    """By whoever knows them."""
    address, page = somewhere
    export(result(), place(address, os.environ), lambda _: 3)
    assert value(page(), "modelqa_tickets_open") == [3]
