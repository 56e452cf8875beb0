"""CSV imports over the API: the file as body or form, progress, refused rows; broken files refused in words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.models import ImportJob, Person
from campaigns.services.importing import run_import
from tests.api.callers import Caller, assert_problem
from tests.factories import PersonFactory, SegmentFactory

CSV = "Customer ID,Mail,Mobile,Plan\n1,grace@navy.example,07700 900123,gold\n2,not an address,,\n3,ada@example.org,,\n"


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: object) -> Iterator[Path]:
    """Files go where nobody else's are."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return tmp_path / "imports"


def send(caller: Caller, data: bytes | str, query: str = "", kind: str = "text/csv") -> object:
    body = data.encode() if isinstance(data, str) else data
    return caller.call("POST", f"/imports{query}", body, content_type=kind)


def test_a_body_of_csv_becomes_people(owner: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    response = send(owner, CSV, f"?list={segment.pk}&file_name=june.csv&region=GB")
    job = response.json()
    assert response.status_code == 202, job
    assert (job["status"], job["progress"], job["list"], job["file_name"]) == (
        "queued",
        0,
        segment.pk,
        "june.csv",
    )
    assert job["mapping"]["Mail"] == "email"
    run_import(job["id"])
    done = owner.get(f"/imports/{job['id']}").json()
    assert (done["status"], done["progress"], done["records"], done["created"], done["refused"]) == (
        "done",
        1,
        3,
        2,
        1,
    )
    report = owner.get(f"/imports/{job['id']}/refused.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(report.streaming_content).decode())))
    assert report["Content-Type"] == "text/csv; charset=utf-8"
    assert [(row["Import line"], row["Customer ID"], row["Mail"]) for row in rows] == [
        ("3", "2", "not an address")
    ]
    assert owner.get("/people/1").json()["phone"] == "+447700900123"
    assert segment.members.count() == 2


def test_a_form_with_a_file_does_the_same(owner: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    file = SimpleUploadedFile("../../people.csv", CSV.encode(), content_type="text/csv")
    mapping = json.dumps({"Plan": "", "Mobile": "second_number"})
    response = owner.upload("/imports", file=file, list=segment.pk, mapping=mapping, region="DE")
    job = response.json()
    assert response.status_code == 202, job
    assert (job["file_name"], job["mapping"]["Plan"], job["mapping"]["Mobile"]) == (
        "people.csv",
        "",
        "second_number",
    )
    run_import(job["id"])
    assert owner.get("/people/1").json()["attributes"]["second_number"] == "07700 900123"
    assert "plan" not in {key.lower() for key in owner.get("/people/1").json()["attributes"]}


@pytest.mark.parametrize(
    ("data", "query", "field"),
    [
        (b"\n\n", "", "file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "", "file"),
        (b"PK\x03\x04" + bytes(100), "", "file"),
        (CSV.encode(), "?list=987654", "list"),
        (CSV.encode(), "?list=99999999999999999999", "list"),
        (CSV.encode(), "?list=x", "list"),
        (CSV.encode(), "?region=XX", "region"),
        (CSV.encode(), "?region=GBR", "region"),
        (CSV.encode(), "?encoding=klingon", "encoding"),
        (CSV.encode(), "?delimiter=x", "delimiter"),
        (CSV.encode(), "?mapping=x", "mapping"),
        (CSV.encode(), "?mapping=%5B%5D", "mapping"),
        (CSV.encode(), '?mapping={"Mail":5}', "mapping"),
        (CSV.encode(), '?mapping={"No such column":"email"}', "mapping"),
        (CSV.encode(), '?mapping={"Mail":"email","Plan":"email"}', "mapping"),
        (CSV.encode(), '?mapping={"Plan":"\\u0000"}', "mapping"),
        (CSV.encode(), '?mapping={"Plan":"\\ud800"}', "mapping"),
        (CSV.encode(), "?colour=red", "colour"),
    ],
)
def test_what_cannot_be_imported_is_422_and_leaves_nothing_behind(
    data: bytes, query: str, field: str, owner: Caller, uploads: Path
) -> None:
    assert_problem(send(owner, data, query.replace('"', "%22")), 422, "invalid", field)
    assert not ImportJob.objects.exists()
    assert not uploads.exists() or not list(uploads.iterdir())


def test_objects_come_in_with_their_people(owner: Caller) -> None:
    PersonFactory(workspace=owner.workspace, external_id="ann")
    rows = "\ufeffCompany ID;People;Plan\nacme;ann;gold\nglobex;eve;free\n"
    job = send(owner, rows, "?kind=objects&type=company").json()
    assert (job["kind"], job["type"], job["file_name"], job["delimiter"]) == (
        "objects",
        "company",
        "objects.csv",
        "",
    )
    assert job["mapping"] == {"Company ID": "external_id", "People": "people", "Plan": "plan"}
    run_import(job["id"])
    done = owner.get(f"/imports/{job['id']}").json()
    assert (done["created"], done["related"], done["refused"]) == (1, 1, 1)
    assert owner.get("/objects/company/acme").json()["attributes"] == {"plan": "gold"}
    report = b"".join(owner.get(f"/imports/{job['id']}/refused.csv").streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(report))
    assert (row["Import line"], row["Import column"], row["Company ID"]) == ("3", "People", "globex")
    assert "“eve”" in row["Import error"]


def test_a_form_brings_objects_in_with_a_mapping(owner: Caller) -> None:
    file = SimpleUploadedFile("accounts.csv", b"What,Key,Plan\naccount,a-1,gold\n", content_type="text/csv")
    mapping = json.dumps({"What": "type", "Plan": ""})
    response = owner.upload("/imports", file=file, kind="objects", mapping=mapping)
    assert response.status_code == 202, response.content
    run_import(response.json()["id"])
    assert owner.get("/objects/account/a-1").json()["attributes"] == {}


@pytest.mark.parametrize(
    ("data", "query", "field"),
    [
        ("id,plan\na,gold\n", "?kind=objects", "mapping"),
        ("plan,seats\ngold,1\n", "?kind=objects&type=company", "mapping"),
        ("id\na\n", "?kind=objects&type=a/b", "type"),
        ("id\na\n", f"?kind=objects&type={'x' * 61}", "type"),
        ("id\na\n", "?kind=objects&type=company&list=1", "list"),
        ("id\na\n", "?kind=objects&type=company&region=GB", "region"),
        ("id\na\n", '?kind=objects&type=company&mapping={"id":"email"}', "mapping"),
        ("\n\n", "?kind=objects&type=company", "file"),
        (CSV, "?type=company", "type"),
        (CSV, "?kind=events", "kind"),
    ],
)
def test_objects_that_cannot_be_imported_are_422_and_leave_nothing_behind(
    data: str, query: str, field: str, owner: Caller, uploads: Path
) -> None:
    assert_problem(send(owner, data, query.replace('"', "%22")), 422, "invalid", field)
    assert not ImportJob.objects.exists()
    assert not uploads.exists() or not list(uploads.iterdir())


def test_a_file_that_is_too_large_is_413_and_leaves_nothing_behind(
    owner: Caller, uploads: Path, settings: object
) -> None:
    settings.IMPORT_MOST_BYTES = 1000  # type: ignore[attr-defined]
    rows = CSV + "4,x@example.org,,\n" * 100
    assert_problem(send(owner, rows), 413, "too_large")
    file = SimpleUploadedFile("people.csv", rows.encode(), content_type="text/csv")
    assert_problem(owner.upload("/imports", file=file), 413, "too_large")
    assert not ImportJob.objects.exists()
    assert not uploads.exists() or not list(uploads.iterdir())


def test_other_content_types_and_broken_forms(owner: Caller) -> None:
    assert_problem(send(owner, CSV, kind="application/json"), 415, "unsupported_media_type")
    assert_problem(send(owner, CSV, kind="application/x-www-form-urlencoded"), 415, "unsupported_media_type")
    assert_problem(send(owner, CSV, kind="multipart/form-data"), 400, "bad_request")
    assert_problem(send(owner, CSV, kind="multipart/form-data; boundary=x"), 422, "invalid", "file")
    assert_problem(owner.upload("/imports", file="no file"), 422, "invalid", "file")


def test_files_full_of_nul_and_broken_text_are_no_500(owner: Caller) -> None:
    for data in (
        b"id,email\0\n1,a@b.example\n", b"id,email,note\n1,a@b.example,x\0y\n", b"id,email\n1,\xff\xfe\xfd@x\n",
        b"\xff\xfei\0d\0", b'id,email\n"1,a@b.example\n', b"\0" * 50, b"\n\n\n", "id,email\n1,\u2028@x.example\n".encode(),
    ):  # fmt: skip
        response = send(owner, data)
        assert response.status_code in (202, 422), response.content
        if response.status_code == 202:
            job = run_import(response.json()["id"])
            assert job.status in ("done", "failed")
            assert owner.get(f"/imports/{job.pk}").status_code == 200
            assert b"".join(owner.get(f"/imports/{job.pk}/refused.csv").streaming_content)


def test_strangers_get_404(owner: Caller, stranger: Caller) -> None:
    job = send(owner, CSV).json()["id"]
    assert_problem(stranger.get(f"/imports/{job}"), 404, "not_found")
    assert_problem(stranger.get(f"/imports/{job}/refused.csv"), 404, "not_found")
    segment = SegmentFactory(workspace=owner.workspace)
    assert_problem(send(stranger, CSV, f"?list={segment.pk}"), 422, "invalid", "list")
    assert not Person.objects.exists()


def test_warnings_are_a_report_of_their_own(owner: Caller) -> None:
    job = send(owner, "id,email,phone\n1,a@b.example,12\n").json()["id"]
    run_import(job)
    assert owner.get(f"/imports/{job}").json()["warnings"] == 1
    report = b"".join(owner.get(f"/imports/{job}/refused.csv?severity=warning").streaming_content)
    assert b",phone," in report
    assert_problem(owner.get(f"/imports/{job}/refused.csv?severity=all"), 422, "invalid", "severity")
