"""Runs that nobody starts by hand: by a schedule, by a message, by the line of a batch."""
