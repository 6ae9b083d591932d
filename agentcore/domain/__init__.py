"""The words of the runtime as immutable values. Pure: no I/O, no clock, no asyncio, no randomness."""
