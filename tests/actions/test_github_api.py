"""GitHub is spoken to so that nothing is written twice, and the one comment of a run stays one."""

from collections.abc import Iterator
from typing import Any

import pytest
from fake_github import FakeGitHub

from modelqa.actions.github import GitHub, marker, pull_request, upsert_comment
from modelqa.errors import ActionError


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    """GitHub, on the loopback."""
    with FakeGitHub() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """How long the client waited, each time."""
    return []


@pytest.fixture
def github(fake: FakeGitHub, waits: list[float]) -> Iterator[GitHub]:
    """A client that does not really wait."""
    with GitHub(fake.repository, "t0ken", api=fake.url, sleep=waits.append) as client:
        yield client


def test_the_environment_says_where_and_who(fake: FakeGitHub) -> None:
    """The variables that GitHub Actions sets."""
    with GitHub.of(fake.environ) as client:
        assert list(client.every("issues/1/comments")) == []
    assert fake.tokens == {"Bearer t0ken"}


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_a_missing_variable_is_named(fake: FakeGitHub, missing: str) -> None:
    """So that a reader knows what to set."""
    with pytest.raises(ActionError, match=missing):
        GitHub.of({**fake.environ, missing: ""})


def test_a_token_is_never_sent_in_the_clear() -> None:
    """Over http to another machine there is no call at all."""
    with pytest.raises(ActionError, match="https only"):
        GitHub("acme/ml", "t0ken", api="http://github.example/api/v3")


def test_the_comment_of_a_key_is_made_then_changed_then_left_alone(fake: FakeGitHub, github: GitHub) -> None:
    """One comment, whatever others say around it and on whichever page it stands."""
    for number in range(120):
        fake.comment(5, f"somebody's remark {number}")
    assert upsert_comment(github, 5, "churn", "red") == "created"
    for number in range(120):
        fake.comment(5, f"a later remark {number}")
    assert upsert_comment(github, 5, "churn", "green") == "updated"
    assert upsert_comment(github, 5, "churn", "green") == "unchanged"
    ours = [each["body"] for each in fake.comments.values() if marker("churn") in each["body"]]
    assert ours == [f"{marker('churn')}\ngreen"]


def test_two_keys_have_two_comments(fake: FakeGitHub, github: GitHub) -> None:
    """A repository can run several gates."""
    upsert_comment(github, 5, "churn", "a")
    upsert_comment(github, 5, "fraud", "b")
    assert len(fake.comments) == 2


def test_of_two_comments_made_at_once_the_older_stays(fake: FakeGitHub, github: GitHub) -> None:
    """Two runs that both found none have both written one."""
    first = fake.comment(5, f"{marker('churn')}\nold")
    fake.comment(5, f"{marker('churn')}\nolder run")
    assert upsert_comment(github, 5, "churn", "new") == "updated"
    assert list(fake.comments) == [first]


def test_somebody_who_quotes_our_marker_is_left_alone(fake: FakeGitHub, github: GitHub) -> None:
    """Only a comment that begins with it is ours."""
    quoted = fake.comment(5, f"> {marker('churn')}\nwhat is this?")
    assert upsert_comment(github, 5, "churn", "red") == "created"
    assert fake.comments[quoted]["body"].startswith("> ")


def test_a_write_that_may_have_been_done_is_not_repeated(fake: FakeGitHub, github: GitHub) -> None:
    """After a server's error, or without an answer, the next run looks first."""
    fake.fail_next = [(200, {}, []), (502, {}, {"message": "bad gateway"})]
    with pytest.raises(ActionError, match=r"POST .* answered 502"):
        upsert_comment(github, 5, "churn", "red")
    fake.lost = 1
    with pytest.raises(ActionError, match="cannot be reached"):
        upsert_comment(github, 5, "churn", "red")
    assert upsert_comment(github, 5, "churn", "red") == "unchanged"
    assert len(fake.comments) == 1


def test_a_read_is_repeated_after_a_servers_error(
    fake: FakeGitHub, github: GitHub, waits: list[float]
) -> None:
    """Reading twice harms nobody."""
    fake.fail_next = [(502, {}, {}), (503, {}, {})]
    assert list(github.every("issues/1/comments")) == []
    assert len(waits) == 2


@pytest.mark.parametrize("status", [403, 429])
def test_github_is_obeyed_when_it_says_wait(
    fake: FakeGitHub, github: GitHub, waits: list[float], status: int
) -> None:
    """As long as it says, then the call is made again, also a write: it was refused, not done."""
    fake.fail_next = [(200, {}, []), (status, {"retry-after": "7"}, {})]
    assert upsert_comment(github, 5, "churn", "red") == "created"
    assert waits == [7.0]


def test_nobody_waits_for_an_hour(fake: FakeGitHub, github: GitHub, waits: list[float]) -> None:
    """A gate ends; what it could not say it says the next time."""
    fake.fail_next = [(429, {"retry-after": "3600"}, {})]
    with pytest.raises(ActionError, match="429"):
        list(github.every("issues/1/comments"))
    assert waits == []


def test_a_refusal_does_not_repeat_what_the_server_says(fake: FakeGitHub, github: GitHub) -> None:
    """The text of an answer may hold anything."""
    fake.fail_next = [(422, {}, {"message": "secret"})]
    with pytest.raises(ActionError) as caught:
        list(github.every("issues/1/comments"))
    assert "secret" not in str(caught.value)


EVENTS: list[tuple[dict[str, Any], int | None]] = [
    ({"pull_request": {"number": 12}}, 12),
    ({"ref": "refs/heads/main"}, None),
    (
        {
            "workflow_run": {
                "head_sha": "abc",
                "head_branch": "feature",
                "head_repository": {"owner": {"login": "fork"}},
                "pull_requests": [],
            }
        },
        7,
    ),
    ({"workflow_run": {"head_sha": "gone", "head_branch": "feature", "head_repository": None}}, None),
]


@pytest.mark.parametrize(("event", "number"), EVENTS)
def test_an_event_names_its_pull_request(
    fake: FakeGitHub, github: GitHub, event: dict[str, Any], number: int | None
) -> None:
    """After a fork's run it is the open one with that very commit, branch and owner."""
    fake.pull(6, "abc", owner="other")
    fake.pull(7, "abc", owner="fork")
    fake.pull(8, "def", owner="fork")
    assert pull_request(github, event) == number


def test_a_next_page_elsewhere_is_not_followed(fake: FakeGitHub, github: GitHub) -> None:
    """The token goes to one host."""
    fake.fail_next = [(200, {"link": '<http://127.0.0.1:1/steal>; rel="next"'}, [])]
    with pytest.raises(ActionError, match="another host"):
        list(github.every("issues/1/comments"))
