"""What a person is made of, and how one row of a file, or one object of the API, becomes a person. Pure."""

from collections.abc import Container, Mapping, Sequence
from json.encoder import encode_basestring
from typing import NamedTuple

from campaigns.domain.addresses import AddressError, PhoneReader, normalise_email, normalise_timezone
from campaigns.domain.column_types import Writer, writer_of
from campaigns.domain.headers import FIELDS

LONGEST_EXTERNAL_ID = 150
LONGEST_VALUE = 10_000
LONGEST_ATTRIBUTES = 100_000


class PersonRow(NamedTuple):
    """A person ready for the database; `attributes` is JSON text. Empty text means *not known*."""

    external_id: str
    email: str
    phone: str
    timezone: str
    attributes: str

    @property
    def identity(self) -> str:
        """As `RowReader.identity`."""
        return self.external_id

    @property
    def adds_to_an_earlier_row(self) -> bool:
        """Whether a row that says the same as an earlier one is more than a repetition."""
        return False


class Problem(NamedTuple):
    """What is wrong with one value: the column's label ("" for the whole row) and a sentence."""

    column: str
    error: str


class RowRefused(ValueError):
    """The row makes no person; `problem` says why."""

    def __init__(self, column: str, error: str) -> None:
        super().__init__(error)
        self.problem = Problem(column, error)


class AttributeCells:
    """The cells of a record that are attributes, as JSON text. ``columns``: target → place; ``fields`` are no attributes."""

    def __init__(
        self,
        labels: Sequence[str],
        columns: Mapping[str, int],
        fields: Container[str],
        kinds: Mapping[int, str],
    ) -> None:
        self._labels = labels
        self._columns: list[tuple[int, str, Writer]] = [
            (position, encode_basestring(key) + ":", writer_of(kinds.get(position, "")))
            for key, position in columns.items()
            if key not in fields
        ]

    def write(self, cells: Sequence[str], extra: Sequence[str] = ()) -> str:
        """The row's attributes; ``extra`` are members that are JSON already. Raises `RowRefused` where they are too long."""
        parts = [key + write(cells[column]) for column, key, write in self._columns if cells[column]]
        text = "{" + ",".join([*parts, *extra]) + "}"
        if len(text) > LONGEST_VALUE:
            self._refuse_over_long(cells, len(text))
        return text

    def _refuse_over_long(self, cells: Sequence[str], total: int) -> None:
        for column, _, _ in self._columns:
            if len(cells[column]) > LONGEST_VALUE:
                length = f"{len(cells[column]):,}"
                raise RowRefused(
                    self._labels[column], f"At most {LONGEST_VALUE:,} characters; this one has {length}."
                )
        if total > LONGEST_ATTRIBUTES:
            raise RowRefused(
                "", f"The row's attributes take {total:,} characters; at most {LONGEST_ATTRIBUTES:,}."
            )


class RowReader:
    """Turns the cells of a record into a `PersonRow`, by a mapping worked out once for the whole file.

    `labels` and `mapping` as in `campaigns.domain.headers`; `kinds` as from `ColumnTypes.kinds`. Where no column is
    mapped to external_id, a person is known by the e-mail address, else by the phone number.
    """

    def __init__(
        self, labels: Sequence[str], mapping: Mapping[str, str], phones: PhoneReader, kinds: Mapping[int, str]
    ) -> None:
        self.labels = labels
        self._phones = phones
        columns = {mapping[label]: position for position, label in enumerate(labels) if mapping[label]}
        self._identity, self._email, self._phone, self._timezone = (
            columns.get(field, -1) for field in FIELDS
        )
        self._attributes = AttributeCells(labels, columns, FIELDS, kinds)

    def read(self, cells: Sequence[str]) -> tuple[PersonRow, list[Problem]]:
        """The person and warnings about values that were left out. Raises `RowRefused`."""
        warnings: list[Problem] = []
        extra: list[str] = []
        phone_problem = None
        email, email_problem = self._read_email(cells)
        phone = given = cells[self._phone].strip() if self._phone >= 0 else ""
        if given:
            try:
                phone, extension = self._phones.read(given)
                if extension:
                    extra.append(f'"phone_extension":{encode_basestring(extension)}')
            except AddressError as error:
                phone, phone_problem = "", Problem(self.labels[self._phone], str(error))
        if email_problem or phone_problem or not (email or phone):
            self._weigh_addresses(email, phone, email_problem, phone_problem)
            warnings = [problem for problem in (email_problem, phone_problem) if problem]
            extra += [
                f'"{key}_as_given":{encode_basestring(cells[column].strip()[:LONGEST_VALUE])}'
                for key, column, problem in (
                    ("email", self._email, email_problem),
                    ("phone", self._phone, phone_problem),
                )
                if problem
            ]
        identity = self._read_identity(cells) if self._identity >= 0 else email or phone
        timezone = self._read_timezone(cells, warnings, extra) if self._timezone >= 0 else ""
        return PersonRow(identity, email, phone, timezone, self._attributes.write(cells, extra)), warnings

    #: What is said of a second row with other values.
    repetition_hint = ""

    @property
    def identity_label(self) -> str:
        """The label of the column that says who the row is about ("" where that is the address)."""
        return self.labels[self._identity] if self._identity >= 0 else ""

    def identity(self, cells: Sequence[str]) -> str:
        """Who the row is about ("" if that cannot be told): what two rows of one person have in common."""
        if self._identity >= 0:
            return cells[self._identity].strip()
        email, _ = self._read_email(cells)
        if email or self._phone < 0:
            return email
        try:
            return self._phones.read(cells[self._phone].strip())[0]
        except AddressError:
            return ""

    def digest(self, cells: Sequence[str]) -> int:
        """The same for two rows that say the same."""
        return hash(tuple(cells))

    def _read_email(self, cells: Sequence[str]) -> tuple[str, Problem | None]:
        given = cells[self._email] if self._email >= 0 else ""
        if not given or given.isspace():
            return "", None
        try:
            return normalise_email(given), None
        except AddressError as error:
            return "", Problem(self.labels[self._email], str(error))

    def _weigh_addresses(
        self, email: str, phone: str, email_problem: Problem | None, phone_problem: Problem | None
    ) -> None:
        """One usable address is enough to keep a person; raise `RowRefused` where there is none."""
        if email or phone:
            return
        if problem := email_problem or phone_problem:
            raise RowRefused(*problem)
        raise RowRefused(
            "", "The row has neither an e-mail address nor a phone number; it needs one of them."
        )

    def _read_identity(self, cells: Sequence[str]) -> str:
        identity = cells[self._identity].strip()
        label = self.labels[self._identity]
        if not identity:
            raise RowRefused(label, f"“{label}” is empty: nobody can tell who the row is about.")
        if len(identity) > LONGEST_EXTERNAL_ID:
            raise RowRefused(
                label, f"At most {LONGEST_EXTERNAL_ID} characters; this one has {len(identity):,}."
            )
        return identity

    def _read_timezone(self, cells: Sequence[str], warnings: list[Problem], extra: list[str]) -> str:
        given = cells[self._timezone].strip()
        if not given:
            return ""
        try:
            return normalise_timezone(given)
        except AddressError as error:
            warnings.append(Problem(self.labels[self._timezone], str(error)))
            extra.append(f'"timezone_as_given":{encode_basestring(given[:LONGEST_VALUE])}')
            return ""
