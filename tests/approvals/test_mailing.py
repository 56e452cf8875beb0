"""What members are told is mailed to them: to each once, whatever fails and however many workers there are."""

from __future__ import annotations

import smtplib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import override_settings

from approvals.models import Notification
from approvals.querysets import RETRY_AFTER
from approvals.services import mailing
from campaigns.models import Membership
from tests.factories import CampaignFactory
from tests.sinks.sink import Sink

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def tell(member: Membership, now: datetime, number: int = 1) -> list[Notification]:
    """So many things that this member is told."""
    campaign = CampaignFactory(workspace=member.workspace, kind="message", name="Spring")
    return Notification.objects.bulk_create(
        Notification(
            workspace=member.workspace, recipient=member.user, campaign=campaign, subject=f"News {n}", body="Please look.",
            created_at=now,
        )
        for n in range(number)
    )  # fmt: skip


class Failing:
    """A mail backend that raises what it is given."""

    def __init__(self, opening: Exception | None = None, sending: Exception | None = None) -> None:
        self.opening, self.sending = opening, sending

    def open(self) -> None:
        if self.opening:
            raise self.opening

    def send_messages(self, messages: list[Any]) -> int:
        if self.sending:
            raise self.sending
        return len(messages)

    def close(self) -> None:
        pass


def test_an_email_names_the_workspace_and_leads_to_the_request(approver: Membership, now: datetime) -> None:
    (row,) = tell(approver, now)
    row.subject = "Two lines\r\nBcc: everybody@example.test"
    row.save()
    assert mailing.mail_due(now) == {"mailed": 1, "later": 0}
    (message,) = mail.outbox
    assert message.to == [approver.user.email]
    assert message.subject == f"[{approver.workspace}] Two lines Bcc: everybody@example.test"
    assert "Please look." in message.body
    assert f"http://localhost:8000/notifications/{row.pk}/" in message.body


def test_nothing_is_mailed_twice(approver: Membership, now: datetime) -> None:
    tell(approver, now, 3)
    assert mailing.mail_due(now) == {"mailed": 3, "later": 0}
    assert mailing.mail_due(now + timedelta(days=1)) == {"mailed": 0, "later": 0}
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    "failing",
    [
        Failing(opening=ConnectionRefusedError("nobody listens")),
        Failing(sending=smtplib.SMTPDataError(451, b"later")),
        Failing(sending=smtplib.SMTPRecipientsRefused({"a@example.test": (450, b"busy")})),
    ],
)
def test_what_certainly_did_not_go_out_is_tried_again_and_at_last_given_up(
    failing: Failing, approver: Membership, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = tell(approver, now)
    monkeypatch.setattr(mailing, "get_connection", lambda: failing)
    for attempts, seconds in enumerate(RETRY_AFTER):
        due = now + timedelta(seconds=seconds)
        if seconds:
            assert mailing.mail_due(due - timedelta(seconds=1)) == {"mailed": 0, "later": 0}
        assert mailing.mail_due(due) == {"mailed": 0, "later": 1}
        row.refresh_from_db()
        assert (row.mailed_at, row.attempts) == (None, attempts + 1)
    assert mailing.mail_due(now + timedelta(days=30)) == {"mailed": 0, "later": 0}


def test_what_may_have_gone_out_is_not_sent_again(
    approver: Membership, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(approver, now)
    monkeypatch.setattr(
        mailing, "get_connection", lambda: Failing(sending=smtplib.SMTPServerDisconnected("gone"))
    )
    mailing.mail_due(now)
    monkeypatch.undo()
    assert mailing.mail_due(now + timedelta(days=1)) == {"mailed": 0, "later": 0}
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_four_workers_mail_each_notification_once_over_a_real_server(
    approver: Membership, now: datetime, smtp_sink: Sink
) -> None:
    tell(approver, now, 120)

    def work(_: int) -> int:
        try:
            return mailing.mail_due(now)["mailed"]
        finally:
            connection.close()

    server = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": smtp_sink.host, "EMAIL_PORT": smtp_sink.port}
    with override_settings(**server), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 120
    subjects = Counter(letter["subject"] for letter in smtp_sink.journal())
    assert subjects == Counter(f"[{approver.workspace}] News {n}" for n in range(120))
    assert {letter["to"] for letter in smtp_sink.journal()} == {approver.user.email}
