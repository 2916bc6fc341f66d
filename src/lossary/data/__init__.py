"""Tables: small embedded ones, CSV files, and the way from a table to the numbers a model is trained on.

Needs numpy and the standard library only; scikit-learn is loaded when one of its tables is named.
"""
