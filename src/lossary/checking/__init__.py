"""Looking into losses and models: how a number comes about, and where it stops being one."""
