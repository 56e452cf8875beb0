"""Twenty-one broken files, and exactly what is said of each: one bad row never takes another with it."""

import random

import pytest

from campaigns.models import Person
from campaigns.services.errors import Invalid
from tests.people.files import brought_in, counts, queued, refusals

GOOD = "1,ann@example.org,Ann"
#: Name → the broken row, the column that is named, exactly what is said. It stands between two good rows.
BROKEN_ROWS = {
    "no id": (
        ",bob@example.org,Bob",
        "id",
        "“id” is empty: nobody can tell who the row is about.",
    ),
    "no address": (
        "2,,Bob",
        "",
        "The row has neither an e-mail address nor a phone number; it needs one of them.",
    ),
    "no @": (
        "2,bob,Bob",
        "email",
        "“bob” is no e-mail address. An email address must have an @-sign. Right: name@example.org.",
    ),
    "two addresses": (
        "2,b@example.org;c@example.org,Bob",
        "email",
        "There is more than one e-mail address here; keep one, like name@example.org.",
    ),
    "nothing after @": (
        "2,bob@,Bob",
        "email",
        "“bob@” is no e-mail address. There must be something after the @-sign. Right: name@example.org.",
    ),
    "too few values": (
        "2,bob@example.org",
        "",
        "The row has 2 value(s) where the header has 3 columns. A value that contains a line "
        "break must be in quotes.",
    ),
    "too many values": (
        "2,bob@example.org,Bob,Lee",
        "",
        "The row has 4 values where the header has 3 columns. A value that contains the "
        "delimiter must be in quotes.",
    ),
    "quote in a value": (
        '2,bob@example.org,"Bob "B" Lee"',
        "",
        'A quote stands inside a quoted value. Double it ("") or remove the quotes; the value '
        "starts on line 3 and breaks on line 3.",
    ),
    "quote not closed": (
        '2,bob@example.org,"Bob',
        "",
        "The quote opened on line 3 is never closed. Close it, or remove it.",
    ),
    "NUL": (
        "2,bob@example.org,B\0b",
        "",
        "Value 3 contains a NUL character, which no text may hold. Remove it.",
    ),
    "id too long": (
        "2" * 151 + ",bob@example.org,Bob",
        "id",
        "At most 150 characters; this one has 151.",
    ),
    "value too long": (
        "2,bob@example.org," + "x" * 10_001,
        "name",
        "At most 10,000 characters; this one has 10,001.",
    ),
    "same person again": (
        "1,other@example.org,Ann",
        "id",
        "“1” is already on line 2; that row counts.",
    ),
}


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_a_broken_row_is_refused_by_itself_with_its_line_and_reason(workspace, path, now, name):
    row, column, said = BROKEN_ROWS[name]
    job = brought_in(workspace, path, f"id,email,name\n{GOOD}\n{row}\n9,last@example.org,Last\n", now)
    assert refusals(job) == [(3, 2, column, said)]
    assert counts(job) == {"records_done": 3, "created": 2, "refused": 1}
    assert sorted(Person.objects.values_list("external_id", flat=True)) == ["1", "9"]


BROKEN_FILES = {
    "empty": (b"", "The file is empty."),
    "blank lines": (b"\n\n", "The file has no header and no rows; it holds only blank lines."),
    "workbook": (
        b"PK\x03\x04[Content_Types].xml",
        "This is an Excel workbook. In Excel choose Save as… > CSV UTF-8 and import that.",
    ),
    "old workbook": (
        b"\xd0\xcf\x11\xe0",
        "This is not a CSV file but an old Excel workbook (.xls); in Excel choose Save as… > CSV UTF-8.",
    ),
    "picture": (b"\x89PNG\r\n", "This is not a CSV file but a picture."),
    "noise": (
        random.Random(1).randbytes(5000).replace(b"\x1f\x8b", b""),
        "This is not a text file: it is full of control characters. Save it as CSV (UTF-8).",
    ),
    "one endless line": (
        b"a," * 600_000,
        "Line 1 is longer than a million characters; this is not a list of people.",
    ),
    "no address column": (
        b"id,name\n1,Ann\n",
        "No column holds an e-mail address or a phone number; say which one does.",
    ),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_file_that_cannot_be_imported_is_refused_before_anything_happens(workspace, path, name):
    content, said = BROKEN_FILES[name]
    with pytest.raises(Invalid) as refused:
        queued(workspace, path, content)
    assert next(iter(refused.value.fields.values())) == said
    assert not Person.objects.exists()
