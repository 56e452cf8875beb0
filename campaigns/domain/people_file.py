"""A file of people: its header, which column is what, and the reader of its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.domain.addresses import PhoneReader
from campaigns.domain.headers import FIELD_LABELS, correct_mapping, guess_mapping, has_header
from campaigns.domain.import_file import ImportFile, Survey
from campaigns.domain.people import RowReader


class PeopleFile(ImportFile):
    """A CSV file of people; `region` is the country of phone numbers without a country code."""

    fields = FIELD_LABELS
    too_many_duplicates = (
        "Hundreds of thousands of rows are about people who occur more than once. "
        "Is the right column chosen as the one that says who a person is?"
    )

    def __init__(self, *args: Any, region: str = "US", **options: Any) -> None:
        super().__init__(*args, **options)
        self._phones = PhoneReader(region)

    def _is_header(self, first_row: Sequence[str]) -> bool:
        return has_header(first_row)

    def _guess(self, example: Sequence[str]) -> dict[str, str]:
        return guess_mapping(self.labels, example)

    def _correct(
        self, guessed: Mapping[str, str], corrections: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        return correct_mapping(guessed, corrections)

    def row_reader(self, survey: Survey) -> RowReader:
        return RowReader(self.labels, self.mapping, self._phones, survey.kinds)

    def notes(self) -> list[str]:
        notes = super().notes()
        if "external_id" not in self.mapping.values():
            notes.append(
                "No column holds an external id: people are known by their e-mail address, else their phone."
            )
        return notes
