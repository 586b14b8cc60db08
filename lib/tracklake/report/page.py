"""A report as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
import re
from datetime import date

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined

from tracklake.report import words
from tracklake.report.charts import charts
from tracklake.report.figures import Figures


def page(figures: Figures, release: int, made_on: date) -> str:
    """The whole page, with the charts' library in it (about 1 MB)."""
    template = Environment(
        loader=PackageLoader("tracklake.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("page.html.j2")
    shown = charts(figures)
    return template.render(
        figures=figures,
        headlines=words.headlines(figures),
        need=words.need(figures),
        charts=shown,
        also_plays=[row for row in figures.groups if row.get("kind") == "also_plays"],
        certainty=words.certainty(figures),
        hidden=words.hidden(figures),
        release=release,
        made_on=made_on,
        specs=_for_script(json.dumps({chart.name: chart.spec for chart in shown})),
        library=_for_script(_library()),
    )


def _library() -> str:
    """Vega, Vega-Lite and their embedding, as one script."""
    return vl_convert.javascript_bundle(None)  # type: ignore[arg-type] # no snippet, which the stub forgets


def _for_script(text: str) -> str:
    """Text that can stand in a script element: nothing in it ends the element."""
    return re.sub(r"<(/script|!--)", r"<\\\1", text, flags=re.IGNORECASE)
