"""CSV imports: a file goes in, a job comes back; its progress and the rows that were refused."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Status
from ninja.errors import ValidationError
from pydantic import BaseModel, Field
from pydantic import ValidationError as ShapeError

from campaigns.api.access import member_of
from campaigns.api.addresses import LARGEST_ID
from campaigns.api.problems import BodyRefused
from campaigns.api.shapes import answers
from campaigns.domain.condition_reading import LONGEST_TYPE
from campaigns.domain.csv_reading import DELIMITERS
from campaigns.domain.text_files import ENCODINGS
from campaigns.models import ImportJob, Membership, RefusedRow
from campaigns.services.errors import Invalid, NotFound
from campaigns.services.import_intake import FileTooLarge, Intake, start_import
from campaigns.services.import_report import report_csv

router = Router(tags=["Imports"])

_CHUNK = 1024 * 1024
#: What programs call a CSV file; browsers on Windows call it a spreadsheet.
_RAW = ("text/csv", "text/plain", "application/csv", "application/vnd.ms-excel", "application/octet-stream")


class ImportOptions(BaseModel):
    """How the file is to be read; what is left out is found out. As query parameters, or as fields of the form."""

    kind: Annotated[
        Literal["people", "objects"],
        Field(description="What the rows are: people, or companies and the like."),
    ] = "people"
    type: Annotated[
        str,
        Field(max_length=LONGEST_TYPE, description="The type of objects whose row says none, like company."),
    ] = ""
    list: Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="Put the people on this list.")] = None
    file_name: Annotated[str, Field(max_length=255)] = ""
    region: Annotated[
        str, Field(max_length=2, description="Country of numbers without a country code, like GB.")
    ] = ""
    encoding: Literal["", *ENCODINGS] = ""  # type: ignore[valid-type]
    delimiter: Literal["", *DELIMITERS] = ""  # type: ignore[valid-type]
    mapping: Annotated[
        str,
        Field(
            max_length=100_000,
            description='JSON: {"column": target}; a target is external_id, email, phone, timezone (of objects: type, '
            'external_id, people), the key of an attribute, or "" to leave the column out.',
        ),
    ] = ""


class ImportOut(BaseModel):
    """An import and how far it has got."""

    id: int
    kind: str
    type: Annotated[str, Field(description="The type of objects whose row says none.")]
    status: str
    file_name: str
    list: int | None
    encoding: str
    delimiter: str
    mapping: dict[str, str]
    notes: list[str]  # type: ignore[valid-type]
    progress: Annotated[float, Field(description="From 0 to 1.")]
    records: int
    created: int
    updated: int
    unchanged: int
    related: Annotated[int, Field(description="Relationships of objects that were made or changed.")]
    refused: int
    warnings: int
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


@router.post("/imports", response=answers(ImportOut, 202), openapi_extra=_BODY)
def import_file(request: HttpRequest, query: Query[ImportOptions]) -> Any:
    """Import people or objects from a CSV file: as the body itself (text/csv), or as `file` of a form.

    A row of objects has a type, an external id, attributes, and the external ids of related people (separated by commas
    or semicolons); as with POST /objects nobody is unrelated and attributes are merged key by key.
    """
    chunks, options = _received(request, query)
    intake = Intake(
        options.kind,
        options.type,
        options.list,
        options.region,
        options.encoding,
        options.delimiter,
        _mapping(options.mapping),
    )
    job = start_import(member_of(request), options.file_name or f"{options.kind}.csv", chunks, intake)
    return Status(202, _shown(job))


@router.get("/imports/{id:import_id}", response=answers(ImportOut))
def get_import(request: HttpRequest, import_id: int) -> Any:
    """How far an import has got."""
    return _shown(_job(member_of(request), import_id))


@router.get("/imports/{id:import_id}/refused.csv")
def refused_rows(
    request: HttpRequest, import_id: int, severity: Literal["refused", "warning"] = RefusedRow.REFUSED
) -> Any:
    """The rows that did not come in (or `severity=warning`: came in with one), each with line and reason, as CSV."""
    job = _job(member_of(request), import_id)
    answer = StreamingHttpResponse(report_csv(job, severity), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{job.pk}-{severity}.csv"'
    return answer


def _received(request: HttpRequest, query: ImportOptions) -> tuple[Iterable[bytes], ImportOptions]:
    """The file's chunks, and the options with those of the form over those of the address."""
    if int(request.headers.get("Content-Length") or 0) > settings.IMPORT_MOST_BYTES + _CHUNK:
        raise FileTooLarge(f"A file may have at most {settings.IMPORT_MOST_BYTES // 1024**2:,} MB; split it.")
    kind = (request.content_type or "").lower()
    if kind in _RAW:
        return iter(lambda: request.read(_CHUNK), b""), query
    if kind != "multipart/form-data":
        raise BodyRefused(415, "unsupported_media_type", "Send the file as text/csv or multipart/form-data.")
    file = request.FILES.get("file")
    if file is None or not file.name:
        raise Invalid.field("file", "The form needs a file in the field “file”.")
    try:
        options = ImportOptions.model_validate(
            {"file_name": file.name, **query.model_dump(exclude_unset=True), **request.POST.dict()}
        )
    except ShapeError as error:
        problems = error.errors(include_url=False, include_context=True)
        raise ValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in problems]
        ) from None
    return file.chunks(), options


def _mapping(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError):
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(target, str) for target in mapping.values()):
        raise Invalid.field("mapping", 'mapping must be a JSON object like {"Mail": "email", "Notes": ""}.')
    if "\\u0000" in json.dumps(mapping) or not _is_text(mapping):
        raise Invalid.field("mapping", "Contains a character that no text may hold.")
    return mapping


def _is_text(mapping: dict[str, str]) -> bool:
    try:
        "".join([*mapping, *mapping.values()]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _job(membership: Membership, import_id: int) -> ImportJob:
    found = ImportJob.objects.filter(workspace_id=membership.workspace_id, pk=import_id).first()
    if found is None:
        raise NotFound("There is no such import in this workspace.")
    return found


def _shown(job: ImportJob) -> dict[str, Any]:
    names = set(ImportOut.model_fields) - {"type", "list", "progress", "records"}
    share = job.bytes_done / job.bytes_total if job.bytes_total else 0.0
    return {
        **{name: getattr(job, name) for name in names},
        "type": job.object_type,
        "list": job.segment_id,
        "progress": 1.0 if job.status == ImportJob.DONE else share,
        "records": job.records_done,
    }
