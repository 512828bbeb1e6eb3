"""How often a spec's experiments would be called if nothing made a difference, by simulation: no I/O but in reading."""
