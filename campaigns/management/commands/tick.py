"""`manage.py tick`: every periodic duty once, as of a given time. For cron-only installs, demonstrations and tests."""

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaigns.services import duties


class Command(BaseCommand):
    """Calls the duties and prints what each did as JSON."""

    help = "Does every periodic duty once (starts, stops, sweeps, completion, six-month archive …) and prints JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now", help="The time to act as of: ISO 8601 with an offset, 2026-09-10T12:00:00+02:00"
        )

    def handle(self, *, now: str | None, **_: Any) -> None:
        done = duties.tick(timezone.now() if now is None else parse_moment(now))
        self.stdout.write(json.dumps(done, indent=2, default=str))


def parse_moment(written: str) -> datetime:
    """Read a time of ISO 8601 with an offset. Raises `CommandError` in one line."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(
            f"--now {written!r} is not a time of ISO 8601 with an offset. Right: 2026-09-10T12:00:00+02:00 or …Z."
        )
    return moment
