"""Pure statistics over counts: no I/O, no clock, no randomness but from a seed given as an argument."""
