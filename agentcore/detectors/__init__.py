"""What looks at texts for personal data, secrets and injected instructions. Pure: no I/O, no clock, no randomness."""
