"""Records that are one JSON object each: their fields as text, whatever their types, and what is left of them.

``records`` adds the column ``m``; the other functions read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.sources.forms import form_of
from tracklake.sources.lines import stripped
from tracklake.sources.numbers import digits
from tracklake.sources.text import is_personal

FIELDS = "map<string,string>"
"""The type as which an object is read: numbers and booleans as their text, objects and arrays as their JSON."""

_DEPTH = 4
"""How many objects in each other a pattern tells to be one."""

_IN_QUOTES = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'


def records(lines: DataFrame) -> DataFrame:
    """The lines without whitespace around them, and ``m``, the fields of their object; null where a line is not
    one JSON object."""
    text = F.col("line")
    trimmed = F.when(_braced(text), text).otherwise(stripped(text))
    return lines.withColumn("line", trimmed).withColumn(
        "m", F.when(is_one_object("line"), F.from_json("line", FIELDS))
    )


def field(name: str) -> Column:
    """A field's text; null where the record does not have it."""
    return F.col("m")[name]


def said(name: str) -> Column:
    """A field's text; null where it is empty, too."""
    return F.nullif(field(name), F.lit(""))


def number_as_text(name: str) -> Column:
    """A whole number as its digits, which one producer writes as 39, another as "39" or 39.0."""
    return digits(field(name))


def id_as_text(name: str) -> Column:
    """An id as the record says it; null where it is empty. Of one that is a whole number the digits: 39.0, as a
    column of ids is written that became one of doubles, is 39, but the text "39.0" is another id."""
    text, whole = said(name), digits(said(name))
    is_number = form_of(F.try_parse_json("line"), name) == "number"
    # The line is parsed for the few that look like one only: so it is where one condition stands in another.
    return F.when(whole != text, F.when(is_number, whole).otherwise(text)).otherwise(text)


def ids_as_texts(name: str) -> Column:
    """A list of ids, those that are whole numbers as their digits; null where the record has none."""
    ids = F.from_json(said(name), "array<string>")
    return F.when(said(name).contains('"'), ids).otherwise(F.transform(ids, digits))


def is_one_object(line: str) -> Column:
    """Whether a line is one JSON object and nothing else, as far as brackets tell: Spark's parser takes the
    first of several values and ignores the rest of the line."""
    text = F.col(line)
    # Most are told by the first, which costs least. The last is for NaN, which from_json takes and the second does not.
    flat = F.octet_length(F.replace(text, F.lit("}"), F.lit(""))) == F.octet_length(text) - 1
    return _braced(text) & (flat | _is_one_value(text) | text.rlike(f"^{_nested(_DEPTH)}$"))


def elements(document: str) -> Column:
    """The JSON text of each element of a document that is one array and nothing else; null if it is not."""
    text = F.col(document)
    bracketed = text.startswith("[") & text.endswith("]")
    return F.when(bracketed & _is_one_value(text), F.from_json(document, "array<string>"))


def _braced(text: Column) -> Column:
    return text.startswith("{") & text.endswith("}")


def _nested(depth: int) -> str:
    """Pattern of an object as far as its braces tell, with so many objects in each other in it at most."""
    inner = f"|{_nested(depth - 1)}" if depth else ""
    # Text in single quotes may hold braces, too, and double quotes: a pattern for both would be none to read.
    return rf"""\{{(?:[^{{}}"']++|{_IN_QUOTES}{inner})*+\}}"""


def _is_one_value(text: Column) -> Column:
    """Whether a text is one JSON value and nothing else."""

    def in_an_array(more: str) -> Column:
        return F.coalesce(F.json_array_length(F.concat(F.lit("["), text, F.lit(f"{more}]"))), F.lit(0))

    # A bracket in the text may end the array, and what follows is not looked at: then it lacks the 0.
    return (in_an_array("") == 1) & (~text.contains("]") | (in_an_array(",0") == 2))


def extra(mapped: Collection[str], differs: Mapping[str, Column]) -> Column:
    """JSON of the fields that are not ``mapped``, and of those in ``differs`` whose column does not hold what
    was sent; null where nothing is left. Fields that name a person or an address are never kept."""
    return as_json(
        remainder(F.col("m"), mapped), {name: (is_kept, field(name)) for name, is_kept in differs.items()}
    )


def remainder(fields: Column, mapped: Collection[str]) -> Column:
    """The fields of a map that are not ``mapped``, null or personal."""
    return F.map_filter(
        fields,
        lambda name, value: value.isNotNull() & ~name.isin(*mapped) & ~is_personal(name),
    )


def as_json(rest: Column, kept: Mapping[str, tuple[Column, Column]]) -> Column:
    """A map as a JSON object, with further fields (whether each is kept, and its text); null if it is empty."""
    if kept:
        further = F.map_from_arrays(
            F.array(*[F.lit(name) for name in kept]),
            F.array(*[F.when(is_kept, text) for is_kept, text in kept.values()]),
        )
        stated = F.map_filter(further, lambda name, value: value.isNotNull())
        any_kept = reduce(or_, [is_kept for is_kept, _ in kept.values()])
        rest = F.when(any_kept, F.map_concat(rest, stated)).otherwise(rest)
    return F.nullif(F.to_json(rest), F.lit("{}"))
