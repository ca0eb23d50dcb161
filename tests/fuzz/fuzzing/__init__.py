"""What the fuzz table is made of: worlds, seeds, calls, and the verdict on one input."""
