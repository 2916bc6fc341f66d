"""Stable arithmetic on keras.ops, and the few questions that only a backend can answer."""
