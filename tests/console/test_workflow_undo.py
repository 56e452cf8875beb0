"""Undo and Redo in the drawing of a workflow: every change, one after the other, and nobody else in the way."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership, WorkflowEdit
from campaigns.services import workflow_edits
from tests.console.builder_kit import WORKFLOW, drawn, keys, press, url
from tests.factories import CampaignFactory, sandbox_connection


@pytest.fixture
def journey(creator: Membership) -> Campaign:
    sandbox_connection(creator.workspace)
    return CampaignFactory(created_by=creator, kind="journey", workflow=WORKFLOW)


def test_undo_takes_every_change_back_and_redo_brings_it_again(page: Client, journey: Campaign) -> None:
    states = [["hello", "fork", "thanks", "pause"]]
    for word in ("remove:pause", "up:thanks", "remove:fork"):
        press(page, journey, word)
        states.append(drawn(journey))
    assert len({tuple(state) for state in states}) >= 3
    text = ""
    for state in states[-2::-1]:
        text = press(page, journey, "undo")
        assert drawn(journey) == state
    assert 'id="undo"' not in text and 'id="redo"' in text
    assert "not saved yet" not in text, "it is as it was saved"
    for state in states[1:]:
        text = press(page, journey, "redo")
        assert drawn(journey) == state
    assert 'id="undo"' in text and 'id="redo"' not in text and "not saved yet" in text
    press(page, journey, "undo", "undo", "remove:hello")
    assert "There is nothing more." in press(page, journey, "redo"), "another change, another future"
    assert press(page, journey, "undo", "undo") and drawn(journey) == states[0]
    assert "There is nothing more." in press(page, journey, "undo")


def test_as_many_states_are_kept_as_are_small_enough(
    page: Client, journey: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_edits, "MOST_STATES", 3)
    press(page, journey, *["duplicate:hello"] * 5)
    assert len(WorkflowEdit.objects.get().earlier) == 3
    monkeypatch.setattr(workflow_edits, "MOST_TEXT", 10)
    press(page, journey, "duplicate:hello")
    assert len(WorkflowEdit.objects.get().earlier) == 1, "one at least"
    before = drawn(journey)
    press(page, journey, "duplicate:hello", "undo")
    assert drawn(journey) == before


def test_who_has_taken_everything_back_is_not_in_the_way_of_what_others_save(
    page: Client, journey: Campaign
) -> None:
    press(page, journey, "remove:pause", "undo")
    theirs = [*WORKFLOW, {"key": "rest", "type": "delay", "for": "3 days"}]
    Campaign.objects.filter(pk=journey.pk).update(workflow=theirs)
    text = page.get(url(journey)).content.decode()
    assert "Wait 3 days" in text and "somebody else" not in text and "not saved yet" not in text
    press(page, journey, "remove:rest")
    assert drawn(journey) == keys(WORKFLOW)
    assert "Wait 3 days" in press(page, journey, "undo")
    assert "There is nothing more." in press(page, journey, "undo")


def test_undo_takes_the_last_change_back_and_discard_all_of_them(page: Client, journey: Campaign) -> None:
    press(page, journey, "remove:pause", "remove:fork", "undo")
    assert drawn(journey) == ["hello", "fork", "thanks"]
    assert "not saved yet" not in press(page, journey, "discard")
    assert not WorkflowEdit.objects.exists()
