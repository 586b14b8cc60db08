"""The jars that pip's pyspark lacks: which ones, and where the checkout keeps them once they were resolved.

Of what they ask for, pyspark ships all but themselves, so only that is fetched (Delta: 13 of 87 MB).
"""

import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tracklake.errors import TracklakeError, say
from tracklake.resources import CHECKOUT

DELTA = "io.delta:delta-spark_4.1_2.13:4.4.0"
AVRO = "org.apache.spark:spark-avro_2.13:4.1.1"
COORDINATES = (DELTA, AVRO)
OBJECT_STORES = "org.apache.spark:spark-hadoop-cloud_2.13:4.1.1"
"""What Spark needs beside them for S3, Azure and Google Cloud: fetched by who asks for it, for it is large."""
CACHE = CHECKOUT / ".cache" / "jars"

_UTF_8 = re.compile(r"utf-?8", re.IGNORECASE)
_SHIPPED_WITH_SPARK = (
    "com.fasterxml.jackson.core:*",
    "com.fasterxml.jackson.datatype:*",
    "com.github.luben:*",
    "com.google.code.findbugs:*",
    "commons-logging:*",
    "commons-pool:*",
    "io.airlift:*",
    "javax.annotation:*",
    "org.apache.hadoop:*",
    "org.apache.logging.log4j:*",
    "org.apache.parquet:*",
    "org.apache.spark:spark-tags_2.13",
    "org.locationtech.jts:*",
    "org.roaringbitmap:*",
    "org.scala-lang:*",
    "org.scala-lang.modules:*",
    "org.slf4j:*",
    "org.tukaani:*",
    "org.xerial.snappy:*",
)


def main() -> int:
    """Fetches the jars that are missing; the exit code, after a sentence where they cannot be had."""
    try:
        resolve()
    except (TracklakeError, OSError) as error:
        return say(error)
    return 0


def resolved() -> list[Path]:
    """The jars in the checkout's cache; none when they were not resolved yet, or without a checkout."""
    return [jar for coordinate in COORDINATES for jar in _of(coordinate)]


def missing() -> list[str]:
    """The coordinates whose jars are not in the checkout's cache."""
    return [coordinate for coordinate in COORDINATES if not _of(coordinate)]


def resolve() -> list[Path]:
    """Lets Spark's own Ivy fetch the jars into the cache. Raises TracklakeError when it cannot."""
    for coordinate in missing():
        _fetch(coordinate)
    return resolved()


def _folder(coordinate: str) -> Path:
    return CACHE / coordinate.replace(":", "_")


def _of(coordinate: str) -> list[Path]:
    return sorted(_folder(coordinate).glob("*.jar"))


def _fetch(coordinate: str) -> None:
    group, artifact, _ = coordinate.split(":")
    print(f"Resolving the {artifact} jars ...", file=sys.stderr, flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        empty_job = Path(scratch, "nothing.py")
        empty_job.touch()
        done = subprocess.run(
            [
                *spark_submit(),
                *("--master", "local[1]", "--packages", coordinate),
                *("--conf", f"spark.jars.ivy={scratch}/ivy"),
                *("--conf", f"spark.jars.excludes={','.join(_SHIPPED_WITH_SPARK)}"),
                str(empty_job),
            ],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**spark_environment(), "PYSPARK_PYTHON": sys.executable},
        )
        fetched = Path(scratch, "ivy", "jars")
        if done.returncode or not list(fetched.glob(f"{group}_{artifact}*.jar")):
            raise TracklakeError(
                f"The jars of {coordinate} could not be fetched: {_reason(done.stderr)}; "
                "see to it that a Maven repository can be reached, and run the command again."
            )
        try:
            fetched.rename(_folder(coordinate))
        except OSError:
            if not _of(coordinate):  # else another start was faster
                raise


def spark_submit() -> list[str]:
    """The command that starts pip's own spark-submit."""
    return [str(spark_home() / "bin" / "spark-submit")]


def spark_environment() -> dict[str, str]:
    """The caller's environment with pip's Spark and this Python; a profile may name a notebook instead.

    Java reads arguments and the names of files by the locale: where that is not UTF-8, it becomes C.UTF-8.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYSPARK_DRIVER_PYTHON_OPTS"}
    locale = next(filter(None, map(kept.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "C")
    if not _UTF_8.search(locale):
        kept["LC_ALL"] = "C.UTF-8"
    return {**kept, "SPARK_HOME": str(spark_home()), "PYSPARK_DRIVER_PYTHON": sys.executable}


def spark_home() -> Path:
    """Where pip put Spark, found without importing pyspark. A pyspark that PYTHONPATH names is another Spark's."""
    try:
        found = distribution("pyspark")
    except PackageNotFoundError as error:
        raise TracklakeError(
            "pyspark is not installed here: start with ./spark-submit.sh, which installs it."
        ) from error
    return Path(str(found.locate_file("pyspark")))


def _reason(ivy_output: str) -> str:
    lines = [line.strip() for line in ivy_output.splitlines()]
    telling = [line for line in lines if line.startswith(("SERVER ERROR", "Server access error"))]
    telling += [line for line in lines if "unresolved dependency" in line or line.startswith("Exception")]
    return (telling or lines or ["no reason given"])[0][:200]


if __name__ == "__main__":
    sys.exit(main())
