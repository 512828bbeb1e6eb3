"""The winburn command: joins exporter, alert_rules and dashboards."""
