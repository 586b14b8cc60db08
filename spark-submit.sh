#!/usr/bin/env bash
# Runs a job: ./spark-submit.sh JOB [flags] [-- anything for spark-submit]. Sets up what is missing first.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/bin/setup.sh"
need_python
need_java
exec "$venv/bin/python" -I -m tracklake.submit "$@"
