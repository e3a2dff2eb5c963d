"""Reading and checking of training and evaluation data; never needed to classify a page."""
