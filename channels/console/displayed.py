"""/channels/site/: the key and the snippet for a page of one's own; /demo/displayed/: such a page, to try it out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import TemplateView

from channels.domain.identity import sign_person
from channels.services.sites import renew_secret, secret_of, site_of
from config.console.access import MemberPage


class SitePage(MemberPage, TemplateView):
    """What a developer needs; the secret is shown once, when it is made."""

    template_name = "channels/site.html"
    write_ability = "edit_connections"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        site = site_of(self.workspace.pk)
        return super().get_context_data(
            site=site,
            site_url=settings.SITE_URL,
            may_edit=self.may("edit_connections"),
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        secret = renew_secret(self.workspace.pk)
        messages.success(request, "The new secret holds from now on; keep it on your server.")
        return self.render_to_response(self.get_context_data(secret=secret))


class DemoPage(MemberPage, TemplateView):
    """A page of a shop as one person sees it: ``?person=`` is their external id."""

    template_name = "channels/demo.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        site = site_of(self.workspace.pk)
        person = self.request.GET.get("person", "")
        if len(person) > 150:
            raise Http404
        signature = sign_person(secret_of(site), person) if person else ""
        return super().get_context_data(site=site, person=person, signature=signature, **kwargs)
