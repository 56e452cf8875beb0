"""Objects through the browser: a file is looked at, corrected, brought in and reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from campaigns.models import ImportJob, Membership, RelatedObject
from campaigns.services.importing import run_import
from tests.console.conftest import Browse
from tests.factories import PersonFactory

CSV = "Account No;Contacts;Name;Seats\na-1;ann;<b>Acme</b>;12\na-2;eve;Globex;3\n"


@pytest.fixture(autouse=True)
def _uploads(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(page: Client, content: str | bytes = CSV, **values: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return page.post("/objects/import/", {"file": SimpleUploadedFile("accounts.csv", data), **values})


def test_an_upload_is_looked_at_corrected_run_and_reported(page: Client, creator: Membership) -> None:
    PersonFactory(workspace=creator.workspace, external_id="ann")
    assert 'href="/objects/import/"' in page.get("/objects/").content.decode()
    response = upload(page)
    job = ImportJob.objects.get()
    url = f"/objects/imports/{job.pk}/"
    assert response["Location"] == url
    shown = page.get(url)
    columns = {column["label"]: column for column in shown.context["columns"]}
    assert [column["choice"] for column in columns.values()] == [
        "external_id", "people", "attribute", "attribute",
    ]  # fmt: skip
    assert "No column holds the type of the objects" in shown.content.decode()
    form = {
        "column": list(columns), "target-0": "external_id", "target-1": "people", "target-2": "attribute",
        "attribute-2": "title", "target-3": "", "encoding": "", "delimiter": "", "op": "start",
    }  # fmt: skip
    assert "No column holds the type" in page.post(url, form).content.decode()
    assert "A type is 1 to 60" in page.post(url, form | {"object_type": "a/b"}).content.decode()
    page.post(url, form | {"object_type": "account"})
    job.refresh_from_db()
    assert (job.status, job.object_type) == ("queued", "account")
    assert "data-poll" in page.get(f"{url}progress/").content.decode()
    run_import(job.pk)
    assert RelatedObject.objects.get().attributes == {"title": "<b>Acme</b>"}
    text = page.get(url).content.decode()
    assert "Relationships" in text and f'href="{url}refused.csv"' in text
    assert "Nobody in this workspace has the external id “eve”" in text
    report = b"".join(page.get(f"{url}refused.csv").streaming_content).decode()
    assert len(report.strip().splitlines()) == 2
    assert "accounts.csv" in page.get("/objects/import/").content.decode()


@pytest.mark.parametrize(
    ("content", "values", "said"),
    [
        (b"", {}, "empty"),
        (b"PK\x03\x04xl/workbook.xml" + b"\0" * 99, {}, "Excel"),
        ("id\n1\n", {"type": "a/b"}, "A type is 1 to 60 letters"),
        ("id\n1\n", {"type": "x" * 61}, "at most 60 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    page: Client, creator: Membership, content: str | bytes, values: dict[str, str], said: str
) -> None:
    assert said in upload(page, content, **values).content.decode()
    assert not ImportJob.objects.exists()


def test_an_import_has_its_page_where_it_belongs(
    page: Client, creator: Membership, stranger: Membership, browse: Browse
) -> None:
    upload(page, type="account")
    job = ImportJob.objects.get()
    assert page.get(f"/people/imports/{job.pk}/").status_code == 404
    assert browse(stranger).get(f"/objects/imports/{job.pk}/").status_code == 404
    assert "accounts.csv" not in page.get("/people/import/").content.decode()
