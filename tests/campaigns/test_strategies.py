"""Strategies: what may be registered and what is said of what cannot, how answers are read, the two that come along."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest

from campaigns.domain.stages import stages_errors
from campaigns.domain.strategies import (
    Contact,
    Nonsense,
    PlannedCommunication,
    as_answer,
    cause_of_failure,
    read_plan,
)
from campaigns.strategies import registry
from campaigns.strategies.birthday_greeting import BirthdayGreeting
from campaigns.strategies.process import Limits, StrategyProcess
from campaigns.strategies.renewal_reminder import RenewalReminder

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
GOOD = "tests.strategies.good.EveryoneAtOnce"
PLAN = {
    "stage": "hello", "channel": "email", "subject": "", "body": "", "key": "", "values": {}, "at": None, "until": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no.such.Thing", "ModuleNotFoundError: No module named 'no'"),
        ("tests.strategies.bad.Missing", "AttributeError"),
        ("tests.strategies.bad.NoLoad", "It has no method load(contact, now, log)."),
        ("tests.strategies.bad.NoName", "Its name must be text."),
        ("tests.strategies.bad.SameName", "Its name “everyone_at_once” is already that of tests.strategies.good:"),
        ("tests.strategies.hanging.Hangs", "It took longer than 3 seconds to be imported and was ended."),
        ("tests.strategies.leaving.Leaves", "Its process ended by itself, with exit code 3."),
    ],
)  # fmt: skip
def test_a_broken_registration_is_a_sentence_and_the_others_work(path, problem):
    registry.forget()
    found = registry.find([GOOD, path], Limits(start_seconds=3))
    assert "everyone_at_once" in found.strategies
    assert [problem in one.problem for one in found.broken] == [True]
    assert problem in found.problem("something_else")
    assert found.problem("everyone_at_once") == ""


def test_a_registration_that_somebody_kills_is_asked_once_more(monkeypatch):
    """Running campaigns fail where their strategy is not registered: not for a machine that was short of memory."""
    registry.forget()
    described, killed = StrategyProcess.described, []

    def kill_first(asked):
        if not killed:
            killed.append(asked._process.pid)
            os.kill(killed[0], signal.SIGKILL)
        return described(asked)

    monkeypatch.setattr(StrategyProcess, "described", kill_first)
    found = registry.find([GOOD])
    assert killed and list(found.strategies) == ["everyone_at_once"] and not found.broken


def test_what_an_installed_package_offers_is_registered_too(monkeypatch):
    monkeypatch.setattr(registry, "_entry_points", lambda: ("tests.strategies.good:ThreeStages",))
    found = registry.find([GOOD])
    assert list(found.strategies) == ["everyone_at_once", "three_stages"]
    assert found.strategies["three_stages"].stages[0] == ("first", "First")


def test_a_good_answer_is_read_and_numbered_by_stage_and_channel():
    planned = [PlannedCommunication("hello", "email"), PlannedCommunication("hello", "email", at=NOW)]
    planned += [PlannedCommunication("hello", "sms"), PlannedCommunication("hello", "email", key="march")]
    steps = read_plan([as_answer(one) for one in planned], ["hello"], ["email", "sms"])
    assert [step.step for step in steps] == ["hello:1", "hello:2", "hello:1", "hello:march"]
    assert steps[1].at == NOW


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "A plan is a list"),
        ([PLAN] * 51, "at most 50"),
        (["x"], "A communication cannot be 'x'"),
        ([PLAN | {"stage": "other"}], "'other' is none of the campaign's stages (hello)"),
        ([PLAN | {"channel": "sms"}], "The campaign has no channel 'sms'; it has email."),
        ([PLAN | {"body": 5}], "body must be text; it is 5."),
        ([PLAN | {"body": "x" * 100_001}], "body is too long: 100,001 of at most 100,000 characters."),
        ([PLAN | {"at": "tomorrow"}], "at must be a time with an offset; it is 'tomorrow'."),
        ([PLAN | {"at": "2026-03-25T12:00:00"}], "at must be a time with an offset"),
        ([PLAN | {"values": []}], "values must be a dict"),
        ([PLAN | {"key": "Ä"}], "key may have a-z"),
        ([PLAN | {"key": "k"}] * 2, "Two communications of stage hello have the key k."),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong(answer, words):
    with pytest.raises(Nonsense) as refusal:
        read_plan(answer, ["hello"], ["email"])
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "planned", [5, None, {"stage": "x"}, PlannedCommunication("a", "b", at=datetime(2026, 1, 1))]
)
def test_the_strategys_own_side_refuses_what_is_no_communication(planned):
    with pytest.raises(Nonsense):
        as_answer(planned)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"failed_in_a_row": 19, "fatal_in_a_row": 2}, ""),
        ({"failed_in_a_row": 20, "fatal_in_a_row": 0}, "failed for 20 contacts in a row"),
        ({"failed_in_a_row": 3, "fatal_in_a_row": 3}, "had to be ended for 3 contacts in a row"),
        ({"failed_in_a_row": 2, "fatal_in_a_row": 0, "all_failed": 2}, "every one of the 2 contacts"),
    ],
)
def test_single_bad_contacts_are_no_failure_of_the_strategy(numbers, words):
    assert (
        (words in cause_of_failure(last="X.", **numbers))
        if words
        else not cause_of_failure(last="X.", **numbers)
    )


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "stages"),
        (["x"], "stages.0"),
        ([{"key": "A b", "name": "x"}], "stages.0.key"),
        ([{"key": "a", "name": ""}], "stages.0.name"),
        ([{"key": "a", "name": "x", "colour": "beige"}], "stages.0.colour"),
        ([{"key": "a", "name": "x"}, {"key": "a", "name": "y"}], "stages.1.key"),
        ([{"key": "a", "name": "x", "order": 1}], "stages.0.order"),
    ],
)
def test_what_is_wrong_with_stages_is_said_by_path(given, path):
    assert list(stages_errors(given)) == [path]


def plan_of(strategy, now=NOW, **attributes):
    import logging

    contact = Contact("c1", "c@example.test", "", "Europe/Berlin", attributes)
    return list(strategy.load(contact, now, logging.getLogger("strategy")))


def test_renewal_reminder_plans_what_is_still_to_come():
    found = plan_of(RenewalReminder(), renews_on="2026-04-01")
    assert [(one.stage, one.channel, one.at.isoformat()) for one in found] == [
        ("reminder", "email", "2026-03-25T09:00:00+01:00"), ("last_call", "sms", "2026-04-01T09:00:00+02:00"),
    ]  # fmt: skip
    assert plan_of(RenewalReminder()) == plan_of(RenewalReminder(), renews_on="soon") == []


@pytest.mark.parametrize(
    ("born", "at"),
    [
        ("1990-05-17", "2026-05-17T09:00:00+02:00"), ("1990-03-25", "2026-03-25T09:00:00+01:00"),
        ("1990-01-02", "2027-01-02T09:00:00+01:00"), ("1992-02-29", "2027-02-28T09:00:00+01:00"),
    ],
)  # fmt: skip
def test_birthday_greeting_plans_the_next_birthday(born, at):
    assert [one.at.isoformat() for one in plan_of(BirthdayGreeting(), birthday=born)] == [at]
    assert plan_of(BirthdayGreeting(), birthday="unknown") == []
