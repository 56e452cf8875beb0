"""Roles of a workspace's members and what each may do. Campaign actions carry their roles in the lifecycle tables."""

CREATOR = "creator"
APPROVER = "approver"
ADMIN = "admin"

ROLE_CHOICES = [(CREATOR, "Creator"), (APPROVER, "Approver"), (ADMIN, "Admin")]

ANYONE = frozenset({CREATOR, APPROVER, ADMIN})
CREATORS = frozenset({CREATOR})
APPROVERS = frozenset({APPROVER, ADMIN})
ADMINS = frozenset({ADMIN})

#: What a member may do outside campaigns: the name of the ability, and the roles that have it.
ABILITIES = {
    "edit_campaigns": ANYONE,
    "import_people": ANYONE,
    "edit_lists": ANYONE,
    "edit_labels": ANYONE,
    "edit_connections": ADMINS,
    "edit_members": ADMINS,
    "edit_policy": ADMINS,
    "resolve_unknown": APPROVERS,
    "decide_approvals": APPROVERS,
}


def role_may(role: str, ability: str) -> bool:
    """Whether a member with this role has the ability (a key of ``ABILITIES``)."""
    return role in ABILITIES[ability]


def refusal(roles: frozenset[str], label: str) -> str:
    """The sentence that tells a member why their role may not do it."""
    names = " or ".join(name for name, _ in ROLE_CHOICES if name in roles)
    article = "an" if names[:1] in "aeiou" else "a"
    return f"{label} needs {article} {names} of this workspace."
