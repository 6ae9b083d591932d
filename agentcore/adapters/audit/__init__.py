"""The audit chain in a store: keys, sealing, writing, reading."""
