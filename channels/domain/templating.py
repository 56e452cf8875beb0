"""Personalisation: marketers' Liquid templates, compiled once, rendered for each person within limits.

Templates see plain dicts only: no objects, no attributes, no files. Anything else a template might do is
bounded by ``template_limits``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from liquid import Environment, Mode
from liquid.ast import Node
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError, ResourceLimitError
from liquid.filter import string_filter
from liquid.template import BoundTemplate

from channels.domain.simple_templates import fill_in, simple_parts
from channels.domain.template_limits import (
    CODE_LIMIT,
    DEPTH_LIMIT,
    SOURCE_LIMIT,
    TAG_LIMIT,
    Buffer,
    LimitedContext,
)

REMOVED_TAGS = ("include", "render")
"""They load other templates; there are none."""
REMOVED_FILTERS = ("safe",)
"""It would let what a person typed into a form become part of the page."""
_TAG = re.compile(r"<[^<>]*>")
_OPENING = re.compile(r"\{\{|\{%(?:-?\s{0,100}(raw|doc)\s{0,100}-?%\})?")
_LONG_GAP = re.compile(r"\s{100}")
_UNKNOWN_TAG = re.compile(r"unexpected tag '(\w+)'|unknown tag '(\w+)'")


class TemplateProblem(ValueError):
    """A template that cannot be used; ``str()`` is a sentence for the person who wrote it."""

    def __init__(self, message: str, line: int | None = None, hint: str = "") -> None:
        self.message = message
        self.line = line
        """Counted from 1; None where the problem has no single place."""
        self.hint = hint
        """What would be right, if that is known."""
        super().__init__(f"{f'Line {line}: ' if line else ''}{message}{f' {hint}' if hint else ''}")


class Template:
    """A compiled template; make it with `compile_template`. Safe to use from several threads."""

    __slots__ = ("_code_size", "_constant", "_parsed", "_simple", "html", "source")

    def __init__(self, source: str, html: bool) -> None:
        self.source = source
        self.html = html
        self._code_size = _measure_code(source)
        self._parsed = _parse(source, html)
        self._constant = source if "{{" not in source and "{%" not in source else None
        self._simple = simple_parts(self._parsed.nodes)

    def personalise(self, context: Mapping[str, Any]) -> str:
        """Render for one person. Unknown variables are empty. Raises `TemplateProblem`."""
        if self._constant is not None:
            return self._constant
        if self._simple is not None and (text := fill_in(self._simple, context, self.html)) is not None:
            return text
        state = LimitedContext(self._parsed, globals=context, code_size=self._code_size)
        buffer = Buffer()
        node: Node | None = None
        try:
            for node in self._parsed.nodes:
                node.render(state, buffer)  # type: ignore[arg-type]
        except LiquidError as problem:
            raise _explain(problem, self.source, node) from problem
        except LiquidInterrupt as problem:
            raise TemplateProblem(
                f"'{problem}' stands outside of a loop.", _line(self.source, node)
            ) from None
        except (ArithmeticError, ValueError, TypeError, RecursionError, AttributeError) as problem:
            # Filters of the library let such errors of bad values through.
            line = _line(self.source, node)
            raise TemplateProblem(f"A value cannot be used like this: {problem}.", line) from problem
        return buffer.getvalue()

    def variables(self) -> list[str]:
        """The dotted paths it takes from the context, in order of appearance."""
        paths: dict[str, None] = {}
        for found in self._parsed.analyze(include_partials=False).globals.values():
            paths.update(dict.fromkeys(_dotted(variable.segments) for variable in found))
        return list(paths)


@lru_cache(maxsize=1024)
def compile_template(source: str, html: bool = False) -> Template:
    """The compiled template (kept: each content is compiled once). Raises `TemplateProblem`.

    ``html``: whether values are escaped for HTML, as in the body of an email.
    """
    if len(source) > SOURCE_LIMIT:
        raise TemplateProblem(f"The text is too long: {len(source)} of at most {SOURCE_LIMIT} characters.")
    return Template(source, html)


def personalise(template: Template | str, context: Mapping[str, Any], *, html: bool = False) -> str:
    """Render a template (or a source, compiled first) with plain dicts. Raises `TemplateProblem`."""
    if isinstance(template, str):
        template = compile_template(template, html)
    return template.personalise(context)


def undefined_variables(template: Template, known: Iterable[str]) -> list[str]:
    """The variables that will be empty for everybody, for a warning.

    ``known`` are dotted paths such as ``person.email``; a known path covers what is below it (``event``
    covers ``event.price``), and what is above it can be looped over.
    """
    paths = {tuple(path.split(".")) for path in known}
    above = {path[:length] for path in paths for length in range(1, len(path))}
    missing = []
    for variable in template.variables():
        parts = tuple(variable.split("."))
        below = any(parts[:length] in paths for length in range(1, len(parts) + 1))
        if not below and parts not in above:
            missing.append(variable)
    return missing


# -- compiling


def _measure_code(source: str) -> int:
    """Characters of code; raises `TemplateProblem` for brackets that never close.

    Done before the library's lexer sees the text, because on unclosed brackets that takes quadratic time.
    """
    size = position = 0
    while opening := _OPENING.search(source, position):
        start = opening.start()
        block = opening.group(1)
        if block:
            closing = re.compile(rf"\{{%-?\s{{0,100}}end{block}\s{{0,100}}-?%\}}").search(source, start)
            position = closing.end() if closing else -1
        else:
            end = source.find("}}" if opening.group() == "{{" else "%}", start)
            position = end + 2 if end >= 0 else -1
            size += position - start
        if position < 0 or (not block and position - start > TAG_LIMIT):
            wanted = f"{{% end{block} %}}" if block else "}}" if opening.group() == "{{" else "%}"
            raise TemplateProblem(
                f"'{opening.group()}' is not closed.", _line_at(source, start), f"Add '{wanted}'."
            )
        if not block and _LONG_GAP.search(source, start, position):
            raise TemplateProblem("There is too much white space in this tag.", _line_at(source, start))
    if size > CODE_LIMIT:
        raise TemplateProblem(f"The text holds too much code: {size} of at most {CODE_LIMIT} characters.")
    return size


def _environment(autoescape: bool) -> Environment:
    class Limited(Environment):
        block_nesting_limit = DEPTH_LIMIT
        context_depth_limit = DEPTH_LIMIT + 10

    environment = Limited(autoescape=autoescape, strict_filters=True, tolerance=Mode.STRICT)
    for name in REMOVED_TAGS:
        del environment.tags[name]
    for name in REMOVED_FILTERS:
        del environment.filters[name]
    environment.filters["strip_html"] = string_filter(_strip_html)
    environment.filters["json"] = _json
    return environment


def _json(value: object) -> str:
    """A value as JSON, so that a request in a template stays JSON whatever people are called."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _strip_html(text: str) -> str:
    """The library's own takes quadratic time on a text full of opening brackets."""
    return _TAG.sub("", str(text))


