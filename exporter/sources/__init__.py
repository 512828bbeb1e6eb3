"""Where raw counters and counts come from: one module per kind of source behind the protocols of base."""
