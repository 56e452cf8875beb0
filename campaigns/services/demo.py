"""The demo workspace that a new installation starts with: a member of each role and connections that send nothing.

What is in it is in demo_content.py.
"""

import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from approvals.models import Notification
from campaigns.domain import permissions
from campaigns.models import Membership, User, Workspace
from campaigns.services import demo_content, workspaces
from channels.models import Connection

SLUG = "demo"
ROLES = {
    "marketer@demo.test": permissions.CREATOR,
    "approver@demo.test": permissions.APPROVER,
    "admin@demo.test": permissions.ADMIN,
}
CONNECTIONS = {
    "Sandbox e-mail": "sandbox",
    "Sandbox SMS": "sandbox",
    "Sandbox voice": "sandbox",
    "In-app inbox": "in_app",
}


def load_demo() -> bool:
    """Make the demo workspace unless the installation has a workspace already; returns whether it was made."""
    if Workspace.objects.exists():
        return False
    password = secrets.token_urlsafe(9)
    with transaction.atomic():
        workspace = Workspace.objects.create(name="Demo", slug=SLUG, default_region=settings.DEFAULT_REGION)
        workspaces.prepare(workspace)
        for email, role in ROLES.items():
            _make_member(workspace, email, role, password)
        for name, provider in CONNECTIONS.items():
            Connection.objects.create(workspace=workspace, name=name, provider=provider)
        if settings.DEMO_CONTENT:
            demo_content.fill(workspace, timezone.now())
            # Nobody reads the mail of these addresses; what it would say stands in the console.
            Notification.objects.filter(workspace=workspace).update(mailed_at=timezone.now())
        _password_file().touch(mode=0o600)
        _password_file().write_text(password)
    return True


def log_ins() -> list[str]:
    """Return the lines that say how to log in to the demo workspace; none where there is no such workspace."""
    if not Workspace.objects.filter(slug=SLUG).exists():
        return []
    file = _password_file()
    password = file.read_text() if file.exists() else "(as printed when it was made)"
    emails = User.objects.filter(email__in=ROLES, is_active=True).values_list("email", flat=True)
    return [f"{email:<20} password {password}" for email in ROLES if email in set(emails)]


def _make_member(workspace: Workspace, email: str, role: str, password: str) -> None:
    """Add one person; the admin may also enter Django admin."""
    make = User.objects.create_superuser if role == permissions.ADMIN else User.objects.create_user
    user = make(email, password, first_name=role.capitalize(), last_name="Demo")
    Membership.objects.create(workspace=workspace, user=user, role=role)


def _password_file() -> Path:
    """Return where the demo's password is kept so that every start can print it."""
    return settings.DATA_DIR / "demo_password"
