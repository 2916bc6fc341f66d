"""Looking into losses and models: mistakes found before training, how a number comes about, where it ends."""
