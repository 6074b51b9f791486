"""Tk windows over the models; what they need is imported when one is opened."""
