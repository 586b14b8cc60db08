"""What a column may hold: the value that a source states, or null where its contract does not allow it."""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column
from pyspark.sql import functions as F

from tracklake.tables import Column as Contracted
from tracklake.transforms.keys import ANONYMOUS, INFERRED, UNKNOWN

WORDS_FOR_NULL = (ANONYMOUS, UNKNOWN)
"""What other tables say where event has null. A source that says so, too, means the same."""


def allowed(value: Column, column: Contracted) -> Column:
    """The value where it is one of the column's values and within its bounds, else null."""
    rules = []
    if column.values:
        rules.append(value.isin(*column.values))
    if column.minimum is not None:
        rules.append(value >= F.lit(column.minimum))
    if column.maximum is not None:
        rules.append(value <= F.lit(column.maximum))
    return F.when(reduce(and_, rules), value) if rules else value


def known(text: Column) -> Column:
    """The text, null where it is one of WORDS_FOR_NULL."""
    return F.when(~text.isin(*WORDS_FOR_NULL), text)


def is_the_lakes_own(id_: Column) -> Column:
    """Whether an id is one that the lake itself gives, so that a catalogue cannot."""
    return id_.isin(*WORDS_FOR_NULL) | id_.startswith(INFERRED)
