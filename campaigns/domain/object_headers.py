"""Which column of a file of objects is what: names for columns, the guessed mapping, what a usable one needs."""

from collections.abc import Mapping, Sequence

from campaigns.domain.headers import apply_corrections, plain, with_attributes

FIELDS = ("type", "external_id", "people")
FIELD_LABELS = {
    "type": "Type",
    "external_id": "External id",
    "people": "Related people",
}

#: Headings per target, the most telling first; in the form of `headers.plain`.
_NAMES = {
    "people": (
        "people|persons|person|related people|people ids|person ids|person id|contacts|contact ids|contact id|members|"
        "member ids|member id|users|user ids|user id|userid|customers|customer ids|personen|kontakte|mitglieder|nutzer|"
        "personnes|membres|personas|contactos|persone|contatti|pessoas|люди|人"
    ),
    "type": (
        "type|object type|objecttype|type of object|kind|object kind|typ|objekttyp|type d objet|tipo|tipo de objeto|"
        "tipo di oggetto|soort|tur|тип|类型|種類"
    ),
    "external_id": (
        "external id|externalid|object id|objectid|id|key|uid|uuid|guid|identifier|identifiant|identificador|"
        "identificatore|идентификатор"
    ),
}
_ENDINGS = (" id", " ids", " key", " number", " no", " nummer", " nr")


def guess_mapping(labels: Sequence[str], type_name: str = "") -> dict[str, str]:
    """A target for every label; ``type_name`` ("company") makes “Company ID” the column that says which one it is."""
    chosen: dict[str, str] = {}
    for field, words in _NAMES.items():
        names = words.split("|")
        if field == "external_id" and type_name:
            names = [f"{plain(type_name)}{ending}" for ending in _ENDINGS] + names
        ranks = {name: rank for rank, name in reversed(list(enumerate(names)))}
        known = [(ranks[plain(label)], place) for place, label in enumerate(labels) if plain(label) in ranks]
        if known:
            chosen[labels[min(known)[1]]] = field
    if "external_id" not in chosen.values():
        # “Account number”, where nothing says it more plainly.
        free = (label for label in labels if label not in chosen and plain(label).endswith(_ENDINGS))
        if label := next(free, ""):
            chosen[label] = "external_id"
    return with_attributes(labels, chosen, FIELDS)


def correct_mapping(
    guessed: Mapping[str, str], corrections: Mapping[str, str], type_name: str
) -> tuple[dict[str, str], list[str]]:
    """The mapping with a person's corrections, and what is wrong with it (an empty list if nothing is)."""
    mapping, problems = apply_corrections(guessed, corrections, FIELD_LABELS)
    here = ", ".join(f"“{label}”" for label in list(mapping)[:6])
    if "external_id" not in mapping.values():
        problems.append(
            "No column holds the external id of the objects; say which one does. "
            f"The first line of the file names the columns; here they are {here}."
        )
    if "type" not in mapping.values() and not type_name:
        problems.append(
            "No column holds the type of the objects (such as “company”); say which one does, or give one type for "
            "the whole file."
        )
    return mapping, problems
