"""Content in variants: how they may be written, and who gets which."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from channels.domain.content import validate
from channels.domain.variants import Split, split_of, texts_of, type_of

TEXT = {"subject": "Hello", "body": "News"}


def ab(*rows: dict[str, Any], **own: str) -> dict[str, Any]:
    return {**own, "variants": list(rows)}


def row(name: str, weight: Any = 1, **texts: Any) -> dict[str, Any]:
    return {"name": name, "weight": weight, **(texts or TEXT)}


def by_language(**more: Any) -> dict[str, Any]:
    cases = {"tr": {"subject": "Merhaba", "body": "Haber"}, "de": {"subject": "Hallo", "body": "Neues"}}
    return {"variants": {"on_property": "language", "cases": cases, "default": TEXT, **more}}


def split(content: dict[str, Any]) -> Split:
    found = split_of(content)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (ab(row("A"), row("B")), {}),
        (ab(row("A", subject="x"), row("B", subject="y"), body="the same for both"), {}),
        (ab(row("A", subject="x"), row("B", subject="y")), {"variants.0.body": "required", "variants.1.body": "required"}),
        (ab(row("A")), {"variants": "2 to 10 variants; this one has 1"}),
        (ab(*(row(f"V{n}") for n in range(11))), {"variants": "2 to 10"}),
        (ab(row("A"), row("a ")), {"variants.1.name": "“a ” already"}),
        (ab(row("A"), row("")), {"variants.1.name": "1 to 40"}),
        (ab(row("A"), row("x" * 41)), {"variants.1.name": "1 to 40"}),
        (ab(row("A"), row("B", 0)), {"variants.1.weight": "from 1 to 1000"}),
        (ab(row("A"), row("B", True)), {"variants.1.weight": "whole number"}),
        (ab(row("A"), row("B", "2")), {"variants.1.weight": "whole number"}),
        (ab(row("A"), row("B", colour="red")), {"variants.1.colour": "Unknown key"}),
        (ab(row("A"), row("B", **{**TEXT, "body": "{{ oops"})), {"variants.1.body": "not closed"}),
        (ab(row("A"), row("B", **{**TEXT, "body": 7})), {"variants.1.body": "Enter text"}),
        ({"variants": [1, 2]}, {"variants.0": "must be an object", "variants.1": "must be an object"}),
        ({"variants": "A"}, {"variants": "must be a list of variants, or an object"}),
        (by_language(), {}),
        ({**by_language(default=None), **TEXT}, {}),
        (by_language(default=None), {"variants.default.subject": "required", "variants.default.body": "required"}),
        (by_language(on_property=" "), {"variants.on_property": "Name the property"}),
        (by_language(cases={}), {"variants.cases": "1 to 50"}),
        (by_language(cases={"default": TEXT}), {"variants.cases.default": "“default” already"}),
        (by_language(cases={"tr": TEXT, "TR": TEXT}), {"variants.cases.TR": "“TR” already"}),
        (by_language(cases={"tr": "text"}), {"variants.cases.tr": "must be an object"}),
        (by_language(cases={"tr": {"subject": "{{ oops"}}), {"variants.cases.tr.subject": "not closed"}),
        (by_language(otherwise=TEXT), {"variants.otherwise": "Unknown key"}),
        ({**TEXT, "variants": []}, {}),
    ],
)  # fmt: skip
def test_variants_are_written_right_or_the_path_says_what_is_wrong(
    content: dict[str, Any], wrong: dict[str, str]
) -> None:
    problems = validate("email", content)
    assert wrong.keys() <= problems.keys(), problems
    for path, words in wrong.items():
        assert words in problems[path]
    assert bool(problems) == bool(wrong), problems


def test_a_text_message_has_variants_without_subjects() -> None:
    assert validate("sms", ab(row("A", body="one"), row("B", body="two"))) == {}
    problems = validate("sms", ab(row("A"), row("B", body="two")))
    assert list(problems) == ["variants.0.subject"]


def test_a_draft_may_leave_texts_out_but_not_names() -> None:
    unfinished = ab(row("A", subject="x"), {"name": "B", "weight": 1})
    assert validate("email", unfinished, draft=True) == {}
    assert validate("email", ab(row("A"), row("")), draft=True).keys() == {"variants.1.name"}


def test_types_and_texts() -> None:
    assert [type_of(c) for c in (TEXT, ab(row("A"), row("B")), by_language())] == ["single", "ab", "property"]
    assert [(t.name, t.content) for t in texts_of(TEXT)] == [("", TEXT)]
    shared = ab(row("A", subject="x"), row("B", subject="y"), body="both")
    assert [t.content for t in texts_of(shared)] == [
        {"subject": "x", "body": "both"},
        {"subject": "y", "body": "both"},
    ]
    assert split(by_language()).names == ("tr", "de", "default")


def test_people_are_divided_by_weight() -> None:
    test = split(ab(row("A", 3), row("B", 1)))
    counts = Counter(test.choose(f"7.0..{person}", {}) for person in range(20_000))
    assert 0.73 < counts[0] / 20_000 < 0.77


def test_a_person_gets_the_same_variant_at_every_retry_and_another_draw_in_another_run() -> None:
    test = split(ab(row("A"), row("B")))
    first = [test.choose(f"7.1..{person}", {}) for person in range(500)]
    assert first == [test.choose(f"7.1..{person}", {}) for person in range(500)]
    assert first != [test.choose(f"7.2..{person}", {}) for person in range(500)]


@pytest.mark.parametrize(
    ("value", "name"),
    [("tr", "tr"), (" TR ", "tr"), ("de", "de"), ("fr", "default"), (None, "default"), (["tr"], "default"), ("", "default")],
)  # fmt: skip
def test_a_property_decides(value: Any, name: str) -> None:
    test = split(by_language())
    assert test.names[test.choose("", {"language": value})] == name


@pytest.mark.parametrize(
    ("value", "name"), [(3, "3"), (3.0, "3"), ("3", "3"), (True, "true"), (1, "default")]
)
def test_numbers_and_flags_decide_as_they_are_written(value: Any, name: str) -> None:
    test = split(by_language(on_property="plan", cases={"3": TEXT, "true": TEXT}))
    assert test.names[test.choose("", {"plan": value})] == name
