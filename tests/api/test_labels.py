"""Labels over the API."""

from __future__ import annotations

import pytest

from campaigns.models import Label
from campaigns.models.label import MOST_LABELS
from tests.api.callers import Caller, assert_problem


def test_labels_are_made_and_listed(owner: Caller, stranger: Caller) -> None:
    response = owner.post("/labels", {"name": " Black   Friday "})
    assert response.status_code == 201
    assert set(response.json()) == {"id", "name"}
    assert response.json()["name"] == "Black Friday"
    assert owner.get("/labels").json() == {"items": [response.json()], "next": None}
    assert stranger.get("/labels").json()["items"] == []


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 61, "100%", 'a"b', "<b>", "a\\b", "hi!", "„a“", 5, None, "\0", "\ud800"]
)
def test_bad_names_are_422(name: object, owner: Caller) -> None:
    assert_problem(owner.post("/labels", {"name": name}), 422, "invalid", "name")


def test_a_label_is_there_once_whatever_its_case(owner: Caller) -> None:
    owner.post("/labels", {"name": "News"})
    assert_problem(owner.post("/labels", {"name": "nEWS"}), 422, "invalid", "name")


def test_a_workspace_has_at_most_900_labels(owner: Caller) -> None:
    Label.objects.bulk_create(Label(workspace=owner.workspace, name=f"L{n}") for n in range(MOST_LABELS))
    error = assert_problem(owner.post("/labels", {"name": "one more"}), 422, "invalid", "name")
    assert "900" in error["message"]
    assert len(owner.everything("/labels?limit=200")) == MOST_LABELS
