"""Benchmarks: how fast the parts are, each against what people would use instead, in one run."""
