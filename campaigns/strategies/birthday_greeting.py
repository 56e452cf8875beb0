"""Congratulates contacts on their next birthday, which their attribute ``birthday`` tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from logging import Logger
from zoneinfo import ZoneInfo

from campaigns.domain.strategies import Contact, PlannedCommunication


class BirthdayGreeting:
    """Brings its own text; the campaign's email channel needs no content."""

    name = "birthday_greeting"
    title = "Birthday greeting"
    description = (
        "An email on the contact's next birthday, from the attribute birthday (such as 1990-05-17; a 29 February is kept on "
        "28 February in other years). The text comes with the strategy. The campaign needs an email channel."
    )
    stages = (("greeting", "Greeting"),)

    def load(self, contact: Contact, now: datetime, log: Logger) -> Iterator[PlannedCommunication]:
        """One greeting, at nine by the contact's own clock; nothing for who has told no birthday."""
        written = str(contact.attributes.get("birthday") or "")
        if not written:
            return
        try:
            born = date.fromisoformat(written)
        except ValueError:
            log.warning("birthday is no date: %s", written[:60])
            return
        zone = ZoneInfo(contact.timezone or "UTC")
        today = now.astimezone(zone).date()
        birthday = next(day for day in (_in(born, today.year), _in(born, today.year + 1)) if day >= today)
        yield PlannedCommunication(
            "greeting",
            "email",
            subject="Happy birthday{% if person.first_name %}, {{ person.first_name }}{% endif %}!",
            body="All the best for the year to come.\n\nTo hear no more from us: {{ unsubscribe_url }}\n",
            values={"birthday": birthday.isoformat()},
            at=datetime.combine(birthday, time(9), zone),
            key=str(birthday.year),
        )


def _in(born: date, year: int) -> date:
    """The birthday in a year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
