"""Strategies of this installation, and the log of a campaign that uses one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.api.access import campaign_of
from campaigns.api.paging import PageQuery, next_cursor, place_of
from campaigns.api.shapes import answers
from campaigns.models import StrategyLine
from campaigns.services.strategies import known_strategies
from campaigns.services.strategy_log import lines_of

router = Router(tags=["Strategies"])


class StageOut(BaseModel):
    """A stage that a strategy plans for."""

    key: str
    name: str


class StrategyOut(BaseModel):
    """A registered strategy; `name` is what a campaign's `strategy` says."""

    name: str
    title: str
    description: str
    stages: list[StageOut]


class BrokenOut(BaseModel):
    """A registration that cannot be used, and why."""

    target: str
    problem: str


class StrategiesOut(BaseModel):
    """What is registered here."""

    items: list[StrategyOut]
    broken: list[BrokenOut]


class LineOut(BaseModel):
    """A line of the log; `person` is the external id of the contact that it is about."""

    id: int
    run: int
    at: datetime
    level: Literal["output", "info", "warning", "error"]
    person: str | None
    text: str


class LinePage(BaseModel):
    """Lines, newest first."""

    items: list[LineOut]
    next: str | None


class LineQuery(PageQuery):
    """Several levels are *or*."""

    level: list[Literal["output", "info", "warning", "error"]] = []
    q: Annotated[str, Field(max_length=200, description="Words of the text.")] = ""


@router.get("/strategies", response=answers(StrategiesOut))
def list_strategies(request: HttpRequest) -> Any:
    """The strategies that python campaigns can be given."""
    found = known_strategies()
    items = [
        {
            "name": one.name, "title": one.title, "description": one.description,
            "stages": [{"key": key, "name": name} for key, name in one.stages],
        }
        for one in found.strategies.values()
    ]  # fmt: skip
    return {"items": items, "broken": [{"target": b.target, "problem": b.problem} for b in found.broken]}


@router.get("/campaigns/{id:campaign_id}/logs", response=answers(LinePage))
def list_lines(request: HttpRequest, campaign_id: int, query: Query[LineQuery]) -> Any:
    """What the strategy printed or raised, and what the engine says of it. Other kinds have none."""
    lines = lines_of(campaign_of(request, campaign_id).pk, query.level, query.q.strip()).order_by("-pk")
    if place := place_of(query.cursor, [int]):
        lines = lines.filter(pk__lt=place[0])
    listed = list(lines[: query.limit + 1])
    shown = listed[: query.limit]
    more = next_cursor([shown[-1].pk]) if len(listed) > query.limit else None
    return {"items": [_shown(line) for line in shown], "next": more}


def _shown(line: StrategyLine) -> dict[str, Any]:
    person = line.person.external_id if line.person else None
    return {
        "id": line.pk,
        "run": line.run,
        "at": line.at,
        "level": line.level,
        "person": person,
        "text": line.text,
    }
