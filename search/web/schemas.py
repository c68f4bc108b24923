"""The JSON of the API."""

from __future__ import annotations

from pydantic import BaseModel, Field

from search.service import SearchResult


class HitView(BaseModel):
    """A picture that was found."""

    id: int
    distance: float = Field(description="Cosine distance: 0 the same direction, 1 nothing in common, 2 the opposite.")
    picture: str = Field(description="Address of the picture's bytes.")
    like: str = Field(description="Address of a search for pictures like this one.")


class SearchView(BaseModel):
    """A page of hits."""

    hits: list[HitView]
    offset: int
    next_offset: int | None = Field(description="Offset of the next page; null: there are no more hits.")
    good_match: bool | None = Field(
        description="false: nothing shows what was asked for, these are only the nearest; null: not judged."
    )
    approximate: bool
    standby: str = Field(description="The database that answered.")
    sql_milliseconds: float = Field(description="Time of the statements alone.")


class ProblemView(BaseModel):
    """Why there is no answer."""

    detail: str = Field(description="One sentence for people: what is wrong and what to do.")


class DatabaseView(BaseModel):
    """A standby."""

    name: str
    state: str
    apply_lag_seconds: float | None
    reason: str
    source: str = Field(description="Who says so: its worker's heartbeat, or the standby itself.")


class HealthView(BaseModel):
    """Whether searching works."""

    status: str = Field(description="ok, degraded (some standby does not serve) or down (nothing can be searched).")
    detail: str = Field(description="What is wrong and what to do; empty when nothing is.")
    databases: list[DatabaseView]
    models: dict[str, bool] = Field(description="Whether each model that searches need is loaded.")
    pictures: int | None
    embedded: int | None


class HintsView(BaseModel):
    """What a page should know before anybody searches."""

    examples: list[str] = Field(description="Texts worth trying: SEARCH_EXAMPLES.")
    upload_limit_bytes: int = Field(description="SEARCH_UPLOAD_LIMIT.")
    flower_address: str = Field(description="FLOWER_ADDRESS, for a link to it.")
    flower_port: int = Field(description="FLOWER_PORT.")


def search_view(result: SearchResult, *, offset: int, approximate: bool) -> SearchView:
    """Write a result as the API's JSON."""
    return SearchView(
        hits=[
            HitView(
                id=hit.id,
                distance=round(hit.distance, 6),
                picture=f"/api/pictures/{hit.id}",
                like=f"/api/search/like/{hit.id}",
            )
            for hit in result.hits
        ],
        offset=offset,
        next_offset=offset + len(result.hits) if result.has_more else None,
        good_match=result.good_match,
        approximate=approximate,
        standby=result.standby,
        sql_milliseconds=round(1000 * result.sql_seconds, 3),
    )
