"""Realistic sparkify logs of any size, made by Spark, the same for the same seed."""

from tracklake.generator.manifest import Manifest
from tracklake.generator.write import DEFAULT_START, generate_logs, is_generated

__all__ = ["DEFAULT_START", "Manifest", "generate_logs", "is_generated"]
