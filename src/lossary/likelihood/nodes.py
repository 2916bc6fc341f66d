"""Polynomials through Chebyshev's nodes of [-1, 1]."""

import numpy as np

NODES = 10  # a polynomial of degree 9 goes through them
AT = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
WAVES = np.cos(np.arange(NODES)[:, None] * np.arccos(AT))  # Chebyshev's polynomials at the nodes
SHARES = WAVES * np.where(np.arange(NODES) > 0, 2.0, 1.0)[:, None] / NODES  # from values at nodes to coefficients
BETWEEN = np.array([-1.0, 0.0, 1.0])  # where a polynomial through the nodes is furthest from what it stands for
TOLD = np.cos(np.arange(NODES)[:, None] * np.arccos(BETWEEN)).T @ SHARES
