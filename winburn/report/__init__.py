"""A period in review: SLOs, experiments, content variants and what was decided, as one document in five formats."""
