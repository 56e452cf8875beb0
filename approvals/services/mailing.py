"""Mails what members have been told. The rows are the queue; any number of workers may do this at once.

A row is marked as mailed in a transaction of its own *before* the mail server is spoken to, so that no crash makes the
same e-mail go out twice. What certainly did not go out is put back and tried again later; what may have gone out stays
as it is, for the console shows it anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from approvals.models import Notification
from approvals.querysets import RETRY_AFTER

log = logging.getLogger(__name__)

BATCH = 50
#: The server has said no: it has certainly not taken the message.
_REFUSED = (SMTPResponseException, SMTPRecipientsRefused)


def mail_due(now: datetime, most: int = 1_000) -> dict[str, int]:
    """Mail what is due, at most ``most`` of it; answers how many were mailed and how many will be tried again."""
    done = {"mailed": 0, "later": 0}
    while done["mailed"] + done["later"] < most and (rows := _claim(now)):
        later = list(_mail(rows))
        _put_back(later)
        done["later"] += len(later)
        done["mailed"] += len(rows) - len(later)
    return done


def _claim(now: datetime) -> list[Notification]:
    """Take some rows that nobody else has taken, and mark them as mailed at once."""
    with transaction.atomic():
        due = Notification.objects.due_to_mail(now).select_for_update(skip_locked=True, of=("self",))
        rows = list(due.select_related("recipient", "workspace", "campaign").order_by("id")[:BATCH])
        ids = [row.pk for row in rows]
        Notification.objects.filter(pk__in=ids).update(mailed_at=now, attempts=F("attempts") + 1)
    return rows


def _mail(rows: list[Notification]) -> Iterator[Notification]:
    """Hand them to the mail server, one by one over one connection; yields those that certainly did not go out."""
    connection = get_connection()
    try:
        connection.open()
    except Exception as error:
        log.warning("The mail server cannot be reached; %s e-mails wait: %s", len(rows), error)
        yield from rows
        return
    try:
        for row in rows:
            try:
                connection.send_messages([_message(row)])
            except _REFUSED as error:
                log.warning("The e-mail about notification %s was refused: %s", row.pk, error)
                yield row
            except Exception:
                # It may have gone out: trying again could tell somebody twice.
                log.exception("Whether the e-mail about notification %s went out is not known", row.pk)
                connection.close()
    finally:
        connection.close()


def _put_back(rows: list[Notification]) -> None:
    """Another try later; after the last one the row stays unmailed, and the console alone tells it."""
    ids = [row.pk for row in rows]
    if ids:
        Notification.objects.filter(pk__in=ids).update(mailed_at=None)
    for row in rows:
        if row.attempts + 1 >= len(RETRY_AFTER):
            log.error("The e-mail about notification %s is given up.", row.pk)


def _message(row: Notification) -> EmailMessage:
    """Plain text, with the link to where something can be done about it."""
    link = f"{settings.SITE_URL}{reverse('notifications:open', args=[row.pk])}"
    paragraphs = [row.body, link, f"You get this as a member of {row.workspace} in the campaign console."]
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    # A line break in a subject would be a header of its own.
    subject = " ".join(f"[{row.workspace}] {row.subject}".split())
    return EmailMessage(subject, text, to=[row.recipient.email])
