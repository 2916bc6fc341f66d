"""lossary."""
