"""Artists and tracks. All about one is computed from its rank, so that a play needs no join to name it."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.generator import words
from tracklake.generator.chance import Chance, drawn_from, one_of, zipf_rank

ARTISTS_PER_LISTENER = 2
FEWEST_ARTISTS, MOST_ARTISTS = 500, 200_000
ARTIST_EXPONENT = 0.9
MOST_TRACKS = 60
IN_CATALOGUE = 0.85

_COMBINATIONS = 24 * 24
_SPREAD = 1_000_003  # a prime above every number of artists: neighbours in rank get names that are far apart


@dataclass(frozen=True)
class Catalogue:
    """The artists, by rank 0 (the most popular) to `artists` - 1, and their tracks, by position 0, 1, ..."""

    chance: Chance
    artists: int

    @classmethod
    def for_listeners(cls, chance: Chance, users: int) -> Catalogue:
        return cls(chance, min(MOST_ARTISTS, max(FEWEST_ARTISTS, ARTISTS_PER_LISTENER * users)))

    def popular_artist(self, uniform: Column) -> Column:
        """An artist's rank, drawn by popularity: Zipf's law with exponent 0.9."""
        return zipf_rank(uniform, self.artists, ARTIST_EXPONENT)

    def popular_track(self, artist: Column, uniform: Column) -> Column:
        """The position of one of an artist's tracks, drawn by popularity: Zipf's law with exponent 1."""
        return zipf_rank(uniform, self.tracks_of(artist), 1.0)

    def tracks_of(self, artist: Column) -> Column:
        """How many tracks an artist has: log-normal, 1 to 60, half of the artists have 8 or fewer."""
        count = F.floor(F.exp(2.0 + 0.8 * self.chance.normal("tracks of artist", artist))) + 1
        return F.least(count, F.lit(MOST_TRACKS)).cast("bigint")

    def artist_name(self, artist: Column) -> Column:
        """A name that no other artist of this catalogue has; some with accents, some not in Latin letters."""
        number = F.pmod(artist * _SPREAD + self.chance.seed % _SPREAD, F.lit(self.artists))
        kind, ten = F.pmod(number, F.lit(10)), F.floor(number / 10)
        nth = (
            F.when(kind < 3, ten * 3 + kind)
            .when(kind < 6, ten * 3 + kind - 3)
            .when(kind < 8, ten * 2 + kind - 6)
            .otherwise(ten)
        )
        turn = F.pmod(F.floor(nth / _COMBINATIONS), F.lit(24 + 1))
        era = F.floor(nth / (_COMBINATIONS * (24 + 1)))
        name = (
            F.when(kind < 3, F.concat(F.lit("The "), *_pair(words.ADJECTIVES, " ", words.NOUNS, nth)))
            .when(kind < 6, F.concat(*_pair(words.GIVEN, " ", words.FAMILY, nth)))
            .when(kind < 8, F.concat(*_pair(words.FAMILY, " & the ", words.NOUNS, nth)))
            .when(kind < 9, F.concat(*_pair(words.GIVEN, " ", words.MOODS, nth)))
            .otherwise(F.concat(*_pair(words.FAR_FIRST, " ", words.FAR_SECOND, nth)))
        )
        place = one_of(words.PLACES, nth + turn)
        of_place = F.when(turn > 0, F.concat(F.lit(" of "), place)).otherwise("")
        return F.concat(name, of_place, F.when(era > 0, F.concat(F.lit(" "), era + 1)).otherwise(""))

    def title(self, artist: Column, position: Column) -> Column:
        """A title that no other track of the same artist has."""
        nth = (
            F.pmod(F.xxhash64(F.lit(self.chance.seed).cast("bigint"), artist), F.lit(_COMBINATIONS))
            + position
        )
        mood, space, thing = _pair(words.MOODS, " ", words.THINGS, nth)
        plain = F.concat(mood, space, thing)
        return (
            F.when(F.pmod(nth, F.lit(7)) == 0, F.concat(thing, F.lit(" in "), mood))
            .when(F.pmod(nth, F.lit(11)) == 0, F.concat(plain, F.lit(" (Live)")))
            .otherwise(plain)
        )

    def seconds(self, artist: Column, position: Column) -> Column:
        """A track's length: log-normal around 225 seconds, 45 to 900; 1.5 % are interludes under 30."""
        song = 225 * F.exp(0.28 * self.chance.normal("length", artist, position))
        interlude = 12 + 17.5 * self.chance.uniform("length of interlude", artist, position)
        short = self.chance.happens("interlude", 0.015, artist, position)
        return F.round(
            F.when(short, interlude).otherwise(F.greatest(F.lit(45.0), F.least(F.lit(900.0), song))), 5
        )

    def quality(self, artist: Column, position: Column) -> Column:
        """How well a track holds its listeners, 0 to 1."""
        return self.chance.uniform("quality", artist, position)

    def songs(self, spark: SparkSession) -> DataFrame:
        """Records of song_data: 85 % of the tracks, one row each."""
        artist, position = F.col("artist"), F.col("position")
        place = F.floor(self.chance.uniform("artist's place", artist) * len(words.PLACES))
        placed = self.chance.happens("artist's place known", 0.45, artist)
        dated = self.chance.happens("year known", 0.6, artist, position)
        return (
            spark.range(self.artists)
            .select(F.col("id").alias("artist"))
            .select("artist", F.explode(F.sequence(F.lit(0), self.tracks_of(artist) - 1)).alias("position"))
            .where(self.chance.happens("in catalogue", IN_CATALOGUE, artist, position))
            .select(
                F.lit(1).alias("num_songs"),
                self._id("AR", "artist", artist).alias("artist_id"),
                F.when(placed, F.round(-35 + 95 * self._at(place, "north"), 5)).alias("artist_latitude"),
                F.when(placed, F.round(-120 + 260 * self._at(place, "east"), 5)).alias("artist_longitude"),
                F.when(placed, one_of(words.PLACES, place)).otherwise("").alias("artist_location"),
                self.artist_name(artist).alias("artist_name"),
                self._id("SO", "song", artist, position).alias("song_id"),
                self.title(artist, position).alias("title"),
                self.seconds(artist, position).alias("duration"),
                F.when(dated, drawn_from(range(1962, 2026), self.chance.uniform("year", artist, position)))
                .otherwise(0)
                .alias("year"),
            )
        )

    def _id(self, prefix: str, purpose: str, *ids: Column) -> Column:
        hashed = F.xxhash64(F.lit(self.chance.seed).cast("bigint"), F.lit(f"{purpose} id"), *ids)
        return F.concat(F.lit(prefix), F.lpad(F.hex(hashed), 16, "0"))

    def _at(self, place: Column, direction: str) -> Column:
        return self.chance.uniform(f"place to the {direction}", place)


def _pair(
    first: tuple[str, ...], between: str, second: tuple[str, ...], nth: Column
) -> tuple[Column, Column, Column]:
    """The nth of the 576 pairs of two lists of 24 words; none comes twice, neighbours share no word."""
    return one_of(first, nth), F.lit(between), one_of(second, nth + F.floor(nth / 24))
