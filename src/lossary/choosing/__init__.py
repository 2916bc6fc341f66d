"""Which loss? What a target looks like, and rules that say what follows from it. No Keras."""
