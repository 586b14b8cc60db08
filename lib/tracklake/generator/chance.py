"""Chance that can be repeated: numbers drawn by hashing (seed, purpose, ids), whatever the partitioning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Chance:
    """Draws of one seed. The same purpose and ids give the same number, wherever they are drawn."""

    seed: int

    def uniform(self, purpose: str, *ids: Column) -> Column:
        """A number in [0, 1), one for each combination of ids."""
        hashed = F.xxhash64(F.lit(self.seed).cast("bigint"), F.lit(purpose), *ids)
        return F.shiftrightunsigned(hashed, 11) / F.lit(2.0**53)

    def normal(self, purpose: str, *ids: Column) -> Column:
        """A standard normal number (Box and Muller 1958)."""
        radius = F.sqrt(-2 * F.log1p(-self.uniform(f"{purpose} radius", *ids)))
        return radius * F.cos(2 * math.pi * self.uniform(f"{purpose} angle", *ids))

    def waiting(self, purpose: str, mean: float, *ids: Column) -> Column:
        """An exponential waiting time with this mean."""
        return -mean * F.log1p(-self.uniform(purpose, *ids))

    def happens(self, purpose: str, share: Column | float, *ids: Column) -> Column:
        """True with a probability of `share`."""
        return self.uniform(purpose, *ids) < share


def zipf_rank(uniform: Column, count: Column | int, exponent: float) -> Column:
    """Rank 0 .. count-1 with density (rank + 1) ** -exponent: the bounded Pareto's inverse, rounded down."""
    last = (F.lit(count) if isinstance(count, int) else count) + 1
    if exponent == 1.0:
        drawn = F.exp(uniform * F.log(last))
    else:
        power = 1.0 - exponent
        drawn = F.pow(1 + uniform * (F.pow(last, F.lit(power)) - 1), F.lit(1 / power))
    return F.least(F.floor(drawn), last - 1).cast("bigint") - 1


def one_of(words: Sequence[object], index: Column) -> Column:
    """The word at an index, counted from 0 and taken modulo the number of words."""
    listed = F.array(*[F.lit(word) for word in words])
    return F.element_at(listed, (F.pmod(index, F.lit(len(words))) + 1).cast("int"))


def drawn_from(words: Sequence[object], uniform: Column) -> Column:
    """A word, all of them equally likely."""
    return one_of(words, F.floor(uniform * len(words)))
