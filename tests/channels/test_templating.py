"""Personalisation: what a template may do, what is refused with a reason, and that nothing in it can stall a worker."""

from __future__ import annotations

import time
from typing import Any

import pytest

from channels.domain.templating import TemplateProblem, compile_template, personalise, undefined_variables

ANA = {"person": {"first_name": "Ana", "points": 7, "tags": ["new", "vip"], "attributes": {"plan": "gold"}}}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("No code at all, 50 % off { } %}", "No code at all, 50 % off { } %}"),
        ("Hello {{ person.first_name }}!", "Hello Ana!"),
        ("{{ person.attributes.plan | upcase }}", "GOLD"),
        ("{{ person.attributes['plan'] }}", "gold"),
        ("{% if person.points > 5 %}many{% else %}few{% endif %}", "many"),
        ("{% for tag in person.tags %}{{ forloop.index }}{{ tag }} {% endfor %}", "1new 2vip "),
        ("{{ person.last_name | default: 'friend' }}", "friend"),
        ("[{{ nobody }}{{ person.nothing.at.all }}]", "[]"),
        ("{% assign name = person.first_name | downcase %}{{ name }}", "ana"),
        ("{% raw %}{{ not code }}{% endraw %}", "{{ not code }}"),
        ("{{ '2026-03-01' | date: '%d %B %Y' }}", "01 March 2026"),
        ("{{ '<b>Ana</b>' | strip_html }}", "Ana"),
        ("{{ person.tags | join: ', ' }}", "new, vip"),
    ],
)
def test_templates_say_what_marketers_expect(source: str, text: str) -> None:
    assert personalise(source, ANA) == text


def test_values_are_escaped_in_html_and_only_there() -> None:
    context = {"person": {"first_name": "<script>alert(1)</script>"}}
    source = "<p>{{ person.first_name }}</p>"
    assert personalise(source, context, html=True) == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    assert personalise(source, context) == "<p><script>alert(1)</script></p>"


def test_nothing_makes_a_value_html_again() -> None:
    for source in ("{{ person.x | safe }}", "{% autoescape false %}{{ person.x }}{% endautoescape %}"):
        with pytest.raises(TemplateProblem):
            compile_template(source, html=True)
    context = {"person": {"x": "<i>"}}
    for source in ("{{ person.x | escape_once }}", "{% capture y %}{{ person.x }}{% endcapture %}{{ y }}"):
        assert "<i>" not in personalise(source, context, html=True)


def test_a_template_is_compiled_once() -> None:
    source = "Hello {{ person.first_name }}, once."
    assert compile_template(source) is compile_template(source)
    assert compile_template(source) is not compile_template(source, html=True)


def test_objects_show_nothing_of_themselves() -> None:
    class Account:
        password = "s3cret"

        def delete(self) -> str:
            return "gone"

    source = "{{ account.password }}{{ account.delete }}{{ account.__class__ }}{{ person.__class__ }}{{ person.keys }}"
    assert personalise(source, {**ANA, "account": Account()}) == ""


PROBLEMS = [
    # source, line, part of the sentence, part of what would be right
    ("Hello\n\n{{ person.first_name | upcas }}", 3, "no filter 'upcas'", "'upcase'"),
    ("\n{% iff person %}{% endiff %}", 2, "'iff'", "'if'"),
    ("Hello {{ person.first_name", 1, "'{{' is not closed", "'}}'"),
    ("a\n{% if person", 2, "'{%' is not closed", "'%}'"),
    ("{% raw %}never", 1, "not closed", "'{% endraw %}'"),
    ("{% if person %}never", None, "endif", "{% endif %}"),
    ("{{ person.first name }}", 1, "", "{{ person.first_name }}"),
    ("{% include 'other' %}", 1, "'include' is not available", "text itself"),
    ("{% render 'other' %}", 1, "'render' is not available", "text itself"),
    ("{% for x person.tags %}{% endfor %}", 1, "", ""),
]


@pytest.mark.parametrize(("source", "line", "message", "hint"), PROBLEMS)
def test_a_mistake_is_explained_where_it_is(source: str, line: int | None, message: str, hint: str) -> None:
    with pytest.raises(TemplateProblem) as raised:
        compile_template(source)
    problem = raised.value
    assert problem.line == line
    assert message in problem.message
    assert hint in problem.hint
    if line:
        assert str(problem).startswith(f"Line {line}: ")


@pytest.mark.parametrize(
    ("source", "line"),
    [("\n{{ 1 | divided_by: 0 }}", 2), ("{{ '99999999999999' | date: '%Y' }}", 1), ("a\nb\n{% break %}", 3)],
)
def test_a_value_that_cannot_be_used_is_a_problem_of_that_message_only(source: str, line: int) -> None:
    template = compile_template(source)
    with pytest.raises(TemplateProblem) as raised:
        template.personalise(ANA)
    assert raised.value.line == line


