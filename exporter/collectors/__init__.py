"""Spec and source in, samples out: one module per subject."""
