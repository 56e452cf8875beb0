"""Reads a page's form as a browser does: every field with the value that it would send."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """Collects the fields of every form that posts."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        values = dict(given)
        name, value = values.get("name") or "", values.get("value") or ""
        if tag == "form":
            self._open = {} if (values.get("method") or "").lower() == "post" else None
            if self._open is not None:
                self.forms.append(self._open)
        if self._open is None:
            return
        if tag == "input" and name and "disabled" not in values:
            self._input(name, value, values)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in values or self._select not in self._open):
            self._open[self._select] = value
        elif tag == "textarea" and name:
            self._area, self._open[name] = name, ""

    def _input(self, name: str, value: str, values: dict[str, str | None]) -> None:
        assert self._open is not None
        if values.get("type") in ("submit", "button", "file"):
            return
        if values.get("type") not in ("radio", "checkbox"):
            self._open[name] = value
        elif "checked" in values:
            before = self._open.get(name)
            self._open[name] = [*before, value] if isinstance(before, list) else value

    def handle_data(self, data: str) -> None:
        if self._area and self._open is not None:
            self._open[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


def fields_of(page: str, having: str = "version") -> dict[str, Any]:
    """The fields of the first form on the page that posts and has a field of this name."""
    reader = _Fields()
    reader.feed(page)
    return next(form for form in reader.forms if having in form)
