"""What a job is handed that writes no table and needs no lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from tracklake.config import Conf
from tracklake.errors import WrongUsage
from tracklake.places import seen_from
from tracklake.progress import Steps


@dataclass(frozen=True)
class Look:
    """Where the logs are, of which source, and from which day on, as far as the command says it."""

    spark: SparkSession
    conf: Conf
    steps: Steps
    input: str | None = None
    source: str | None = None
    start: date | None = None

    def folder(self) -> str:
        """The folder of logs that the command names; WrongUsage if it names none."""
        if self.input is None:
            raise WrongUsage("Which logs? Say where they are with --input FOLDER.")
        return seen_from(self.spark, self.input)
