"""A training run, from a configuration to what it leaves."""
