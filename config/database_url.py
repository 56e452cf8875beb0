"""Reads the address of a PostgreSQL database into Django's settings; refuses anything else in one line."""

from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

EXAMPLE = "postgres://user:password@host:5432/name"
SCHEMES = {"postgres", "postgresql", "psql", "pgsql"}


def parse(url: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Return Django's settings for `url`; raises ImproperlyConfigured, naming `variable` but never the password.

    A socket folder is written as `postgres://user@/name?host=/folder`.
    """
    refusal = f"{variable} is not an address like {EXAMPLE}"
    try:
        if urlsplit(url).scheme not in SCHEMES:
            raise ImproperlyConfigured(refusal)
        chosen = environ.Env.db_url_config(url)
    except ValueError:
        # Not the parser's own words: it quotes what it stumbled over, and that may be half of the password.
        raise ImproperlyConfigured(refusal) from None
    if not chosen.get("NAME"):
        raise ImproperlyConfigured(f"{variable} names no database; write {EXAMPLE}")
    folder = chosen.get("OPTIONS", {}).pop("host", None)
    return {**chosen, "HOST": folder} if folder else chosen
