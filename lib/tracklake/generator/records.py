"""Log records: the fields of the real logs, in their order and with their types."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.generator import words
from tracklake.generator.catalogue import Catalogue
from tracklake.generator.chance import one_of

PAGES: dict[str, tuple[str, int]] = {
    "NextSong": ("PUT", 200),
    "Home": ("GET", 200),
    "Login": ("PUT", 307),
    "Logout": ("PUT", 307),
    "Help": ("GET", 200),
    "Settings": ("GET", 200),
    "Save Settings": ("PUT", 307),
    "About": ("GET", 200),
    "Error": ("GET", 404),
    "Upgrade": ("GET", 200),
    "Downgrade": ("GET", 200),
    "Submit Upgrade": ("PUT", 307),
    "Submit Downgrade": ("PUT", 307),
    "Thumbs Up": ("PUT", 307),
    "Thumbs Down": ("PUT", 307),
    "Add to Playlist": ("PUT", 200),
    "Add Friend": ("PUT", 307),
    "Roll Advert": ("GET", 200),
}
"""Every page that is generated, with the method and status that its records carry."""

ABOUT_A_TRACK = ("NextSong", "Thumbs Up", "Thumbs Down", "Add to Playlist")


def records(events: DataFrame, catalogue: Catalogue) -> DataFrame:
    """One row per event: `date` (UTC), `record` (a struct of the log's fields), `session` and `item`."""
    about_track = F.col("page").isin(*ABOUT_A_TRACK)
    signed_in = ~F.col("anonymous")
    first_name = F.when(F.col("female"), one_of(words.FEMALE_NAMES, F.col("first"))).otherwise(
        one_of(words.MALE_NAMES, F.col("first"))
    )
    puts = [page for page, (method, _) in PAGES.items() if method == "PUT"]
    redirects = [page for page, (_, status) in PAGES.items() if status == 307]
    fields: dict[str, Column] = {
        "artist": F.when(about_track, catalogue.artist_name(F.col("artist"))),
        "auth": F.when(signed_in, "Logged In").otherwise("Logged Out"),
        "firstName": F.when(signed_in, first_name),
        "gender": F.when(signed_in, F.when(F.col("female"), "F").otherwise("M")),
        "itemInSession": F.col("item"),
        "lastName": F.when(signed_in, one_of(words.LAST_NAMES, F.col("last"))),
        "length": F.when(about_track, F.col("length")),
        "level": F.when(F.col("is_paid"), "paid").otherwise("free"),
        "location": F.when(signed_in, one_of([name for name, _ in words.METROS], F.col("metro"))),
        "method": F.when(F.col("page").isin(*puts), "PUT").otherwise("GET"),
        "page": F.col("page"),
        "registration": F.when(signed_in, F.col("registered_ms").cast("decimal(20,1)")),
        "sessionId": F.col("session"),
        "song": F.when(about_track, catalogue.title(F.col("artist"), F.col("track"))),
        "status": F.when(F.col("page").isin(*redirects), 307)
        .when(F.col("page") == "Error", 404)
        .otherwise(200),
        "ts": F.col("ts"),
        "userAgent": F.when(signed_in, one_of(words.USER_AGENTS, F.col("agent"))),
        "userId": F.when(signed_in, (F.col("user") + 1).cast("string")).otherwise(""),
    }
    return events.select(
        "date",
        F.col("session"),
        F.col("item"),
        F.struct(*[value.alias(name) for name, value in fields.items()]).alias("record"),
    )
