#!/usr/bin/env bash
# Checks the code without running it: lint, form, types, who imports whom, declared dependencies.
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/bin/setup.sh"
need_python
cd "$root"
PATH=$venv/bin:$PATH
export PYTHONPATH=$root # for jobs
failed=0
check() { "$@" || { failed=1; say "✗ $*"; }; }
check ruff check .
check ruff format --check .
check mypy
check lint-imports --no-cache
check deptry .
exit "$failed"
