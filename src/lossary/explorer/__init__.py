"""The page of `lossary explore`: losses to look at and to play with. Numbers come from the losses themselves."""
