"""Fits by maximum likelihood: distributions, regressions and functions of one's own, with honest ends."""
