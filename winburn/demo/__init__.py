"""A shop on this machine to see winburn at work: real servers, a real database, simulated visitors."""
