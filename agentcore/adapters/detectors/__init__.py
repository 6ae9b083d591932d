"""Detectors as plug-ins."""
