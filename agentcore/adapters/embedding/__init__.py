"""Text embeddings, offline."""
