"""The thirteen tables by plain PySpark and Delta, written straight down: no audits, no releases.

    spark-submit plain_pyspark.py LOGS LAKE

LOGS holds log_data and song_data in sparkify's form. Every table is built from all logs and overwritten, one
after the other. That is what the library is measured against, and what it saves its users from writing.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

FIELDS = (
    "artist auth gender itemInSession length level location method page registration sessionId song status ts"
    " userAgent userId"
).split()
SONG = (
    "song_id string, title string, artist_id string, artist_name string, artist_location string,"
    " artist_latitude double, artist_longitude double, duration decimal(20,9), year int"
)
ANONYMOUS, UNKNOWN, INFERRED = "(anonymous)", "(unknown)", "inferred:"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_MS = 24 * 3_600_000
STREAM_MS = 30_000
EARLY_MS = 5_000
KNOWN = "ms_played IS NOT NULL AND duration_ms > 0"
GAP_SECONDS = 30 * 60
ORDER = ("event_time", "item_in_session", "event_id")


def main(logs: str, lake: str) -> None:
    spark = SparkSession.builder.getOrCreate()
    began_at = datetime.now(UTC)
    run = {"ingested_at": F.lit(began_at), "run_id": F.lit("plain")}

    def save(table: str, frame: DataFrame, by: str | None = None) -> DataFrame:
        started = time.monotonic()
        writer = frame.write.format("delta").mode("overwrite")
        (writer.partitionBy(by) if by else writer).save(f"{lake}/{table}")
        print(f"✓ {table} {time.monotonic() - started:.1f} s", flush=True)
        return spark.read.format("delta").load(f"{lake}/{table}")

    # The logs are parsed twice: keeping four million parsed lines costs as much as parsing them again.
    records = read_records(spark, logs, began_at).withColumns(run)
    save("quarantine", quarantine(records))
    catalogue = save("catalogue", read_catalogue(spark, logs).withColumn("run_id", run["run_id"]))
    event = save("event", with_members(events(records), catalogue), by="event_date")

    save("dim_date", calendar(event))
    dim_user = save("dim_user", users(event))
    dim_artist = save("dim_artist", artists(event, catalogue))
    dim_track = save("dim_track", tracks(event, catalogue))
    save("bridge_track_artist", credits(dim_track))

    timeline = valid_then(with_sessions(event), dim_user, "user", F.coalesce("user_id", F.lit(ANONYMOUS)))
    timeline = timeline.persist()
    save("fact_session", sessions(timeline), by="session_date")
    fact_stream = save("fact_stream", streams(timeline, dim_artist), by="event_date")
    fact_feedback = save("fact_feedback", feedback(timeline, dim_artist), by="event_date")
    save("fact_track_day", days(fact_stream, fact_feedback, dim_track, "track"), by="event_date")
    save("fact_artist_day", days(fact_stream, fact_feedback, dim_artist, "artist"), by="event_date")


# --- Text and keys ------------------------------------------------------------------------------------------


def key(*parts: Column) -> Column:
    texts = [F.coalesce(part.cast("string"), F.lit("")) for part in parts]
    return F.left(F.sha2(F.concat_ws("\u001f", *texts), 256), F.lit(32))


def said(column: str) -> Column:
    return F.nullif(F.col(column), F.lit(""))


def repaired(text: Column) -> Column:
    """Mojibake, once or twice encoded, as it was meant; other text as it is."""
    # In lambdas, for written out it makes generated code of a size that the JVM interprets and does not compile.
    twice = F.transform(F.transform(F.array(text), reread), reread)
    return F.when(text.rlike("[\u00c2-\u00f4]"), twice[0]).otherwise(text)


def reread(text: Column) -> Column:
    latin1 = "".join(chr(byte) for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
    one_byte = F.translate(text, latin1.encode("latin-1").decode("cp1252"), latin1)
    bytes_read_as_utf8 = F.encode(one_byte, "ISO-8859-1").cast("string")
    fits = one_byte.rlike("^[\u0000-\u00ff]*$")
    return F.when(
        fits, F.when(F.is_valid_utf8(bytes_read_as_utf8), bytes_read_as_utf8).otherwise(text)
    ).otherwise(text)


# --- Events -------------------------------------------------------------------------------------------------


def read_records(spark: SparkSession, logs: str, now: datetime) -> DataFrame:
    """One row per line: its fields, and the reason why it can not become an event, if so."""
    schema = ", ".join(f"{name} string" for name in [*FIELDS, "_corrupt_record"])
    braced = F.col("line").startswith("{") & F.col("line").endswith("}")
    length = F.round(F.col("length").try_cast("decimal(30,12)") * 1000).try_cast("bigint")
    in_bounds = F.col("ms").between(
        round(EARLIEST.timestamp() * 1000), round((now + timedelta(days=1)).timestamp() * 1000)
    )
    return (
        spark.read.option("recursiveFileLookup", "true")
        .text(f"{logs}/log_data")
        .select(F.trim("value").alias("line"), F.col("_metadata.file_path").alias("source_file"))
        .where("line != ''")
        .withColumn("r", F.from_json("line", schema, {"columnNameOfCorruptRecord": "_corrupt_record"}))
        .select("line", "source_file", (braced & F.col("r._corrupt_record").isNull()).alias("is_json"), "r.*")
        .withColumns(
            {
                "ms": F.col("ts").try_cast("decimal(30,6)").try_cast("bigint"),
                "duration_ms": F.when(length.between(0, LONGEST_MS), length),
            }
        )
        .withColumn("event_time", F.when(in_bounds, F.timestamp_millis("ms")))
        .withColumn("event_date", F.to_date("event_time"))
        .withColumn(
            "reason",
            F.when(~F.col("is_json"), "not_json")
            .when(F.col("page").isNull(), "no_page")
            .when(F.col("ts").isNull(), "no_time")
            .when(F.col("ms").isNull(), "bad_time")
            .when(F.col("event_time").isNull(), "time_out_of_bounds")
            .when(F.col("length").isNotNull() & F.col("duration_ms").isNull(), "bad_length"),
        )
        .withColumn("source", F.lit("sparkify"))
    )


def quarantine(records: DataFrame) -> DataFrame:
    names = r'("(?:firstName|lastName)"\s*:\s*)("(?:\\.|[^"\\])*"?|[^,}\]]*)'
    return records.where(F.col("reason").isNotNull()).select(
        F.regexp_replace("line", names, r'$1"[dropped]"').alias("raw_record"),
        "reason",
        F.concat(F.lit("The record was refused: "), "reason").alias("detail"),
        "source",
        "source_file",
        "event_date",
        "run_id",
        "ingested_at",
    )


def events(records: DataFrame) -> DataFrame:
    """The columns of event, each event once; track_id and artist_id come later."""
    is_play = F.col("page") == "NextSong"
    level = F.lower("level")
    artist, song = repaired(said("artist")), repaired(said("song"))
    nothing = F.lit(None).cast("string")
    unknown = F.lit(None).cast("boolean")
    identity = ("userId", "sessionId", "itemInSession", "ms", "page", "artist", "song")
    extra = F.struct(
        "auth",
        "method",
        "page",
        "status",
        F.when(artist != F.col("artist"), F.col("artist")).alias("artist"),
        F.when(song != F.col("song"), F.col("song")).alias("song"),
    )
    arrived = records.where(F.col("reason").isNull()).select(
        key(*[F.col(name) for name in identity]).alias("event_id"),
        event_type().alias("event_type"),
        "event_time",
        "event_date",
        said("userId").alias("user_id"),
        said("sessionId").alias("session_id"),
        F.col("itemInSession").try_cast("int").alias("item_in_session"),
        song.alias("track_name"),
        artist.alias("artist_name"),
        nothing.alias("album_name"),
        "duration_ms",
        F.when(is_play, True).alias("ms_played_inferred"),
        nothing.alias("reason_start"),
        nothing.alias("reason_end"),
        unknown.alias("skipped"),
        unknown.alias("shuffle"),
        unknown.alias("offline"),
        F.when(level.isin("free", "paid"), level).alias("level"),
        said("gender").alias("gender"),
        F.timestamp_millis(F.col("registration").try_cast("double").cast("bigint")).alias("registered_at"),
        platform().alias("platform"),
        F.col("userAgent").alias("user_agent"),
        said("location").alias("location"),
        nothing.alias("country"),
        nothing.alias("context_type"),
        nothing.alias("context_id"),
        "source",
        "source_file",
        "ingested_at",
        "run_id",
        F.to_json(extra).alias("extra"),
    )
    in_session = Window.partitionBy("user_id", "session_id").orderBy(*ORDER)
    until_next = F.unix_millis(F.lead("event_time").over(in_session)) - F.unix_millis("event_time")
    heard = F.when(F.col("duration_ms") > 0, F.least("duration_ms", until_next))
    return arrived.dropDuplicates(["event_id"]).withColumn(
        "ms_played", F.when(F.col("ms_played_inferred"), heard)
    )


def event_type() -> Column:
    page = F.col("page")
    return (
        F.when(page == "NextSong", "play")
        .when(page == "Thumbs Up", "like")
        .when(page == "Thumbs Down", "dislike")
        .when(page == "Add to Playlist", "playlist_add")
        .when(page.isin("Login", "Logout"), "auth")
        .when(page.isin("Submit Upgrade", "Submit Downgrade"), "subscription")
        .otherwise("page_view")
    )


def platform() -> Column:
    agent = F.col("userAgent")
    return (
        F.when(agent.rlike("iPhone|iPad|iPod"), "iOS")
        .when(agent.rlike("Android"), "Android")
        .when(agent.rlike("Windows"), "Windows")
        .when(agent.rlike("Macintosh|Mac OS X"), "macOS")
        .when(agent.rlike("Linux|X11"), "Linux")
        .when(agent.isNotNull(), "other")
    )


# --- Catalogue and members ----------------------------------------------------------------------------------


def read_catalogue(spark: SparkSession, logs: str) -> DataFrame:
    return (
        spark.read.schema(SONG)
        .option("recursiveFileLookup", "true")
        .json(f"{logs}/song_data")
        .select(
            F.lit("sparkify").alias("source"),
            F.col("song_id").alias("track_id"),
            repaired(F.col("title")).alias("title"),
            "artist_id",
            repaired(F.col("artist_name")).alias("artist_name"),
            F.nullif(repaired(F.col("artist_location")), F.lit("")).alias("artist_location"),
            "artist_latitude",
            "artist_longitude",
            F.round(F.col("duration") * 1000).cast("bigint").alias("duration_ms"),
            F.when(F.col("year") > 0, F.col("year")).alias("release_year"),
            F.col("_metadata.file_modification_time").alias("stated_at"),
            F.col("_metadata.file_path").alias("source_file"),
        )
        .where("track_id IS NOT NULL AND artist_id IS NOT NULL")
        .dropDuplicates(["track_id"])
    )


def with_members(events: DataFrame, catalogue: DataFrame) -> DataFrame:
    """Track and artist by (title, artist name), the artist else by a name that is one artist's only."""
    songs = catalogue.groupBy(F.col("title").alias("track_name"), "artist_name").agg(
        F.min("track_id").alias("track_found"), F.min_by("artist_id", "track_id").alias("artist_found")
    )
    bearers = (
        catalogue.groupBy("artist_name")
        .agg(F.min("artist_id").alias("bearer"), F.max("artist_id").alias("other"))
        .where("bearer = other")
        .drop("other")
    )
    artist = F.coalesce("artist_found", "bearer", F.concat(F.lit(INFERRED), key(F.col("artist_name"))))
    names = [F.col("artist_name"), F.col("track_name")]
    track = F.coalesce("track_found", F.concat(F.lit(INFERRED), key(*names)))
    return (
        events.join(songs, on=["track_name", "artist_name"], how="left")
        .join(bearers, on="artist_name", how="left")
        .withColumns(
            {
                "artist_id": F.when(names[0].isNotNull(), artist),
                "track_id": F.when(names[0].isNotNull() & names[1].isNotNull(), track),
            }
        )
        .drop("track_found", "artist_found", "bearer")
    )


