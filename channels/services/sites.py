"""The key and the secret with which a workspace's own apps and sites ask for their people's messages."""

from __future__ import annotations

import secrets

from django.db import transaction

from channels.domain.secrets import SecretsUnreadable, decrypt, encrypt
from channels.engine.lines import secret_keys
from channels.models import Site


def site_of(workspace_id: int) -> Site:
    """The workspace's site; made on first use."""
    found = Site.objects.filter(workspace_id=workspace_id).first()
    return (
        found
        or Site.objects.get_or_create(
            workspace_id=workspace_id,
            defaults={
                "key": f"site_{secrets.token_urlsafe(18)}",
                "secrets": _encrypted(secrets.token_urlsafe(32)),
            },
        )[0]
    )


def renew_secret(workspace_id: int) -> str:
    """A new secret, shown this once; what was signed with the old one is refused from now on."""
    site_of(workspace_id)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        Site.objects.filter(workspace_id=workspace_id).update(secrets=_encrypted(secret))
    return secret


def secret_of(site: Site) -> str:
    """What persons are signed with; "" where it cannot be read any more: then nobody is vouched for."""
    try:
        return str(decrypt(site.secrets, secret_keys()).get("identity", ""))
    except SecretsUnreadable:
        return ""


def _encrypted(secret: str) -> str:
    return encrypt({"identity": secret}, secret_keys())
