"""The jobs: one file per spark-submit entry, each of which reads from top to bottom."""
