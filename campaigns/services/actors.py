"""Who does something, and by which way in."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.models import Membership, User


@dataclass(frozen=True, slots=True)
class Actor:
    """A member acting in their workspace, or the system itself (``membership`` is None)."""

    membership: Membership | None
    via: str

    @classmethod
    def member(cls, membership: Membership, via: str = "browser") -> Actor:
        """A member; ``via`` is browser, bulk, admin, api or command."""
        return cls(membership, via)

    @classmethod
    def system(cls, via: str = "beat") -> Actor:
        """The beat and the engine."""
        return cls(None, via)

    @property
    def is_system(self) -> bool:
        return self.membership is None

    @property
    def user(self) -> User | None:
        return self.membership.user if self.membership else None

    @property
    def label(self) -> str:
        """What the activity log calls them."""
        return str(self.user.email) if self.user else "system"
