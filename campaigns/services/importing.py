"""CSV imports: a file becomes people or objects, batch by batch; killed at any moment, no row is lost or told twice.

Each batch is one transaction: what the rows become, refused rows and the job's progress. Whoever runs the job next
reads the file again from the start, passes over what is done and goes on; the report is the same as if nothing had
happened. Two workers on one job are harmless: a batch locks the job's row and gives up if it has moved on.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from campaigns.domain.csv_reading import Record
from campaigns.domain.import_file import SIGN_OF_LIFE_EVERY, ImportFile, Reader, Survey
from campaigns.domain.people import Problem, RowRefused
from campaigns.domain.text_files import FileRefused
from campaigns.models import ImportJob
from campaigns.services.import_report import RefusedRowCopy
from campaigns.services.import_targets import after_many, file_for, look_up, write_rows

BATCH = 5_000
#: After so many rows the database looks at its tables anew before anybody starts a campaign.
MANY = 1_000
#: A running job whose worker has not been heard of for this long is taken over.
STALE_AFTER = timedelta(minutes=2)

Progress = Callable[[ImportJob], None]


class Superseded(Exception):
    """Another worker has taken the job on; this one stops without having changed anything."""


def file_of(job: ImportJob) -> Path:
    """Where the job's file is: under the upload folder, or where the command was told (an absolute path)."""
    return Path(settings.MEDIA_ROOT) / job.path


def due_imports(now: datetime) -> list[int]:
    """Jobs that wait for a worker: queued ones, and running ones whose worker has gone silent."""
    silent = Q(status=ImportJob.RUNNING) & (
        Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=now - STALE_AFTER)
    )
    return list(
        ImportJob.objects.filter(Q(status=ImportJob.QUEUED) | silent)
        .order_by("id")
        .values_list("id", flat=True)
    )


def run_import(
    job_id: int, now: datetime | None = None, on_progress: Progress | None = None, *, take_over: bool = False
) -> ImportJob:
    """Run a queued job, or go on with one that was interrupted, until it is done or failed.

    `now` stamps everything (tests); without it each batch is stamped with the time at which it is written.
    `on_progress` is called after every committed batch. A finished job is left as it is, and so is one that another
    worker was heard of lately, unless `take_over` says that it is known to be gone.
    """
    job = ImportJob.objects.get(pk=job_id)
    if job.status not in (ImportJob.QUEUED, ImportJob.RUNNING):
        return job
    clock = (lambda: now) if now else timezone.now
    try:
        with file_of(job).open("rb") as stream:
            _Run(_claim(job_id, clock(), take_over), stream, clock, on_progress).go()
    except (FileRefused, FileNotFoundError) as problem:
        message = str(problem) if isinstance(problem, FileRefused) else "The file is not there any more."
        _finish(job, ImportJob.FAILED, clock(), message)
    except Superseded:
        pass
    except (InterfaceError, OperationalError):
        raise  # the database went away: the job is found again as silent and goes on where it was
    except Exception as error:
        _finish(job, ImportJob.FAILED, clock(), f"The import broke off ({error!r:.300}); what came in stays.")
        raise
    job.refresh_from_db()
    return job


