"""People, their import through the browser, lists and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from campaigns.models import ImportJob, Label, Membership, Person, Segment
from campaigns.services.importing import run_import
from channels.models import Delivery, Suppression
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, LabelFactory, PersonFactory, SegmentFactory

CSV = b"Customer;Email;First Name;Shoe size\n1;ada@example.org;Ada;37\n2;not an address;Bob;44\n1;ada@example.com;Again;38\n"


@pytest.fixture(autouse=True)
def _uploads(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(page: Client, content: bytes = CSV, name: str = "people.csv", **values: Any) -> Any:
    data = {
        "file": SimpleUploadedFile(name, content),
        "region": "GB",
        "segment": "",
        "new_list": "",
        **values,
    }
    return page.post("/people/import/", data)


@pytest.mark.parametrize(
    ("words", "found"),
    [("ada@", True), ("ADA@example.org", True), ("Ada", True), ("ada love", True), ("c-7", True), ("+4420", True),
     ("bob", False), ("'; DROP TABLE", False)],
)  # fmt: skip
def test_people_are_found_by_how_they_are_known(
    page: Client, creator: Membership, words: str, found: bool
) -> None:
    PersonFactory(
        workspace=creator.workspace, external_id="c-7", email="ada@example.org", phone="+442079460000",
        attributes={"first_name": "Ada", "last_name": "Lovelace"},
    )  # fmt: skip
    rows = page.get("/people/", {"q": words}).context["rows"]
    assert bool(rows) is found


def test_a_persons_page_shows_messages_with_their_reasons_and_what_must_not_be_sent(
    page: Client, creator: Membership
) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message", name="Spring news")
    person = PersonFactory(
        workspace=creator.workspace, email="ada@example.org", attributes={"plan": "pro <b>"}
    )
    Delivery.objects.create(
        channel=campaign.channels.get(),
        person=person,
        status="skipped",
        reason="unsubscribed",
        due_at=campaign.created_at,
    )
    Suppression.objects.create(
        workspace=creator.workspace, address_kind="email", address="ada@example.org", reason="unsubscribed"
    )
    text = page.get(f"/people/{person.pk}/").content.decode()
    assert "Spring news" in text
    assert "ada@example.org is not contacted: unsubscribed" in text
    assert "pro &lt;b&gt;" in text


def test_an_upload_is_looked_at_corrected_run_and_reported(page: Client, creator: Membership) -> None:
    response = upload(page, new_list="Spring customers")
    job = ImportJob.objects.get()
    assert response["Location"] == f"/people/imports/{job.pk}/"
    assert not Person.objects.filter(workspace=creator.workspace).exists()
    columns = {column["label"]: column for column in page.get(response["Location"]).context["columns"]}
    assert columns["Email"]["choice"] == "email"
    assert columns["Shoe size"]["attribute"] == "shoe_size"
    mapping = {"column": list(columns), "target-0": "external_id", "target-1": "email", "target-2": "attribute",
               "attribute-2": "first_name", "target-3": "", "encoding": "", "delimiter": "", "op": "start"}  # fmt: skip
    page.post(response["Location"], mapping)
    job.refresh_from_db()
    assert job.status == "queued"
    run_import(job.pk)
    text = page.get(response["Location"]).content.decode()
    assert "Refused rows as CSV" in text
    assert Person.objects.get(workspace=creator.workspace, external_id="1").attributes == {
        "first_name": "Ada"
    }
    assert Segment.objects.get(name="Spring customers").members.count() == 1
    report = b"".join(page.get(f"/people/imports/{job.pk}/refused.csv").streaming_content).decode()
    assert len(report.strip().splitlines()) == 3
    assert "not an address" in report


def test_progress_is_polled_while_it_runs_and_no_longer(page: Client, creator: Membership) -> None:
    upload(page)
    job = ImportJob.objects.get()
    url = f"/people/imports/{job.pk}/progress/"
    ImportJob.objects.update(status="running", bytes_done=40)
    assert "data-poll" in page.get(url).content.decode()
    ImportJob.objects.update(status="done")
    assert "data-poll" not in page.get(url).content.decode()


def test_a_file_that_is_read_another_way_is_shown_before_it_is_imported(
    page: Client, creator: Membership
) -> None:
    upload(page)
    job = ImportJob.objects.get()
    page.post(f"/people/imports/{job.pk}/", {"column": [], "encoding": "", "delimiter": ",", "op": "start"})
    job.refresh_from_db()
    assert job.status == "draft"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "empty.csv", "empty"),
        (b"PK\x03\x04xl/workbook.xml" + b"\0" * 99, "book.xlsx", "Excel"),
        (b"\x89PNG\r\n" + b"\0" * 50, "a.csv", "picture"),
    ],
)
def test_what_is_no_csv_is_refused_in_words(page: Client, content: bytes, name: str, said: str) -> None:
    response = upload(page, content, name)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not ImportJob.objects.exists()


def test_a_taken_list_name_and_a_wrong_country_stand_beside_their_fields(
    page: Client, creator: Membership
) -> None:
    SegmentFactory(workspace=creator.workspace, name="Taken")
    response = upload(page, new_list="taken")
    assert response.context["form"].errors["new_list"]
    assert upload(page, region="XX").context["form"].errors["region"]
    assert not ImportJob.objects.exists()


def test_lists_are_made_filled_and_archived(page: Client, creator: Membership) -> None:
    PersonFactory(workspace=creator.workspace, external_id="c-1")
    page.post("/segments/new/", {"name": "VIP"})
    segment = Segment.objects.get(name="VIP")
    response = page.post(f"/segments/{segment.pk}/", {"op": "add", "external_ids": "c-1\nc-2"}, follow=True)
    text = response.content.decode()
    assert "1 added" in text
    assert "1 external ids are not known: c-2" in text
    page.post(f"/segments/{segment.pk}/", {"op": "archive"})
    assert "VIP" not in [row.name for row in page.get("/segments/").context["rows"]]
    assert [row.name for row in page.get("/segments/?tab=archived").context["rows"]] == ["VIP"]
    assert page.post("/segments/new/", {"name": "vip"}).status_code == 422


@pytest.mark.parametrize("name", ['"', "50%", "a>b", "x!", "“quoted”", "", "a" * 61])
def test_labels_with_forbidden_names_are_refused(page: Client, name: str) -> None:
    response = page.post("/labels/new/", {"name": name})
    assert response.status_code == 422
    assert not Label.objects.exists()


def test_labels_are_made_renamed_and_deleted(page: Client, creator: Membership) -> None:
    page.post("/labels/new/", {"name": "Onboarding"})
    label = Label.objects.get()
    campaign = CampaignFactory(created_by=creator)
    campaign.labels.add(label)
    assert page.post("/labels/new/", {"name": "ONBOARDING"}).status_code == 422
    page.post(f"/labels/{label.pk}/", {"name": "Welcome"})
    assert Label.objects.get().name == "Welcome"
    assert "taken off 1 campaign." in page.get(f"/labels/{label.pk}/delete/").content.decode()
    page.post(f"/labels/{label.pk}/delete/")
    assert not Label.objects.exists()
    assert campaign.labels.count() == 0


def test_the_same_label_in_another_workspace_does_not_matter(browse: Browse, stranger: Membership) -> None:
    LabelFactory(name="Onboarding")
    browse(stranger).post("/labels/new/", {"name": "Onboarding"})
    assert Label.objects.filter(name="Onboarding").count() == 2
