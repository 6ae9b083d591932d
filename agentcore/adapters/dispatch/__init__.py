"""Queues of runs."""
