"""In which forms records hold what columns of event are read from: a number that comes as text is read both ways,
and somebody wants to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

LOOKED_AT_WHOLE = 2**14
"""Files of so many bytes are looked at record by record; of larger ones only one record in ONE_IN."""

ONE_IN = 64


def forms_of(places: Mapping[str, Sequence[str]]) -> Column:
    """Of a record (``line``, a JSON object, ``file_size``), by column of event, the form of its field; null where
    nobody looks.

    ``places`` are, by column, the paths where its value may stand: the first that has one counts.
    """
    looked_at = (F.col("file_size") <= LOOKED_AT_WHOLE) | (F.pmod(F.xxhash64("line"), F.lit(ONE_IN)) == 0)

    def told(record: Column) -> Column:
        forms = [F.coalesce(*[form_of(record, path) for path in paths]) for paths in places.values()]
        by_column = F.map_from_arrays(F.array(*[F.lit(name) for name in places]), F.array(*forms))
        return F.map_filter(by_column, lambda _, form: form.isNotNull())

    # In a lambda, which has the line parsed once and not for each of the fields.
    return F.get(F.transform(F.when(looked_at, F.array(F.try_parse_json("line"))), told), F.lit(0))


def form_of(record: Column, path: str) -> Column:
    """The form of the field at a path of a record, a variant: object, array, boolean, text or number; null where it
    has none or says null."""
    kind = F.schema_of_variant(F.try_variant_get(record, f"$.{path}", "variant"))
    return (
        F.when(kind.startswith("OBJECT"), "object")
        .when(kind.startswith("ARRAY"), "array")
        .when(kind == "BOOLEAN", "boolean")
        .when(kind == "STRING", "text")
        .when(kind != "VOID", "number")
    )