def artists(event: DataFrame, catalogue: DataFrame) -> DataFrame:
    row = F.struct("artist_name", "artist_location", "artist_latitude", "artist_longitude")
    listed = (
        catalogue.groupBy("artist_id")
        .agg(F.min_by(row, "track_id").alias("row"))
        .select("artist_id", "row.*", F.lit(False).alias("is_inferred"))
    )
    inferred = (
        event.where(F.col("artist_id").startswith(INFERRED))
        .groupBy("artist_id")
        .agg(F.min("artist_name").alias("artist_name"), F.lit(True).alias("is_inferred"))
    )
    unknown = event.sparkSession.createDataFrame(
        [(UNKNOWN, UNKNOWN, True)], "artist_id string, artist_name string, is_inferred boolean"
    )
    return (
        listed.unionByName(inferred, allowMissingColumns=True)
        .unionByName(unknown, allowMissingColumns=True)
        .withColumnsRenamed(
            {"artist_location": "location", "artist_latitude": "latitude", "artist_longitude": "longitude"}
        )
        .withColumn("valid_from", F.lit(BEGINNING))
        .withColumn("valid_to", F.lit(None).cast("timestamp"))
        .withColumn("is_current", F.lit(True))
        .withColumn("artist_key", key(F.col("artist_id"), F.unix_micros("valid_from")))
    )


