"""Django admin of connections and suppressed addresses; channels and deliveries are with the campaigns."""

from channels.admin import connections, suppressions

__all__ = ["connections", "suppressions"]
