"""What charts are made of, however they are drawn: lines in few points, ticks at round values, scales."""