def _claim(job_id: int, now: datetime, take_over: bool) -> ImportJob:
    """Mark the job as running here. Raises `Superseded` where somebody else is at it."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_id)
        heard = job.heartbeat_at and job.heartbeat_at >= now - STALE_AFTER
        is_ours = job.status == ImportJob.QUEUED or (
            job.status == ImportJob.RUNNING and (take_over or not heard)
        )
        if not is_ours:
            raise Superseded
        job.status, job.heartbeat_at = ImportJob.RUNNING, now
        job.started_at = job.started_at or now
        job.save(update_fields=["status", "heartbeat_at", "started_at"])
    return job


class _Run:
    """One worker's work on one job."""

    def __init__(
        self, job: ImportJob, stream: BinaryIO, clock: Callable[[], datetime], on_progress: Progress | None
    ) -> None:
        self.job, self.clock, self.stream = job, clock, stream
        self.on_progress = on_progress or (lambda _: None)
        self.done = job.records_done
        self.first_lines: dict[str, tuple[int, int]] = {}
        self.file: ImportFile
        self.survey: Survey
        self.reader: Reader

    def go(self) -> None:
        self._start()
        records = self.file.records()
        self._pass_over(islice(records, self.done))
        while batch := list(islice(records, BATCH)):
            self._write(batch)
            self.on_progress(self.job)
        if self.done >= MANY:
            after_many(self.job)
        _finish(self.job, ImportJob.DONE, self.clock())

    def _start(self) -> None:
        """Read the file once as a whole; say in the job how it is read. Raises `FileRefused`."""
        size = file_of(self.job).stat().st_size
        if self.done and size != self.job.bytes_total:
            raise FileRefused("The file has changed since the import began; import it anew.")
        self.file = file_for(self.job, self.stream)
        if self.file.problems:
            raise FileRefused(" ".join(self.file.problems))
        self.survey = self.file.survey(self._beat)
        self.reader = self.file.row_reader(self.survey)
        self._update(
            columns=self.file.labels, mapping=self.file.mapping, notes=self.file.notes(), bytes_total=size
        )

    def _update(self, **values: object) -> None:
        ImportJob.objects.filter(pk=self.job.pk).update(heartbeat_at=self.clock(), **values)

    def _beat(self) -> None:
        """A sign of life while the file is only being read."""
        self._update()

    def _pass_over(self, records: Iterator[Record]) -> None:
        """Go past what an earlier worker has committed, remembering where what is repeated came first."""
        repeated = self.survey.repeated
        while batch := list(islice(records, BATCH)):
            if any(record.number % SIGN_OF_LIFE_EVERY == 0 for record in batch):
                self._beat()
            again = [
                record
                for record in batch
                if repeated and not record.problem and self.reader.identity(record.cells) in repeated
            ]
            look_up(self.job, self.reader, again)
            for record in again:
                self._judge(record)

    def _judge(self, record: Record) -> tuple[Any, list[Problem], Problem | None]:
        """`(row or None, warnings, refusal or None)`; neither row nor refusal: one that says the same came before."""
        if record.problem:
            return None, [], Problem("", record.problem)
        try:
            row, warnings = self.reader.read(record.cells)
        except RowRefused as refused:
            return None, [], refused.problem
        if row.identity in self.survey.repeated:
            digest = self.reader.digest(record.cells)
            line, earlier = self.first_lines.setdefault(row.identity, (record.line, digest))
            if line != record.line:
                if earlier == digest:
                    return row if row.adds_to_an_earlier_row else None, [], None
                name = f"“{row.external_id[:100]}”"
                error = f"{name} is already on line {line}; that row counts."
                error = f"{error} {self.reader.repetition_hint}".strip()
                return None, [], Problem(self.reader.identity_label, error)
        return row, warnings, None

    def _write(self, batch: list[Record]) -> None:
        """Judge and commit one batch with its progress."""
        look_up(self.job, self.reader, batch)
        judged = {record.number: (record, *self._judge(record)) for record in batch}
        rows = {number: row for number, (_, row, _, _) in judged.items() if row}
        identical = sum(not row and not refusal for _, row, _, refusal in judged.values())
        report = RefusedRowCopy(self.job.pk)
        now = self.clock()
        with transaction.atomic():
            job = ImportJob.objects.select_for_update().get(pk=self.job.pk)
            if job.records_done != self.done or job.status != ImportJob.RUNNING:
                raise Superseded
            written = write_rows(job, self.reader, rows, now)
            for number, (record, _, warnings, refusal) in judged.items():
                if refusal := refusal or written.refused.get(number):
                    report.add(record, [], refusal)
                elif warnings:
                    report.add(record, warnings, None)
            report.write()
            self.done = job.records_done = self.done + len(batch)
            job.created += written.created
            job.updated += written.updated
            job.unchanged += written.unchanged + identical
            job.related += written.related
            job.refused += report.refused
            job.warnings += report.warnings
            job.bytes_done = min(self.stream.tell(), job.bytes_total)
            job.heartbeat_at = now
            job.save()
        self.job = job


def _finish(job: ImportJob, status: str, now: datetime, error: str = "") -> None:
    """Close the job; an uploaded file is removed, since its people are in the database now."""
    done = F("bytes_total") if status == ImportJob.DONE else F("bytes_done")
    ImportJob.objects.filter(pk=job.pk).exclude(status=ImportJob.DONE).update(
        status=status, error=error, finished_at=now, heartbeat_at=now, bytes_done=done
    )
    if status == ImportJob.DONE and not Path(job.path).is_absolute():
        file_of(job).unlink(missing_ok=True)
