"""Faults: jobs killed as by kill -9, beside a reader that never stops looking, and what a re-run then gives."""
