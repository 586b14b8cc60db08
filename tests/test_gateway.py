"""What pyspark asks the JVM is asked once."""

from __future__ import annotations

from typing import Any

import pytest
from py4j.protocol import REFLECTION_COMMAND_NAME
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.gateway import remember_classes


def test_columns_are_made_without_looking_for_their_classes_again(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    client = spark._jvm._gateway_client
    send = type(client).send_command

    def noted(self: Any, command: str, *args: Any, **more: Any) -> Any:
        sent.append(command)
        return send(self, command, *args, **more)

    def made() -> list[str]:
        sent.clear()
        F.coalesce(F.col("a"), F.lit(1)).cast("string")
        return [command for command in sent if command.startswith(REFLECTION_COMMAND_NAME)]

    monkeypatch.setattr(type(client), "send_command", noted)
    made()
    assert made() == []
    assert sent, "the columns themselves are made in the JVM"


def test_a_session_without_a_gateway_is_left_alone() -> None:
    class Connect:
        """As Spark Connect's session, which has no _jvm."""

    remember_classes(Connect())  # type: ignore[arg-type]
