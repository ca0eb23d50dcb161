"""Measuring: every figure beside its bare limit and its peers, in one run."""
