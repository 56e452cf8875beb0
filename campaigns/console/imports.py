"""/people/import/ and /people/imports/<id>/: upload a file, correct how it is read, watch it come in, read its report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import TemplateView, View

from campaigns.domain.csv_reading import DELIMITERS
from campaigns.domain.text_files import ENCODINGS
from campaigns.models import Campaign, ImportJob, RefusedRow, Segment
from campaigns.services import handover, import_setup
from campaigns.services.errors import ActionError
from campaigns.services.import_report import report_csv
from campaigns.services.people import create_list
from config.console.access import MemberPage
from config.console.numbers import whole
from config.console.views import FormPage

SHOWN_ROWS = 50


class UploadForm(forms.Form):
    """The file, and the list that its people are put on."""

    file = forms.FileField(
        label="CSV file", help_text="Any size; the first line names the columns.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )  # fmt: skip
    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(), required=False, label="Put them on this list", empty_label="No list"
    )
    new_list = forms.CharField(
        required=False,
        max_length=120,
        label="or on a new list",
        help_text="Its name, for example: Spring customers.",
    )
    region = forms.CharField(
        max_length=2,
        label="Country of phone numbers without a country code",
        help_text="Two letters, such as US or DE.",
    )

    def __init__(self, data: Any, files: Any, *, workspace: Any, **more: Any) -> None:
        super().__init__(data, files, **more)
        lists = Segment.objects.filter(workspace=workspace, kind=Segment.MANUAL, archived_at__isnull=True)
        self.fields["segment"].queryset = lists.order_by("name")  # type: ignore[attr-defined]

    def clean_region(self) -> str:
        return self.cleaned_data["region"].upper()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("segment") and values.get("new_list", "").strip():
            self.add_error("new_list", "Choose a list or name a new one, not both.")
        return values


def campaign_named(request: HttpRequest, membership: Any) -> Campaign | None:
    """The campaign in the address (``?campaign=12``), if this member may see it."""
    pk = whole(request.GET.get("campaign"))
    return Campaign.objects.visible_to(membership).filter(pk=pk).first() if pk else None


def earlier_imports(workspace: Any, kind: str) -> QuerySet[ImportJob]:
    """The latest of this kind."""
    return ImportJob.objects.filter(workspace=workspace, kind=kind).order_by("-id")[:10]


class Upload(FormPage):
    """Receive the file; what comes of it is a draft that nobody has imported yet."""

    template_name = "campaigns/import_upload.html"
    form_class = UploadForm
    ability = write_ability = "import_people"
    refusals = (ActionError,)

    def initial(self) -> dict[str, Any]:
        segment = self.request.GET.get("segment") or (self.campaign and self.campaign.segment_id)
        return {"region": self.workspace.default_region, "segment": segment}

    def form_arguments(self) -> dict[str, Any]:
        return {"workspace": self.workspace}

    def context(self) -> dict[str, Any]:
        recent = earlier_imports(self.workspace, ImportJob.PEOPLE)
        return {"kind": ImportJob.PEOPLE, "recent": recent, "campaign": self.campaign}

    @property
    def campaign(self) -> Any | None:
        """The campaign whose contacts are uploaded, where one has led here."""
        return campaign_named(self.request, self.membership)

    def save(self, form: Any) -> str:
        values = form.cleaned_data
        with transaction.atomic():
            segment = values["segment"]
            if values["new_list"].strip():
                segment = self._new_list(values["new_list"])
            upload = values["file"]
            job = import_setup.receive_upload(
                self.workspace,
                self.request.user,
                upload.name,
                upload.chunks(),
                segment=segment,
                region=values["region"],
            )
        back = f"?campaign={self.campaign.pk}" if self.campaign else ""
        return reverse("people:import-job", args=[job.pk]) + back

    def _new_list(self, name: str) -> Segment:
        try:
            return create_list(self.workspace, name, self.request.user)
        except ActionError as error:
            error.fields = {"new_list": str(error)}
            raise


class JobPage(MemberPage):
    """A page about one import of the workspace."""

    ability = "import_people"
    kind = ImportJob.PEOPLE
    kwargs: dict[str, Any]

    @property
    def job(self) -> ImportJob:
        jobs = ImportJob.objects.filter(workspace=self.workspace, kind=self.kind)
        jobs = jobs.select_related("segment", "created_by", "workspace")
        return get_object_or_404(jobs, pk=self.kwargs["pk"])


class JobDetail(JobPage, TemplateView):
    """A draft shows how its file is read; later the page shows its progress and its report."""

    template_name = "campaigns/import_job.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        campaign = campaign_named(self.request, self.membership)
        return super().get_context_data(**job_context(self.job), campaign=campaign, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Corrections (“Read it again”), or the start of the import."""
        job, data = self.job, request.POST
        encoding, delimiter = data.get("encoding", ""), data.get("delimiter", "")
        is_same_file = (encoding, delimiter) == (job.encoding, job.delimiter)
        mapping = {label: _target(data, index) for index, label in enumerate(data.getlist("column"))}
        try:
            import_setup.correct(
                job,
                mapping=mapping,
                encoding=encoding,
                delimiter=delimiter,
                object_type=data.get("object_type"),
            )
            # Read another way, the file has other columns: those have to be looked at before anything starts.
            if data.get("op") == "start" and is_same_file:
                import_setup.queue_import(job)
                transaction.on_commit(partial(handover.ring_import, job.pk))
        except ActionError as error:
            return render(
                request, self.template_name, {**job_context(job), "refusal": str(error)}, status=error.status
            )
        return HttpResponseRedirect(request.get_full_path())


def _target(data: Any, index: int) -> str:
    """Where a column goes: a field, an attribute by the name that was typed, or nowhere."""
    chosen = data.get(f"target-{index}", "")
    return data.get(f"attribute-{index}", "").strip() if chosen == "attribute" else chosen


def job_context(job: ImportJob) -> dict[str, Any]:
    """What the page and its live part show."""
    values: dict[str, Any] = {"job": job, "is_live": job.status in (ImportJob.QUEUED, ImportJob.RUNNING)}
    if job.status == ImportJob.DRAFT:
        try:
            preview = import_setup.preview(job)
        except ActionError as error:
            return values | {"refusal": str(error)}
        values |= {
            "preview": preview,
            "columns": [
                _column(index, column, preview.fields) for index, column in enumerate(preview.columns)
            ],
            "fields": preview.fields,
            "encodings": ENCODINGS,
            "delimiters": DELIMITERS,
        }
    else:
        values["refused_rows"] = job.refused_rows.order_by("record", "id")[:SHOWN_ROWS]
    return values


def _column(index: int, column: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    is_field = column.target in fields
    return {
        "index": index,
        "label": column.label,
        "samples": [sample for sample in column.samples if sample][:3],
        "choice": column.target if is_field or not column.target else "attribute",
        "attribute": "" if is_field else column.target,
    }


class JobProgress(JobPage, View):
    """The moving part of the page, every two seconds while the import runs."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, "campaigns/parts/import_progress.html", job_context(self.job))


class JobReport(JobPage, View):
    """The refused rows, or the warnings, as CSV: corrected, the file can be imported again."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        severity = self.kwargs["severity"]
        if severity not in (RefusedRow.REFUSED, RefusedRow.WARNING):
            raise Http404
        response = StreamingHttpResponse(
            report_csv(self.job, severity), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="import-{self.job.pk}-{severity}.csv"'
        return response