def tracks(event: DataFrame, catalogue: DataFrame) -> DataFrame:
    listed = catalogue.select(
        "track_id", "title", "artist_id", "duration_ms", "release_year", F.lit(False).alias("is_inferred")
    )
    inferred = (
        event.where(F.col("track_id").startswith(INFERRED))
        .groupBy("track_id")
        .agg(
            F.min("track_name").alias("title"),
            F.min("artist_id").alias("artist_id"),
            F.max("duration_ms").alias("duration_ms"),
            F.lit(True).alias("is_inferred"),
        )
    )
    unknown = event.sparkSession.createDataFrame(
        [(UNKNOWN, UNKNOWN, UNKNOWN, True)],
        "track_id string, title string, artist_id string, is_inferred boolean",
    )
    return (
        listed.unionByName(inferred, allowMissingColumns=True)
        .unionByName(unknown, allowMissingColumns=True)
        .withColumn("track_key", key(F.col("track_id")))
    )


def credits(tracks: DataFrame) -> DataFrame:
    return tracks.select(
        "track_id", "artist_id", F.lit(1).alias("position"), F.lit(1.0).cast("double").alias("weight")
    )


def users(event: DataFrame) -> DataFrame:
    """One row per version of a user: a new one wherever level or location changes from moment to moment."""
    in_order = Window.partitionBy("user_id").orderBy(*ORDER)
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    state = F.struct("level", "location")
    versions = (
        event.where(F.col("user_id").isNotNull())
        .select("user_id", *ORDER, "level", "location", "gender", "registered_at")
        .withColumns(
            {
                "level": F.last("level", ignorenulls=True).over(so_far),
                "location": F.last("location", ignorenulls=True).over(so_far),
                "gender": F.last("gender", ignorenulls=True).over(whole),
                "registered_at": F.last("registered_at", ignorenulls=True).over(whole),
                "next_time": F.lead("event_time").over(in_order),
            }
        )
        .where("next_time IS NULL OR next_time > event_time")
        .withColumn("was", F.lag(state).over(in_order))
        .where(~F.col("was").eqNullSafe(state))
        .withColumn("valid_to", F.lead("event_time").over(in_order))
        .withColumnRenamed("event_time", "valid_from")
        .drop("was", "next_time", "item_in_session", "event_id")
    )
    anonymous = event.sparkSession.createDataFrame(
        [(ANONYMOUS, BEGINNING)], "user_id string, valid_from timestamp"
    )
    return (
        versions.unionByName(anonymous, allowMissingColumns=True)
        .withColumn("is_current", F.col("valid_to").isNull())
        .withColumn("user_key", key(F.col("user_id"), F.unix_micros("valid_from")))
    )


