"""The losses, one file per family: formulas and prose, nothing else."""
