"""Sources of messages that start runs."""
