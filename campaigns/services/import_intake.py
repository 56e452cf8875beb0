"""One call from a file to an import that waits for a worker: what programs use; a person goes by the mapping page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import transaction

from campaigns.models import ImportJob, Membership, Segment
from campaigns.services import handover
from campaigns.services.errors import ActionError, Forbidden, Invalid
from campaigns.services.import_setup import correct, queue_import, receive_upload
from campaigns.services.importing import file_of


class FileTooLarge(ActionError):
    """More than the installation takes."""

    code, status = "too_large", 413


@dataclass(slots=True)
class Intake:
    """How the file is to be read; what is left empty is found out from the file and the workspace."""

    kind: str = ImportJob.PEOPLE
    object_type: str = ""
    segment_id: int | None = None
    region: str = ""
    encoding: str = ""
    delimiter: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)


def start_import(
    membership: Membership, file_name: str, chunks: Iterable[bytes], intake: Intake
) -> ImportJob:
    """Keep the file and queue its import. Raises `Invalid`, `FileTooLarge`, `Forbidden`: then nothing is left behind."""
    if not membership.may("import_people"):
        raise Forbidden(f"Your role in this workspace may not import {intake.kind}.")
    _refuse_what_does_not_belong(intake)
    segment = _manual_list(membership, intake.segment_id)
    job = receive_upload(
        membership.workspace,
        membership.user,
        file_name,
        _limited(chunks),
        segment=segment,
        region=intake.region,
        kind=intake.kind,
        object_type=intake.object_type,
    )
    try:
        if intake.encoding or intake.delimiter:
            correct(job, encoding=intake.encoding or None, delimiter=intake.delimiter or None)
        if intake.mapping:
            _refuse_unknown_columns(job, intake.mapping)
            correct(job, mapping=intake.mapping)
        with transaction.atomic():
            job = queue_import(job)
            transaction.on_commit(partial(handover.ring_import, job.pk))
    except ActionError:
        file_of(job).unlink(missing_ok=True)
        job.delete()
        raise
    return job


def _refuse_what_does_not_belong(intake: Intake) -> None:
    """An option that would have no effect on this kind of import. Raises `Invalid`."""
    if intake.kind == ImportJob.PEOPLE and intake.object_type:
        raise Invalid.field(
            "type", "Only objects have a type; with kind=objects it is that of rows without one."
        )
    if intake.kind == ImportJob.OBJECTS and intake.segment_id is not None:
        raise Invalid.field("list", "Only people can be put on a list; leave it out for objects.")
    if intake.kind == ImportJob.OBJECTS and intake.region:
        raise Invalid.field("region", "Only people have phone numbers; leave it out for objects.")


def _manual_list(membership: Membership, segment_id: int | None) -> Segment | None:
    if segment_id is None:
        return None
    found = Segment.objects.filter(pk=segment_id, workspace_id=membership.workspace_id, hidden=False).first()
    if found is None:
        raise Invalid.field("list", f"There is no list {segment_id} in this workspace.")
    return found


def _limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, up to as many bytes as the installation takes."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > settings.IMPORT_MOST_BYTES:
            megabytes = settings.IMPORT_MOST_BYTES // 1024**2
            raise FileTooLarge(f"A file may have at most {megabytes:,} MB; split it.")
        yield chunk


def _refuse_unknown_columns(job: ImportJob, mapping: Mapping[str, str]) -> None:
    unknown = [column for column in mapping if column not in job.columns]
    if unknown:
        named = ", ".join(str(column) for column in job.columns)[:300]
        raise Invalid.field("mapping", f"The file has no column “{unknown[0][:100]}”; it has: {named}.")
