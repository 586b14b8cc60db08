"""The four topics that eventsim writes, as records of pages.

page_view_events holds every page. listen_events and status_change_events state the pages NextSong and Submit
Upgrade/Downgrade a second time: given the page that they leave out they have the same event_id, so that the second
copy of an event is a duplicate. auth_events states how a login ended, which no page does.
"""

from __future__ import annotations

import re

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.sources.json_records import field, said

TOPICS = ("listen_events", "page_view_events", "auth_events", "status_change_events")
LOGIN_ENDED = "auth_events"
"""The page of a record that says how a login ended."""

_TOPIC = rf"^(?:.*/)?({'|'.join(TOPICS)})(?=[/.]|$)(?!.*/log_data/)"
"""The last topic in a path, which is below the input where the input holds topics; above log_data stands none."""

_RENAMED = ("page", "sessionId", "sessionid", "length", "duration", "location", "city", "state")


def topic(path: str) -> str | None:
    """The topic whose records a file holds; None if its path names none."""
    found = re.match(_TOPIC, path)
    return found[1] if found else None


def as_pages(records: DataFrame) -> DataFrame:
    """Records of topics (``m``, ``source_file``) with the fields of a page: page, sessionId, length, location.

    The level tells the two changes of status apart: one asks for an upgrade while on free.
    """
    of = F.regexp_extract("source_file", _TOPIC, 1)
    changed = F.when(field("level") == "free", "Submit Upgrade").otherwise("Submit Downgrade")
    unsaid = (
        F.when(of == "listen_events", "NextSong")
        .when(of == "status_change_events", changed)
        .when(of == "auth_events", LOGIN_ENDED)
    )
    town = F.nullif(F.concat_ws(", ", said("city"), said("state")), F.lit(""))
    named = {
        "page": F.coalesce(field("page"), unsaid),
        "sessionId": F.coalesce(field("sessionId"), field("sessionid")),
        "length": F.coalesce(field("length"), field("duration")),
        "location": F.coalesce(said("location"), town),
    }
    rest = F.map_filter("m", lambda name, _: ~name.isin(*_RENAMED))
    pages = F.map_from_arrays(F.array(*[F.lit(name) for name in named]), F.array(*named.values()))
    return records.withColumn("m", F.map_concat(rest, pages))
