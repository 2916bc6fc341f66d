"""Looks at one batch before training and names the mistakes that would pass in silence."""
