"""The forms of steps that are made of rows: the attributes of an update, the variants of a split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from campaigns.console.duration_fields import duration_fields, duration_of
from campaigns.console.step_forms import StepForm
from campaigns.domain.condition_blocks import number_of
from campaigns.domain.conditions import number_text
from campaigns.domain.steps import MOST_ATTRIBUTES, MOST_VARIANTS
from campaigns.engine.vocabulary import attribute_types
from campaigns.models import Workspace
from config.console.numbers import whole

VALUE_KINDS = {"text": "text", "number": "a number", "boolean": "yes or no", "none": "nothing: take it away"}
_LETTERS = "ABCDEFGHIJ"


class UpdateForm(StepForm):
    """Rows of attribute, kind of value and value."""

    template = "campaigns/steps/update.html"

    def __init__(self, step: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(step, workspace)
        given = step.get("attributes")
        self.rows = [
            _row(name, value) for name, value in (given if isinstance(given, Mapping) else {}).items()
        ]
        self.rows = self.rows or [{"name": "", "kind": "text", "value": ""}]
        self.twice = ""

    def take(self, data: QueryDict) -> None:
        number = min(whole(data.get("rows")) or 0, MOST_ATTRIBUTES)
        self.rows = [
            {part: data.get(f"a{at}-{part}", "")[:600] for part in ("name", "kind", "value", "yes")}
            for at in range(number)
        ]
        for row in self.rows:
            row["value"] = row["yes"] if row["kind"] == "boolean" else row["value"]
        named = [(row["name"].strip(), _value(row)) for row in self.rows if row["name"].strip()]
        names = [name for name, _ in named]
        self.twice = next((name for name in names if names.count(name) > 1), "")
        self._set(attributes=dict(named))

    def operate(self, operation: str) -> None:
        word, _, at = operation.partition("-")
        if word == "more" and len(self.rows) < MOST_ATTRIBUTES:
            self.rows.append({"name": "", "kind": "text", "value": ""})
        elif word == "less" and (place := whole(at)) is not None and place < len(self.rows):
            del self.rows[place]

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        by_row = {path.partition(".")[2]: text for path, text in errors.items() if "." in path}
        shown = [{**row, "error": by_row.get(row["name"].strip(), "")} for row in self.rows]
        known = attribute_types(self.workspace.pk)
        general = [text for path, text in errors.items() if "." not in path]
        return {"rows": shown, "value_kinds": VALUE_KINDS, "known": known, "other_errors": general}


def _row(name: str, value: Any) -> dict[str, str]:
    if value is None:
        return {"name": name, "kind": "none", "value": ""}
    if isinstance(value, bool):
        return {"name": name, "kind": "boolean", "value": "true" if value else "false"}
    if isinstance(value, int | float):
        return {"name": name, "kind": "number", "value": number_text(value)}
    return {"name": name, "kind": "text", "value": str(value)}


def _value(row: Mapping[str, str]) -> Any:
    """The value that a row says; a number that is none is refused by its name later."""
    text = row["value"].strip()
    if row["kind"] == "none":
        return None
    if row["kind"] == "boolean":
        return text != "false"
    if row["kind"] == "number":
        found = number_of(text)
        return [text] if isinstance(found, str) else found
    return row["value"]


class SplitForm(StepForm):
    """Variants with their weights, and who wins. The steps of a variant are drawn; here they stay as they are."""

    template = "campaigns/steps/split.html"

    def __init__(self, step: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(step, workspace)
        given = [one for one in step.get("variants") or [] if isinstance(one, Mapping)]
        self.before = [list(one.get("steps") or []) for one in given]
        self.rows = [
            {"name": one.get("name", ""), "weight": one.get("weight", 1), "was": at}
            for at, one in enumerate(given)
        ]

    def take(self, data: QueryDict) -> None:
        self.rows = []
        for at in range(min(whole(data.get("rows")) or 0, MOST_VARIANTS)):
            weight = data.get(f"v{at}-weight", "").strip()
            self.rows.append({
                "name": data.get(f"v{at}-name", "").strip(), "was": whole(data.get(f"v{at}-was")),
                "weight": whole(weight) if whole(weight) is not None else weight,
            })  # fmt: skip
        after = duration_of(data, "after") if data.get("decide") == "yes" else None
        self._set(winner=data.get("winner") or None, decide={"after": after} if after is not None else None)
        self._put()

    def _put(self) -> None:
        """Into the step, each variant with the steps that it had."""
        self._set(variants=[
            {"name": row["name"], "weight": row["weight"], "steps": self._inside(row)} for row in self.rows
        ])  # fmt: skip

    def _inside(self, row: Mapping[str, Any]) -> list[Any]:
        was = row["was"]
        return self.before[was] if was is not None and was < len(self.before) else []

    def operate(self, operation: str) -> None:
        word, _, at = operation.partition("-")
        if word == "more" and len(self.rows) < MOST_VARIANTS:
            used = {row["name"] for row in self.rows}
            name = next((letter for letter in _LETTERS if letter not in used), "")
            self.rows.append({"name": name, "weight": 1, "was": None})
        elif word == "less" and (place := whole(at)) is not None and place < len(self.rows) > 2:
            del self.rows[place]
        self._put()

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        weights = [row["weight"] if isinstance(row["weight"], int) else 0 for row in self.rows]
        whole_weight = sum(weights) or 1
        shown = [
            {
                **row, "share": 100 * weight / whole_weight, "steps": len(self._inside(row)),
                "name_error": errors.get(f"variants.{at}.name", ""),
                "weight_error": errors.get(f"variants.{at}.weight", ""),
            }
            for at, (row, weight) in enumerate(zip(self.rows, weights, strict=True))
        ]  # fmt: skip
        decide = self.step.get("decide") or {}
        return {
            "variants": shown, "can_add": len(shown) < MOST_VARIANTS, "can_remove": len(shown) > 2,
            "winner": self.step.get("winner", ""), "is_decided": "decide" in self.step,
            "duration": duration_fields(str(decide.get("after") or "7 days"), "after"),
            "problem": errors.get("decide.after", "") or errors.get("decide", ""),
            "other_errors": [text for path, text in errors.items() if path in ("variants", "winner")],
        }  # fmt: skip
