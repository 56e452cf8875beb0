"""E-mail addresses, telephone numbers and time-zone names as they are stored. Pure; no network, no database.

Each reader takes what a person typed and gives the stored form, or raises `AddressError` saying what would be right.
Common shapes take a fast path (a strict pattern or a table of lengths); everything else goes to the libraries
`email-validator` and `phonenumbers`. Tests hold the fast paths to the libraries' answers.
"""

import re
import zoneinfo
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneMetadata, ValidationResult

LONGEST_EMAIL = 254


class AddressError(ValueError):
    """The address cannot be used; the message says why and what would be right."""


# --- e-mail -------------------------------------------------------------------------------------------------

_PLAIN_EMAIL = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)\.)+([a-z]{2,24})",
    re.ASCII,
)
#: Names that can never be reached by mail (RFC 6761 and others); the library decides on them.
_SPECIAL_ENDINGS = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})


def normalise_email(given: str) -> str:
    """The address in lower case, its domain in IDNA (ASCII) form.

    The local part is compared without regard to case everywhere in the console, as every large provider does, so it
    is stored in lower case too. Domains under `.test` are let through: they are reserved for trying things out.
    Raises `AddressError`.
    """
    address = given.strip().lower()
    match = _PLAIN_EMAIL.fullmatch(address)
    if match and match[1] not in _SPECIAL_ENDINGS:
        return address
    return _normalise_unusual_email(address)


@lru_cache(maxsize=10_000)
def _normalise_unusual_email(address: str) -> str:
    if len(address) > LONGEST_EMAIL * 2:
        raise AddressError(
            f"An e-mail address has at most {LONGEST_EMAIL} characters; this one has {len(address):,}."
        )
    if address.startswith("mailto:"):
        address = address[7:]
    elif "<" in address and address.endswith(">"):
        address = address[address.rindex("<") + 1 : -1]
    if re.search(r"[,;]\s*\S+@", address):
        raise AddressError("There is more than one e-mail address here; keep one, like name@example.org.")
    try:
        # test_environment: `.test` passes; no look-up in the DNS is ever made.
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise AddressError(
            f"“{_short(address)}” is no e-mail address. {error} Right: name@example.org."
        ) from None
    local = valid.local_part if valid.ascii_local_part is None else valid.ascii_local_part
    if "." not in (valid.ascii_domain or ""):
        raise AddressError(f"“{_short(address)}” has no full domain after the @. Right: name@example.org.")
    stored = f"{local}@{valid.ascii_domain}".lower()
    if len(stored) > LONGEST_EMAIL:
        raise AddressError(
            f"An e-mail address has at most {LONGEST_EMAIL} characters; this one has {len(stored):,}."
        )
    return stored


# --- telephone ----------------------------------------------------------------------------------------------

_EXTENSION = re.compile(
    r"\s*(?:x|ext\.?|extension|#|;ext=|доб\.?|int\.?|durchwahl)\s*:?\s*(\d{1,9})\s*\Z", re.IGNORECASE
)
_SEPARATORS = str.maketrans("", "", " ().-/\u00a0\u2010\u2011\u2012\u2013")


@dataclass(frozen=True, slots=True)
class _NumberPlan:
    """What the fast path knows of one country calling code."""

    code: str
    lengths: frozenset[int]
    national_prefix: re.Pattern[str] | None


@cache
def _plan(code: int) -> _NumberPlan | None:
    region = phonenumbers.region_code_for_country_code(code)
    metadata: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None or not metadata.general_desc.possible_length:
        return None
    prefix = metadata.national_prefix_for_parsing
    return _NumberPlan(
        str(code), frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None
    )


