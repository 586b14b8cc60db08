"""What pyspark asks the JVM over and over, asked once."""

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember
from pyspark.sql import SparkSession

ASKED_FOR = ("functions", "org.apache.spark.sql.functions", "PythonUtils")
"""Names of the classes that pyspark looks up for each column that it makes."""


def remember_classes(spark: SparkSession) -> None:
    """Has the session's gateway keep the classes that columns are made with, and their methods.

    py4j keeps none: every ``F.col`` is two questions before it is a call, and a name without a package is looked
    for in every package that pyspark imports, through all jars. A sixth of a run on few rows. Does nothing
    on Spark Connect, which has no gateway.
    """
    jvm = getattr(spark, "_jvm", None)
    if jvm is None:
        return
    for name in ASKED_FOR:
        found = getattr(jvm, name)
        if not isinstance(found, _Remembering):
            setattr(jvm, name, _Remembering(found._fqn, found._gateway_client))


class _Remembering(JavaClass):  # type: ignore[misc]  # py4j states no types
    """A class of the JVM that asks for each of its static methods once."""

    def __getattr__(self, name: str) -> Any:
        member = super().__getattr__(name)
        if isinstance(member, JavaMember):
            setattr(self, name, member)
        return member
