"""The beat's scheduler: the schedule in the database, and an end between two looks at it."""

import signal
import threading
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler


class Scheduler(DatabaseScheduler):
    """Stops the beat when a look at the schedule is over.

    Celery's own answer to a signal asks the database from inside whatever it has interrupted; if that is a query, it
    waits for itself for ever.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.asked_to_stop = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._ask_to_stop)
        super().__init__(*arguments, **options)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Do what is due; seconds until the next look."""
        if self.asked_to_stop:
            raise SystemExit(0)
        return super().tick(*arguments, **options)

    def _ask_to_stop(self, *_: Any) -> None:
        self.asked_to_stop = True
