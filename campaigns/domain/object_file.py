"""A file of objects (companies, accounts): which column is what, and the reader of its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.domain.import_file import ImportFile, Survey
from campaigns.domain.object_headers import FIELD_LABELS, correct_mapping, guess_mapping
from campaigns.domain.objects import ObjectRowReader


class ObjectFile(ImportFile):
    """A CSV file of objects; `type_name` is the type of rows that do not say one."""

    fields = FIELD_LABELS
    too_many_duplicates = (
        "Hundreds of thousands of rows are about objects that occur more than once. "
        "Is the right column chosen as the one that says which object it is?"
    )

    def __init__(self, *args: Any, type_name: str = "", **options: Any) -> None:
        self._type_name = type_name
        super().__init__(*args, **options)

    def _guess(self, example: Sequence[str]) -> dict[str, str]:
        return guess_mapping(self.labels, self._type_name)

    def _correct(
        self, guessed: Mapping[str, str], corrections: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        return correct_mapping(guessed, corrections, self._type_name)

    def row_reader(self, survey: Survey) -> ObjectRowReader:
        return ObjectRowReader(self.labels, self.mapping, survey.kinds, self._type_name)

    def notes(self) -> list[str]:
        notes = super().notes()
        if self._type_name:
            has_column = "type" in self.mapping.values()
            which = "Rows without a type are" if has_column else "Every row is"
            notes.append(f"{which} of the type “{self._type_name}”.")
        if "people" not in self.mapping.values():
            notes.append("No column holds related people: nobody is related to the objects by this import.")
        return notes
