"""Token counting, offline."""
