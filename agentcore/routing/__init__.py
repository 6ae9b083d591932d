"""The choice of a model for each call. Pure: no I/O, no clock, no asyncio, no randomness."""