_ENVIRONMENTS = {html: _environment(html) for html in (False, True)}


def _parse(source: str, html: bool) -> BoundTemplate:
    environment = _ENVIRONMENTS[html]
    try:
        parsed = environment.from_string(source)
        filters = parsed.analyze(include_partials=False).filters
    except LiquidError as problem:
        if isinstance(problem.__cause__, RecursionError):
            raise TemplateProblem("The expressions are nested too deeply.") from None
        raise _explain(problem, source, None) from problem
    except RecursionError:
        raise TemplateProblem("The expressions are nested too deeply.") from None
    except (ValueError, TypeError) as problem:
        raise TemplateProblem(f"The text is not valid Liquid: {problem}.") from problem
    for name, places in filters.items():
        if name not in environment.filters:
            line = _line_at(source, places[0].index)
            raise TemplateProblem(f"There is no filter '{name}'.", line, _similar(name, environment.filters))
    return parsed


# -- explaining


def _explain(problem: LiquidError, source: str, node: Node | None) -> TemplateProblem:
    line = _line_of_token(problem.token, source) or _line(source, node)
    message = str(problem.message or type(problem).__name__).strip().rstrip(".")
    hint = ""
    if isinstance(problem, ResourceLimitError):
        message = f"The template is stopped: {message}"
        hint = "Make it simpler."
    elif isinstance(problem, LiquidSyntaxError):
        message, hint = _explain_syntax(message)
    return TemplateProblem(f"{message[:1].upper()}{message[1:]}.", line, hint)


def _explain_syntax(message: str) -> tuple[str, str]:
    found = _UNKNOWN_TAG.search(message)
    if found:
        name = found.group(1) or found.group(2)
        if name in REMOVED_TAGS:
            return f"'{name}' is not available", "Put the text itself here."
        return f"there is no tag '{name}' at this place", _similar(name, _ENVIRONMENTS[False].tags)
    if "expected tag" in message or "was never closed" in message or "end of file" in message.lower():
        return message, "Close each {% if %}, {% for %} … with its {% endif %}, {% endfor %} …"
    return message, "Write {{ person.first_name }} for a value and {% if … %} … {% endif %} for a condition."


def _similar(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"Did you mean '{close[0]}'?" if close else ""


def _line(source: str, node: Node | None) -> int | None:
    return _line_of_token(node.token, source) if node is not None else None


def _line_of_token(token: Any, source: str) -> int | None:
    if token is None or token.start_index < 0:
        return None
    return _line_at(source, token.start_index)


def _line_at(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _dotted(segments: Iterable[Any]) -> str:
    """``person.attributes.plan``; what is looked up by another variable ends the path."""
    parts: list[str] = []
    for segment in segments:
        if isinstance(segment, list):
            break
        parts.append(str(segment))
    return ".".join(parts)
