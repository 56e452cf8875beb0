"""`manage.py import_people FILE`: people from a CSV file, with a progress bar and a row-exact report."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import ImportJob, RefusedRow, Segment, Workspace
from campaigns.services.errors import ActionError
from campaigns.services.import_report import report_csv
from campaigns.services.import_setup import draft_import, queue_import
from campaigns.services.importing import run_import
from campaigns.services.people import create_list

BAR = 40


class Command(BaseCommand):
    """Streams a file of any size; an interrupted import of the same, unchanged file goes on where it was."""

    help = "Import people from a CSV file. Refused rows are written to FILE.refused.csv, warnings to FILE.warnings.csv."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", default="", help="Its slug; not needed where there is only one.")
        parser.add_argument(
            "--list", default="", metavar="NAME", help="Put the people on this list (made if needed)."
        )
        parser.add_argument(
            "--region", default="", help="Country of numbers without a country code, like US."
        )
        parser.add_argument("--encoding", default="", help="Overrule the encoding that is detected.")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=TARGET",
            help="Overrule the guess: external_id, email, phone, timezone, an attribute's key, or nothing to leave out.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            workspace = _workspace(options["workspace"])
            unfinished = self._unfinished(workspace, path)
            job = unfinished or self._new(workspace, path, options)
            job = run_import(job.pk, on_progress=self._show, take_over=bool(unfinished))
        except ActionError as error:
            raise CommandError(error.message) from None
        except PermissionError:
            raise CommandError(f"{path} may not be read.") from None
        if self._is_terminal:
            self.stderr.write("")
        if job.status != ImportJob.DONE:
            raise CommandError(job.error or "Another process has taken this import over.")
        self._report(job, path)

    @property
    def _is_terminal(self) -> bool:
        return bool(getattr(self.stderr, "isatty", lambda: False)())

    def _unfinished(self, workspace: Workspace, path: Path) -> ImportJob | None:
        """The interrupted import of this very file, if there is one."""
        job = (
            ImportJob.objects.filter(workspace=workspace, path=str(path), status=ImportJob.RUNNING)
            .order_by("-id")
            .first()
        )
        stat = path.stat()
        if job is None or stat.st_size != job.bytes_total:
            return None
        if datetime.fromtimestamp(stat.st_mtime, UTC) > job.created_at:
            return None
        self.stdout.write(f"Going on with the interrupted import after record {job.records_done:,}.")
        return job

    def _new(self, workspace: Workspace, path: Path, options: dict[str, Any]) -> ImportJob:
        segment = None
        if name := " ".join(options["list"].split()):
            segment = Segment.objects.filter(workspace=workspace, name__iexact=name).first()
            segment = segment or create_list(workspace, name)
        job = draft_import(workspace, None, path.name, str(path), segment=segment, region=options["region"])
        for correction in options["map"]:
            column, separator, target = correction.rpartition("=")
            if not separator:
                raise CommandError(f"--map takes COLUMN=TARGET, not “{correction}”.")
            job.mapping[column] = target
        job.encoding = options["encoding"]
        job.save()
        return queue_import(job)

    def _show(self, job: ImportJob) -> None:
        if not self._is_terminal:
            return
        share = job.bytes_done / job.bytes_total if job.bytes_total else 1.0
        bar = "█" * int(share * BAR) + "░" * (BAR - int(share * BAR))
        self.stderr.write(
            f"\r{bar} {share:4.0%}  {job.records_done:,} rows, {job.refused:,} refused", ending=""
        )
        sys.stderr.flush()

    def _report(self, job: ImportJob, path: Path) -> None:
        for note in job.notes:
            self.stdout.write(note)
        self.stdout.write(
            f"{job.records_done:,} rows: {job.created:,} created, {job.updated:,} updated, "
            f"{job.unchanged:,} unchanged, {job.refused:,} refused, {job.warnings:,} warnings."
        )
        for severity, count in ((RefusedRow.REFUSED, job.refused), (RefusedRow.WARNING, job.warnings)):
            if not count:
                continue
            ending = "refused" if severity == RefusedRow.REFUSED else "warnings"
            target = path.with_name(f"{path.name}.{ending}.csv")
            with target.open("w", encoding="utf-8", newline="") as report:
                report.writelines(report_csv(job, severity))
            self.stdout.write(f"Every one of them, with its line and what is wrong: {target}")


def _workspace(slug: str) -> Workspace:
    workspaces = Workspace.objects.order_by("id")
    if slug:
        found = workspaces.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no workspace “{slug}”; there are: {_slugs()}.")
        return found
    if workspaces.count() != 1:
        raise CommandError(f"Say which workspace: --workspace with one of: {_slugs()}.")
    return workspaces.get()


def _slugs() -> str:
    return ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
