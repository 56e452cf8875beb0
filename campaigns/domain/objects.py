"""What an object that people are related to is made of, and how one row of a file becomes one. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from campaigns.domain.condition_reading import LONGEST_TYPE
from campaigns.domain.object_headers import FIELDS
from campaigns.domain.people import LONGEST_EXTERNAL_ID, AttributeCells, Problem, RowRefused

#: External ids of people in one cell; whoever needs more writes further rows about the same object.
MOST_IN_CELL = 10_000
TYPE_PROBLEM = (
    f"A type is 1 to {LONGEST_TYPE} letters, digits, spaces, hyphens or underscores, like “company”."
)
_TYPE = re.compile(r"[^\W_][\w -]*")
_BETWEEN_PEOPLE = re.compile(r"[,;|\r\n]")


def is_type_name(name: str) -> bool:
    """Whether a type of objects may be called so."""
    return len(name) <= LONGEST_TYPE and bool(_TYPE.fullmatch(name))


@dataclass(slots=True)
class ObjectRow:
    """One object ready for the database; ``people``: external id → JSON text of the relationship's attributes."""

    index: int
    """Its place in the call, or its record's number in the file: what a later refusal names."""
    type: str
    external_id: str
    attributes: str
    people: dict[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """What tells objects apart."""
        return self.type.lower(), self.external_id

    @property
    def identity(self) -> str:
        """As `ObjectRowReader.identity`."""
        return "\0".join(self.key)

    @property
    def adds_to_an_earlier_row(self) -> bool:
        """Whether a row that says the same of the object as an earlier one is more than a repetition."""
        return bool(self.people)


class ObjectRowReader:
    """Turns the cells of a record into an `ObjectRow`, by a mapping worked out once for the whole file.

    ``type_name`` is that of rows without one. Who of the people is unknown has to be said before (`unknown_people`), as
    a row that names such a person is refused as a whole.
    """

    def __init__(
        self, labels: Sequence[str], mapping: Mapping[str, str], kinds: Mapping[int, str], type_name: str
    ) -> None:
        self.labels = labels
        self.unknown_people: Collection[str] = frozenset()
        self._type_name = type_name
        columns = {mapping[label]: position for position, label in enumerate(labels) if mapping[label]}
        self._type, self._identity, self._people = (columns.get(field, -1) for field in FIELDS)
        self._attributes = AttributeCells(labels, columns, FIELDS, kinds)

    def read(self, cells: Sequence[str]) -> tuple[ObjectRow, list[Problem]]:
        """The object; there are no warnings. Raises `RowRefused`."""
        name, external_id = self._type_of(cells), cells[self._identity].strip()
        if not name:
            raise RowRefused(self.label_of("type"), f"The type is empty. {TYPE_PROBLEM}")
        if not is_type_name(name):
            raise RowRefused(self.label_of("type"), f"“{name[:60]}” is no type. {TYPE_PROBLEM}")
        label = self.identity_label
        if not external_id:
            raise RowRefused(label, f"“{label}” is empty: nobody can tell which {name} the row is about.")
        if len(external_id) > LONGEST_EXTERNAL_ID:
            raise RowRefused(
                label, f"At most {LONGEST_EXTERNAL_ID} characters; this one has {len(external_id):,}."
            )
        people = self._people_of(cells)
        return ObjectRow(0, name, external_id, self._attributes.write(cells), dict.fromkeys(people, "{}")), []

    #: What is said of a second row with other values.
    repetition_hint = "Rows about one object may differ only in the people."

    @property
    def identity_label(self) -> str:
        """The label of the column that says which object the row is about."""
        return self.labels[self._identity]

    def label_of(self, field: str) -> str:
        """The label of the column that holds the type or the people; "" where there is none."""
        position = {"type": self._type, "external_id": self._identity, "people": self._people}.get(field, -1)
        return self.labels[position] if position >= 0 else ""

    def identity(self, cells: Sequence[str]) -> str:
        """Which object the row is about ("" if that cannot be told): what two rows about one have in common."""
        name, external_id = self._type_of(cells), cells[self._identity].strip()
        return f"{name.lower()}\0{external_id}" if name and external_id else ""

    def digest(self, cells: Sequence[str]) -> int:
        """The same for two rows that say the same of the object, whoever is related to it."""
        return hash(
            tuple(cell for place, cell in enumerate(cells) if place not in (self._people, self._type))
        )

    def people_named(self, cells: Sequence[str]) -> list[str]:
        """The external ids of people in the row, each once."""
        if self._people < 0 or not cells[self._people]:
            return []
        parts = (part.strip() for part in _BETWEEN_PEOPLE.split(cells[self._people]))
        return list(dict.fromkeys(part for part in parts if part))

    def _type_of(self, cells: Sequence[str]) -> str:
        given = " ".join(cells[self._type].split()) if self._type >= 0 else ""
        return given or self._type_name

    def _people_of(self, cells: Sequence[str]) -> list[str]:
        people = self.people_named(cells)
        if len(people) > MOST_IN_CELL:
            raise RowRefused(
                self.label_of("people"),
                f"At most {MOST_IN_CELL:,} people in one row; these are {len(people):,}. "
                "Write further rows about the same object.",
            )
        if unknown := [name for name in people if name in self.unknown_people]:
            raise RowRefused(self.label_of("people"), unknown_people_problem(unknown))
        return people


def unknown_people_problem(names: Sequence[str]) -> str:
    """The sentence about external ids that nobody has; the first few are named."""
    named = ", ".join(f"“{name[:60]}”" for name in names[:3])
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return (
        f"Nobody in this workspace has the external id{'s' * (len(names) > 1)} {named}{more}. "
        "Import these people first, or take them out of the row."
    )