def calendar(event: DataFrame) -> DataFrame:
    first, last = event.agg(F.min("event_date"), F.max("event_date")).first()
    day_of_week = F.weekday("date") + 1
    return (
        event.sparkSession.range(1)
        .select(
            F.explode(F.sequence(F.lit(first.replace(month=1, day=1)), F.lit(last.replace(month=12, day=31))))
        )
        .select(F.col("col").alias("date"))
        .select(
            F.date_format("date", "yyyyMMdd").cast("int").alias("date_key"),
            "date",
            F.year("date").alias("year"),
            F.quarter("date").alias("quarter"),
            F.month("date").alias("month"),
            F.weekofyear("date").alias("week"),
            day_of_week.alias("day_of_week"),
            (day_of_week >= 6).alias("is_weekend"),
        )
    )


# --- Facts --------------------------------------------------------------------------------------------------


def with_sessions(event: DataFrame) -> DataFrame:
    """What the facts need of the events, with the start of the session that each belongs to."""
    of_user = Window.partitionBy("user_id").orderBy("event_time")
    pause = F.unix_millis("event_time") - F.unix_millis(F.lag("event_time").over(of_user))
    key_of_session = key(F.col("user_id"), F.unix_micros("started_at"))
    start = F.when(pause.isNull() | (pause > GAP_SECONDS * 1000), F.col("event_time"))
    return (
        event.select(
            *(
                "event_id",
                "event_time",
                "event_type",
                "event_date",
                "user_id",
                "track_id",
                "artist_id",
                "ms_played",
                "duration_ms",
            ),
            *("level", "platform", "country", "source", "item_in_session"),
        )
        .withColumn("start", start)
        .withColumn("started_at", F.when(F.col("user_id").isNotNull(), F.max("start").over(of_user)))
        .withColumn("session_key", F.when(F.col("started_at").isNotNull(), key_of_session))
        .drop("start")
        .fillna(UNKNOWN, ["track_id", "artist_id"])
    )


