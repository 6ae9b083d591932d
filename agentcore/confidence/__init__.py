"""How likely an answer is right: what speaks for it, and what that has come to before. Pure."""
