"""Getting an import ready: receive the file, show how it is read, take corrections, queue it. The work itself is
`campaigns.services.importing`."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from campaigns.domain.addresses import PhoneReader
from campaigns.domain.csv_reading import DELIMITERS
from campaigns.domain.import_file import ImportFile
from campaigns.domain.objects import TYPE_PROBLEM, is_type_name
from campaigns.domain.text_files import FileRefused
from campaigns.models import ImportJob, Segment, User, Workspace
from campaigns.services.errors import Invalid, NotAllowed
from campaigns.services.import_targets import file_for
from campaigns.services.importing import file_of

FOLDER = "imports"
#: Uploads that never became people are personal data lying about; they go after this time.
FORGET_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Column:
    """One column in the preview."""

    label: str
    target: str
    """A field, the key of an attribute, or "" where the column is left out."""
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """How the file is read as things stand, for the mapping page."""

    columns: list[Column]
    notes: list[str]
    problems: list[str]
    """What has to be corrected before the import can be queued."""
    fields: Mapping[str, str]
    """Targets that are no attributes, with what people call them."""


def receive_upload(
    workspace: Workspace,
    user: User | None,
    file_name: str,
    chunks: Iterable[bytes],
    *,
    segment: Segment | None = None,
    region: str = "",
    kind: str = ImportJob.PEOPLE,
    object_type: str = "",
) -> ImportJob:
    """Keep an uploaded file and make a draft job with a guessed mapping.

    `chunks` is written as it comes (any size). Raises `Invalid` (field `file`) for what is no CSV.
    """
    path = f"{FOLDER}/{secrets.token_hex(16)}.csv"
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as kept:
            target.chmod(0o600)
            for chunk in chunks:
                kept.write(chunk)
        return draft_import(
            workspace,
            user,
            file_name,
            path,
            segment=segment,
            region=region,
            kind=kind,
            object_type=object_type,
        )
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def draft_import(
    workspace: Workspace,
    user: User | None,
    file_name: str,
    path: str,
    *,
    segment: Segment | None = None,
    region: str = "",
    kind: str = ImportJob.PEOPLE,
    object_type: str = "",
) -> ImportJob:
    """A draft job for a file that is already where `path` says (absolute, or under the upload folder)."""
    job = ImportJob(
        workspace=workspace,
        created_by=user,
        kind=kind,
        object_type=_checked_type(object_type),
        file_name=Path(file_name).name[:255] or f"{kind}.csv",
        path=path,
        segment=_own_list(workspace, segment),
        region=_checked_region(region or workspace.default_region),
    )
    job.bytes_total = file_of(job).stat().st_size
    file, _ = _read(job)
    job.mapping, job.columns, job.notes = file.mapping, file.labels, file.notes()
    job.save()
    return job


def preview(job: ImportJob, rows: int = 5) -> Preview:
    """The columns with their targets and the first rows' values. Raises `Invalid` for a file that cannot be read."""
    file, sample = _read(job, rows)
    columns = [
        Column(label, file.mapping[label], [cells[position] for cells in sample])
        for position, label in enumerate(file.labels)
    ]
    return Preview(columns, file.notes(), file.problems, file.fields)


def correct(
    job: ImportJob,
    *,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    region: str | None = None,
    segment: Segment | None = None,
    object_type: str | None = None,
) -> Preview:
    """Take a person's corrections to a draft (`None` leaves a setting) and show the result.

    A new encoding or delimiter gives other columns, so the mapping is then guessed anew. Raises `Invalid`, `NotAllowed`.
    """
    if job.status != ImportJob.DRAFT:
        raise NotAllowed("The import has begun; its mapping cannot be changed any more.")
    if delimiter and delimiter not in DELIMITERS:
        raise Invalid.field("delimiter", f"One of: {', '.join(DELIMITERS.values())}.")
    if (encoding is not None and encoding != job.encoding) or (
        delimiter is not None and delimiter != job.delimiter
    ):
        job.encoding = job.encoding if encoding is None else encoding
        job.delimiter = job.delimiter if delimiter is None else delimiter
        job.mapping = {}
    elif mapping is not None:
        job.mapping = {**job.mapping, **mapping}
    if region:
        job.region = _checked_region(region)
    if object_type is not None:
        job.object_type = _checked_type(object_type)
    if segment:
        job.segment = _own_list(job.workspace, segment)
    shown = preview(job)
    job.columns = [column.label for column in shown.columns]
    job.mapping = {column.label: column.target for column in shown.columns}
    job.notes = shown.notes
    job.save()
    return shown


def queue_import(job: ImportJob) -> ImportJob:
    """Make a draft ready for a worker; the caller rings the doorbell on commit. Raises `Invalid` or `NotAllowed`."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job.pk)
        if job.status != ImportJob.DRAFT:
            raise NotAllowed("The import has begun already.")
        file, _ = _read(job)
        if file.problems:
            raise Invalid.field("mapping", " ".join(file.problems))
        job.status = ImportJob.QUEUED
        job.save(update_fields=["status"])
    return job


def forget_uploads(now: datetime) -> int:
    """Remove the files of drafts and failed imports that nobody came back to; returns how many jobs."""
    left = ImportJob.objects.filter(created_at__lt=now - FORGET_AFTER).exclude(
        Q(path__startswith="/") | Q(path="")
    )
    drafts, failed = left.filter(status=ImportJob.DRAFT), left.filter(status=ImportJob.FAILED)
    for job in [*drafts, *failed]:
        file_of(job).unlink(missing_ok=True)
    message = "Nobody came back to this import; its file was removed."
    return failed.update(path="") + drafts.update(status=ImportJob.FAILED, path="", error=message)


def _read(job: ImportJob, rows: int = 0) -> tuple[ImportFile, list[list[str]]]:
    """The job's file and its first rows. Raises `Invalid`."""
    try:
        with file_of(job).open("rb") as stream:
            file = file_for(job, stream)
            return file, file.sample(rows)
    except FileRefused as refused:
        raise Invalid.field("file", str(refused)) from None
    except OSError:
        raise Invalid.field("file", "The file is not there or cannot be read.") from None


def _checked_region(region: str) -> str:
    try:
        return PhoneReader(region).region
    except ValueError as error:
        raise Invalid.field("region", str(error)) from None


def _checked_type(name: str) -> str:
    name = " ".join(name.split())
    if name and not is_type_name(name):
        raise Invalid.field("type", TYPE_PROBLEM)
    return name


def _own_list(workspace: Workspace, segment: Segment | None) -> Segment | None:
    if segment and (segment.workspace_id != workspace.pk or segment.kind != Segment.MANUAL):
        raise Invalid.field(
            "segment", "People can only be imported into a manual list of the same workspace."
        )
    return segment
