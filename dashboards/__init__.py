"""Grafana dashboards and provisioning, generated from the spec through grafanalib."""
