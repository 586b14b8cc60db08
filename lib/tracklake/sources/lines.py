"""Lines: the raw records of text files, before it is known what any of them says.

Spark's reader of text unpacks .gz, .bz2, .zst and .deflate, which it knows by a file's name (.GZ and the like, too),
ends lines at LF, CR or CRLF, and drops the byte order mark at the start of a file. A compressed file is read by one
task from its start to its end, .bz2 aside; what it holds is never in memory as a whole, but each line is.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.places import literal
from tracklake.sources.compressed import refuse_unreadable

BYTE_ORDER_MARK = "\ufeff"
NUL = "\0"
WHITESPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""Every character that Unicode calls a space."""

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of the longest line that is read, where conf says nothing else."""

HEAD = 1_000
"""Characters that are kept of a longer line."""

UNREADABLE = {
    "line_too_long": f"The line is longer than limits.longest_line_mb; of it the first {HEAD:,} characters are kept.",
    "nul_bytes": "The line holds NUL bytes: the file is damaged, binary or in UTF-16; deliver it in UTF-8.",
}
"""Why a line is no record, whatever the source."""


def read_lines(spark: SparkSession, files: list[str], longest: int = LONGEST_LINE) -> DataFrame:
    """The lines of the files that are not blank: whitespace of any kind is nothing.

    ``line`` has no spaces around it; ``cut`` says that it is longer than ``longest`` bytes, ``line`` then being its
    HEAD only.
    ``source_file`` is where it stands, of ``file_size`` bytes, ``modified_at`` when that file was last changed.
    """
    refuse_unreadable(files)
    value = F.col("value")
    cut = F.octet_length(value) > longest
    marked = value.startswith(BYTE_ORDER_MARK)
    line = F.when(cut, F.left(value, F.lit(HEAD))).otherwise(
        F.trim(F.when(marked, F.substring(value, 2, 2**31 - 1)).otherwise(value))
    )
    # A blank line begins with no letter or sign of ASCII. CRLF in UTF-16 leaves a NUL between two lines.
    may_be_blank = ((value < "!") | (value > "~")) & ~cut
    return (
        spark.read.text([literal(path) for path in files])
        .where(~(may_be_blank & stripped(line).isin("", NUL)))
        .select(
            line.alias("line"),
            cut.alias("cut"),
            F.col("_metadata.file_path").alias("source_file"),
            F.col("_metadata.file_size").alias("file_size"),
            F.col("_metadata.file_modification_time").alias("modified_at"),
        )
    )


def stripped(text: Column) -> Column:
    """The text without the whitespace around it."""
    return F.btrim(text, F.lit(WHITESPACE))


def unreadable() -> Column:
    """Which of UNREADABLE a line of ``read_lines`` is, or null; for lines that a source could not parse."""
    return F.when(F.col("cut"), "line_too_long").when(F.col("line").contains(NUL), "nul_bytes")
