"""E-mail addresses, telephone numbers and time zones as they are stored, and what is said of the others."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.domain import addresses
from campaigns.domain.addresses import AddressError, PhoneReader, normalise_email, normalise_timezone


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Grace.Hopper@Example.ORG", "grace.hopper@example.org"),
        ("  ann@example.org \t", "ann@example.org"),
        ("ann@MÜNCHEN.de", "ann@xn--mnchen-3ya.de"),
        ("Ann Lee <ann@example.org>", "ann@example.org"),
        ("mailto:ann@example.org", "ann@example.org"),
        ("o'neil+news@example.ie", "o'neil+news@example.ie"),
        ("user@demo.test", "user@demo.test"),
    ],
)
def test_email_is_stored_in_one_form(written, stored):
    assert normalise_email(written) == stored


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ann", "@-sign"),
        ("ann@", "after the @-sign"),
        ("@example.org", "before the @-sign"),
        ("ann@example", "period"),
        ("ann..lee@example.org", "two periods"),
        ("ann@example.org; bob@example.org", "more than one"),
        ("ann@printer.local", "special-use"),
        ("ann@-example.org", "hyphen"),
        ("a" * 300 + "@example.org", "long"),
        ("ann lee@example.org", "SPACE"),
    ],
)
def test_a_bad_email_is_told_what_is_wrong(written, said):
    with pytest.raises(AddressError, match=said):
        normalise_email(written)


_NEAR_EMAILS = st.from_regex(r"\A[a-z0-9_.+-]{1,12}@[a-z0-9.-]{1,16}\.[a-z]{1,5}\Z")


@given(_NEAR_EMAILS)
@settings(max_examples=400)
def test_the_fast_path_for_email_agrees_with_the_library(address):
    """Whatever the pattern lets through by itself the validator lets through too, unchanged."""
    match = addresses._PLAIN_EMAIL.fullmatch(address)
    if match and match[1] not in addresses._SPECIAL_ENDINGS:
        try:
            assert validate_email(address, check_deliverability=False).normalized == address
        except EmailNotValidError as error:
            pytest.fail(f"{address}: {error}")


@pytest.mark.parametrize(
    ("region", "written", "stored", "extension"),
    [
        ("US", "381-859-0830", "+13818590830", ""),
        ("US", "(631)394-8757", "+16313948757", ""),
        ("US", "+1-918-395-5597x97114", "+19183955597", "97114"),
        ("US", "001-535-918-1909", "+15359181909", ""),
        ("US", "001-326-850-2014x620", "+13268502014", "620"),
        ("US", "1 212 555 0100", "+12125550100", ""),
        ("US", "+1 (212) 555-0100 ext. 5", "+12125550100", "5"),
        ("US", "0049 30 901820", "+4930901820", ""),
        ("US", "+39 06 12345678", "+390612345678", ""),
        ("GB", "+44 (0)20 7946 0958", "+442079460958", ""),
        ("GB", "020 7946 0958", "+442079460958", ""),
        ("DE", "0170 1234567", "+491701234567", ""),
        ("TR", "0532 123 45 67", "+905321234567", ""),
        ("FR", "06 12 34 56 78", "+33612345678", ""),
        ("US", "1-800-FLOWERS", "+18003569377", ""),
    ],
)
def test_phone_numbers_become_e164_and_the_extension_stays_beside(region, written, stored, extension):
    assert PhoneReader(region).read(written) == (stored, extension)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5551234", "area code is missing"),
        ("123", "too few digits"),
        ("1234567890123456", "too many digits"),
        ("+999 1234567", "no telephone number"),
        ("none", "no telephone number"),
        ("n/a", "no telephone number"),
    ],
)
def test_an_unusable_number_is_told_why_with_an_example(written, said):
    with pytest.raises(AddressError, match=said) as refused:
        PhoneReader("US").read(written)
    assert "Right: +1 201-555-0123" in str(refused.value)


def test_a_region_without_telephones_is_refused():
    with pytest.raises(ValueError, match="XX"):
        PhoneReader("XX")


_WRITTEN_NUMBERS = st.builds(
    lambda prefix, digits, separator, every: (
        prefix + separator.join(digits[i : i + every] for i in range(0, len(digits), every))
    ),
    st.sampled_from(["", "+", "+1", "+44", "+49", "+39", "+90", "+7", "+52", "+54", "0", "1", "8"]),
    st.text("0123456789", min_size=4, max_size=13),
    st.sampled_from(["", " ", "-", "."]),
    st.integers(2, 5),
)


@given(_WRITTEN_NUMBERS, st.sampled_from(["US", "GB", "DE", "IT", "TR", "RU", "MX", "BR", "AR", "JP", "BS"]))
@settings(max_examples=1500)
def test_the_fast_path_for_phones_agrees_with_the_library(written, region):
    """Nothing is read differently for being read fast."""
    try:
        read = PhoneReader(region).read(written)[0]
    except AddressError:
        read = ""
    international = "+" + written[2:] if written.startswith("00") else written
    try:
        parsed = phonenumbers.parse(international, region)
    except phonenumbers.NumberParseException:
        expected = ""
    else:
        possible = (
            phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
        )
        expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else ""
    assert read == expected


def test_time_zones_are_found_by_any_capitals():
    assert normalise_timezone("europe/istanbul") == "Europe/Istanbul"
    assert normalise_timezone("America/New York") == "America/New_York"
    with pytest.raises(AddressError, match="Europe/Istanbul"):
        normalise_timezone("+02:00")
