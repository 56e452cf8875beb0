"""The short cut for simple templates makes exactly what Liquid makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from channels.domain.template_limits import OUTPUT_LIMIT
from channels.domain.templating import Template, TemplateProblem

NAMES = ("first_name", "first", "last", "size", "email", "points", "nested", "missing")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text("aé<&>{}% ", max_size=5)
    | st.sampled_from(["<b>", "&amp;", "'\""])
)
INNER = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=2)
PEOPLE = st.dictionaries(st.sampled_from(NAMES), INNER, max_size=4)
PATHS = st.lists(st.sampled_from(NAMES), max_size=2).map(lambda names: ".".join(["person", *names]))
PIECES = (
    st.sampled_from(["Hello ", "<p>", " & ", "{", "}", "\n", "ü", "%"])
    | PATHS.map(lambda path: f"{{{{ {path} }}}}")
    | PATHS.map(lambda path: f"{{{{{path}}}}}")
    | PATHS.map(lambda path: f"{{{{- {path} -}}}}")
    | PATHS.map(lambda path: f'{{{{ {path} | default: "friend" }}}}')
    | PATHS.map(lambda path: f"{{% if {path} %}}yes{{% endif %}}")
    | st.just("{{ person['first_name'] }}")
    | st.just("{{ 'text' }}")
)


def outcome(template: Template, context: dict[str, Any]) -> str:
    try:
        return template.personalise(context)
    except TemplateProblem as problem:
        return f"refused: {problem}"


@given(source=st.lists(PIECES, max_size=6).map("".join), person=PEOPLE, html=st.booleans())
def test_it_makes_what_liquid_makes(source: str, person: dict[str, Any], html: bool) -> None:
    try:
        template, plain = Template(source, html), Template(source, html)
    except TemplateProblem:
        reject()  # pieces such as two braces, which together open a tag that nothing closes
    plain._simple = None
    context = {"person": person}
    assert outcome(template, context) == outcome(plain, context)
    assert type(outcome(template, context)) is type(outcome(plain, context)) is str


@pytest.mark.parametrize(
    ("source", "simple"),
    [
        ("Hello {{ person.first_name }}", True),
        ("{{ person.first_name | upcase }}", False),
        ("{% if person.x %}a{% endif %}", False),
        ("{{ person.tags[0] }}", False),
        ("{{ person[campaign.name] }}", False),
    ],
)
def test_which_templates_are_simple(source: str, simple: bool) -> None:
    assert (Template(source, False)._simple is not None) == simple


def test_a_text_that_gets_too_long_is_refused_as_ever() -> None:
    template = Template("{{ person.text }}{{ person.text }}", False)
    with pytest.raises(TemplateProblem, match="too long"):
        template.personalise({"person": {"text": "x" * (OUTPUT_LIMIT // 2 + 1)}})
