"""Reminds contacts of a renewal: 30 and 7 days before the date in their attribute ``renews_on``, and on the day itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from logging import Logger
from zoneinfo import ZoneInfo

from campaigns.domain.strategies import Contact, PlannedCommunication

#: Days before the renewal, the stage, and the channel it goes through.
PLAN = ((30, "notice", "email"), (7, "reminder", "email"), (0, "last_call", "sms"))


class RenewalReminder:
    """The texts are those of the campaign's channels; they know ``plan.renews_on`` and ``plan.days_left``."""

    name = "renewal_reminder"
    title = "Renewal reminder"
    description = (
        "An email 30 days and one 7 days before the date in the contact's attribute renews_on (such as 2027-03-31), a text "
        "message on the day. Contacts without a date get nothing. The campaign needs an email and an SMS channel."
    )
    stages = (("notice", "Notice"), ("reminder", "Reminder"), ("last_call", "Last call"))

    def load(self, contact: Contact, now: datetime, log: Logger) -> Iterator[PlannedCommunication]:
        """Whatever of the plan is still to come, at nine by the contact's own clock."""
        written = str(contact.attributes.get("renews_on") or "")
        if not written:
            return
        try:
            renewal = date.fromisoformat(written)
        except ValueError:
            log.warning("renews_on is no date: %s", written[:60])
            return
        zone = ZoneInfo(contact.timezone or "UTC")
        for days, stage, channel in PLAN:
            day = renewal - timedelta(days=days)
            if day < now.astimezone(zone).date():
                continue
            yield PlannedCommunication(
                stage,
                channel,
                values={"renews_on": renewal.isoformat(), "days_left": days},
                at=datetime.combine(day, time(9), zone),
                key=renewal.isoformat(),
            )
