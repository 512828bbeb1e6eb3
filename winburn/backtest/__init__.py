"""What would have paged: the past of an SLO replayed through the rules of its alerts."""
