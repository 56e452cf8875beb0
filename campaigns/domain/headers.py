"""Which column of a file is what: names for columns, the guessed mapping, a person's corrections.

A *label* names a column uniquely ("Email", "Email (2)"). A *target* says where its values go: one of `FIELDS`, "" to
leave the column out, or any other text: the key of an attribute. A mapping is `{label: target}`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from campaigns.domain.addresses import AddressError, normalise_email

FIELDS = ("external_id", "email", "phone", "timezone")
FIELD_LABELS = {
    "external_id": "External id (who the person is)",
    "email": "E-mail address",
    "phone": "Phone number",
    "timezone": "Time zone",
}
LONGEST_KEY = 100

#: Header words per target, the most telling first; separated by |, compared without case, accents and
#: punctuation.
_FIELD_NAMES: dict[str, str] = {
    "external_id": (
        "external id|externalid|user id|userid|customer id|customerid|contact id|contactid|person id|"
        "personid|subscriber id|member id|client id|profile id|distinct id|identity|customer number|"
        "customer no|member number|kundennummer|kundennr|kunden id|benutzer id|nutzer id|"
        "mitgliedsnummer|id client|identifiant|numero client|id cliente|codigo cliente|identificador|"
        "codice cliente|klantnummer|klant id|numer klienta|musteri no|musteri id|kullanici id|uye no|"
        "id клиента|идентификатор|顾客id|用户id|客户id|顧客id|uid|uuid|guid|key|id"
    ),
    "email": (
        "email|e mail|email address|e mail address|emailaddress|mail|mail address|primary email|"
        "contact email|work email|personal email|email adresse|e mail adresse|mailadresse|"
        "adresse email|adresse e mail|adresse mail|courriel|correo|correo electronico|"
        "direccion de correo|direccion de correo electronico|indirizzo email|indirizzo e mail|"
        "posta elettronica|endereco de email|endereco de e mail|correio eletronico|e mailadres|"
        "emailadres|adres email|adres e mail|e posta|eposta|e posta adresi|epost|e post|sahkoposti|"
        "почта|электронная почта|эл почта|имейл|邮箱|电子邮件|电子邮箱|メール|メールアドレス|이메일"
    ),
    "phone": (
        "mobile|mobile phone|mobile number|mobile no|cell|cell phone|cellphone|cell number|handy|"
        "handynummer|mobil|mobilnummer|mobiltelefon|portable|telephone portable|telephone mobile|"
        "numero de portable|movil|telefono movil|celular|cellulare|telemovel|mobiel|"
        "telefon komorkowy|cep telefonu|cep tel|cep|gsm|whatsapp|мобильный|мобильный телефон|手机|手机号|"
        "携帯電話|phone|phone number|phone no|phonenumber|telephone|telephone number|tel|tel no|"
        "contact number|primary phone|sms|telefon|telefonnummer|rufnummer|numero de telephone|"
        "telefono|numero de telefono|numero di telefono|telefone|numero de telefone|telefoon|"
        "telefoonnummer|numer telefonu|telefon numarasi|телефон|номер телефона|电话|电话号码|電話|電話番号|전화번호|"
        "work phone|home phone"
    ),
    "timezone": (
        "timezone|time zone|tz|time zone name|iana timezone|zeitzone|fuseau horaire|zona horaria|"
        "huso horario|fuso orario|fuso horario|tijdzone|strefa czasowa|saat dilimi|часовой пояс|时区|"
        "タイムゾーン"
    ),
}
#: Attributes the console itself knows by these keys (a person's display name, personalisation examples).
_ATTRIBUTE_NAMES: dict[str, str] = {
    "first_name": (
        "first name|firstname|given name|forename|vorname|prenom|nombre|nombre de pila|nome|"
        "primeiro nome|voornaam|imie|ad|adi|имя|名|名字"
    ),
    "last_name": (
        "last name|lastname|surname|family name|nachname|familienname|nom|nom de famille|apellido|"
        "apellidos|cognome|sobrenome|apelido|achternaam|nazwisko|soyad|soyadi|фамилия|姓|姓氏"
    ),
    "date_of_birth": (
        "date of birth|birth date|birthdate|dob|geburtsdatum|date de naissance|fecha de nacimiento|"
        "data di nascita|data de nascimento|geboortedatum|data urodzenia|dogum tarihi|дата рождения"
    ),
    "language": ("language|lang|locale|sprache|langue|idioma|lingua|taal|jezyk|dil|язык"),
    "country": ("country|land|pays|pais|paese|kraj|ulke|страна|国家|国"),
    "city": ("city|town|stadt|ort|ville|ciudad|citta|cidade|stad|miasto|sehir|город"),
}

#: Where no heading is known: "Billing email" or "Office phone number" will do.
_FIELD_ENDINGS = {
    "email": (" email", " e mail", " mail", " email address", " e posta", " adresse email"),
    "phone": (" mobile", " phone", " phone number", " mobile number", " telephone", " telefon", " tel"),
}
_PHONE_LIKE = re.compile(r"\+?[\d ().\-/]{7,20}(?:x\d+)?")


def plain(text: str) -> str:
    """Lower case, without accents, with every run of punctuation as one space: the form header words are kept in."""
    text = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.strip())).casefold()
    text = text.replace("\u0131", "i").replace("\u0142", "l")  # letters that Unicode does not decompose
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in text if not unicodedata.combining(c))))


def _composed(names: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    return {
        plain(name): (target, rank)
        for target, words in names.items()
        for rank, name in enumerate(words.split("|"))
    }


_FIELDS_BY_NAME = _composed(_FIELD_NAMES)
_ATTRIBUTES_BY_NAME = _composed(_ATTRIBUTE_NAMES)


def has_header(first_row: Sequence[str]) -> bool:
    """False when the first row is already a person: it holds an e-mail address, or numbers and no known heading."""
    cells = [cell.strip() for cell in first_row]
    if any("@" in cell and _is_email(cell) for cell in cells):
        return False
    if any(plain(cell) in _FIELDS_BY_NAME or plain(cell) in _ATTRIBUTES_BY_NAME for cell in cells):
        return True
    return not any(_PHONE_LIKE.fullmatch(cell) and sum(map(str.isdigit, cell)) >= 7 for cell in cells)


def labels_of(header: Sequence[str]) -> list[str]:
    """A unique, readable name for each column: a second "Email" becomes "Email (2)", an empty one "Column 3"."""
    labels: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(header, 1):
        label = base = " ".join(cell.split())[:150] or f"Column {position}"
        copy = 1
        while label in taken:
            copy += 1
            label = f"{base} ({copy})"
        taken.add(label)
        labels.append(label)
    return labels


def attribute_key(label: str) -> str:
    """A key for templates (`person.job_title`): lower case, words joined by `_`, ASCII where the accents allow it."""
    key = plain(label).replace(" ", "_")[:LONGEST_KEY].strip("_")
    if not key:
        return "attribute"
    return f"column_{key}" if key[0].isdigit() else key


def guess_mapping(labels: Sequence[str], example: Sequence[str] = ()) -> dict[str, str]:
    """A target for every label. Each field goes to the most telling column once; the rest become attributes.

    `example` is a data row: in a file without a header its values show which column holds e-mail and phone.
    """
    return with_attributes(labels, _choose_fields(labels, example), FIELDS, _ATTRIBUTES_BY_NAME)


def with_attributes(
    labels: Sequence[str],
    chosen: Mapping[str, str],
    fields: Iterable[str],
    known: Mapping[str, tuple[str, int]] | None = None,
) -> dict[str, str]:
    """A target for every label: the field that was chosen for it, else an attribute with a key of its own.

    ``known``: attributes with a key of their own, by plain heading.
    """
    mapping: dict[str, str] = {}
    taken = set(fields)
    for label in labels:
        if label in chosen:
            mapping[label] = chosen[label]
            continue
        key = base = (known or {}).get(plain(label), ("", 0))[0] or attribute_key(label)
        copy = 1
        while key in taken:
            copy += 1
            key = f"{base}_{copy}"
        taken.add(key)
        mapping[label] = key
    return mapping


def _choose_fields(labels: Sequence[str], example: Sequence[str]) -> dict[str, str]:
    """`{label: field}` by known heading, then by how the heading ends, then (e-mail only) by the example's value."""
    best: dict[str, tuple[int, str]] = {}
    for label in labels:
        field, rank = _FIELDS_BY_NAME.get(plain(label), ("", 0))
        if field and (field not in best or rank < best[field][0]):
            best[field] = (rank, label)
    chosen = {label: field for field, (_, label) in best.items()}
    free = [label for label in labels if label not in chosen]
    for field, endings in _FIELD_ENDINGS.items():
        ending = next((label for label in free if plain(label).endswith(endings)), "")
        if field not in best and ending:
            chosen[ending] = field
    for label, value in zip(labels, example, strict=False):
        if label not in chosen and "email" not in chosen.values() and _is_email(value):
            chosen[label] = "email"
    return chosen


def correct_mapping(
    guessed: Mapping[str, str], corrections: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The mapping with a person's corrections, and what is wrong with it (an empty list if nothing is)."""
    mapping, problems = apply_corrections(guessed, corrections, FIELD_LABELS)
    if not {"email", "phone"} & set(mapping.values()):
        problems.append("No column holds an e-mail address or a phone number; say which one does.")
    return mapping, problems


def apply_corrections(
    guessed: Mapping[str, str], corrections: Mapping[str, str], fields: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The mapping with a person's corrections, and where two columns would be the same or one is not there."""
    problems = [f"The file has no column “{label}”." for label in corrections if label not in guessed]
    mapping = {
        label: (
            target
            if (target := str(corrections.get(label, guess)).strip()) in fields
            else attribute_key(target)
        )
        if str(corrections.get(label, guess)).strip()
        else ""
        for label, guess in guessed.items()
    }
    used: dict[str, str] = {}
    for label, target in mapping.items():
        if target and target in used:
            problems.append(f"“{used[target]}” and “{label}” cannot both be {fields.get(target, target)}.")
        used.setdefault(target, label)
    return mapping, problems


def _is_email(cell: str) -> bool:
    try:
        return "@" in cell and bool(normalise_email(cell))
    except AddressError:
        return False
