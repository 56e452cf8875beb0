"""Content in several variants: an A/B test by weights, or a text for each value of a property. Pure.

``{"subject", "body", "variants": [{"name", "weight", "subject", "body"}, …]}`` or
``{"variants": {"on_property": "language", "cases": {"tr": {"subject", "body"}}, "default": {"subject", "body"}}}``.
What a variant leaves out is that of the content itself, so that a test may be about the subject only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import Any

SINGLE, AB, PROPERTY = "single", "ab", "property"
#: What a console calls the types, in the order of its lists.
TYPES = ((SINGLE, "Single"), (AB, "A/B"), (PROPERTY, "On user property"))
DEFAULT = "default"
"""What the ledger calls the text for everybody without a case of their own."""
MOST_VARIANTS, MOST_CASES, MOST_WEIGHT = 10, 50, 1000
LONGEST_NAME, LONGEST_PROPERTY = 40, 100
_TEXTS = ("subject", "body")


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the texts. ``path`` is where it stands in the content; ``weight`` is 0 for a case of a property."""

    name: str
    path: str
    content: Mapping[str, Any]
    """Complete: with what it takes from the content itself."""
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """How people are divided among variants: by chance and weight (`AB`), or by a property of theirs."""

    type: str
    variants: tuple[Variant, ...]
    on_property: str = ""
    _bounds: tuple[int, ...] = ()
    _places: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.variants)

    def place(self, name: str) -> int | None:
        """Where the variant of this name stands; None where there is none."""
        return self.names.index(name) if name in self.names else None

    def choose(self, draw: str, values: Mapping[str, Any]) -> int:
        """The place of the variant that a person gets.

        ``draw`` names the person within channel, run and step: the same draw gets the same variant, at every retry and
        on every machine. ``values`` are the person's properties.
        """
        if self.type == AB:
            number = int.from_bytes(blake2b(draw.encode(), digest_size=8).digest())
            return bisect_right(self._bounds, number % self._bounds[-1])
        return self._places.get(_case(values.get(self.on_property)), len(self.variants) - 1)


def type_of(content: Mapping[str, Any]) -> str:
    """single, ab or property: a word of `TYPES`."""
    variants = content.get("variants")
    if not variants:
        return SINGLE
    return AB if isinstance(variants, list) else PROPERTY


def split_of(content: Mapping[str, Any]) -> Split | None:
    """How a stored content (one that `shape_problems` has let through) divides people; None where all get the same."""
    kind = type_of(content)
    if kind == SINGLE:
        return None
    found = tuple(_variants(content))
    if kind == AB:
        return Split(AB, found, _bounds=tuple(accumulate(variant.weight for variant in found)))
    places = {_case(variant.name): place for place, variant in enumerate(found[:-1])}
    return Split(PROPERTY, found, content["variants"]["on_property"], _places=places)


def texts_of(content: Mapping[str, Any]) -> list[Variant]:
    """Everything that may go out, complete; of plain content the one text, without a name."""
    split = split_of(content)
    return list(split.variants) if split else [Variant("", "", _texts(content))]


def _variants(content: Mapping[str, Any]) -> Iterator[Variant]:
    variants, own = content["variants"], _texts(content)
    if isinstance(variants, list):
        for place, row in enumerate(variants):
            yield Variant(row["name"], f"variants.{place}", own | _texts(row), row["weight"])
        return
    for name, row in variants["cases"].items():
        yield Variant(name, f"variants.cases.{name}", own | _texts(row))
    yield Variant(DEFAULT, "variants.default", own | _texts(variants.get("default") or {}))


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _TEXTS if row.get(name)}


def _case(value: Any) -> str:
    """A property's value as a case names it: the way of writing and a fraction of zero make no difference."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold() if isinstance(value, (str, int, float)) else ""


def shape_problems(content: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the way the variants are written, by path; their texts are not looked at."""
    variants = content.get("variants")
    if isinstance(variants, list):
        return _list_problems(variants)
    if isinstance(variants, Mapping):
        return _property_problems(variants)
    return {
        "variants": "variants must be a list of variants, or an object with on_property, cases and default."
    }


def _list_problems(variants: list[Any]) -> dict[str, str]:
    if not 2 <= len(variants) <= MOST_VARIANTS:
        return {"variants": f"A test has 2 to {MOST_VARIANTS} variants; this one has {len(variants)}."}
    problems: dict[str, str] = {}
    names: set[str] = set()
    for place, row in enumerate(variants):
        path = f"variants.{place}"
        problems |= _row_problems(row, path, ("name", "weight", *_TEXTS))
        if not isinstance(row, Mapping):
            continue
        if problem := _name_problem(row.get("name"), names):
            problems[f"{path}.name"] = problem
        weight = row.get("weight")
        if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT:
            problems[f"{path}.weight"] = f"The weight must be a whole number from 1 to {MOST_WEIGHT}."
    return problems


def _property_problems(variants: Mapping[str, Any]) -> dict[str, str]:
    problems = {
        f"variants.{key}": "Unknown key; known are on_property, cases and default."
        for key in sorted(map(str, set(variants) - {"on_property", "cases", "default"}))
    }
    name = variants.get("on_property")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_PROPERTY:
        problems["variants.on_property"] = "Name the property of a person that decides, such as language."
    cases = variants.get("cases")
    if not isinstance(cases, Mapping) or not 1 <= len(cases) <= MOST_CASES:
        return problems | {
            "variants.cases": f"cases must be an object with 1 to {MOST_CASES} values of the property."
        }
    names: set[str] = {DEFAULT}
    for value, row in cases.items():
        path = f"variants.cases.{value}"
        problems |= _row_problems(row, path, _TEXTS)
        if problem := _name_problem(value, names):
            problems[path] = problem
    if variants.get("default") is not None:
        problems |= _row_problems(variants["default"], "variants.default", _TEXTS)
    return problems


def _row_problems(row: Any, path: str, known: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(row, Mapping):
        return {path: f"This must be an object with {', '.join(known)}."}
    unknown = sorted(map(str, set(row) - set(known)))
    return {f"{path}.{key}": f"Unknown key; known are {', '.join(known)}." for key in unknown}


def _name_problem(name: Any, names: set[str]) -> str:
    """``names`` are those that are taken; this one joins them."""
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or "\0" in name:
        return f"A name of 1 to {LONGEST_NAME} characters is needed."
    if _case(name) in names:
        return f"There is a “{name}” already; names differ by more than capitals and spaces."
    names.add(_case(name))
    return ""
