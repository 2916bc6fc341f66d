"""The operations that formulas are written in, for each way in which they run (numerics.ops)."""
