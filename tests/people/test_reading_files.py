"""From bytes to records: encodings, delimiters, quotes, headers, types of columns; and which files are no CSV at all."""

import io

import pytest

from campaigns.domain.headers import correct_mapping, guess_mapping
from campaigns.domain.people import RowRefused
from campaigns.domain.people_file import PeopleFile
from campaigns.domain.text_files import FileRefused

TABLE = "id;Vorname;E-Mail\r\n1;Jürgen;j@example.org\r\n2;Zoë;z@example.org\r\n"


def read(content: str | bytes, **options) -> PeopleFile:
    return PeopleFile(io.BytesIO(content.encode() if isinstance(content, str) else content), **options)


@pytest.mark.parametrize(
    ("encoding", "named", "said"),
    [
        ("utf-8", "utf-8", "every byte"),
        ("utf-8-sig", "utf-8", "byte-order mark"),
        ("utf-16", "utf-16-le", "byte-order mark"),
        ("utf-16-le", "utf-16-le", "every other byte is zero"),
        ("utf-16-be", "utf-16-be", "every other byte is zero"),
        ("utf-32", "utf-32-le", "byte-order mark"),
        ("cp1252", "cp1252", "Windows-1252"),
    ],
)
def test_every_encoding_gives_the_same_people_and_is_named(encoding, named, said):
    file = read(TABLE.encode(encoding))
    assert [record.cells for record in file.records()] == [
        ["1", "Jürgen", "j@example.org"],
        ["2", "Zoë", "z@example.org"],
    ]
    assert file.form.encoding == named
    assert said in file.notes()[0]


def test_bytes_that_windows_1252_does_not_have_mean_latin_1():
    assert read(b"id,name,email\n1,\x81\xe9,a@example.org\n").form.encoding == "latin-1"


def test_the_encoding_is_decided_by_the_whole_file_not_its_beginning():
    plain = "".join(f"{n},Ann,a{n}@example.org\n" for n in range(60_000))
    file = read(("id,name,email\n" + plain).encode() + "x,Müller,m@example.org\n".encode("cp1252"))
    assert file.form.encoding == "cp1252"
    assert list(file.records())[-1].cells[1] == "Müller"


def test_a_little_damage_does_not_turn_utf_8_into_something_else():
    good = "".join(f"{n},Zoë,a{n}@example.org\n" for n in range(5))
    file = read(("id,name,email\n" + good).encode() + b"9,Zo\xeb,z@example.org\n")
    problems = {record.number: record.problem for record in file.records() if record.problem}
    assert file.form.encoding == "utf-8"
    assert list(problems) == [6]
    assert "Value 2 contains bytes" in problems[6]


def test_an_encoding_can_be_chosen():
    file = read("id,name,email\n1,Łódź,a@example.org\n".encode("cp1250"), encoding="cp1250")
    assert next(file.records()).cells[1] == "Łódź"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_even_where_others_stand_in_the_values(delimiter):
    text = TABLE.replace(";", delimiter).replace("Zoë", '"Zoë, ; | Co"')
    file = read(text)
    assert file.dialect.delimiter == delimiter
    assert [record.problem for record in file.records()] == ["", ""]


def test_excels_first_line_names_the_delimiter():
    file = read("sep=|\r\nid|email\r\n1|a@example.org\r\n")
    record = next(file.records())
    assert (record.cells, record.line) == (["1", "a@example.org"], 3)


def test_quoted_line_ends_stay_in_the_value_and_lines_are_still_counted():
    file = read('id,note,email\r\n1,"two\r\nlines",a@example.org\r\n\r\n2,"a ""quote""",b@example.org\r\n')
    records = list(file.records())
    assert [(record.number, record.line, record.cells[1]) for record in records] == [
        (1, 2, "two\r\nlines"),
        (2, 5, 'a "quote"'),
    ]


def test_old_macs_line_ends():
    assert [record.line for record in read("id,email\r1,a@example.org\r2,b@example.org").records()] == [2, 3]


def test_a_broken_quote_takes_only_its_own_line():
    text = 'id,name,email\n1,"Ann "A" Lee",a@example.org\n2,Bob,b@example.org\n'
    text += '3,"never closed,c@example.org\n4,Di,d@example.org\n'
    outcome = {record.number: (record.line, record.problem) for record in read(text).records()}
    assert [line for line, _ in outcome.values()] == [2, 3, 4, 5]
    assert "quote stands inside" in outcome[1][1]
    assert "opened on line 4 is never closed" in outcome[3][1]
    assert outcome[2][1] == outcome[4][1] == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf", "The file is empty"),
        (b"\n\n\r\n", "only blank lines"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "Excel workbook"),
        (b"PK\x03\x04\x14\x00\x00\x00people.csv", "zip archive"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (bytes(range(1, 32)) * 50, "control characters"),
        (b"x" * 1_500_000, "longer than a million characters"),
        (b'id,"name\n1,Ann\n', "The header cannot be read"),
        (",".join(f"c{n}" for n in range(600)).encode(), "600 columns"),
    ],
)
def test_what_is_no_csv_is_refused_with_what_it_is(content, said):
    with pytest.raises(FileRefused, match=said):
        read(content)


