"""Decisions about effects and flows, by Cedar. Pure: no I/O, no clock, no asyncio, no randomness."""
