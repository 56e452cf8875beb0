"""People are found by how they begin, by indexes: at two hundred thousand nobody reads them all."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Person, Workspace
from tests import factories

pytestmark = [pytest.mark.django_db]

ADA = {
    "external_id": "c-7", "email": "ada@example.org", "phone": "+442079460000",
    "attributes": {"first_name": "Ada Augusta", "last_name": "King-Noel"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True), ("  ", True), ("c-7", True), ("c-", True), ("C-7", False), ("ada@", True), ("ADA@EX", True),
        ("@example", False), ("+4420", True), ("4420", True), ("+", True), ("0207", False), ("ada", True),
        ("AUGUST", True), ("king ada", True), ("noel", True), ("da", False), ("ada lovelace", False),
        ("%", False), ("_", False), ("'", False), ("\\", False), ("a & b | !c:*", False), ("ada\0", True),
    ],
)  # fmt: skip
def test_by_the_beginning_of_what_they_are_known_by(workspace: Workspace, text: str, found: bool) -> None:
    factories.PersonFactory(workspace=workspace, **ADA)
    assert Person.objects.filter(workspace=workspace).known_as(text).exists() is found


def test_those_of_others_are_not_found(workspace: Workspace) -> None:
    factories.PersonFactory(workspace=factories.WorkspaceFactory(), **ADA)
    for text in ("c-7", "ada@example.org", "+4420", "ada"):
        assert not Person.objects.filter(workspace=workspace).known_as(text).exists()


def test_common_beginnings_are_found_too(workspace: Workspace) -> None:
    """More hits than are named by their keys."""
    factories.people(workspace, 1_200)
    assert Person.objects.filter(workspace=workspace).known_as("first").count() == 1_200


@pytest.mark.slow
def test_no_search_reads_everybody(workspace: Workspace) -> None:
    factories.people(workspace, 200_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_person")
    for text in ("person-77", "person-777@", "+44700000077", "first777", "last77 first77", "nobody"):
        with CaptureQueriesContext(connection) as captured:
            found = list(Person.objects.filter(workspace=workspace).known_as(text).order_by("id")[:51])
        assert len(captured) <= 2 and bool(found) is (text != "nobody"), text
        for query in captured.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on campaigns_person" not in plan, f"{text}\n{plan}"