def test_a_header_without_rows_is_refused_when_it_is_surveyed():
    with pytest.raises(FileRefused, match="a header but no rows"):
        read("id,email\n").survey()


@pytest.mark.parametrize(
    "headings",
    [
        "User Id → external_id, First Name → first_name, Email → email, Phone → phone",
        "Kundennr. → external_id, Nachname → last_name, E-Mail-Adresse → email, Handy → phone",
        "Müşteri No → external_id, Adı → first_name, E-posta → email, Cep Telefonu → phone",
        "identifiant → external_id, prénom → first_name, courriel → email, téléphone → phone",
        "фамилия → last_name, телефон → phone, Электронная почта → email",
        "id → id, customer_id → external_id, Phone → phone_2, Mobile → phone, Time Zone → timezone",
        "Email → email, Email (2) → email_2",
        "Billing email → email, Größe (cm) → grosse_cm, 2024 spend → column_2024_spend",
    ],
)
def test_headings_are_understood(headings):
    expected = dict(heading.split(" → ") for heading in headings.split(", "))
    header = ",".join("Email" if label == "Email (2)" else label for label in expected)
    values = ",".join("x" for _ in expected)
    assert read(f"{header}\n{values}\n").mapping == expected


def test_a_column_without_a_heading_is_numbered():
    assert read("Email,\nann@example.org,x\n").mapping == {"Email": "email", "Column 2": "column_2"}


def test_a_file_without_a_header_is_read_from_its_first_row():
    file = read("17,Ann,ann@example.org\n18,Bob,bob@example.org\n")
    assert [(record.line, record.cells[0]) for record in file.records()] == [(1, "17"), (2, "18")]
    assert file.mapping == {"Column 1": "column_1", "Column 2": "column_2", "Column 3": "email"}
    assert any("no header" in note for note in file.notes())
    assert any("known by their e-mail" in note for note in file.notes())


def test_corrections_of_the_mapping():
    guessed = guess_mapping(["id", "Mail", "Plan"])
    assert correct_mapping(guessed, {"Plan": "My Plan", "id": ""}) == (
        {"id": "", "Mail": "email", "Plan": "my_plan"},
        [],
    )
    _, problems = correct_mapping(guessed, {"Plan": "email", "Nope": "x", "Mail": "email"})
    assert problems == [
        "The file has no column “Nope”.",
        "“Mail” and “Plan” cannot both be E-mail address.",
    ]
    assert "No column holds an e-mail address" in correct_mapping(guessed, {"Mail": ""})[1][0]


def test_columns_are_typed_only_where_every_value_agrees():
    text = (
        "id,email,points,zip,price,member,born,seen,joined,account\n"
        "a,a@example.org,10,01234,1.5,TRUE,25/12/1990,03/04/2020,24.12.2020,1234567890123456\n"
        "b,b@example.org,-7,90210,2,false,01/02/1991,05/06/2020,1.2.2021,1\n"
    )
    file = read(text)
    reader = file.row_reader(file.survey())
    attributes = [reader.read(record.cells)[0].attributes for record in file.records()]
    assert attributes[0] == (
        '{"points":10,"zip":"01234","price":1.5,"member":true,"born":"1990-12-25","seen":"03/04/2020",'
        '"joined":"2020-12-24","account":"1234567890123456"}'
    )
    assert '"born":"1991-02-01"' in attributes[1]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (",ann@example.org,+12125550100", "User Id", "nobody can tell who"),
        ("1,,", "", "neither an e-mail address nor a phone number"),
        ("1,ann@,", "Email", "after the @-sign"),
        ("1,,12", "Phone", "too few digits"),
        ("1,ann@,12", "Email", "after the @-sign"),
        (f"{'9' * 151},ann@example.org,", "User Id", "At most 150"),
    ],
)
def test_a_row_that_makes_no_person_says_why(row, column, said):
    file = read(f"User Id,Email,Phone\n0,z@example.org,\n{row}\n")
    reader = file.row_reader(file.survey())
    with pytest.raises(RowRefused, match=said) as refused:
        reader.read(list(file.records())[1].cells)
    assert refused.value.problem.column == column


@pytest.mark.parametrize(
    ("row", "column", "kept"),
    [
        ("1,ann@example.org,12,UTC", "Phone", '"phone_as_given":"12"'),
        ("1,ann@,+12125550100,UTC", "Email", '"email_as_given":"ann@"'),
        ("1,ann@example.org,,Mars", "Time zone", '"timezone_as_given":"Mars"'),
    ],
)
def test_one_usable_address_keeps_the_person_and_the_bad_value(row, column, kept):
    file = read(f"User Id,Email,Phone,Time zone\n{row}\n")
    person, warnings = file.row_reader(file.survey()).read(next(file.records()).cells)
    assert person.external_id == "1"
    assert kept in person.attributes
    assert [warning.column for warning in warnings] == [column]
