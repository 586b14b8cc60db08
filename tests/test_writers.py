"""Nothing writes to a published table but the lake: what jobs and library write goes through few, known places.

That only the lake commits is a contract of the imports (pyproject.toml); here, that no one else lets Spark write.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.conftest import ROOT

KNOWN = {
    "lib/tracklake/lake/staging.py",  # where no reader of a table sees it
    "lib/tracklake/lake/scratch.py",  # what a run keeps for itself
    "lib/tracklake/generator/write.py",  # logs
}
WRITES = {"writeTo", "writeStream", "mergeInto", "insertInto", "saveAsTable"}
STATEMENTS = (
    "INSERT ",
    "MERGE ",
    "DELETE ",
    "UPDATE ",
    "CREATE TABLE",
    "REPLACE TABLE",
    "TRUNCATE ",
    "RESTORE ",
)


def test_spark_writes_only_where_it_is_known() -> None:
    files = [*ROOT.glob("lib/tracklake/**/*.py"), *ROOT.glob("jobs/*.py")]
    assert {str(file.relative_to(ROOT)) for file in files if any(writes(file.read_text()))} == KNOWN


def test_a_writer_is_found_in_whatever_form() -> None:
    assert any(writes("frame.write.parquet(path)"))
    assert any(writes("frame.writeTo('event').append()"))
    assert any(writes("spark.sql('merge INTO event USING new')"))
    assert any(writes("spark.sql(f'DELETE FROM {table}')"))
    assert not any(writes("file.write('a line')"))
    assert not any(writes("spark.sql('SELECT 1')"))


def writes(source: str) -> Iterator[int]:
    """The lines on which a DataFrame's writer is asked for, or a statement that changes a table is run."""
    tree = ast.parse(source)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if node.attr in WRITES or (node.attr == "write" and id(node) not in called):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sql":
            said = " ".join(
                str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant)
            ).upper()
            if said.lstrip().startswith(STATEMENTS):
                yield node.lineno
