"""What a loss is: its fields, its contract, its form, how it is reduced, and how it is found by name."""
