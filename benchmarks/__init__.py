"""Contains the benchmarks that `scripts/benchmark.py` runs."""
