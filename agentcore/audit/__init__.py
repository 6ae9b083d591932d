"""The audit chain: what is in an entry, how entries hang together, how that is checked. Pure."""
