"""Programs of plain tensor operations, traced from code that runs once."""
