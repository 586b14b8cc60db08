"""``python -m tracklake.tables``: writes docs/tables.md, docs/schemas, and the contract part of every suite."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tracklake.resources import CHECKOUT, is_checkout
from tracklake.tables import CONTRACTS
from tracklake.tables.pages import tables_page
from tracklake.tables.producer_schemas import avro_schema, json_schema
from tracklake.tables.suite import rules_of, suite_with


def generated(root: Path) -> dict[Path, str]:
    """What each generated file of the checkout should hold; business rules are read from the suites there."""
    files = {root / "docs" / "tables.md": tables_page(CONTRACTS.values())}
    schemas = {"event.schema.json": json_schema(), "event.avsc": avro_schema()}
    for name, schema in schemas.items():
        files[root / "docs" / "schemas" / name] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    for name, contract in CONTRACTS.items():
        path = root / "expectations" / f"{name}.json"
        rules = rules_of(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []
        files[path] = json.dumps(suite_with(contract, rules), indent=2, ensure_ascii=False) + "\n"
    return files


def main() -> None:
    """Writes the files that differ and names them; refuses where the library is installed, and there is no checkout."""
    if not is_checkout():
        sys.exit(
            "There is no checkout of tracklake here to write to: run it in one, with its .venv/bin/python."
        )
    for path, text in generated(CHECKOUT).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(CHECKOUT)}")


if __name__ == "__main__":
    main()
