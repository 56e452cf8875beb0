"""/help/lifecycles/: every kind's statuses, actions and picture, drawn from the code that enforces them."""

from typing import Any

from django.views.generic import TemplateView

from campaigns.console.diagrams import diagram_of
from campaigns.domain.lifecycle import Lifecycle
from campaigns.domain.lifecycles import BY_KIND
from config.console.access import MemberPage


def _table(lifecycle: Lifecycle) -> list[dict[str, Any]]:
    return [
        {"look": lifecycle.look(status), "actions": lifecycle.menus.get(status, ())}
        for status in lifecycle.statuses
    ]


class LifecyclesPage(MemberPage, TemplateView):
    """One section a kind."""

    template_name = "campaigns/lifecycles.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kinds = [
            {"lifecycle": lifecycle, "diagram": diagram_of(lifecycle), "table": _table(lifecycle)}
            for lifecycle in BY_KIND.values()
        ]
        return super().get_context_data(kinds=kinds, **kwargs)
