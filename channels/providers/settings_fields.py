"""Cleaning of a connection's settings by its provider's list of fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.providers.base import SettingField, SettingsError

_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off", ""}


def clean_fields(fields: Sequence[SettingField], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Typed settings with defaults filled in; raises `SettingsError` naming every wrong field."""
    known = {field.name for field in fields}
    errors = {name: "This provider has no such setting." for name in settings if name not in known}
    cleaned: dict[str, Any] = {}
    for field in fields:
        try:
            cleaned[field.name] = _clean_field(field, settings.get(field.name))
        except ValueError as problem:
            errors[field.name] = str(problem)
    if errors:
        raise SettingsError(errors)
    return cleaned


def _clean_field(field: SettingField, value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        if field.required and field.default is None:
            raise ValueError("This field is required.")
        return field.default if field.default is not None else _EMPTY[field.type]
    return _CLEANERS[field.type](field, value)


def _clean_text(field: SettingField, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Enter text.")
    text = value.strip() if field.type != "secret" else value
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("Line breaks and control characters are not allowed here.")
    return text


def _clean_lines(field: SettingField, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Enter text.")
    text = value.replace("\r\n", "\n").strip("\n")
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("Control characters are not allowed here.")
    return text


def _clean_number(field: SettingField, value: Any) -> float | int:
    if isinstance(value, bool):
        raise ValueError("Enter a number.")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("Enter a number.") from None
    if number in (float("inf"), float("-inf")):
        raise ValueError("Enter a number.")
    # The comparison is written so that NaN fails it as well.
    if field.minimum is not None and not number >= field.minimum:
        raise ValueError(f"Enter a number of at least {field.minimum:g}.")
    if field.maximum is not None and not number <= field.maximum:
        raise ValueError(f"Enter a number of at most {field.maximum:g}.")
    return int(number) if number.is_integer() else number


def _clean_boolean(field: SettingField, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("Choose yes or no.")


def _clean_choice(field: SettingField, value: Any) -> str:
    allowed = [choice for choice, _ in field.choices]
    if value not in allowed:
        raise ValueError(f"Choose one of: {', '.join(allowed)}.")
    return value


_EMPTY: dict[str, Any] = {
    "text": "",
    "lines": "",
    "secret": "",
    "number": None,
    "boolean": False,
    "choice": "",
}
_CLEANERS: dict[str, Callable[[SettingField, Any], Any]] = {
    "text": _clean_text,
    "lines": _clean_lines,
    "secret": _clean_text,
    "number": _clean_number,
    "boolean": _clean_boolean,
    "choice": _clean_choice,
}
