"""Tools: Python functions, semantic-kernel plug-ins, calculator, SQL, documents."""
