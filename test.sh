#!/usr/bin/env bash
# Runs the tests: ./test.sh [anything for pytest]. Sets up what is missing first.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/bin/setup.sh"
need_python
need_java
need_browser
cd "$root"
"$venv/bin/python" -m tracklake.jars
exec "$venv/bin/python" -m pytest "$@"