def valid_then(events: DataFrame, dimension: DataFrame, member: str, member_id: Column) -> DataFrame:
    """The events with the key of the member's version that was valid at event_time."""
    versions = dimension.select(
        F.col(f"{member}_id").alias("version_of"), f"{member}_key", "valid_from", "valid_to"
    )
    valid = F.expr("event_time >= valid_from AND (valid_to IS NULL OR event_time < valid_to)")
    return events.join(versions, on=(member_id == F.col("version_of")) & valid, how="left").drop(
        "version_of", "valid_from", "valid_to"
    )


def to_its_end() -> Column:
    return F.coalesce(F.col("ms_played") >= F.col("duration_ms") - 1_000, F.lit(False))


def is_stream() -> Column:
    short = F.coalesce(F.col("duration_ms") < STREAM_MS, F.lit(False))
    return F.col("ms_played").isNull() | (F.col("ms_played") >= STREAM_MS) | (short & to_its_end())


def is_skip() -> Column:
    return F.coalesce((F.col("ms_played") < STREAM_MS) & ~to_its_end(), F.lit(False))


def sessions(timeline: DataFrame) -> DataFrame:
    is_play = F.col("event_type") == "play"
    return (
        timeline.where(F.col("started_at").isNotNull())
        .groupBy("session_key", "user_id", "started_at")
        .agg(
            F.min_by("user_key", "event_time").alias("user_key"),
            F.max("event_time").alias("ended_at"),
            F.count("*").alias("events"),
            F.count_if(is_play).alias("plays"),
            F.count_if(is_play & is_stream()).alias("streams"),
            F.count_if(is_play & is_skip()).alias("skips"),
            F.size(F.collect_set(F.when(is_play, F.col("track_id")))).cast("bigint").alias("tracks"),
            F.size(F.collect_set(F.when(is_play, F.col("artist_id")))).cast("bigint").alias("artists"),
            F.coalesce(F.sum(F.when(is_play, F.col("ms_played"))), F.lit(0)).alias("listening_ms"),
        )
        .withColumn("session_date", F.to_date("started_at"))
    )


def streams(timeline: DataFrame, dim_artist: DataFrame) -> DataFrame:
    plays = timeline.where("event_type = 'play'").withColumns(
        {
            "track_key": key(F.col("track_id")),
            "completion": F.expr(f"CASE WHEN {KNOWN} THEN least(1D, ms_played / duration_ms) END"),
            "is_stream": is_stream(),
            "is_skip": is_skip(),
        }
    )
    return valid_then(plays, dim_artist, "artist", F.col("artist_id")).drop("event_type", "started_at")


def feedback(timeline: DataFrame, dim_artist: DataFrame) -> DataFrame:
    given = timeline.where("event_type IN ('like', 'dislike', 'save', 'playlist_add', 'follow')")
    return valid_then(given, dim_artist, "artist", F.col("artist_id")).select(
        "event_id",
        "event_time",
        "event_date",
        "user_key",
        "user_id",
        key(F.col("track_id")).alias("track_key"),
        "artist_key",
        "event_type",
    )


def days(streams: DataFrame, feedback: DataFrame, dimension: DataFrame, member: str) -> DataFrame:
    """One row per member and day on which it was played, liked, saved or added to a playlist."""
    grain = [f"{member}_key", "event_date"]
    heard = streams.groupBy(*grain).agg(
        F.count("*").alias("plays"),
        F.count_if("is_stream").alias("streams"),
        F.count_if("is_skip").alias("skips"),
        F.count_distinct("user_id").alias("listeners"),
        F.sum("ms_played").alias("listening_ms"),
        F.count_if(F.col("is_skip") & (F.col("ms_played") < EARLY_MS)).alias("early_skips"),
        (F.count("user_id") - F.count_distinct("user_id", "track_key")).alias("replays"),
        F.expr(f"sum(least(ms_played, duration_ms)) FILTER (WHERE {KNOWN})").alias("heard_ms"),
        F.expr(f"sum(duration_ms) FILTER (WHERE {KNOWN})").alias("length_ms"),
        F.expr(f"count(*) FILTER (WHERE {KNOWN})").alias("measured_plays"),
        F.theta_sketch_agg("user_id").alias("listeners_sketch"),
    )
    praised = (
        feedback.where("event_type IN ('like', 'playlist_add', 'save')")
        .groupBy(*grain)
        .agg(
            F.count_if(F.col("event_type") == "like").alias("likes"),
            F.count_if(F.col("event_type") == "playlist_add").alias("playlist_adds"),
            F.count_if(F.col("event_type") == "save").alias("saves"),
        )
    )
    return (
        heard.join(praised, on=grain, how="full")
        .fillna(0)
        .join(dimension.select(f"{member}_key", f"{member}_id"), on=f"{member}_key", how="left")
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
