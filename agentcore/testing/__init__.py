"""Scripted models, cassettes, a fake clock, and one contract suite a port."""
