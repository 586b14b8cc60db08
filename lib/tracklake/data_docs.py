"""Great Expectations, quiet and at home in one lake: its stores and site lie under ``<lake>/_docs/``.

Importing Great Expectations takes seconds and would phone home; here it is imported late and never does.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracklake.storage import Folder, StoredFile

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context.types.base import DataContextConfig

SITE = "site"
MOST_LISTED = 1_000
"""How many results the site's index lists at most, newest first: those of forty runs of all tables."""

_PARTS_OF_A_RESULT = 4


def time_of(path: str) -> str:
    """When the run began whose result, or whose page, has that path: suite, run, time, batch; "" of a suite's."""
    return path.split("/")[-2] if path.count("/") >= _PARTS_OF_A_RESULT - 1 else ""


def outlived(folder: str, until: datetime) -> dict[str, list[StoredFile]]:
    """Results and their pages of runs that the index of the Data Docs no longer lists, and older than ``until``: by the
    folder, below that of the Data Docs, which is one run's of one table."""
    of_runs = defaultdict(list)
    for file in Folder(folder).files():
        if time_of(file.path):
            of_runs[file.path.rsplit("/", 2)[0]].append(file)
    results = sorted(time_of(files[0].path) for path, files in of_runs.items() if path.startswith("results/"))
    listed = set(results[-MOST_LISTED:])
    return {
        path: files
        for path, files in of_runs.items()
        if time_of(files[0].path) not in listed and all(file.modified_at < until for file in files)
    }


def prepare() -> None:
    """Imports Great Expectations, silenced; the first call takes some four seconds, later ones none."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="great_expectations")
    import tracklake.gx_metrics  # noqa: F401  registers the metrics


class DataDocs:
    """The suites, validation results and Data Docs site of one lake, as one run adds to them.

    ``folder`` is the path or URI where they lie, ``run_id`` the name under which the results are listed.
    """

    def __init__(self, folder: str, run_id: str) -> None:
        prepare()
        import great_expectations as gx
        from great_expectations.core.run_identifier import RunIdentifier

        self._context = gx.get_context(mode="ephemeral", project_config=_project(folder))
        self._suites = Folder(f"{folder}/suites")
        self._site = Folder(f"{folder}/{SITE}")
        self._run = RunIdentifier(run_name=run_id, run_time=datetime.now(UTC))
        self._frames = self._context.data_sources.add_spark("tracklake", persist=False)
        self._definitions: dict[str, BatchDefinition[Any]] = {}
        self._added: list[Any] = []

    def batch_definition(self, table: str) -> BatchDefinition[Any]:
        """What a frame of that table is validated as; the frame itself is given when a batch is made."""
        if table not in self._definitions:
            asset = self._frames.add_dataframe_asset(table)
            self._definitions[table] = asset.add_batch_definition_whole_dataframe("staged")
        return self._definitions[table]

    def add(self, suite: dict[str, Any], result: ExpectationSuiteValidationResult) -> None:
        """Stores a suite, as its file has it, and what came of it; the pages are made by ``build``."""
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        suite_id = ExpectationSuiteIdentifier(name=suite["name"])
        if self._keeps(suite):
            self._added.append(suite_id)
        result_id = ValidationResultIdentifier(suite_id, self._run, result.batch_id)
        result.meta |= {"run_id": self._run, "validation_time": self._run.run_time}
        self._context.validation_results_store.store_validation_results(
            suite_validation_result=result,
            suite_validation_result_identifier=result_id,
            expectation_suite_identifier=suite_id,
        )
        self._added.append(result_id)

    def _keeps(self, suite: dict[str, Any]) -> bool:
        """Whether the suite is new here, and in the store from now on: its file is in the store's own form."""
        name, text = suite["name"], json.dumps(suite, indent=2).encode("utf-8")
        if not self._site.lacks([f"expectations/{name}.html"]) and self._suites.read(f"{name}.json") == text:
            return False
        self._suites.write(f"{name}.json", text)
        return True

    def build(self) -> str:
        """Makes the pages of what was added and the index anew; returns the index's path or URI."""
        if self._added or self._site.lacks(["index.html"]):
            self._context.build_data_docs(site_names=[SITE], resource_identifiers=self._added)
        return f"{self._site.uri}/index.html"


def summed_up(
    like: ExpectationSuiteValidationResult, results: list[ExpectationValidationResult]
) -> ExpectationSuiteValidationResult:
    """One result of a whole suite out of those of its expectations, told of the same batch as ``like``.

    It is a success unless something critical failed, as what is published goes by that.
    """
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

    met = sum(bool(one.success) for one in results)
    return ExpectationSuiteValidationResult(
        success=all(one.success or _severity(one) != "critical" for one in results),
        results=results,
        suite_name=like.suite_name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": 100 * met / len(results) if results else None,
        },
        meta=dict(like.meta),
        batch_id=like.batch_id,
    )


def _severity(result: ExpectationValidationResult) -> str:
    return str(result.expectation_config.severity.value) if result.expectation_config else "critical"


def _project(folder: str) -> DataContextConfig:
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        ProgressBarsConfig,
    )

    def files(name: str) -> dict[str, Any]:
        return {
            "module_name": "tracklake.docs_files",
            "class_name": "LakeFiles",
            "folder": f"{folder}/{name}",
            "newest": MOST_LISTED,
        }

    memory = {"class_name": "InMemoryStoreBackend"}
    page = {"module_name": "tracklake.docs_views", "class_name": "ResultPage"}
    return DataContextConfig(
        stores={
            "suites": {"class_name": "ExpectationsStore", "store_backend": files("suites")},
            "results": {"class_name": "ValidationResultsStore", "store_backend": files("results")},
            "checkpoints": {"class_name": "CheckpointStore", "store_backend": memory},
            "validation_definition_store": {
                "class_name": "ValidationDefinitionStore",
                "store_backend": memory,
            },
        },
        expectations_store_name="suites",
        validation_results_store_name="results",
        checkpoint_store_name="checkpoints",
        data_docs_sites={
            SITE: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": files(SITE),
                "site_index_builder": {
                    "module_name": "tracklake.docs_views",
                    "class_name": "RunsIndex",
                },
                "site_section_builders": {
                    "expectations": {"view": page},
                    "validations": {
                        "view": page,
                        "renderer": {"module_name": "tracklake.docs_views", "class_name": "TextsAsTexts"},
                    },
                    "profiling": "None",
                },
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
