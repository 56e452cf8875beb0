"""Message labels (seed 004): at most 900 a workspace, some symbols forbidden."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from campaigns.models.workspace import Workspace

FORBIDDEN = '"\\%><!“”„«»'
MOST_LABELS = 900


def validate_label_name(name: str) -> None:
    """Refuse the symbols that seed 004 forbids (and the typographic quotes)."""
    wrong = sorted({symbol for symbol in name if symbol in FORBIDDEN})
    if wrong:
        raise ValidationError(f"A label may not contain {' '.join(wrong)}")


class Label(models.Model):
    """A tag for campaigns of one workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=60, validators=[validate_label_name])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="label_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse the label that would be one too many."""
        if self.pk is None and self.workspace_id and self.workspace.labels.count() >= MOST_LABELS:
            raise ValidationError(f"A workspace has at most {MOST_LABELS} labels; delete one first.")
