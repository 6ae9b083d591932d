"""Outcome tables from parquet files."""
