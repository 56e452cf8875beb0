"""The texts of a channel or step in its form: one message, an A/B test, or one for each value of a property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.services.errors import Invalid
from channels.domain.content import ContentField, fields_for, part_names
from channels.domain.variants import AB, MOST_CASES, MOST_VARIANTS, PROPERTY, SINGLE, TYPES, split_of, type_of
from config.console.numbers import whole

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(slots=True)
class Row:
    """One variant, or one value of the property, as typed."""

    index: int
    name: str = ""
    weight: str = "1"
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    share: float = 0.0
    """Percent of all weights."""

    def texts(self) -> dict[str, str]:
        return {name: value for name, value in self.values.items() if value.strip()}


@dataclass(slots=True)
class Texts:
    """How people are divided, and the variants; the texts for everybody (else) are the block's own."""

    prefix: str
    """Of the names of its fields: c0- or s2-."""
    kind: str
    type: str = SINGLE
    on_property: str = ""
    winner: str = ""
    rows: list[Row] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def types(self) -> list[tuple[str, str, bool]]:
        """The buttons: key, what it is called, whether it is the present one."""
        words = {SINGLE: "One message", AB: "A/B test", PROPERTY: "By a property"}
        return [(key, words[key], key == self.type) for key, _ in TYPES]

    @property
    def fields(self) -> Sequence[ContentField]:
        """Those that each variant has for itself; the others are shared."""
        return [f for f in fields_for(self.kind) if f.name not in part_names(self.kind)]

    @property
    def own_fields(self) -> Sequence[ContentField]:
        """Those of the content itself: of a test only what its variants share."""
        found = fields_for(self.kind)
        return [f for f in found if f.name in part_names(self.kind)] if self.type == AB else found

    @property
    def can_add(self) -> bool:
        return len(self.rows) < (MOST_VARIANTS if self.type == AB else MOST_CASES)

    @property
    def can_remove(self) -> bool:
        return len(self.rows) > (2 if self.type == AB else 1)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """For each row its fields with their values and errors, and what its preview is asked for."""
        whole = sum(_weight(row.weight) for row in self.rows) or 1
        found = []
        for row in self.rows:
            row.share = 100 * _weight(row.weight) / whole
            prefix = f"{self.prefix}v{row.index}-"
            inputs = [
                {
                    "field": f, "name": prefix + f.name, "value": row.values.get(f.name, ""),
                    "error": row.errors.get(f.name, ""),
                }
                for f in self.fields
            ]  # fmt: skip
            found.append({"row": row, "prefix": prefix, "inputs": inputs})
        return found

    def payload(self, own: Mapping[str, str]) -> dict[str, Any]:
        """The content in the API's shape; ``own`` are the block's own texts."""
        filled = {name: value for name, value in own.items() if value.strip()}
        if self.type == AB:
            rows = [{"name": row.name, "weight": _given(row.weight), **row.texts()} for row in self.rows]
            return {name: filled[name] for name in part_names(self.kind) if name in filled} | {
                "variants": rows
            }
        if self.type == PROPERTY:
            cases: dict[str, Any] = {}
            for row in self.rows:
                if row.name in cases:
                    path = f"{_path(self.prefix)}.variants.cases.{row.name}"
                    raise Invalid.field(
                        path, f"“{row.name}” is there twice." if row.name else "Name the value."
                    )
                cases[row.name] = row.texts()
            return {**filled, "variants": {"on_property": self.on_property, "cases": cases}}
        return filled

    def change(self, word: str, at: int, own: dict[str, str]) -> dict[str, str]:
        """After a button was pressed: another type, one more row, one less. Answers the block's own texts then."""
        if word == "more" and self.can_add:
            self.rows.append(Row(len(self.rows), self._free_name()))
        elif word == "less" and self.can_remove and at < len(self.rows):
            self.rows.pop(at)
        elif word in (SINGLE, AB, PROPERTY) and word != self.type:
            own = self._become(word, own)
        for index, row in enumerate(self.rows):
            row.index = index
        return own

    def _become(self, wanted: str, own: dict[str, str]) -> dict[str, str]:
        """Nothing typed is lost: the first variant becomes the one message, and the message the first variant."""
        first = {**own, **self.rows[0].values} if self.type == AB and self.rows else own
        self.type, self.errors = wanted, {}
        if wanted == AB:
            texts = {f.name: first.get(f.name, "") for f in self.fields}
            self.rows = [Row(0, "A", values=dict(texts)), Row(1, "B", values=dict(texts))]
        else:
            self.rows = [Row(0)] if wanted == PROPERTY else []
        return first

    def _free_name(self) -> str:
        used = {row.name for row in self.rows}
        return next((x for x in _LETTERS if x not in used), "") if self.type == AB else ""

    def place_error(self, path: str, text: str) -> bool:
        """Put a problem beside its field, by its path below *variants*; False where it belongs to the block's own."""
        if self.type == PROPERTY and path.startswith("default."):
            return False
        row = self._row(path)
        if row is None:
            self.errors[path] = text
        else:
            row.errors[path.rpartition(".")[2] if self._is_field(path) else "name"] = text
        return True

    def _is_field(self, path: str) -> bool:
        return path.rpartition(".")[2] in {"name", "weight", *(f.name for f in self.fields)}

    def _row(self, path: str) -> Row | None:
        if self.type == AB:
            number = whole(path.partition(".")[0])
            return self.rows[number] if number is not None and number < len(self.rows) else None
        for row in reversed(self.rows):
            case = f"cases.{row.name}"
            if path == case or path.startswith(f"{case}."):
                return row
        return None


