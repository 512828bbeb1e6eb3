"""Odd inputs for everything that reads what others wrote: ``python -m fuzz TARGET --minutes N``."""
