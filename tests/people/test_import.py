"""Imports into the database: what comes in, what is refused and why, re-imports, lists, the report, being killed."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import ImportJob, Person, SegmentMember
from campaigns.services import importing
from campaigns.services.import_report import report_csv
from campaigns.services.importing import due_imports, run_import
from tests import factories
from tests.people.files import as_csv, brought_in, counts, people_rows, queued, real_file, refusals


def test_the_real_ten_thousand_come_in_whole(workspace, path, now):
    job = brought_in(workspace, path, real_file().read_bytes(), now)
    assert counts(job) == {"records_done": 10_000, "created": 10_000}
    people = Person.objects.filter(workspace=workspace)
    assert people.exclude(email="").count() == people.exclude(phone="").count() == 10_000
    alice = people.get(external_id="TgSiKBk1Wn")
    assert (alice.email, alice.phone) == ("claireware@example.org", "+13818590830")
    assert alice.attributes == {
        "index": 1,
        "first_name": "Alice",
        "last_name": "Esparza",
        "sex": "Female",
        "date_of_birth": "1959-05-25",
        "job_title": "Financial adviser",
    }


def test_an_export_comes_in_and_again_changes_nothing(workspace, path, now):
    rows = people_rows(300)
    segment = factories.SegmentFactory(workspace=workspace)
    first = brought_in(workspace, path, as_csv(rows), now, segment=segment)
    assert counts(first) == {"records_done": 300, "created": 300}
    assert segment.members.count() == 300
    again = brought_in(workspace, path, as_csv(rows), now + timedelta(days=1), segment=segment)
    assert counts(again) == {"records_done": 300, "unchanged": 300}
    assert set(SegmentMember.objects.values_list("since", flat=True)) == {now}
    assert set(Person.objects.values_list("updated_at", flat=True)) == {now}


def test_a_later_import_updates_and_an_empty_cell_erases_nothing(workspace, path, now):
    brought_in(
        workspace, path, "id,email,phone,plan,city\n1,a@example.org,12,gold,Bonn\n2,b@example.org,,,\n", now
    )
    assert Person.objects.get(external_id="1").attributes["phone_as_given"] == "12"
    later = brought_in(
        workspace, path, "id,phone,plan,city\n1,2125550100,silver,\n2,,,\n", now + timedelta(days=1)
    )
    # The second person's row has neither address, so it is refused; what is known of them stays.
    assert counts(later) == {"records_done": 1, "updated": 1} | {"records_done": 2, "refused": 1}
    person = Person.objects.get(external_id="1")
    assert (person.email, person.phone) == ("a@example.org", "+12125550100")
    assert person.attributes == {"plan": "silver", "city": "Bonn"}
    assert person.updated_at == now + timedelta(days=1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_encodings_reach_the_database(workspace, path, now, encoding):
    text = 'User Id\tName\tEmail\tNote\r\n1\tZoë Müller\tz@example.org\t"two\r\nlines"\r\n'
    job = brought_in(workspace, path, text.encode(encoding), now)
    assert Person.objects.get().attributes == {"name": "Zoë Müller", "note": "two\r\nlines"}
    assert job.notes[1] == "Delimiter: tab."


def test_a_header_alone_fails_the_job_with_a_sentence(workspace, path, now):
    job = run_import(queued(workspace, path, "id,email\n").pk, now)
    assert (job.status, job.error) == (ImportJob.FAILED, "The file has a header but no rows.")


def test_identical_rows_are_one_person_and_no_complaint(workspace, path, now):
    job = brought_in(workspace, path, "id,email\n" + "1,a@example.org\n" * 2 + "\n1,a@example.org\n", now)
    assert counts(job) == {"records_done": 3, "created": 1, "unchanged": 2}


def test_a_refused_row_does_not_take_the_place_of_a_good_one(workspace, path, now):
    job = brought_in(workspace, path, "id,email\n1,bad\n1,good@example.org\n1,late@example.org\n", now)
    assert [(line, error) for line, _, _, error in refusals(job)][1] == (
        4,
        "“1” is already on line 3; that row counts.",
    )
    assert Person.objects.get().email == "good@example.org"


def test_without_an_id_column_the_address_says_who_it_is(workspace, path, now):
    job = brought_in(
        workspace, path, "Email,Phone\nANN@example.org,\n,2125550100\nann@Example.org,2125550101\n", now
    )
    assert counts(job) == {"records_done": 3, "created": 2, "refused": 1}
    assert sorted(Person.objects.values_list("external_id", flat=True)) == ["+12125550100", "ann@example.org"]


def test_duplicates_are_found_across_batches(workspace, path, now, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 7)
    rows = people_rows(50)
    rows[40][1], rows[45] = rows[3][1], rows[2]
    job = brought_in(workspace, path, as_csv(rows), now)
    assert counts(job) == {"records_done": 50, "created": 48, "unchanged": 1, "refused": 1}
    assert refusals(job)[0][:3] == (42, 41, "User Id")
    assert "is already on line 5" in refusals(job)[0][3]


def test_a_bad_phone_is_a_warning_and_the_person_comes_in(workspace, path, now):
    job = brought_in(workspace, path, "id,email,phone\n1,a@example.org,12\n", now)
    assert counts(job) == {"records_done": 1, "created": 1, "warnings": 1}
    warning = job.refused_rows.get()
    assert (warning.severity, warning.line, warning.column) == ("warning", 2, "phone")
    assert "too few digits" in warning.error
    person = Person.objects.get()
    assert (person.phone, person.attributes) == ("", {"phone_as_given": "12"})


def test_who_shares_an_address_is_known_across_imports(workspace, path, now):
    other = factories.PersonFactory(email="one@example.org", phone="+12125550100")
    brought_in(workspace, path, "id,email,phone\n1,one@example.org,\n2,two@example.org,2125550100\n", now)
    assert not Person.objects.filter(shares_email=True).exists()
    brought_in(workspace, path, "id,email,phone\n3,ONE@example.org,\n4,four@example.org,212-555-0100\n", now)
    shared = Person.objects.filter(workspace=workspace)
    assert sorted(shared.filter(shares_email=True).values_list("external_id", flat=True)) == ["1", "3"]
    assert sorted(shared.filter(shares_phone=True).values_list("external_id", flat=True)) == ["2", "4"]
    other.refresh_from_db()
    assert not (
        other.shares_email or other.shares_phone
    )  # another workspace's people are nobody's neighbours


def test_the_report_can_be_corrected_and_imported_and_runs_no_formula(workspace, path, now):
    text = 'id,email,phone,note\n1,a@,+1 212 555 0100 99,"=HYPERLINK(""http://example.org"")"\n2,@cmd,-12,\n'
    job = brought_in(workspace, path, text, now)
    report = "".join(report_csv(job))
    rows = list(csv.reader(io.StringIO(report)))
    assert rows[0] == [
        "Import line",
        "Import record",
        "Import column",
        "Import error",
        "id",
        "email",
        "phone",
        "note",
    ]
    assert [row[:3] for row in rows[1:]] == [["2", "1", "email"], ["3", "2", "email"]]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert rows[1][6:] == ["'+1 212 555 0100 99", '\'=HYPERLINK("http://example.org")']
    corrected = report.replace("a@,", "a@example.org,").replace("'+1 212 555 0100 99", "'+1 212 555 0100")
    again = brought_in(workspace, path, corrected, now)
    assert counts(again) == {"records_done": 2, "created": 1, "refused": 1}
    person = Person.objects.get()
    assert (person.email, person.phone) == ("a@example.org", "+12125550100")
    assert person.attributes == {"note": '=HYPERLINK("http://example.org")'}


def test_an_interrupted_import_goes_on_and_the_report_is_exact(workspace, path, now, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    rows = people_rows(60)
    rows[5][5], rows[5][6] = "bad", ""
    rows[33][1] = rows[2][1]
    job = queued(workspace, path, as_csv(rows))

    class Killed(BaseException):
        pass

    def die_after_three(job):
        if job.records_done == 30:
            raise Killed

    with pytest.raises(Killed):
        run_import(job.pk, now, die_after_three)
    assert due_imports(now) == []
    assert run_import(job.pk, now + timedelta(seconds=10)).records_done == 30  # somebody may still be at it
    later = now + timedelta(minutes=10)
    assert due_imports(later) == [job.pk]
    job = run_import(job.pk, later)
    assert (job.status, counts(job)) == (ImportJob.DONE, {"records_done": 60, "created": 58, "refused": 2})
    assert [(line, record) for line, record, _, _ in refusals(job)] == [(7, 6), (35, 34)]
    assert "is already on line 4" in refusals(job)[1][3]


def test_a_file_that_changed_in_between_is_not_gone_on_with(workspace, path, now, monkeypatch):
    job = queued(workspace, path, as_csv(people_rows(20)))
    ImportJob.objects.filter(pk=job.pk).update(records_done=10, bytes_total=path.stat().st_size)
    path.write_text(as_csv(people_rows(21)))
    job = run_import(job.pk, now)
    assert (job.status, job.error) == (
        ImportJob.FAILED,
        "The file has changed since the import began; import it anew.",
    )


def test_a_worker_that_was_overtaken_changes_nothing(workspace, path, now, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    job = queued(workspace, path, as_csv(people_rows(40)))

    def another_worker(job):
        if job.records_done == 10:
            run_import(job.pk, now, take_over=True)

    job = run_import(job.pk, now, another_worker)
    assert (job.status, counts(job)) == (ImportJob.DONE, {"records_done": 40, "created": 40})


def test_the_command_reports_and_writes_the_refused_rows(workspace, path, capsys):
    path.write_text("id,email\n1,a@example.org\n2,bad\n")
    call_command("import_people", str(path), workspace=workspace.slug, list="Spring  customers", region="US")
    out = capsys.readouterr().out
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 refused, 0 warnings." in out
    refused = path.with_name("people.csv.refused.csv").read_text()
    assert refused.splitlines()[1].startswith("3,2,email,“bad” is no e-mail address.")
    assert list(
        Person.objects.filter(list_memberships__segment__name="Spring customers").values_list("email")
    ) == [("a@example.org",)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workspace": "nope"}, "There is no workspace “nope”"),
        ({"region": "XX"}, "is not a country"),
        ({"map": ["email"]}, "COLUMN=TARGET"),
        ({"map": ["Nope=email"]}, "no column “Nope”"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(workspace, path, options, said):
    path.write_text("id,email\n1,a@example.org\n")
    with pytest.raises(CommandError, match=said):
        call_command("import_people", str(path), **{"workspace": workspace.slug, **options})
