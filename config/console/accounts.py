"""Logging in and out. Ten wrong passwords lock the pair of log-in and address for a quarter of an hour (axes)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    username = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": "That e-mail address and password do not belong together.",
        "inactive": "This account has been switched off.",
    }

    def clean_username(self) -> str:
        """Addresses are kept in lower case."""
        return self.cleaned_data["username"].strip().lower()


class LoginView(views.LoginView):
    """/login/"""

    template_name = "console/login.html"
    form_class = LoginForm
    redirect_authenticated_user = True


class LogoutView(views.LogoutView):
    """/logout/, by POST only: no link of a stranger's page can log anybody out."""


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """What axes answers once there were too many wrong passwords."""
    return render(request, "429.html", {"locked_out": True}, status=429)
