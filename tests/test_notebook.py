"""The notebook, executed on a small lake: no cell fails, and three charts come out, titles and all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient

from tests.conftest import ROOT
from tracklake.lake import Lake

NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"
CHARTS_AS_JSON = "import altair; altair.renderers.enable('json');"


def test_the_notebook_is_kept_without_outputs_and_without_places() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert (cell.execution_count, cell.outputs) == (None, [])


def test_all_that_the_notebook_reads_is_of_a_release_that_it_names() -> None:
    """A run may publish between two reads, and what is joined then would not fit."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    reads = re.findall(r"lake\.read\(([^)]*)\)", code)
    assert len(reads) > 5
    assert not [read for read in reads if not re.search(r"as_of=(release|before)$", read)]


@pytest.mark.slow
def test_the_notebook_shows_a_lake_and_three_charts(
    small: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    this_python(tmp_path, monkeypatch)
    monkeypatch.setenv("TRACKLAKE_LAKE", small.uri)

    outputs = executed(tmp_path)

    assert not [output for output in outputs if output.output_type == "error"]
    shown = "\n".join(output.data["text/plain"] for output in outputs if "data" in output)
    assert repr(small) in shown
    charts = [chart for output in outputs if (chart := output.get("data", {}).get("application/json"))]
    assert len(charts) == 3
    for chart in charts:
        assert "vega-lite" in chart["$schema"]
        assert chart["title"]
        assert all(chart["datasets"].values())
        for view in views(chart):
            axes = [view["encoding"].get(axis, {}) for axis in ("x", "y")]
            titles = [axis.get("title") for axis in axes if "field" in axis]
            assert titles
            assert all(titles), axes


def this_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes 'python3' the kernel of the Python that runs the tests, with the library in reach."""
    write_kernel_spec(folder / "jupyter" / "kernels" / "python3")
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")]))


def executed(folder: Path) -> list[Any]:
    """What the notebook's cells put out, charts as Vega-Lite JSON."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(CHARTS_AS_JSON))
    here = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, allow_errors=True, resources=here).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def views(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The single views that a chart is made of."""
    faceted = [chart["spec"]] if "spec" in chart else []
    parts = [*chart.get("layer", []), *chart.get("vconcat", []), *faceted]
    if not parts:
        yield chart
    for part in parts:
        yield from views(part)
