#!/usr/bin/env bash
# Runs the tests: ./test.sh [anything for pytest]. Sets up what is missing first.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/bin/setup.sh"
need_python
need_java
need_browser
cd "$root"
"$venv/bin/python" -m tracklake.jars
# Two at a time, each with a Spark of its own; the tests of a file share what they make.
exec "$venv/bin/python" -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder "$@"
