"""Linear models at the optimum of any loss, in float64, with a certificate."""
