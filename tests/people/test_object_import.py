"""CSV imports of objects: what comes in, who is related, what is refused and why, going on after a crash, what follows."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.engine.segments import keep_members
from campaigns.models import ImportJob, ObjectType, Person, RelatedObject, Relationship
from campaigns.services import import_targets, importing
from campaigns.services import objects as service
from campaigns.services.errors import Invalid
from campaigns.services.import_report import report_csv
from campaigns.services.import_setup import draft_import, queue_import
from campaigns.services.importing import run_import
from tests.factories import NOW, PersonFactory
from tests.people.files import refusals
from tests.segments.ground import members, segment

pytestmark = pytest.mark.django_db

HEADER = "type,id,people,plan,seats\n"


@pytest.fixture(autouse=True)
def people(workspace: Any) -> list[Person]:
    return [PersonFactory(workspace=workspace, external_id=name) for name in ("ann", "bob", "zoë")]


def ready(workspace: Any, path: Path, content: str | bytes, **options: Any) -> ImportJob:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    draft = draft_import(workspace, None, path.name, str(path), kind=ImportJob.OBJECTS, **options)
    return queue_import(draft)


def brought(workspace: Any, path: Path, content: str | bytes, **options: Any) -> ImportJob:
    job = run_import(ready(workspace, path, content, **options).pk, NOW)
    assert job.status == ImportJob.DONE, job.error
    assert job.records_done == job.created + job.updated + job.unchanged + job.refused
    return job


def counts(job: ImportJob) -> tuple[int, int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.related, job.refused


def related() -> list[tuple[str, str]]:
    found = Relationship.objects.order_by("object__external_id", "person__external_id")
    return list(found.values_list("object__external_id", "person__external_id"))


def test_objects_come_in_with_attributes_and_people_and_again_change_nothing(
    workspace: Any, path: Path
) -> None:
    content = (
        HEADER + 'company,acme,"ann, bob",gold,12\ncompany,globex,,free,3\nAccount,a-1,zoë;ann ; ann,,\n'
    )
    assert counts(brought(workspace, path, content)) == (3, 0, 0, 4, 0)
    acme = RelatedObject.objects.get(external_id="acme")
    assert (acme.type.name, acme.attributes) == ("company", {"plan": "gold", "seats": 12})
    assert related() == [("a-1", "ann"), ("a-1", "zoë"), ("acme", "ann"), ("acme", "bob")]
    assert counts(brought(workspace, path, content)) == (0, 0, 3, 0, 0)
    later = HEADER + "COMPANY,acme,zoë,silver,\n"
    assert counts(brought(workspace, path, later)) == (0, 1, 0, 1, 0)
    acme.refresh_from_db()
    assert acme.attributes == {"plan": "silver", "seats": 12}
    assert ("acme", "ann") in related()  # nobody is unrelated
    assert sorted(ObjectType.objects.values_list("name", flat=True)) == ["Account", "company"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(workspace: Any, path: Path, encoding: str, delimiter: str) -> None:
    rows = [["Company ID", "Büro", "People"], ["müller & söhne", 'Köln, "Süd"', "zoë,bob"], ["b", "", ""]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    job = brought(workspace, path, text.getvalue().encode(encoding), object_type="company")
    assert counts(job) == (2, 0, 0, 2, 0)
    assert RelatedObject.objects.get(external_id="müller & söhne").attributes == {"buro": 'Köln, "Süd"'}
    assert related() == [("müller & söhne", "bob"), ("müller & söhne", "zoë")]


@pytest.mark.parametrize(
    ("row", "column", "error"),
    [
        (",x,,,", "type", "The type is empty. A type is 1 to 60 letters"),
        ("a/b,x,,,", "type", "“a/b” is no type."),
        ("x" * 61 + ",x,,,", "type", "is no type."),
        ("company,,,,", "id", "“id” is empty: nobody can tell which company the row is about."),
        (f"company,{'x' * 151},,,", "id", "At most 150 characters; this one has 151."),
        ("company,x,eve,,", "people", "Nobody in this workspace has the external id “eve”. Import these people first"),
        ('company,x,"e,f,ann,g,h",,', "people", "external ids “e”, “f”, “g” and 1 more."),
        (f"company,x,{';'.join(map(str, range(10_001)))},,", "people", "At most 10,000 people in one row"),
        (f"company,x,,{'y' * 10_001},", "plan", "At most 10,000 characters; this one has 10,001."),
        ("company,x,ann", "", "The row has 3 value(s) where the header has 5 columns."),
        ("company,x,ann,gold,1,more", "", "The row has 6 values where the header has 5 columns."),
        ('company,"x,ann,gold,1', "", "is never closed"),
        ("company,x\0,ann,gold,1", "", "contains a NUL character"),
        ("company,x,ann\0,gold,1", "", "contains a NUL character"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_with_its_column_and_stops_no_other(
    workspace: Any, path: Path, row: str, column: str, error: str
) -> None:
    job = brought(
        workspace,
        path,
        HEADER + f"company,fine,ann,gold,1\n{row}\n" + "company,too,,,\n" * ("never" not in error),
    )
    ((line, record, named, said),) = refusals(job)
    assert (line, record, named) == (3, 2, column)
    assert error in said
    assert "x" not in RelatedObject.objects.values_list("external_id", flat=True)
    assert RelatedObject.objects.filter(external_id="fine").exists()


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", {}, "The file is empty."),
        ("\n\n", {}, "only blank lines"),
        (b"PK\x03\x04xl/workbook.xml" + b"\0" * 99, {}, "Excel"),
        (
            "name,plan\nacme,gold\n",
            {"object_type": "company"},
            "No column holds the external id of the objects",
        ),
        ("company,acme,ann\n", {}, "here they are “company”, “acme”, “ann”."),
        ("id,plan\nacme,gold\n", {}, "No column holds the type of the objects"),
        ("id,plan\nacme,gold\n", {"object_type": "a/b"}, "A type is 1 to 60 letters"),
    ],
)
def test_a_file_that_is_not_one_of_objects_is_refused_in_words(
    workspace: Any, path: Path, content: str | bytes, options: dict[str, str], said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ready(workspace, path, content, **options)
    assert said in str(refused.value)


def test_a_header_alone_fails_the_job_with_a_sentence(workspace: Any, path: Path) -> None:
    job = run_import(ready(workspace, path, HEADER).pk, NOW)
    assert (job.status, job.error) == (ImportJob.FAILED, "The file has a header but no rows.")


@pytest.mark.parametrize("batch", [2, 5_000])
def test_rows_about_one_object(
    workspace: Any, path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may differ in their people; with other values the first good one counts and is named."""
    monkeypatch.setattr(importing, "BATCH", batch)
    job = brought(
        workspace, path,
        HEADER + "company,acme,eve,bad,\ncompany,acme,ann,gold,\nCompany,acme,bob,gold,\ncompany,acme,,gold,\n"
        "company,acme,zoë,free,\naccount,acme,,,\n",
    )  # fmt: skip
    assert counts(job) == (2, 0, 2, 2, 2)
    assert [(line, column, error) for line, _, column, error in refusals(job)][1] == (
        6, "id", "“acme” is already on line 3; that row counts. Rows about one object may differ only in the people.",
    )  # fmt: skip
    assert related() == [("acme", "ann"), ("acme", "bob")]
    assert RelatedObject.objects.get(type__name="company").attributes == {"plan": "gold"}


