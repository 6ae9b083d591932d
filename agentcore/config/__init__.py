"""Project files: read with their positions, validated, turned into domain values."""
