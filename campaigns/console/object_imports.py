"""/objects/import/ and /objects/imports/<id>/: as the import of people, for companies, accounts and the like."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse

from campaigns.console.imports import JobDetail, JobProgress, JobReport, earlier_imports
from campaigns.domain.condition_reading import LONGEST_TYPE
from campaigns.models import ImportJob, ObjectType
from campaigns.services import import_setup
from campaigns.services.errors import ActionError
from config.console.views import FormPage


class ObjectUploadForm(forms.Form):
    """The file, and the type of objects where no column says it."""

    file = forms.FileField(
        label="CSV file",
        help_text="Any size; the first line names the columns: a type, an external id, related people, attributes.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )
    type = forms.CharField(
        required=False,
        max_length=LONGEST_TYPE,
        label="Type of the objects",
        help_text="For example company. Leave it empty where a column of the file says it.",
        widget=forms.TextInput(attrs={"list": "object-types", "autocomplete": "off"}),
    )


class ObjectUpload(FormPage):
    """Receive the file; what comes of it is a draft that nobody has imported yet."""

    template_name = "campaigns/import_upload.html"
    form_class = ObjectUploadForm
    ability = write_ability = "import_people"
    refusals = (ActionError,)

    def initial(self) -> dict[str, Any]:
        return {"type": self.request.GET.get("type", "")[:LONGEST_TYPE]}

    def context(self) -> dict[str, Any]:
        types = ObjectType.objects.filter(workspace=self.workspace).order_by("name")
        recent = earlier_imports(self.workspace, ImportJob.OBJECTS)
        return {"kind": ImportJob.OBJECTS, "recent": recent, "object_types": types}

    def save(self, form: Any) -> str:
        upload = form.cleaned_data["file"]
        job = import_setup.receive_upload(
            self.workspace,
            self.request.user,
            upload.name,
            upload.chunks(),
            kind=ImportJob.OBJECTS,
            object_type=form.cleaned_data["type"],
        )
        return reverse("objects:import-job", args=[job.pk])


class ObjectJobDetail(JobDetail):
    """A draft shows how its file is read; later the page shows its progress and its report."""

    kind = ImportJob.OBJECTS


class ObjectJobProgress(JobProgress):
    """The moving part of the page."""

    kind = ImportJob.OBJECTS


class ObjectJobReport(JobReport):
    """The refused rows, or the warnings, as CSV."""

    kind = ImportJob.OBJECTS
