"""Deterministic checks, votes and quorums. Pure: no I/O, no clock, no asyncio, no randomness."""
