"""Computes SLO burn rates and experiment win rates and serves them as Prometheus metrics."""
