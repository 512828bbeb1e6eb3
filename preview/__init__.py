"""A developer's tool: the generated dashboards drawn by Grafana's own components, from a running demo's data."""