def texts_as_stored(prefix: str, kind: str, content: Mapping[str, Any]) -> tuple[Texts, dict[str, str]]:
    """The form of a stored content, and its own texts."""
    own = {f.name: content[f.name] for f in fields_for(kind) if isinstance(content.get(f.name), str)}
    texts = Texts(prefix, kind, type_of(content), winner=str(content.get("winner") or ""))
    split = split_of(content)
    if split is None:
        return texts, own
    if split.type == AB:
        texts.rows = [Row(i, v.name, str(v.weight), _texts(v.content)) for i, v in enumerate(split.variants)]
        return texts, own
    variants = content["variants"]
    texts.on_property = split.on_property
    texts.rows = [Row(i, name, "1", _texts(row)) for i, (name, row) in enumerate(variants["cases"].items())]
    return texts, own | _texts(variants.get("default") or {})


def texts_as_posted(prefix: str, kind: str, data: Mapping[str, Any]) -> tuple[Texts, dict[str, str]]:
    """The form as it was typed, and its own texts."""

    def read(name: str) -> str:
        return str(data.get(prefix + name, "")).replace("\r\n", "\n")

    names = [f.name for f in fields_for(kind)]
    chosen = read("texts")
    texts = Texts(
        prefix, kind, chosen if chosen in (AB, PROPERTY) else SINGLE, read("property").strip(), read("winner")
    )
    number = whole(read("variants")) or 0
    for index in range(min(number, MOST_CASES) if texts.type != SINGLE else 0):
        values = {name: read(f"v{index}-{name}") for name in names}
        texts.rows.append(
            Row(index, read(f"v{index}-name").strip(), read(f"v{index}-weight").strip(), values)
        )
    return texts, {name: read(name) for name in names}


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in ("subject", "body") if isinstance(row.get(name), str)}


def _weight(text: str) -> int:
    return min(int(text), 10**6) if text.isascii() and text.isdigit() else 0


def _given(text: str) -> int | str:
    """A whole number where it is one; else what was typed, which the rules then refuse by name."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text


def _path(prefix: str) -> str:
    """c0- is channels.0.content, s2- is workflow.2."""
    number = prefix[1:-1]
    return f"channels.{number}.content" if prefix.startswith("c") else f"workflow.{number}"
