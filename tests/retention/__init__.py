"""The end of what is kept."""
