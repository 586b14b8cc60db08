"""What a table promises, said once and as data.

From a contract come the Delta table, its page in docs/tables.md, and the contract part of its suite.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

SPARK_TYPES: dict[str, T.DataType] = {
    "string": T.StringType(),
    "bigint": T.LongType(),
    "int": T.IntegerType(),
    "double": T.DoubleType(),
    "boolean": T.BooleanType(),
    "timestamp": T.TimestampType(),
    "date": T.DateType(),
    "array<string>": T.ArrayType(T.StringType()),
    "binary": T.BinaryType(),
}


@dataclass(frozen=True)
class Reference:
    """A column whose every value (null aside) must be a value of another table's column."""

    column: str
    table: str
    target: str


@dataclass(frozen=True)
class Column:
    """One column: its name, Spark SQL type, meaning with unit, and what its values may be.

    ``values`` lists the accepted values, ``minimum`` and ``maximum`` are inclusive, ``refers_to`` is
    ``"table.column"``. None of these says anything about null: ``nullable`` does.
    """

    name: str
    type: str
    about: str
    nullable: bool = True
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    refers_to: str = ""

    @property
    def spark_type(self) -> T.DataType:
        """The column's type as Spark's own object."""
        return SPARK_TYPES[self.type]

    @property
    def bounds(self) -> str:
        """Between what its values lie, in words; nothing where they are not bounded."""
        low, high = (None if one is None else f"{one:.12g}" for one in (self.minimum, self.maximum))
        if low and high:
            return f"from {low} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else ""

    @property
    def reference(self) -> Reference | None:
        """What ``refers_to`` names, or None."""
        if not self.refers_to:
            return None
        table, target = self.refers_to.split(".")
        return Reference(self.name, table, target)


@dataclass(frozen=True)
class Contract:
    """One table: what one row is (``grain``), which columns are unique together (``key``), who owns it.

    ``partition_by`` names the date column by which the table's slices are cut, or is None.
    ``may_be_empty`` says that a run may rightly stage no row at all.
    """

    name: str
    about: str
    grain: str
    owner: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: str | None = None
    may_be_empty: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in the table's order."""
        return tuple(column.name for column in self.columns)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference to another table, in the order of the columns."""
        return tuple(column.reference for column in self.columns if column.reference)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"Table {self.name} has no column {name}; it has {', '.join(self.names)}.")

    def schema(self) -> T.StructType:
        """The Spark schema, in order, with each column's ``about`` as its comment."""
        return T.StructType(
            [
                T.StructField(column.name, column.spark_type, column.nullable, {"comment": column.about})
                for column in self.columns
            ]
        )

    def no_rows(self, spark: SparkSession) -> DataFrame:
        """The table without rows, in such a form that Spark drops what is joined with it from the plan."""
        nothing = [f"CAST(NULL AS {column.type}) AS {column.name}" for column in self.columns]
        return spark.range(0).limit(0).selectExpr(*nothing)
