"""A short cut for the templates that most messages have: text with plain ``{{ person.first_name }}`` in it.

The result is what Liquid would make of them, in a fifth of the time; anything out of the ordinary, in the template or in
a person's values, is left to Liquid itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquid import escape
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode

from channels.domain.template_limits import OUTPUT_LIMIT

#: Pieces of text and paths into the context, in turn.
Parts = Sequence[str | tuple[str, ...]]


def simple_parts(nodes: Sequence[Node]) -> Parts | None:
    """The pieces of a compiled template; None if there is more to it than text and plain values."""
    parts: list[str | tuple[str, ...]] = []
    for node in nodes:
        if isinstance(node, ContentNode):
            parts.append(node.text)
        elif isinstance(node, OutputNode) and (path := _plain_path(node.expression)):
            parts.append(path)
        else:
            return None
    return parts


def _plain_path(expression: object) -> tuple[str, ...] | None:
    if not isinstance(expression, FilteredExpression) or expression.filters:
        return None
    path = expression.left
    if not isinstance(path, Path) or not all(isinstance(segment, str) for segment in path.path):
        return None
    return tuple(str(segment) for segment in path.path)


def fill_in(parts: Parts, context: Mapping[str, Any], html: bool) -> str | None:
    """The text for one person; None where a value is missing or is neither text nor a number."""
    texts: list[str] = []
    for part in parts:
        if type(part) is str:
            texts.append(part)
            continue
        value: Any = context
        for name in part:
            if type(value) is not dict or name not in value:
                return None
            value = value[name]
        kind = type(value)
        if kind is str:
            texts.append(escape(value) if html else value)
        elif kind is int or kind is float:
            texts.append(str(value))
        else:
            return None
    text = "".join(texts)
    return text if len(text) <= OUTPUT_LIMIT else None
