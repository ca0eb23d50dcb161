"""The world in which every key is rotated, and what turns the keys over."""
