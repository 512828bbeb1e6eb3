"""Prometheus rules, their unit tests and the Alertmanager configuration, generated from the spec."""
