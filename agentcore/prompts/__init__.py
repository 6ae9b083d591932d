"""Prompts from templates with declared inputs. Pure."""