def test_variables_that_nobody_has_are_listed() -> None:
    source = """{{ person.first_name }} {{ person.frist_name }} {{ event.price }} {{ nothing }}
        {% assign mine = 1 %}{{ mine }}{% for tag in person.tags %}{{ tag }}{{ forloop.index }}{% endfor %}
        {% if person.attributes.plan == campaign.plan %}{% endif %}{% for pair in person %}{% endfor %}"""
    known = ["person.first_name", "person.tags", "person.attributes", "event", "campaign.name"]
    assert undefined_variables(compile_template(source), known) == [
        "person.frist_name",
        "nothing",
        "campaign.plan",
    ]


def many(text: str, count: int) -> str:
    return text * count


POISON = {
    "nested loops": "{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}",
    "loops one after the other": many("{% for a in (1..900) %}x{% endfor %}", 900),
    "an endless range": "{% for a in (1..99999999999) %}x{% endfor %}",
    "an offset into an endless range": "{% for a in (1..9999999999) offset: 9999999990 %}x{% endfor %}",
    "a range turned into a list": "{{ (1..99999999) | reverse | size }}",
    "a table": "{% tablerow a in (1..99999) %}x{% endtablerow %}",
    "a text that doubles": "{% assign a = 'aaaaaaaa' %}" + many("{% assign a = a | append: a %}", 60),
    "a capture that doubles": "{% capture a %}aaaaaaaa{% endcapture %}"
    + many("{% capture a %}{{ a }}{{ a }}{% endcapture %}", 60),
    "a list that doubles": "{% assign a = 'aaa' | split: ',' %}"
    + many("{% assign a = a | concat: a %}", 60)
    + "{{ a }}",
    "a number that squares": "{% assign a = 9999 %}" + many("{% assign a = a | times: a %}", 60) + "{{ a }}",
    "replacements of replacements": "{% assign a = '" + many("a", 3000) + "' %}"
    "{{ a | replace: 'a', a | replace: 'a', a }}",
    "a joined range": "{{ (1..200000) | join: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}",
    "empty output in a loop": "{% for a in (1..9999) %}" + many("{{''}}", 9000) + "{% endfor %}",
    "conditions in a loop": "{% for a in (1..9999) %}" + many("{%if a%}{%endif%}", 3500) + "{% endfor %}",
    "filters in a loop": "{% capture s %}" + many("x", 200_000) + "{% endcapture %}"
    "{% for a in (1..9999) %}{{ s | upcase | downcase | size }}{% endfor %}",
    "a list without doubles": "{% capture s %}"
    + many("a,b,c,", 20_000)
    + "{% endcapture %}{{ s | split: ',' | uniq }}",
    "a very wide date": "{{ 'now' | date: '%99999999d' }}",
    "blocks in blocks": many("{% if a %}", 60) + many("{% endif %}", 60),
    "expressions in expressions": "{{ " + many("a[", 2000) + "1" + many("]", 2000) + " }}",
    "brackets": many("{{", 60_000),
    "quotes": many("{{ '", 40_000),
    "tags": many("{% ", 60_000),
    "comments": many("{% comment %}", 15_000),
    "raw": many("{% raw %}", 20_000),
    "white space": "{% if" + many(" ", 200_000) + "%}",
    "white space in every tag": many("{{ a" + many(" ", 2000) + "}}", 100),
    "too long": many("x", 300_000),
    "too much code": many("{{ a }}", 20_000),
}


@pytest.mark.parametrize("source", POISON.values(), ids=POISON.keys())
def test_poison_is_stopped_quickly(source: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateProblem):
        personalise(source, ANA)
    assert time.process_time() - started < 3


HARMLESS_BUT_HEAVY = {
    "a text of brackets": ("{{ s | strip_html | size }}", {"s": many("<", 200_000)}),
    "a long text through many filters": (
        "{{ s | squish | truncatewords: 5 | escape | url_encode | size }}",
        {"s": many("< ", 100_000)},
    ),
    "a long list": ("{% for x in s %}{{ x }}{% endfor %}", {"s": list(range(9000))}),
}


@pytest.mark.parametrize(("source", "context"), HARMLESS_BUT_HEAVY.values(), ids=HARMLESS_BUT_HEAVY.keys())
def test_heavy_values_are_not_slow(source: str, context: dict[str, Any]) -> None:
    started = time.process_time()
    personalise(source, context)
    assert time.process_time() - started < 3


def test_limits_count_for_each_message_anew() -> None:
    template = compile_template("{% for a in (1..9000) %}x{% endfor %}")
    for _ in range(3):
        assert template.personalise({}) == many("x", 9000)
