"""A webhook is signed, sent over https only, and says the same thing once."""

from collections.abc import Iterator

import pytest
from fake_webhook import SECRET, FakeWebhook

from modelqa.actions.tracker import Later, Refused, Text, Unreachable
from modelqa.actions.webhook import Webhook, sign
from modelqa.errors import ActionError

TEXT = Text("t", "b", "c", fingerprint="ab" * 20, key="k1")


@pytest.fixture
def fake() -> Iterator[FakeWebhook]:
    """A receiver, on the loopback."""
    with FakeWebhook() as running:
        yield running


def hook(fake: FakeWebhook, secret: str = SECRET.decode(), now: float = 0.0) -> Webhook:
    """A sender."""
    return Webhook(fake.url, secret, now=lambda: now)


def test_the_same_message_is_done_once_and_another_one_again(fake: FakeWebhook) -> None:
    """A message is one by its key and its words."""
    sender = hook(fake)
    for text in (TEXT, TEXT, Text("t", "b", "c", fingerprint=TEXT.fingerprint, key="k2")):
        sender.comment("", text)
    assert [ticket["comments"] for ticket in fake.tickets.values() if "comments" in ticket] == [["c", "c"]]


def test_a_request_to_retrain_is_done_once_whatever_it_says(fake: FakeWebhook) -> None:
    """It is known by its key alone: a later batch that asks again for the same is the same request."""
    sender = hook(fake)
    for batch in ("monday", "tuesday"):
        sender.send({"action": "retrain", "request": {"since": batch}}, key="retrain-1", same=True)
    assert fake.retrains == [{"since": "monday"}]


def test_a_message_that_was_signed_by_another_is_rejected(fake: FakeWebhook) -> None:
    """So is one that is too old."""
    for sender in (hook(fake, "wrong"), hook(fake, now=301.0)):
        with pytest.raises(Refused, match="401"):
            sender.create(TEXT)
    assert (fake.rejected, fake.tickets) == (2, {})


def test_a_secret_of_standard_webhooks_is_decoded(fake: FakeWebhook) -> None:
    """``whsec_`` and base64."""
    hook(fake, "whsec_b3BlbiBzZXNhbWU=").create(TEXT)
    assert len(fake.tickets) == 1
    with pytest.raises(ActionError, match="no base64"):
        hook(fake, "whsec_!")


def test_a_signature_is_of_id_time_and_body() -> None:
    """Whoever changes one of them breaks it."""
    made = {
        sign(b"s", *each) for each in (("a", "1", b"x"), ("b", "1", b"x"), ("a", "2", b"x"), ("a", "1", b"y"))
    }
    assert len(made) == 4


def test_a_receiver_that_limits_fails_or_is_gone_is_told_apart(fake: FakeWebhook) -> None:
    """One may be asked later, one may have done it, one was not heard of."""
    fake.fail_next = [(429, {"retry-after": "70"}), (500, {})]
    with pytest.raises(Later) as later:
        hook(fake).create(TEXT)
    assert later.value.seconds == 70
    with pytest.raises(Refused):
        hook(fake).create(TEXT)
    with pytest.raises(Unreachable):
        Webhook("http://127.0.0.1:9/x", "s").create(TEXT)


def test_nothing_is_sent_in_the_clear() -> None:
    """Over http to another machine there is no message at all."""
    with pytest.raises(ActionError, match="expected https"):
        Webhook("http://hooks.example/x", "s")


@pytest.mark.parametrize("missing", ["MODELQA_WEBHOOK_URL", "MODELQA_WEBHOOK_SECRET"])
def test_a_missing_variable_is_named(missing: str) -> None:
    """So that a reader knows what to set."""
    environ = {"MODELQA_WEBHOOK_URL": "https://hooks.example/x", "MODELQA_WEBHOOK_SECRET": "s", missing: ""}
    with pytest.raises(ActionError, match=missing):
        Webhook.of(environ)
