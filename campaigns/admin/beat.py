"""Periodic tasks in the admin: the form of django-celery-beat, which fails where a name cannot be kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import PeriodicTask

_LONGEST_TASK = PeriodicTask._meta.get_field("task").max_length


class TimetableForm(PeriodicTaskForm):
    """Says what is wrong with a task's name instead of handing it to the database or looking for it in vain."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # A choice of any text: it has no check of its own.
        self.fields["regtask"].validators += [
            MaxLengthValidator(_LONGEST_TASK),
            ProhibitNullCharactersValidator(),
        ]

    def clean(self) -> dict[str, Any]:
        """The original asks for both names, also for one that was refused."""
        if {"task", "regtask"} & self.errors.keys():
            return forms.ModelForm.clean(self) or {}
        return super().clean()


admin.site.unregister(PeriodicTask)


@admin.register(PeriodicTask)
class TimetableAdmin(PeriodicTaskAdmin):
    """As it comes, with that form."""

    form = TimetableForm
