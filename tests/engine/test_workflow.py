"""The shape of a journey's workflow and of durations: pure, every refusal names its path."""

import pytest

from campaigns.domain.durations import (
    Duration,
    DurationError,
    duration_words,
    parse_duration,
    parse_duration_problem,
)
from campaigns.domain.workflow import graph_of, workflow_errors, workflow_problem

HELLO = {"key": "hello", "type": "message", "channel": "sms", "body": "Hi"}
WAIT = {"key": "wait", "type": "delay", "for": "3 days"}
END = {"key": "end", "type": "exit"}


@pytest.mark.parametrize(
    ("written", "expected", "interval"),
    [
        ("3 days", Duration(3, "day"), "3 days"),
        ("1 day", Duration(1, "day"), "1 days"),
        ("30 minutes", Duration(30, "minute"), "30 minutes"),
        (" 6  months ", Duration(6, "month"), "6 months"),
        ("2 weeks", Duration(2, "week"), "2 weeks"),
        ("48 hours", Duration(48, "hour"), "48 hours"),
    ],
)
def test_durations(written, expected, interval):
    assert parse_duration(written) == expected
    assert expected.interval == interval
    assert parse_duration_problem(written) == ""


@pytest.mark.parametrize(
    "written",
    [
        "",
        "3",
        "days",
        "3 fortnights",
        "-3 days",
        "0 days",
        "1.5 hours",
        "3 days 4 hours",
        "٣ days",
        "9999999 days",
        None,
        3,
    ],
)
def test_what_is_no_duration_says_what_would_be_right(written):
    with pytest.raises(DurationError, match=r"Right: “N minutes”|between 1 and"):
        parse_duration(written)
    assert parse_duration_problem(written)


@pytest.mark.parametrize(
    ("written", "words"), [("1 hours", "1 hour"), ("1 day", "1 day"), ("2 days", "2 days"), ("soon", "soon")]
)
def test_durations_in_words_count_one_as_one(written, words):
    assert duration_words(written) == words


def test_a_good_workflow():
    assert workflow_errors([HELLO, WAIT, END]) == {}
    nodes = graph_of([HELLO, WAIT, END])
    assert [(node.key, *(way.to for way in node.ways)) for node in nodes.values()] == [
        ("hello", "wait"),
        ("wait", "end"),
        ("end", None),
    ]
    assert nodes["wait"].step.duration == Duration(3, "day")


@pytest.mark.parametrize(
    ("workflow", "path", "words"),
    [
        ({}, "workflow", "list of steps"),
        (["hello"], "workflow.0", "object"),
        ([{**HELLO, "key": ""}], "workflow.0.key", "needs a key"),
        ([{**HELLO, "key": "a b"}], "workflow.0.key", "letters"),
        ([{**HELLO, "key": "k" * 61}], "workflow.0.key", "1 to 60"),
        ([{"type": "exit"}], "workflow.0.key", "needs a key"),
        ([HELLO, HELLO], "workflow.1.key", "used once"),
        ([{"key": "a"}], "workflow.0.type", "Unknown step type None; known types are message, delay, window"),
        ([{"key": "a", "type": "loop"}], "workflow.0.type", "Unknown step type 'loop'"),
        ([{"key": "a", "type": ["exit"]}], "workflow.0.type", "Unknown step type"),
        ([{**END, "if": 1}], "workflow.0.if", "Unknown key of a exit step"),
        ([{**WAIT, "for": "soon"}], "workflow.0.for", "is no duration"),
        ([{"key": "w", "type": "delay"}], "workflow.0.for", "is no duration"),
        ([{**HELLO, "channel": "pigeon"}], "workflow.0.channel", "must be one of: email"),
        ([{**HELLO, "channel": None}], "workflow.0.channel", "must be one of"),
        ([{**HELLO, "body": ""}], "workflow.0.body", ""),
        ([{**HELLO, "body": "{{ person.name "}], "workflow.0.body", ""),
        ([{**HELLO, "sending": "later"}], "workflow.0.sending", "automatic"),
        ([END] * 201, "workflow", "at most 200"),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(workflow, path, words):
    errors = workflow_errors(workflow)
    assert words in errors[path]
    assert errors[path]


def test_all_errors_at_once():
    assert set(workflow_errors([{**WAIT, "for": ""}, {**HELLO, "channel": "x"}])) == {
        "workflow.0.for",
        "workflow.1.channel",
    }


@pytest.mark.parametrize(
    ("workflow", "kinds", "words"),
    [
        ([HELLO, WAIT], {"sms"}, ""),
        ([HELLO], {"sms", "email"}, ""),
        ([], {"sms"}, "no message yet"),
        ([WAIT, END], {"sms"}, "no message yet"),
        ([HELLO], {"email"}, "“hello” sends by SMS, but the campaign has no SMS channel"),
        ([{"key": "a", "type": "loop"}], {"sms"}, "workflow.0.type: Unknown step type"),
    ],
)
def test_whether_a_campaign_can_run_it(workflow, kinds, words):
    problem = workflow_problem(workflow, kinds)
    assert (words in problem) if words else problem == ""