def test_a_killed_import_goes_on_with_the_same_report(
    workspace: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 3)
    rows = [f"company,c{n},{'eve' if n == 4 else 'ann'},gold,{n}\n" for n in range(10)]
    job = ready(
        workspace, path, HEADER + "".join([*rows, "company,c1,ann,free,1\n", "company,c4,bob,gold,1\n"])
    )

    def killed(job: ImportJob) -> None:
        if job.records_done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_import(job.pk, NOW, killed)
    done = run_import(job.pk, NOW + timedelta(hours=1), take_over=True)
    assert (done.status, counts(done)) == (ImportJob.DONE, (10, 0, 0, 10, 2))
    assert [(line, column) for line, _, column, _ in refusals(done)] == [(6, "people"), (12, "id")]


def test_refused_rows_come_back_corrected(workspace: Any, path: Path) -> None:
    job = brought(workspace, path, HEADER + "company,acme,eve,=1,\n")
    report = "".join(report_csv(job))
    (row,) = csv.DictReader(io.StringIO(report))
    assert (row["Import line"], row["Import column"], row["plan"]) == ("2", "people", "'=1")
    assert counts(brought(workspace, path, report.replace(",eve,", ",bob,"))) == (1, 0, 0, 1, 0)
    assert RelatedObject.objects.get().attributes == {"plan": "=1"}


def test_limits_that_only_the_database_knows(
    workspace: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_TYPES", 2)
    monkeypatch.setattr(import_targets, "MOST_RELATED", 2)
    job = brought(workspace, path, HEADER + "".join(f"t{n % 3},a{n},ann;bob,,\n" for n in range(6)))
    assert counts(job) == (4, 0, 0, 8, 2)
    assert [(line, column, error) for line, _, column, error in refusals(job)] == [
        (line, "type", "A workspace has at most 2 types of objects.") for line in (4, 7)
    ]


def test_somebody_who_goes_while_the_rows_are_written_is_refused_too(
    workspace: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_targets, "look_up", lambda *_: None)
    monkeypatch.setattr(importing, "look_up", lambda *_: None)
    job = brought(workspace, path, HEADER + "company,a,ann,,\ncompany,b,ann,,\ncompany,b,eve,,\n")
    assert counts(job) == (1, 0, 0, 1, 2)
    assert [row[:3] for row in refusals(job)] == [(3, 2, "people"), (4, 3, "people")]


def test_people_of_another_workspace_are_nobody(workspace: Any, path: Path) -> None:
    PersonFactory(external_id="theirs")
    job = brought(workspace, path, HEADER + "company,acme,theirs,,\n")
    assert counts(job) == (0, 0, 0, 0, 1)


def test_segments_and_so_triggers_follow_as_after_a_call(workspace: Any, path: Path) -> None:
    brought(workspace, path, HEADER + "company,acme,ann,free,\n")
    gold = {"object": "company", "where": {"attribute": "plan", "op": "eq", "value": "gold"}}
    made = segment(workspace, gold)
    keep_members(workspace.pk, NOW)
    for content, there in (
        ("company,acme,,gold,\n", {"ann"}), ("company,acme,bob,,\n", {"ann", "bob"}), ("company,acme,,free,\n", set()),
    ):  # fmt: skip
        brought(workspace, path, HEADER + content)
        keep_members(workspace.pk, NOW)
        assert members(made) == there