@cache
def _plans_by_first_digits() -> dict[str, _NumberPlan | None]:
    """Calling code as text → plan. No calling code is the beginning of another."""
    return {str(code): _plan(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}


def _split_extension(given: str) -> tuple[str, str]:
    """The number and its extension ("x97114", "ext. 5", ";ext=5"); the pattern is only asked where it may matter."""
    number, mark, extension = given.partition("x")
    if mark and extension.isdigit() and len(extension) <= 9 and number[-1:].isdigit():
        return number, extension
    if (mark or len(given) > 16) and (match := _EXTENSION.search(given)):
        return given[: match.start()], match[1]
    return given, ""


class PhoneReader:
    """Reads numbers as they are written in one country.

    `region` is the ISO 3166 code of the country whose numbers are written without a country code. Raises `ValueError`
    for a region that has no telephone numbers.

    A number is accepted when it is *possible*: its country code exists and its length occurs in that country. Whether
    its range is assigned today is not asked: assignments change every month, a list of them in a program is always
    out of date, and a provider refuses an unassigned number by itself, for that one person only.
    """

    def __init__(self, region: str) -> None:
        self.region = region.upper()
        code = phonenumbers.country_code_for_region(self.region)
        if not code:
            raise ValueError(
                f"“{region}” is not a country with telephone numbers; use a code like US, DE or TR."
            )
        self._home = _plan(code)

    def read(self, given: str) -> tuple[str, str]:
        """`(number in E.164, extension)`; the extension is "" where there is none. Raises `AddressError`."""
        number, extension = _split_extension(given)
        digits = number.translate(_SEPARATORS)
        if digits[:1] == "+":
            stored = self._read_international(digits[1:])
        elif digits[:2] == "00":
            # 00 is the international prefix nearly everywhere (ITU-T E.123), and no national number of a country
            # with another prefix (the US: 011) begins with 00, so it can mean nothing else.
            stored = self._read_international(digits[2:])
        else:
            stored = self._read_national(digits)
        return stored or _read_slowly(number.strip(), self.region), extension

    def _read_international(self, digits: str) -> str:
        if not (digits.isascii() and digits.isdigit()):
            return ""
        plans = _plans_by_first_digits()
        for size in (1, 2, 3):
            if plan := plans.get(digits[:size]):
                national = digits[size:]
                if len(national) not in plan.lengths or national[:1] == "0":
                    return ""
                if plan.national_prefix and plan.national_prefix.match(national):
                    return ""
                return f"+{digits}"
        return ""

    def _read_national(self, digits: str) -> str:
        plan = self._home
        if plan is None or len(digits) not in plan.lengths or not (digits.isascii() and digits.isdigit()):
            return ""
        if digits[0] == "0" or digits.startswith(plan.code):
            return ""
        if plan.national_prefix and plan.national_prefix.match(digits):
            return ""
        return f"+{plan.code}{digits}"


_WHY_IMPOSSIBLE = {
    ValidationResult.TOO_SHORT: "it has too few digits",
    ValidationResult.TOO_LONG: "it has too many digits",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
    ValidationResult.INVALID_LENGTH: "no number of that country has this length",
}


@lru_cache(maxsize=10_000)
def _read_slowly(number: str, region: str) -> str:
    """The library's own answer, for everything the fast path leaves open."""
    written = "+" + number[2:] if re.match(r"\(?00", number) else number
    example = phonenumbers.example_number(region)
    right = (
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL) if example else "+…"
    )
    try:
        parsed = phonenumbers.parse(written[:250], region)
    except NumberParseException:
        raise AddressError(f"“{_short(number)}” is no telephone number. Right: {right}.") from None
    result = phonenumbers.is_possible_number_with_reason(parsed)
    if result != ValidationResult.IS_POSSIBLE:
        raise AddressError(
            f"“{_short(number)}” cannot be dialled: {_WHY_IMPOSSIBLE[result]}. Right: {right}."
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


# --- time zones ---------------------------------------------------------------------------------------------


@cache
def _zones_by_lower_name() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones()}


def normalise_timezone(given: str) -> str:
    """The IANA name with its own capitals (spaces count as underscores). Raises `AddressError`."""
    name = _zones_by_lower_name().get(given.strip().lower().replace(" ", "_"))
    if name is None:
        raise AddressError(
            f"“{_short(given.strip())}” is not a time zone. Right: Europe/Istanbul, America/New_York, UTC."
        )
    return name


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
