"""A look at logs: what a job is handed that writes nothing and needs no lake."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import SparkSession

from tracklake.config import Conf
from tracklake.errors import WrongUsage
from tracklake.progress import Steps


@dataclass(frozen=True)
class Look:
    """Where the logs are, and of which source if the command says it."""

    spark: SparkSession
    conf: Conf
    steps: Steps
    input: str | None
    source: str | None = None

    def folder(self) -> str:
        """The folder of logs that the command names; WrongUsage if it names none."""
        if self.input is None:
            raise WrongUsage("Which logs? Say where they are with --input FOLDER.")
        return self.input
